"""Notices: what a server's log and queue channels are told, and what they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.ui import limits, words
from bot.ui.answers import RIGHT, WRONG
from bot.ui.notices import change_text, queued_text
from facts.entities import Author, Doubt, Fact, FactChange, Origin, QueuedQuestion, ServerSettings, Source

if TYPE_CHECKING:
    import simcord

    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

SAY = words.ENGLISH
QUESTION = "how long is the Tianhe module?"
FACT_ID = "tianhe-length"
UNHEARD = "blorf wug snarf"


async def desks(world: World, guild: simcord.GuildHandle | None = None) -> tuple[Any, Any]:
    """Give a server a log and a queue channel."""
    server = guild or world.guild
    log, queue = server.create_text_channel("log"), server.create_text_channel("queue")
    await world.env.settle()
    await world.knowledge.set_server_settings(
        server.id, ServerSettings(log_channel_id=log.id, queue_channel_id=queue.id)
    )
    return log, queue


def said(channel: simcord.ChannelHandle) -> list[str]:
    return [message.content for message in channel.history()]


async def test_each_change_of_a_servers_fact_is_told_in_its_log_and_nowhere_else(world: World) -> None:
    log, queue = await desks(world)
    other_log, _ = await desks(world, world.env.create_guild("Elsewhere"))
    await world.teach("zorblax", "The zorblax is @everyone's **friend**.")
    await world.teach_again("zorblax", statement="It is green.")
    await world.knowledge.remove("zorblax", Author(Origin.EDITOR, 1), server_id=world.guild.id)
    await world.env.settle()
    assert said(log) == [
        SAY.fact_added.format(id="zorblax", statement=r"The zorblax is @everyone's \*\*friend\*\*."),
        SAY.fact_changed.format(id="zorblax", statement="It is green."),
        SAY.fact_removed.format(id="zorblax", statement="It is green."),
    ]
    assert all(world.pings_nobody(message) for message in log.history())
    assert said(queue) == said(other_log) == []
    await world.teach_shared(FACT_ID, "It is 17 metres long.")
    told = SAY.fact_changed.format(id=FACT_ID, statement="It is 17 metres long.")
    assert said(log)[-1] == told
    assert said(other_log) == [told]


async def test_each_open_question_is_told_once_in_the_queue_channel_without_who_asked(world: World) -> None:
    log, queue = await desks(world)
    for _ in range(2):
        await world.asked(f"{UNHEARD} @everyone *now*")
    right = await world.asked(QUESTION)
    for sign in (WRONG, RIGHT, WRONG):
        await world.member.click(right, custom_id=world.buttons(right)[sign])
    await world.told(UNHEARD)
    assert said(queue) == [
        SAY.queued_unanswered.format(question=rf"{UNHEARD} @everyone \*now\*"),
        SAY.queued_not_right.format(id=FACT_ID, question=QUESTION),
    ]
    assert all(world.pings_nobody(message) for message in queue.history())
    assert said(log) == []


async def test_what_was_asked_in_private_or_asks_nothing_is_not_told(world: World) -> None:
    _, queue = await desks(world)
    await world.member.slash(world.channel, "ask", question=UNHEARD, private=True)
    secret = await world.moderator.send(world.channel, f"{UNHEARD} glip")
    await world.member.context_menu(world.channel, "Answer this question", secret)
    private = await world.member.slash(world.channel, "ask", question=QUESTION, private=True)
    assert private.response is not None
    await world.member.click(private.response, custom_id=world.buttons(private.response.message)[WRONG])
    await world.asked("^^^ \u2800")
    assert said(queue) == []
    assert [q.question for q in await world.knowledge.bookkeeping.queued(world.guild.id)] == [QUESTION]


def test_a_link_in_a_notice_is_only_text() -> None:
    text = "why? [a](b) [free](https://example.org/x)"
    queued = QueuedQuestion(1, text, Doubt.UNANSWERED, None, discord.utils.utcnow())
    assert r"\[free\]\(https" in queued_text(queued, SAY)


async def test_a_notice_that_cannot_be_posted_costs_nothing_else(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    _, queue = await desks(world)
    world.deny(queue, send_messages=True)
    await world.env.settle()
    assert (await world.asked(UNHEARD)).embeds[0].description == SAY.not_known
    assert said(queue) == []
    world.env.backend.delete_channel(queue.id)
    await world.env.settle()
    assert (await world.asked(f"{UNHEARD} glip")).embeds[0].description == SAY.not_known
    other = world.guild.create_text_channel("another")
    await world.env.settle()
    await world.knowledge.set_server_settings(world.guild.id, ServerSettings(queue_channel_id=other.id))
    world.env.inject_error("POST", f"/channels/{other.id}/messages", status=403, times=None)
    assert (await world.asked(f"{UNHEARD} glop")).embeds[0].description == SAY.not_known
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("said_in", [words.ENGLISH, words.words_for("zh-CN")])
def test_notices_stay_within_what_a_message_holds(said_in: words.Words) -> None:
    fact = Fact("x" * 60, topic="crew", statement="*" * 4_000, phrasings=("why?",), source=Source("a", "A"))
    at = discord.utils.utcnow()
    texts = [queued_text(QueuedQuestion(1, "_" * 1_000, doubt, fact.id, at), said_in) for doubt in Doubt]
    for before, after in ((None, fact), (fact, fact), (fact, None)):
        texts.append(change_text(FactChange(before, after, None), said_in))
    assert all(1_000 < len(text) <= limits.MESSAGE for text in texts)
