"""``/settings``, and ``/privacy``: who may, what changes, and what is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
import pytest
from sqlalchemy import text

from bot.ui import words
from bot.ui.answers import RIGHT
from facts.entities import ServerSettings

if TYPE_CHECKING:
    import simcord

    from facts.database import Database
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

QUESTION = "how long is tianhe?"
SAY = words.ENGLISH


@pytest.fixture
def manager(world: World) -> simcord.MemberActor:
    role = world.guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    return world.guild.add_member(world.env.create_user("manager"), roles=[role])


def texts(result: simcord.InteractionResult) -> str:
    """Give all that a panel says."""
    assert result.response is not None
    return str(result.response.components)


def settings(world: World) -> ServerSettings:
    return world.knowledge.server_settings(world.guild.id)


async def test_a_manager_sets_everything_and_it_survives_a_restart(world: World, manager: simcord.MemberActor) -> None:
    forum, logs = world.guild.create_forum_channel("help"), world.guild.create_text_channel("logs")
    role = world.guild.create_role("Helpers")
    await world.env.settle()
    panel = await manager.slash(world.channel, "settings")
    assert panel.ephemeral
    assert panel.response is not None
    await world.restart()
    steps: list[tuple[str, list[Any], dict[str, Any]]] = [
        ("listening", [world.channel, forum], {"listening_channel_ids": (world.channel.id, forum.id)}),
        ("cooldown_s", ["300"], {"cooldown_s": 300}),
        ("wait_s", ["20"], {"wait_s": 20}),
        ("editor_role_id", [role], {"editor_role_id": role.id}),
        ("log_channel_id", [logs], {"log_channel_id": logs.id}),
        ("queue_channel_id", [logs], {"queue_channel_id": logs.id}),
        ("listening", [], {"listening_channel_ids": ()}),
        ("log_channel_id", [], {"log_channel_id": None}),
        ("editor_role_id", [world.guild.default_role], {"editor_role_id": None}),
    ]
    expected = ServerSettings()
    for menu, values, changes in steps:
        result = await manager.select(panel.response, values, custom_id=f"tw:settings:{menu}")
        assert result.acknowledged
        expected = replace(expected, **changes)
        assert settings(world) == expected, menu
    await manager.click(panel.response, custom_id="tw:settings:votes")
    assert settings(world) == replace(expected, votes_shown=False)
    assert SAY.settings_votes_off in texts(panel)
    await world.knowledge.refresh()
    assert settings(world) == replace(expected, votes_shown=False)


async def test_nobody_else_changes_anything_also_not_with_a_panel_from_before(
    world: World, manager: simcord.MemberActor
) -> None:
    world.env.backend.visible_commands(user_id=world.member.id, channel_id=world.channel.id)
    result = await manager.slash(world.channel, "settings")
    assert result.response is not None
    with world.interactions():
        for person in (world.member, world.moderator):
            assert "settings" not in person.available_commands(world.channel)
    # Manage Server is taken away between opening and pressing.
    world.env.backend.get_guild(world.guild.id).members[manager.id].role_ids.clear()
    refused = await manager.click(result.response, custom_id="tw:settings:votes")
    assert world.response(refused).content == SAY.need_manage_server
    assert settings(world) == ServerSettings()


async def test_a_command_that_was_opened_to_all_is_still_refused(world: World) -> None:
    command = next(
        c
        for c in world.env.backend.visible_commands(user_id=world.guild.owner.id, channel_id=world.channel.id)
        if c["name"] == "settings"
    )
    command["default_member_permissions"] = None
    refused = await world.member.slash(world.channel, "settings")
    assert refused.ephemeral
    assert world.response(refused).content == SAY.need_manage_server


async def test_the_panel_tells_what_is_missing(world: World, manager: simcord.MemberActor) -> None:
    told = texts(await manager.slash(world.channel, "settings"))
    assert "Message Content Intent" in told
    await world.knowledge.set_server_settings(
        world.guild.id, ServerSettings(listening_channel_ids=(world.channel.id, 12345), log_channel_id=67890)
    )
    world.deny(world.channel, send_messages=True)
    await world.env.settle()
    told = texts(await manager.slash(world.channel, "settings"))
    assert SAY.settings_may_not_write.format(channels=f"<#{world.channel.id}>") in told
    assert "<#12345>" not in told


async def test_settings_that_cannot_be_kept_are_told_so(
    world: World, manager: simcord.MemberActor, article_database: Database
) -> None:
    result = await manager.slash(world.channel, "settings")
    assert result.response is not None
    async with article_database.writing() as session:
        await session.execute(text("DROP TABLE server_settings"))
    clicked = await manager.click(result.response, custom_id="tw:settings:votes")
    assert [message.content for message in clicked.followups] == [SAY.not_saved]
    assert settings(world) == ServerSettings()


async def test_privacy_tells_in_five_sentences_and_deletes_what_is_ones_own(world: World) -> None:
    mine, theirs = await world.asked(QUESTION), await world.asked(QUESTION, by=world.moderator)
    for person in (world.member, world.moderator):
        await person.click(mine, custom_id=world.buttons(mine)[RIGHT])
    await world.asked("blorf wug snarf")
    result = await world.member.slash(world.channel, "privacy")
    assert result.ephemeral
    told = str(world.response(result).embeds[0].description)
    assert told == SAY.privacy.format(days=30)
    assert len(told.splitlines()) == 5
    await world.restart()
    assert result.response is not None
    done = await world.member.click(result.response, custom_id="tw:privacy:delete")
    # Two replies, one vote, one question on the queue.
    assert world.response(done).content == SAY.deleted.format(count=4)
    books = world.knowledge.bookkeeping
    assert [kept.message_id for kept in await books.replies(9)] == [theirs.id]
    assert await books.queued(world.guild.id) == []
    assert (await books.vote_count("tianhe-length", world.guild.id)).right == 1
    assert world.bot.replies.of_message(mine.id) is None
    again = await world.member.click(result.response, custom_id="tw:privacy:delete")
    assert world.response(again).content == SAY.deleted.format(count=0)


async def test_what_is_old_is_forgotten_by_itself(world: World) -> None:
    await world.asked(QUESTION)
    await world.asked("blorf wug snarf")
    await world.let_pass(dt.timedelta(hours=25))
    assert await world.knowledge.bookkeeping.replies(9) == []
    async with world.knowledge._database.reading() as session:
        assert (await session.execute(text("SELECT count(*) FROM sent_replies"))).scalar() == 0
    assert len(await world.knowledge.bookkeeping.queued(world.guild.id)) == 1
