"""The bot's start, restart and stop: intents, syncing of the commands, and finishing what is in hand."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import discord
import pytest
import sqlalchemy

import bot.client
from bot.client import COGS, intents
from bot.cogs.messages import Messages
from bot.ui import words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.ui.embeds import Reply
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

QUESTION = "how long is tianhe?"
FACT_ID = "tianhe-length"
COMMANDS = {"ask", "crew", "modules", "milestones", "fact", "sources", "about"}
SYNC = ("PUT", "/applications/*/commands")


def errors_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]


def application_id(world: World) -> int:
    assert world.bot.application_id is not None
    return world.bot.application_id


def registered(world: World) -> dict[str, dict[str, Any]]:
    """Give the commands that Discord knows, by name."""
    return {command["name"]: command for command in world.env.backend.commands[None].values()}


async def assert_all_works(world: World) -> None:
    assert world.shown(await world.asked(QUESTION)) == [FACT_ID]
    result = await world.member.slash(world.channel, "ask", question=QUESTION)
    assert world.shown(world.response(result)) == [FACT_ID]


async def test_no_privileged_intent_is_asked_for(world: World) -> None:
    for asked in (intents(), world.bot.intents):
        assert asked.guilds
        assert asked.guild_messages
        assert asked.dm_messages
        assert not any((asked.members, asked.presences, asked.message_content))


async def test_the_bot_forbids_itself_every_ping(world: World) -> None:
    allowed = world.bot.allowed_mentions
    assert allowed is not None
    assert dict(allowed.to_dict()) == {"parse": []}


async def test_every_cog_is_loaded_and_every_command_is_known_to_discord(world: World) -> None:
    assert len(world.bot.cogs) == len(COGS)
    known = registered(world)
    assert set(known) >= COMMANDS
    assert set(known) == {command.name for command in world.bot.tree.get_commands()}
    for command in known.values():
        # A menu on messages has only its name.
        assert command["description"] or command["type"] == discord.AppCommandType.message.value
        assert all(option["description"] for option in command.get("options", []))


async def test_there_are_no_text_commands(world: World) -> None:
    for text in ("help", "ask how long is tianhe?", "jishaku"):
        await world.mention(text)
    assert len(world.replies()) == 3
    assert list(world.bot.commands) == []


# Restart and syncing


async def test_unchanged_commands_are_synced_once_and_not_at_the_next_start(world: World) -> None:
    assert world.syncs == 1
    await world.restart()
    await world.restart()
    assert world.syncs == 1
    await assert_all_works(world)


async def test_the_store_is_the_same_after_a_restart(world: World) -> None:
    await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?")
    await world.restart()
    assert world.shown(await world.asked("what is a zorblax?")) == ["zorblax"]
    assert world.shown(await world.told("what is a zorblax?")) == []


async def test_changed_commands_are_synced_at_the_next_start(world: World) -> None:
    await world.knowledge.set_command_tree_digest(application_id(world), "of an older program")
    await world.restart()
    assert world.syncs == 2
    await world.restart()
    assert world.syncs == 2
    await assert_all_works(world)


async def test_a_command_more_or_less_counts_as_a_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bot.client, "COGS", COGS[:1])
        await world.restart()
    assert world.syncs == 2
    fewer = set(registered(world))
    await world.restart()
    assert world.syncs == 3
    assert fewer < set(registered(world))


async def test_a_store_that_another_program_migrates_meanwhile_stops_this_one(world: World, tmp_path: Path) -> None:
    cog: Any = world.bot.get_cog("Upkeep")
    await cog._look_after_store()
    assert not world.bot.stopping.is_set()
    with closing(sqlite3.connect(tmp_path / "article.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await cog._look_after_store()
    assert world.bot.stopping.is_set()
    assert world.bot.fault is not None
    assert "schema 9999" in world.bot.fault.sentence


async def test_a_store_that_can_be_written_again_is_known_to_be_so_within_minutes(world: World) -> None:
    cog: Any = world.bot.get_cog("Upkeep")
    memory = world.knowledge.memory
    for names, fails in (("jobs RENAME TO elsewhere", True), ("elsewhere RENAME TO jobs", False)):
        async with world.knowledge._database.writing() as session:
            await session.execute(sqlalchemy.text(f"ALTER TABLE {names}"))
        world.knowledge._database._failing.add("writing")
        await cog._look_after_store()
        assert memory.is_store_failing == fails


async def test_commands_can_be_synced_by_hand(world: World) -> None:
    assert await world.bot.sync() == len(world.bot.tree.get_commands())
    assert world.syncs == 2


@pytest.mark.parametrize("status", [403, 500])
async def test_a_sync_that_fails_does_not_stop_the_start_and_is_tried_again(
    world: World, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    await world.knowledge.set_command_tree_digest(application_id(world), "of an older program")
    world.env.inject_error(*SYNC, status=status)
    await world.restart()
    assert world.syncs == 2
    assert len(errors_in(caplog)) == 1
    await assert_all_works(world)
    await world.restart()
    assert world.syncs == 3
    await world.restart()
    assert world.syncs == 3


async def test_a_store_that_cannot_note_the_sync_does_not_stop_the_start(world: World, tmp_path: Path) -> None:
    await world.knowledge.set_command_tree_digest(application_id(world), "of an older program")
    with closing(sqlite3.connect(tmp_path / "article.db")) as connection, connection:
        for when in ("INSERT", "UPDATE"):
            connection.execute(
                f"CREATE TRIGGER full_{when} BEFORE {when} ON command_trees "
                "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
            )
    connection.close()
    await world.restart()
    await assert_all_works(world)


async def test_follow_ups_begin_anew_after_a_restart(world: World) -> None:
    follow_up = "and how long is it?"
    await world.asked("What is Tianhe?")
    assert world.shown(await world.asked(follow_up)) == [FACT_ID]
    await world.restart()
    assert world.shown(await world.asked(follow_up)) == []


# Servers come and go


async def test_a_server_that_the_bot_leaves_does_not_disturb_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    other = world.env.create_guild("Other club")
    await world.env.settle()
    world.env.backend.remove_guild(other.id)
    await world.env.settle()
    await assert_all_works(world)
    assert errors_in(caplog) == []


# Stopping


def hold_replies(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let replies wait before they are sent; the result lets them go."""
    gate = asyncio.Event()
    send = Messages._send

    async def held(self: Messages, message: discord.Message, reply: Reply) -> Any:
        await world.env.external_wait(gate.wait(), reason="the test holds the reply")
        return await send(self, message, reply)

    monkeypatch.setattr(Messages, "_send", held)
    return gate.set


async def turns(number: int = 50) -> None:
    """Let everything that can run do so."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_closing_waits_for_the_reply_in_hand(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    release = hold_replies(world, monkeypatch)
    await world.mention(QUESTION)
    assert world.replies() == []
    closing = asyncio.create_task(world.bot.close())
    await turns()
    assert not closing.done()
    assert not world.bot.is_closed()
    release()
    await closing
    assert world.bot.is_closed()
    assert world.shown(world.last_reply()) == [FACT_ID]


async def test_closing_does_not_wait_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bot.client, "FINISH_SECONDS", 0)
    release = hold_replies(world, monkeypatch)
    await world.mention(QUESTION)
    await world.bot.close()
    assert world.bot.is_closed()
    assert "1 repl" in caplog.text
    release()


async def test_closing_with_nothing_in_hand_waits_for_nothing_and_may_be_repeated(world: World) -> None:
    await world.asked(QUESTION)
    running = world.bot
    await running.close()
    await running.close()
    assert running.is_closed()


async def test_a_closed_bot_leaves_the_store_open_for_its_owner(world: World) -> None:
    await world.bot.close()
    await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?")
    await world.restart()
    reply = await world.asked("what is a zorblax?")
    assert reply.embeds[0].description == "The zorblax is green."
    assert reply.embeds[0].fields[0].name == words.ENGLISH.source


async def test_messages_at_once_are_all_answered_each_to_its_own(world: World) -> None:
    for question in (QUESTION, "when was tianhe launched?", "how heavy is Tianhe?"):
        world.env.backend.create_message(world.channel.id, world.member.id, f"<@{world.bot_id}> {question}")
    await world.env.settle()
    replies = world.replies()
    asked: list[Any] = [m for m in world.channel.history() if m.author.id == world.member.id]
    assert [reply.reference.message_id for reply in replies if reply.reference] == [m.id for m in asked]
    assert [world.shown(reply) for reply in replies] == [[FACT_ID], ["tianhe-launch"], []]
