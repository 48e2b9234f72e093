"""What those see who watch the bot: its health, its figures, and the same in words."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest
from aiohttp import web
from pydantic import SecretStr

from bot import probe
from bot.doctor import diagnose
from bot.health import LONGEST_UNCHECKED, LONGEST_WITHOUT_GATEWAY_S, Gateway, Status, health_of
from bot.monitor import monitored
from bot.runtime import CommandError
from bot.settings import Settings, SettingsError
from facts.memory import Memory
from tests.bot.fake_discord import fake_discord
from tests.conftest import WELL_SHAPED_TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import World

QUESTION, UNKNOWN = "how long is tianhe?", "how heavy is Tianhe?"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    url = f"sqlite+aiosqlite:///{tmp_path}/article.db"
    return Settings(_env_file=None, monitor_port=free_port(), database_url=url)


@pytest.fixture
async def page(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The address of the page of the bot that runs, which is in step with its store."""
    # The simulated Discord's clock stands still, and is not the page's.
    monkeypatch.setattr(Memory, "unchecked_for", dt.timedelta(seconds=1))
    async with monitored(world.bot, settings):
        yield f"http://127.0.0.1:{settings.monitor_port}"


async def get(address: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        is_json = response.content_type == "application/json"
        return response.status, await (response.json() if is_json else response.text())


async def figures(page: str) -> dict[str, float]:
    status, text = await get(f"{page}/metrics")
    assert status == 200
    return {name: float(value) for name, value in re.findall(r"^(tianwen_\S+) (\S+)$", text, re.MULTILINE)}


class StoppedClock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


# The connection to Discord


def test_a_start_and_an_outage_are_forgiven_for_a_while() -> None:
    clock = StoppedClock()
    gateway = Gateway(clock)
    assert gateway.check({}).status is Status.DEGRADED
    clock.now += LONGEST_WITHOUT_GATEWAY_S + 1
    assert gateway.check({}).status is Status.FAILING
    gateway.gained(0)
    gateway.gained(1)
    check = gateway.check({0: float("inf"), 1: 0.042})
    assert check.status is Status.OK
    assert check.figures == {"connected": [0, 1], "lost": [], "missing": [], "latency_ms": 42}
    assert gateway.lost(1)
    # One that has no connection loses none.
    assert not gateway.lost(1)
    assert not gateway.lost(2)
    clock.now += LONGEST_WITHOUT_GATEWAY_S
    check = gateway.check({})
    assert check.status is Status.DEGRADED
    assert check.figures == {"connected": [0], "lost": [1], "missing": [], "latency_ms": None}
    clock.now += 1
    # One of several: to start anew would cost the others theirs.
    assert gateway.check({}).status is Status.DEGRADED
    gateway.lost(0)
    assert gateway.check({}).status is Status.DEGRADED
    clock.now += LONGEST_WITHOUT_GATEWAY_S + 1
    assert gateway.check({}).status is Status.FAILING
    gateway.gained(0)
    gateway.gained(1)
    assert gateway.check({}).status is Status.OK
    assert gateway.check({}, range(2)).status is Status.OK
    check = gateway.check({}, range(3))
    assert check.status is Status.DEGRADED
    assert "2 of 3 shards" in check.sentence
    assert check.figures["missing"] == [2]


# The page


@pytest.mark.usefixtures("simcord_env")
async def test_the_page_tells_that_all_is_well_and_then_what_is_not(
    world: World, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, told = await get(f"{page}/healthz")
    assert (status, told["status"]) == (200, "ok")
    assert {name: check["status"] for name, check in told["checks"].items()} == {
        "gateway": "ok",
        "database": "ok",
        "facts": "ok",
    }
    # Without its database it answers from memory: a new start would make that worse.
    monkeypatch.setattr(Memory, "is_store_failing", True)
    monkeypatch.setattr(Memory, "unchecked_for", LONGEST_UNCHECKED * 2)
    status, told = await get(f"{page}/healthz")
    assert (status, told["status"]) == (200, "degraded")
    assert {name: check["status"] for name, check in told["checks"].items()} == {
        "gateway": "ok",
        "database": "degraded",
        "facts": "degraded",
    }
    clock = StoppedClock()
    monkeypatch.setattr(world.bot, "gateway", Gateway(clock))
    clock.now += 2 * LONGEST_WITHOUT_GATEWAY_S
    status, told = await get(f"{page}/healthz")
    assert (status, told["status"]) == (503, "failing")


@pytest.mark.usefixtures("simcord_env")
async def test_the_figures_count_what_is_asked_and_what_fails(world: World, page: str) -> None:
    await world.asked(QUESTION)
    await world.asked("what does the wobbegong eat?")
    await world.told(UNKNOWN)
    await world.member.slash(world.channel, "ask", question=QUESTION)
    await world.member.slash(world.channel, "ask", question="thank you")
    await world.member.slash(world.channel, "fact", id="no-such")
    world.env.inject_error("POST", "/channels/*/messages", status=503)
    await world.mention(QUESTION)
    found = await figures(page)
    assert found['tianwen_questions_total{outcome="answer",way="message"}'] == 1
    assert found['tianwen_questions_total{outcome="unknown",way="message"}'] == 2
    assert found['tianwen_questions_total{outcome="answer",way="interaction"}'] == 1
    assert found['tianwen_questions_total{outcome="ignored",way="interaction"}'] == 1
    assert found['tianwen_reply_seconds_count{way="message"}'] == 3
    assert found['tianwen_reply_seconds_bucket{le="+Inf",way="interaction"}'] == 2
    assert found['tianwen_failures_total{why="refused"}'] == 1
    assert found['tianwen_failures_total{why="discord"}'] == 1
    assert found['tianwen_failures_total{why="unexpected"}'] == 0
    assert found["tianwen_queued_questions"] == 1
    assert found["tianwen_servers"] == 1
    assert found["tianwen_database_up"] == 1
    assert found['tianwen_phrasings{whose="shared"}'] > 1_000
    assert not [name for name in found if str(world.guild.id) in name or str(world.member.id) in name]


@pytest.mark.usefixtures("simcord_env")
async def test_sessions_with_discord_are_counted(world: World, page: str) -> None:
    before = await figures(page)
    for event in ("shard_ready", "shard_disconnect", "shard_disconnect", "shard_resumed"):
        world.bot.dispatch(event, 5)
        await world.env.settle()
    after = await figures(page)
    changed = {name: value - before.get(name, 0) for name, value in after.items() if "gateway" in name}
    assert changed['tianwen_gateway_sessions_total{how="begun"}'] == 1
    assert changed['tianwen_gateway_sessions_total{how="resumed"}'] == 1
    assert changed["tianwen_gateway_disconnections_total"] == 1


@pytest.mark.usefixtures("simcord_env")
async def test_warnings_and_errors_are_counted(page: str) -> None:
    log = logging.getLogger("tianwen.test")
    log.info("one")
    log.warning("two")
    log.error("three")
    found = await figures(page)
    assert found['tianwen_log_records_total{level="warning"}'] == 1
    assert found['tianwen_log_records_total{level="error"}'] == 1


@pytest.mark.usefixtures("simcord_env")
async def test_the_page_is_off_unless_a_port_is_set_and_gone_with_the_bot(world: World, settings: Settings) -> None:
    address = f"http://127.0.0.1:{settings.monitor_port}/healthz"
    async with monitored(world.bot, Settings(_env_file=None)):
        with pytest.raises(aiohttp.ClientConnectionError):
            await get(address)
    async with monitored(world.bot, settings):
        assert (await get(address))[0] in {200, 503}
        assert (await get(address.removesuffix("healthz")))[0] == 404
    with pytest.raises(aiohttp.ClientConnectionError):
        await get(address)


@pytest.mark.usefixtures("simcord_env")
async def test_a_port_that_is_taken_is_one_sentence(world: World, settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.monitor_port or 0))
        taken.listen()
        with pytest.raises(CommandError, match=r"_PORT: 127\.0\.0\.1:\d+ cannot be used: "):
            async with monitored(world.bot, settings):
                raise AssertionError("it must not come so far")
    # What cannot be right at another try either is told as a wrong setting.
    elsewhere = settings.model_copy(update={"monitor_host": "192.0.2.1"})
    with pytest.raises(SettingsError, match=r"^TIANWEN_MONITOR_HOST, "):
        async with monitored(world.bot, elsewhere):
            raise AssertionError("it must not come so far")


# The same in words


@pytest.mark.usefixtures("simcord_env", "page")
async def test_doctor_tells_in_words_how_the_running_bot_is(world: World, settings: Settings) -> None:
    world.bot.gateway = Gateway()
    found = await diagnose(settings)
    told = {finding.what: finding for finding in found[-3:]}
    assert [finding.mark for finding in told.values()] == ["!", "✓", "✓"]
    assert "The bot that runs: Not connected to Discord yet" in told
    health = health_of(world.bot)
    assert list(told) == [f"The bot that runs: {check.sentence.removesuffix('.')}" for check in health.checks]


@pytest.mark.usefixtures("simcord_env", "page")
async def test_doctor_tells_that_the_running_bot_has_lost_its_file(settings: Settings, tmp_path: Path) -> None:
    lost = settings.model_copy(update={"database_url": SecretStr(f"sqlite+aiosqlite:///{tmp_path / 'lost.db'}")})
    (found,) = [finding for finding in await diagnose(lost) if "lost.db" in finding.what]
    assert found.mark == "✗"
    assert found.what.endswith("is gone")
    assert "tianwen restore" in found.remedy


@pytest.mark.parametrize(
    ("accepts", "flags", "mark", "told"),
    [
        (True, 0, "✓", "“Message Content Intent” is not granted: only listening channels need it"),
        (True, 1 << 19, "✓", "“Message Content Intent” is granted too"),
        (False, 0, "✗", "Discord does not accept this token"),
    ],
)
async def test_doctor_asks_discord_about_the_token(
    monkeypatch: pytest.MonkeyPatch, *, accepts: bool, flags: int, mark: str, told: str
) -> None:
    settings = Settings(_env_file=None, DISCORD_TOKEN=WELL_SHAPED_TOKEN)
    async with fake_discord() as fake:
        fake.accepts_token, fake.flags = accepts, flags
        monkeypatch.setattr(discord.http.Route, "BASE", fake.api)
        _, asked, *_ = await diagnose(settings)
    assert asked.mark == mark
    assert told in asked.what
    assert "IDENTIFY" not in fake.heard


async def test_doctor_tells_that_nobody_answers(settings: Settings) -> None:
    found = await diagnose(settings)
    assert found[-1].what == f"No bot answers on 127.0.0.1:{settings.monitor_port}"
    assert found[-1].mark == "!"


@pytest.mark.parametrize("body", ["{}", "[]", '{"checks": {}}', '{"status": "ok", "checks": {"a": 1}}', "hello"])
async def test_what_answers_on_the_port_and_is_not_tianwen_is_told(settings: Settings, body: str) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=body)

    app = web.Application()
    app.router.add_get("/healthz", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, settings.monitor_host, settings.monitor_port).start()
    try:
        found = await diagnose(settings)
    finally:
        await runner.cleanup()
    assert found[-1].what.startswith("No bot answers on")


@pytest.mark.usefixtures("simcord_env", "page")
async def test_the_containers_check_exits_as_the_bot_is(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIANWEN_MONITOR_PORT", str(settings.monitor_port))
    monkeypatch.setenv("TIANWEN_MONITOR_HOST", "0.0.0.0")  # noqa: S104 - the check replaces it
    assert await asyncio.to_thread(probe.main) == 0
    assert capsys.readouterr().out.startswith("ok: Connected to Discord with 1 shard. The database answers.")
    clock = StoppedClock()
    monkeypatch.setattr(world.bot, "gateway", Gateway(clock))
    clock.now += 2 * LONGEST_WITHOUT_GATEWAY_S
    assert await asyncio.to_thread(probe.main) == 1
    assert capsys.readouterr().out.startswith("failing: No connection to Discord")
    monkeypatch.setenv("TIANWEN_MONITOR_PORT", str(free_port()))
    assert await asyncio.to_thread(probe.main) == 1
    assert "does not answer" in capsys.readouterr().out
    monkeypatch.delenv("TIANWEN_MONITOR_PORT")
    assert probe.main() == 1
    assert "is not set" in capsys.readouterr().out
