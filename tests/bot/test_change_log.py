"""The log channel: what a server is told of changes of facts, and what it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.ui import limits
from bot.ui.editor_words import EDITOR_ENGLISH, EditorWords, editor_words_for
from bot.ui.embeds import escaped
from bot.ui.notices import change_text
from facts.entities import Action, Author, Fact, FactChange, Origin, Revision, ServerSettings, Source

if TYPE_CHECKING:
    import simcord

    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

SAY = EDITOR_ENGLISH
FACT_ID = "tianhe-length"
EDITOR = Author(Origin.EDITOR, 1)


async def log_channel(world: World, guild: simcord.GuildHandle | None = None) -> Any:
    """Give a server a log channel."""
    server = guild or world.guild
    log = server.create_text_channel("log")
    await world.env.settle()
    await world.knowledge.set_server_settings(server.id, ServerSettings(log_channel_id=log.id))
    return log


def said(channel: simcord.ChannelHandle) -> list[str]:
    return [message.content for message in channel.history()]


async def test_each_change_of_a_servers_fact_is_told_in_its_log_and_nowhere_else(world: World) -> None:
    log = await log_channel(world)
    other_log = await log_channel(world, world.env.create_guild("Elsewhere"))
    await world.teach("zorblax", "The zorblax is @everyone's **friend**.")
    await world.teach_again("zorblax", statement="It is green.")
    await world.teach_again("zorblax")
    await world.knowledge.remove("zorblax", Author(Origin.EDITOR, 1), server_id=world.guild.id)
    await world.env.settle()
    assert said(log) == [
        SAY.log_added.format(
            id="zorblax", who=world.moderator.mention, text=r"The zorblax is @everyone's \*\*friend\*\*."
        ),
        SAY.log_changed.format(id="zorblax", who=world.moderator.mention, text="It is green."),
        SAY.log_removed.format(id="zorblax", who="<@1>", text="It is green."),
    ]
    assert all(world.pings_nobody(message) for message in log.history())
    assert said(other_log) == []
    await world.teach_shared(FACT_ID, "It is 17 metres long.")
    told = SAY.log_changed.format(id=FACT_ID, who=SAY.by_operator, text="It is 17 metres long.")
    assert said(log)[-1] == told
    assert said(other_log) == [told]


async def test_what_a_server_hides_is_told_there(world: World) -> None:
    log = await log_channel(world)
    statement = escaped(world.knowledge.fact(FACT_ID).statement)
    for _ in range(2):
        await world.knowledge.remove(FACT_ID, EDITOR, server_id=world.guild.id)
        await world.env.settle()
    await world.knowledge.restore(FACT_ID, EDITOR, server_id=world.guild.id)
    await world.env.settle()
    assert said(log) == [
        SAY.log_removed.format(id=FACT_ID, who="<@1>", text=statement),
        SAY.log_added.format(id=FACT_ID, who="<@1>", text=statement),
    ]


async def test_a_change_that_cannot_be_told_costs_nothing_else(world: World, caplog: pytest.LogCaptureFixture) -> None:
    log = await log_channel(world)
    world.deny(log, send_messages=True)
    await world.env.settle()
    await world.teach("zorblax", "The zorblax is green.")
    await world.env.settle()
    world.deny(log, send_messages=False)
    world.env.inject_error("POST", f"/channels/{log.id}/messages", status=403, times=None)
    await world.teach_again("zorblax", statement="The zorblax is blue.")
    await world.env.settle()
    world.env.backend.delete_channel(log.id)
    await world.env.settle()
    await world.teach_again("zorblax", statement="The zorblax is red.")
    await world.env.settle()
    assert world.shown(await world.asked("what is zorblax?")) == ["zorblax"]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("said_in", [EDITOR_ENGLISH, editor_words_for("zh-CN")])
def test_lines_stay_within_what_a_message_holds(said_in: EditorWords) -> None:
    fact = Fact("x" * 60, topic="crew", statement="*" * 4_000, phrasings=("why?",), source=Source("a", "A"))
    for before, after in ((None, fact), (fact, fact), (fact, None)):
        revision = Revision(1, Action.EDIT, EDITOR, discord.utils.utcnow(), "*" * 300, None)
        assert 1_000 < len(change_text(FactChange(before, after, None, revision), said_in)) <= limits.MESSAGE
