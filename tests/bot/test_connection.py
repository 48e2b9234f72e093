"""Faults of Discord and of the network, over real connections: discord.py as it is, and a Discord on the loopback."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import asynccontextmanager, closing
from functools import partialmethod
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock

import discord
import pytest
import yarl
from sqlalchemy import event

from bot.client import LONGEST_RATE_LIMIT_S, DiscordUnavailableError, join_discord
from bot.health import Status, health_of
from bot.runtime import CommandError
from bot.settings import Settings, SettingsError
from facts.errors import SchemaMismatchError
from tests.bot.fake_discord import FakeDiscord, fake_discord
from tests.bot.fake_people import Person, Place, buttons, facts_shown, found_server
from tests.bot.program import start
from tests.conftest import WELL_SHAPED_TOKEN, make_bot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from bot.client import Tianwen
    from facts.knowledge import KnowledgeBase

QUESTION, FACT_ID = "how long is tianhe?", "tianhe-length"
OTHER, OTHER_ID = "who is on board?", "crew-members"
POSTS = r"^/channels/\d+/messages$"


class Joined:
    """The bot in a fake Discord, with a member and a moderator in one server."""

    def __init__(self, fake: FakeDiscord, bot: Tianwen, place: Place) -> None:
        self.fake, self.bot, self.place = fake, bot, place
        self.member = Person(fake, fake.new_id(), place)
        self.moderator = Person(fake, fake.new_id(), place, is_editor=True)

    async def asks(self, question: str = QUESTION) -> list[str]:
        """Let the member ask, and give the facts that the reply shows."""
        return facts_shown(await (await self.member.mention(question)).message())

    def counted(self, figure: str, **labels: str) -> float:
        """Give one of the bot's figures."""
        return self.bot.meters.registry.get_sample_value(figure, labels) or 0.0

    async def heard(self, what: str, count: int = 1) -> None:
        """Wait until Discord has heard something so often."""
        await until(lambda: self.fake.heard.count(what) >= count)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what comes from outside, or is done in the background."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - what it waits for is told by many means
            await asyncio.sleep(0.005)


@asynccontextmanager
async def joined(knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch, **options: Any) -> AsyncIterator[Joined]:
    # It tries again at once.
    monkeypatch.setattr(discord.Client, "before_identify_hook", AsyncMock())
    monkeypatch.setattr(discord.backoff.ExponentialBackoff, "delay", lambda _: 0.01)
    # And waits no two seconds for a further server.
    quick = partialmethod(discord.Client.__init__, guild_ready_timeout=0.05)
    monkeypatch.setattr(discord.Client, "__init__", quick)
    async with fake_discord(**options) as fake:
        monkeypatch.setattr(discord.http.Route, "BASE", fake.api)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway))
        (place,) = found_server(fake)
        async with make_bot(knowledge, shards=fake.shards) as bot:
            running = asyncio.create_task(bot.start(WELL_SHAPED_TOKEN))
            async with asyncio.timeout(20):
                await bot.wait_until_ready()
            yield Joined(fake, bot, place)
            await bot.close()
            await running


@pytest.fixture
async def here(knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Joined]:
    async with joined(knowledge, monkeypatch) as there:
        yield there


# The gateway


@pytest.mark.parametrize("fault", ["cut", "closed", "asked to reconnect", "session to be resumed"])
async def test_after_a_lost_connection_the_session_goes_on_and_nothing_asked_meanwhile_is_missed(
    here: Joined, fault: str
) -> None:
    assert await here.asks() == [FACT_ID]
    match fault:
        case "cut":
            await here.fake.drop()
        case "closed":
            await here.fake.drop(code=4000)
        case "asked to reconnect":
            await here.fake.ask_to_reconnect()
        case "session to be resumed":
            await here.fake.invalidate(resumable=True)
    # Discord keeps what happens meanwhile for the session.
    missed = await here.member.mention(OTHER)
    await here.heard("RESUME")
    assert facts_shown(await missed.message()) == [OTHER_ID]
    assert await here.asks() == [FACT_ID]
    assert here.fake.heard.count("IDENTIFY") == 1
    assert here.counted("tianwen_gateway_sessions_total", how="resumed") == 1
    assert here.counted("tianwen_gateway_disconnections_total") == 1
    replies = [m for m in here.fake.channels[here.place.channel_id] if m["author"]["id"] != here.member.id]
    assert len(replies) == 3


async def test_each_of_several_shards_goes_on_with_its_own_session(
    knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with joined(knowledge, monkeypatch, shards=2) as here:
        assert await here.asks() == [FACT_ID]
        await here.fake.drop()
        missed = await here.member.mention(OTHER)
        await here.heard("RESUME", 2)
        assert facts_shown(await missed.message()) == [OTHER_ID]
        await until(lambda: here.bot.gateway.connected == {0, 1})
        assert here.fake.heard.count("IDENTIFY") == 2
        await here.fake.invalidate(resumable=False)
        await here.heard("IDENTIFY", 4)
        await until(lambda: here.bot.gateway.connected == {0, 1})
        assert await here.asks() == [FACT_ID]
        assert health_of(here.bot).status is Status.OK


async def test_an_event_that_cannot_be_read_is_logged_and_ends_nothing(
    here: Joined, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await here.fake.dispatch("MESSAGE_CREATE", {"id": "nobody's business"})
    assert await here.asks() == [FACT_ID]
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert told.startswith("An event from Discord cannot be read, nor can others like it: MESSAGE_CREATE (KeyError")
    assert "business" not in caplog.text
    assert here.counted("tianwen_failures_total", why="unexpected") == 3
    assert here.fake.heard.count("IDENTIFY") == 1
    # What has just been logged is what is looked for here.
    caplog.clear()


async def test_an_invalid_session_is_begun_anew_and_buttons_and_follow_ups_go_on(here: Joined) -> None:
    first = await (await here.member.mention("What is Tianhe?")).message()
    await here.fake.invalidate(resumable=False)
    await here.heard("IDENTIFY", 2)
    await until(lambda: bool(here.bot.gateway.connected))
    assert await here.asks("and how long is it?") == [FACT_ID]
    pressed = await here.member.presses(first, buttons(first)["Source"])
    assert "CNN" in str(await pressed.message())
    assert here.counted("tianwen_gateway_sessions_total", how="begun") == 2


async def test_while_discord_lets_nobody_in_it_tries_again_until_it_does(here: Joined) -> None:
    here.fake.refuses_sessions = True
    await here.fake.drop(code=4000)
    await here.heard("REFUSED")
    assert not here.bot.gateway.connected
    here.fake.refuses_sessions = False
    await here.heard("IDENTIFY", 2)
    await until(lambda: bool(here.bot.gateway.connected))
    assert await here.asks() == [FACT_ID]


async def test_a_connection_that_went_silent_is_given_up_and_resumed(
    knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with joined(knowledge, monkeypatch, heartbeat_ms=50) as here:
        for shard in here.bot.shards.values():
            keeper = shard._parent.ws._keep_alive
            assert keeper is not None
            keeper.heartbeat_timeout = 0.3
        here.fake.acknowledges = False
        await here.heard("RESUME")
        here.fake.acknowledges = True
        assert await here.asks() == [FACT_ID]


@pytest.mark.parametrize(
    ("code", "error", "told"),
    [
        (4004, SettingsError, "DISCORD_TOKEN: Discord does not accept this token"),
        (4013, DiscordUnavailableError, "has closed the connection for good"),
        (4014, DiscordUnavailableError, "has not granted an intent"),
    ],
)
async def test_a_connection_that_is_closed_for_good_ends_the_program_with_one_sentence(
    small_folder: Path, monkeypatch: pytest.MonkeyPatch, code: int, error: type[Exception], told: str
) -> None:
    url = f"sqlite+aiosqlite:///{small_folder}/tianwen.db"
    settings = Settings(_env_file=None, database_url=url, DISCORD_TOKEN=WELL_SHAPED_TOKEN, shard_count=1)
    async with fake_discord() as fake, asyncio.timeout(30):
        monkeypatch.setattr(discord.http.Route, "BASE", fake.api)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway))
        running = asyncio.create_task(join_discord(settings))
        await fake.joined.wait()
        await fake.drop(code=code)
        with pytest.raises(error, match=told):
            await running


async def test_a_fault_that_shows_while_it_runs_ends_the_program_with_its_sentence(
    small_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def outdated(bot: Tianwen) -> None:
        bot.stop(SchemaMismatchError("The database has another schema."))

    monkeypatch.setattr("bot.client.Tianwen.on_ready", outdated)
    url = f"sqlite+aiosqlite:///{small_folder}/tianwen.db"
    settings = Settings(_env_file=None, database_url=url, DISCORD_TOKEN=WELL_SHAPED_TOKEN, shard_count=1)
    async with fake_discord() as fake, asyncio.timeout(30):
        monkeypatch.setattr(discord.http.Route, "BASE", fake.api)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway))
        # One that may find another program when it is started again.
        with pytest.raises(CommandError, match="another schema"):
            await join_discord(settings)
        await fake.left.wait()


# Requests


async def test_a_short_rate_limit_delays_a_reply_and_a_long_one_costs_that_reply_alone(here: Joined) -> None:
    here.fake.fault("POST", POSTS, 429, retry_after=0.05)
    assert await here.asks() == [FACT_ID]
    here.fake.fault("POST", POSTS, 429, retry_after=LONGEST_RATE_LIMIT_S + 1)
    unheard = await here.member.mention(QUESTION)
    await until(lambda: here.counted("tianwen_failures_total", why="discord") > 0)
    assert not unheard.answer.done()
    # Nobody waits for what was too late.
    assert await here.asks(OTHER) == [OTHER_ID]
    assert here.counted("tianwen_failures_total", why="unexpected") == 0


@pytest.mark.parametrize("status", [500, 502])
async def test_a_server_error_of_discord_is_tried_again_and_nothing_is_sent_twice(here: Joined, status: int) -> None:
    here.fake.fault("POST", POSTS, status)
    assert await here.asks() == [FACT_ID]
    assert len(here.fake.channels[here.place.channel_id]) == 2


async def test_where_discord_is_unavailable_a_reply_is_lost_and_the_next_comes(here: Joined) -> None:
    here.fake.fault("POST", POSTS, 503)
    unheard = await here.member.mention(QUESTION)
    assert await here.asks(OTHER) == [OTHER_ID]
    assert not unheard.answer.done()
    here.fake.fault("POST", "/interactions/.*/callback", 503)
    # Answers to interactions are tried again, a second later.
    result = await here.member.slash("ask", question=QUESTION)
    assert facts_shown(await result.message()) == [FACT_ID]


async def test_commands_that_may_not_be_sent_for_long_are_sent_at_another_start(
    knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with joined(knowledge, monkeypatch, limits_commands=True) as here:
        assert await here.asks() == [FACT_ID]
        assert here.fake.commands == []


# The database


async def test_while_another_writer_holds_the_database_answers_come_and_changes_are_refused_with_a_sentence(
    knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("facts.database.BUSY_TIMEOUT_MS", 50)
    async with joined(knowledge, monkeypatch) as here:
        message = await (await here.member.mention(QUESTION)).message()
        vote = buttons(message)["👍"]
        form = await here.moderator.slash("facts add", id="zorblax")
        preview = await (
            await here.moderator.submits(
                form,
                statement="The zorblax is green.",
                questions="what is a zorblax?",
                topic="station",
                source="publisher: Gazette",
            )
        ).message()
        with closing(sqlite3.connect(tmp_path / "article.db", isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            assert await here.asks(OTHER) == [OTHER_ID]
            pressed = await here.member.presses(message, vote)
            assert "cannot save that just now" in str(await pressed.message())
            saved = await here.moderator.presses(preview, buttons(preview)["Save"])
            assert "cannot save that just now" in str(await saved.message())
            writer.execute("ROLLBACK")
        # The draft is kept: the same button saves it once the database can be written.
        saved = await here.moderator.presses(preview, buttons(preview)["Save"])
        assert "Saved" in str(await saved.message())
        assert await here.asks("what is a zorblax?") == ["zorblax"]
        assert "1 right" in str(await (await here.member.presses(message, vote)).message())


async def test_a_full_disk_costs_no_answer_and_leaves_nothing_half(
    knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with joined(knowledge, monkeypatch) as here:
        form = await here.moderator.slash("facts add", id="zorblax")
        # Large enough not to fit into the pages that there are.
        questions = "\n".join(["what is a zorblax?", *(f"which zorblax is number {n}?" for n in range(40))])
        changes = {"statement": "The zorblax is green. " * 80, "questions": questions, "topic": "station"}
        preview = await (await here.moderator.submits(form, **changes, source="publisher: Gazette")).message()
        async with full_disk(knowledge):
            assert await here.asks() == [FACT_ID]
            saved = await here.moderator.presses(preview, buttons(preview)["Save"])
            assert "cannot save that just now" in str(await saved.message())
            assert await here.asks("what is a zorblax?") == []
        await knowledge.refresh()
        assert await here.asks("what is a zorblax?") == []
        saved = await here.moderator.presses(preview, buttons(preview)["Save"])
        assert "Saved" in str(await saved.message())
        assert await here.asks("what is a zorblax?") == ["zorblax"]


@asynccontextmanager
async def full_disk(knowledge: KnowledgeBase) -> AsyncIterator[None]:
    """Let the database grow by no page: SQLite then says what it says of a full disk."""
    engine, most = knowledge._database._engine.sync_engine, 1

    @event.listens_for(engine, "checkout")
    def limit(connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        # It never takes less than there is.
        cursor.execute(f"PRAGMA max_page_count = {most}")
        cursor.close()

    yield
    most = 2**32 - 2


# The end


MOMENTS = {
    "loading": None,
    "logging in": "GET /users/@me",
    "sending the commands": "PUT /applications/123456789012345678/commands",
    "looking for the gateway": "GET /gateway/bot",
    "beginning a session": "IDENTIFY",
    "answering": "POST /channels/*/messages",
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_told_to_stop_at_any_moment_it_ends_soon_without_an_error_and_its_store_is_whole(
    small_folder: Path, moment: str
) -> None:
    async with fake_discord() as fake, asyncio.timeout(60):
        (place,) = found_server(fake)
        process = await start(fake, small_folder, "run")
        wanted = MOMENTS[moment]

        def heard(what: str) -> None:
            if wanted is not None and what.replace(place.channel_id, "*") == wanted and process.returncode is None:
                process.send_signal(signal.SIGTERM)

        fake.on_heard = heard
        if wanted is None:
            process.send_signal(signal.SIGTERM)
        if moment == "answering":
            await fake.joined.wait()
            act = await Person(fake, fake.new_id(), place).mention(QUESTION)
            # What was in hand is finished.
            assert facts_shown(await act.message()) == [FACT_ID]
        _, errors = await process.communicate()
    assert "Traceback" not in errors.decode()
    # -15: so early that Python itself is still loading.
    assert process.returncode in {0, 128 + signal.SIGTERM, -signal.SIGTERM}, errors.decode()
    with closing(sqlite3.connect(small_folder / "tianwen.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        # What is to be known of a reply that was in hand is kept, too.
        replies = connection.execute("SELECT count(*) FROM sent_replies").fetchone()
        assert replies == (int(moment == "answering"),)
