"""The logs: what stands in them, in which form, and what never does."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import LogFormat, LogLevel, fields, set_up_logging, without_secrets
from tests.conftest import WELL_SHAPED_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import World

QUESTION = "how long is tianhe?"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("", "bot", "facts")]
    before = loggers[0].handlers[:], [logger.level for logger in loggers]
    yield
    loggers[0].handlers[:] = before[0]
    for logger, level in zip(loggers, before[1], strict=True):
        logger.setLevel(level)


def raised(told: str) -> RuntimeError:
    """Give an error with a traceback."""
    with pytest.raises(RuntimeError) as caught:
        raise RuntimeError(told)
    return caught.value


def record(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    (line,) = capsys.readouterr().err.splitlines()
    told: dict[str, object] = json.loads(line)
    return told


def test_json_has_one_object_a_record_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogLevel.INFO, LogFormat.JSON)
    logging.getLogger("bot.x").info("Done %d", 3, extra=fields(server=7, told=["天和"], personal={"asker": 5}))
    told = record(capsys)
    assert str(told.pop("at")).endswith("+00:00")
    assert told == {"level": "INFO", "logger": "bot.x", "message": "Done 3", "server": 7, "told": ["天和"]}


def test_an_error_stands_in_its_record_whole(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogLevel.INFO, LogFormat.JSON)
    logging.getLogger("bot.x").error("Error", exc_info=raised("two\nlines"))
    told = record(capsys)
    assert "Traceback" in str(told["error"])
    assert "two\nlines" in str(told["error"])


@pytest.mark.parametrize("format_", LogFormat)
def test_people_are_logged_only_where_that_is_wanted(format_: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    for people in (False, True):
        set_up_logging(LogLevel.DEBUG, format_, people=people)
        extra = fields(way="message", personal={"question": "is it true?", "asker": 424242})
        logging.getLogger("bot.x").info("A question", extra=extra)
        logging.getLogger("bot.x").debug("detail")
        for library in ("discord.gateway", "aiosqlite"):
            logging.getLogger(library).debug("WebSocket Event: is it true? 424242")
        logged = capsys.readouterr().err
        assert "way" in logged
        assert "detail" in logged
        assert ("is it true?" in logged) == people
        assert ("424242" in logged) == people


@pytest.mark.parametrize("format_", LogFormat)
def test_no_secret_is_logged_whatever_logs_it(format_: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogLevel.DEBUG, format_, people=True, secrets=["open/sesame"])
    log = logging.getLogger("somebody.else")
    log.warning("the password is open/sesame")
    hidden = "aW50ZXJhY3Rpb24tdG9rZW4"
    log.warning("POST https://discord.com/api/v10/interactions/123/%s/callback responded with 429", hidden)
    log.warning("PATCH https://discord.com/api/v10/webhooks/123/%s/messages/@original responded with 429", hidden)
    log.warning("cannot reach postgresql+asyncpg://tianwen:%s@db/tianwen", hidden)  # pragma: allowlist secret
    log.warning("logged in with %s", WELL_SHAPED_TOKEN, extra=fields(personal={"token": WELL_SHAPED_TOKEN}))
    log.error("Error", exc_info=raised(WELL_SHAPED_TOKEN))
    logged = capsys.readouterr().err
    assert hidden not in logged
    assert "sesame" not in logged
    assert WELL_SHAPED_TOKEN not in logged
    for kept in ("/interactions/123/***/callback", "/webhooks/123/***/messages", "://tianwen:***@db/tianwen"):
        assert kept in logged


@given(
    st.lists(st.sampled_from("bot facts.memory http://127.0.0.1:9464/healthz /webhooks/ /channels/7/messages".split()))
)
def test_what_holds_no_secret_stays_as_it_is(parts: list[str]) -> None:
    for text in (" ".join(parts), ".".join(parts), json.dumps(parts)):
        assert without_secrets(text) == text


def test_a_secret_is_found_however_it_is_written() -> None:
    secret = 'pa"ss\\w0rd'  # noqa: S105 - of nobody
    for written in (secret, repr(secret), json.dumps(secret)):
        assert "w0rd" not in without_secrets(f"password={written}", [secret])


@pytest.mark.usefixtures("simcord_env")
async def test_a_question_is_logged_by_what_it_got(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(LogLevel.INFO, LogFormat.JSON)
    await world.asked(QUESTION)
    await world.asked("how heavy is Tianhe?")
    logged = capsys.readouterr().err
    told = [json.loads(line) for line in logged.splitlines()]
    asked = [one for one in told if one["message"] == "A question has got its reply"]
    assert [(one["way"], one["outcome"], one["told"], one["server"]) for one in asked] == [
        ("message", "answer", ["tianhe-length"], world.guild.id),
        ("message", "unknown", ["no-station-weight"], world.guild.id),
    ]
    assert all(one["ms"] >= 0 for one in asked)
    for personal in (QUESTION, "heavy", str(world.member.id), "member"):
        assert personal not in logged
