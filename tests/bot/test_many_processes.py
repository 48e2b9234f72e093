"""The bot as one process of several: it takes over what others change, minds its own servers, and lets no flood in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import discord
import pytest

from bot.admission import PATIENCE_S
from bot.client import Tianwen
from bot.cooldowns import PRESSES, QUEUED, SUGGESTIONS, Cooldowns
from bot.ui import words
from facts.database import Database
from facts.entities import Author, Doubt, Origin, ServerSettings, Share
from facts.errors import DatabaseUnavailableError
from facts.knowledge import KnowledgeBase
from tests.bot.fake_discord import fake_discord
from tests.bot.program import start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.conftest import World

QUESTION, FACT_ID = "how long is tianhe?", "tianhe-length"
SAY = words.ENGLISH
OPERATOR, EDITOR = Author(Origin.OPERATOR), Author(Origin.EDITOR, 7)


@pytest.fixture
async def other(world: World, tmp_path: Path) -> AsyncIterator[KnowledgeBase]:
    """What another process knows that works on the same file."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'article.db'}")
    await world.knowledge.refresh()
    knowledge = KnowledgeBase(database, world.knowledge.engine.trial(None), discord.utils.utcnow)
    yield knowledge
    await database.close()


def text_of(message: discord.Message) -> str:
    return message.content or message.embeds[0].description or ""


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for what is done in the background: simcord does not."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what it waits for is told by many means
            await asyncio.sleep(0.005)


async def catch_up(world: World) -> None:
    await world.knowledge.memory.catch_up()
    await world.env.settle()


@pytest.mark.usefixtures("simcord_env")
async def test_what_another_process_corrects_is_corrected_in_replies_and_told_in_the_log(
    world: World, other: KnowledgeBase
) -> None:
    log = world.guild.create_text_channel("log")
    await world.knowledge.set_server_settings(world.guild.id, ServerSettings(log_channel_id=log.id))
    reply = await world.asked(QUESTION)
    longer = replace(world.knowledge.fact(FACT_ID), statement="It is longer than was thought.")
    await other.edit(longer, EDITOR, server_id=world.guild.id, reason="measured again")
    await catch_up(world)
    assert text_of(world.reread(reply)).startswith(longer.statement)
    (told,) = world.replies(log)
    assert FACT_ID in told.content
    assert "measured again" in told.content
    # Its own change is not told twice.
    await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?")
    await catch_up(world)
    assert len(world.replies(log)) == 2


@pytest.mark.usefixtures("simcord_env")
async def test_what_another_process_sets_counts(world: World, other: KnowledgeBase) -> None:
    await other.set_server_settings(world.guild.id, ServerSettings(votes_shown=False))
    before = world.buttons_by_id(await world.asked(QUESTION))
    await catch_up(world)
    assert len(world.buttons_by_id(await world.asked(QUESTION))) < len(before)


@pytest.mark.usefixtures("simcord_env")
async def test_somebody_whom_another_process_forgets_is_forgotten_here(world: World, other: KnowledgeBase) -> None:
    theirs, others = await world.asked(QUESTION), await world.asked(QUESTION, by=world.moderator)
    assert world.bot.replies.of_message(theirs.id) is not None
    await other.forget_person(world.member.id)
    await catch_up(world)
    await until(lambda: world.bot.replies.of_message(theirs.id) is None)
    assert world.bot.last_questions.people() == {world.moderator.id}
    assert world.bot.replies.of_message(others.id) is not None


@pytest.mark.usefixtures("simcord_env")
async def test_a_server_that_was_put_away_is_asked_as_before_however_it_is_asked(world: World) -> None:
    green = await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?")
    ask = "what is a zorblax?"

    def put_away() -> None:
        world.knowledge.engine.put_away(world.guild.id)

    put_away()
    reply = await world.asked(ask)
    assert world.shown(reply) == ["zorblax"]
    put_away()
    await world.member.click(
        reply, custom_id=next(i for i in world.buttons_by_id(reply) if "source" in i or "src" in i)
    )
    put_away()
    result = await world.member.slash(world.channel, "ask", question=ask)
    assert world.shown(world.response(result)) == ["zorblax"]
    put_away()
    assert "zorblax" in str(await world.member.autocomplete(world.channel, "ask", "question", "zorblax"))
    for command in ("crew", "modules", "milestones", "sources", "about", "facts list"):
        put_away()
        result = await world.moderator.slash(world.channel, command)
        assert SAY.unexpected.split("{")[0] not in world.response(result).content
    put_away()
    blue = replace(green, statement="It is blue.")
    await world.knowledge.edit(blue, EDITOR, server_id=world.guild.id)
    await world.env.settle()
    assert text_of(world.reread(reply)).startswith("It is blue.")
    put_away()
    await world.mention(ask)
    assert world.shown(world.last_reply()) == ["zorblax"]


@pytest.mark.usefixtures("simcord_env")
async def test_own_facts_that_cannot_be_read_are_told_and_the_shared_ones_never_taken_for_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?")

    def gone(_database: Database) -> None:
        raise DatabaseUnavailableError("The database is gone.")

    monkeypatch.setattr(Database, "reading", gone)
    # What is in memory answers all the same.
    assert world.shown(await world.asked("what is a zorblax?")) == ["zorblax"]
    world.knowledge.engine.put_away(world.guild.id)
    assert text_of(await world.asked(QUESTION)) == SAY.facts_unread
    result = await world.member.slash(world.channel, "ask", question=QUESTION)
    assert world.response(result).content == SAY.facts_unread
    assert result.ephemeral
    assert await world.member.autocomplete(world.channel, "ask", "question", "zorblax") == []
    # Elsewhere nothing has changed.
    assert world.shown(await world.told(QUESTION)) == [FACT_ID]


@pytest.mark.usefixtures("simcord_env")
async def test_an_interaction_does_not_wait_for_facts_that_take_long_to_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PATIENCE_S < 1
    monkeypatch.setattr("bot.admission.PATIENCE_S", 0.0)
    await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?")
    world.knowledge.engine.put_away(world.guild.id)
    result = await world.member.slash(world.channel, "ask", question="what is a zorblax?")
    assert world.response(result).content == SAY.facts_unread
    # They are read all the same.
    await until(lambda: not world.knowledge.engine.is_absent(world.guild.id))
    result = await world.member.slash(world.channel, "ask", question="what is a zorblax?")
    assert world.shown(world.response(result)) == ["zorblax"]


# Floods


@pytest.fixture
def impatient(world: World) -> Tianwen:
    world.bot.cooldowns = Cooldowns(person=(10_000, 1.0), channel=(10_000, 1.0))
    return world.bot


@pytest.mark.usefixtures("simcord_env", "impatient")
async def test_who_presses_buttons_without_end_is_told_to_slow_down_and_others_are_not(world: World) -> None:
    reply = await world.asked(QUESTION)
    button = next(i for i in world.buttons_by_id(reply) if "vote" in i)
    results = [await world.member.click(reply, custom_id=button) for _ in range(PRESSES[0] + 3)]
    refused = [
        r for r in results if r.response is not None and SAY.slow_down.split("{")[0] in r.response.message.content
    ]
    assert len(refused) == 3
    assert all(result.ephemeral for result in refused)
    result = await world.member.slash(world.channel, "about")
    assert SAY.slow_down.split("{")[0] in world.response(result).content
    assert world.response(await world.moderator.slash(world.channel, "about")).embeds
    await world.env.advance_time(PRESSES[1])
    assert world.response(await world.member.slash(world.channel, "about")).embeds


@pytest.mark.usefixtures("simcord_env", "impatient")
async def test_who_types_without_end_gets_no_more_suggestions_for_a_while(world: World) -> None:
    for _ in range(SUGGESTIONS[0]):
        assert await world.member.autocomplete(world.channel, "ask", "question", "tianhe")
    assert await world.member.autocomplete(world.channel, "ask", "question", "tianhe") == []
    assert await world.moderator.autocomplete(world.channel, "ask", "question", "tianhe")
    assert world.shown(world.response(await world.member.slash(world.channel, "ask", question=QUESTION))) == [FACT_ID]


@pytest.mark.usefixtures("simcord_env", "impatient")
async def test_one_person_cannot_fill_the_review_queue(world: World) -> None:
    for number in range(QUEUED[0] + 5):
        await world.bot.queue(f"why {number}?", Doubt.UNANSWERED, server_id=world.guild.id, author_id=world.member.id)
    assert len(await world.knowledge.bookkeeping.queued(world.guild.id)) == QUEUED[0]
    assert await world.bot.queue("why?", Doubt.UNANSWERED, server_id=world.guild.id, author_id=world.moderator.id)


# Shards


async def test_a_process_knows_which_servers_are_its_own(knowledge: KnowledgeBase) -> None:
    async with (
        Tianwen(knowledge, shard_count=3, shard_ids=(0, 2)) as first,
        Tianwen(knowledge, shard_count=3, shard_ids=(1,)) as second,
    ):
        assert first.share == Share(3, frozenset({0, 2}))
        for server_id in (None, 1 << 22, 2 << 22, 3 << 22, (7 << 22) + 99):
            assert first.share.holds(server_id) != second.share.holds(server_id)
        # Direct messages come to shard 0.
        assert first.share.holds(None)


async def test_two_processes_run_their_own_shards_and_only_one_syncs_the_commands(small_folder: Path) -> None:
    async with fake_discord() as fake, asyncio.timeout(60):
        processes, synced = [], []
        for ids, joined in (("1-2", {1, 2}), ("0", {0, 1, 2})):
            environment = {"TIANWEN_SHARD_COUNT": "3", "TIANWEN_SHARD_IDS": ids}
            processes.append(await start(fake, small_folder, "run", **environment))
            await until(lambda wanted=joined: {shard for shard, _ in fake.shards_joined} == wanted)  # type: ignore[misc]
            synced.append(len(fake.commands))
        for process in processes:
            process.terminate()
            _, errors = await process.communicate()
            assert process.returncode == 0, errors.decode()
    assert sorted(fake.shards_joined) == [(0, 3), (1, 3), (2, 3)]
    assert synced[0] == 0
    assert synced[1] > 0
