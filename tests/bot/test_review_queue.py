"""The queue channel: one message with the questions that wait for an editor, as they are now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import discord
import pytest
from sqlalchemy import text

from bot.ui import limits, words
from bot.ui.answers import RIGHT, WRONG
from bot.ui.notices import QUEUE_SHOWN, queue_reply
from facts.entities import Doubt, QuestionGroup, QueuedQuestion, ServerSettings

if TYPE_CHECKING:
    from facts.database import Database
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

SAY = words.ENGLISH
QUESTION = "how long is the Tianhe module?"
FACT_ID = "tianhe-length"
UNHEARD = "blorf wug snarf"
OTHER = "asdf qwer zxcv"
EDIT, DELETE = ("PATCH", "/channels/*/messages/*"), ("DELETE", "/channels/*/messages/*")
HOUR, AGAIN = 3_600, 660


async def desk(world: World) -> Any:
    """Give the server a queue channel."""
    queue = world.guild.create_text_channel("queue")
    await world.env.settle()
    await world.knowledge.set_server_settings(world.guild.id, ServerSettings(queue_channel_id=queue.id))
    # The bot's task that shows it is begun from here, so it is not among those that ``settle`` knows.
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "tianwen-review-queue"))
    return queue


def shown(queue: Any) -> str:
    """Give what the queue channel shows, in one message; nothing where there is none."""
    messages = queue.history()
    assert len(messages) <= 1
    return str(messages[0].embeds[0].description) if messages else ""


async def press_wrong(world: World, message: discord.Message, *signs: str) -> None:
    for sign in signs or (WRONG,):
        await world.member.click(message, custom_id=world.buttons(message)[sign])


async def test_open_questions_are_shown_in_one_message_without_who_asked(world: World) -> None:
    queue = await desk(world)
    assert shown(queue) == ""
    for person in (world.member, world.moderator, world.member):
        await world.asked(f"{UNHEARD} @everyone *now* [a](https://example.org)", by=person)
    await press_wrong(world, await world.asked(QUESTION), WRONG, RIGHT, WRONG)
    await world.told(UNHEARD)
    first, second = shown(queue).split("\n")
    assert first.startswith(f"- **{QUESTION}** {SAY.queued_not_right.format(id=FACT_ID)} · <t:")
    question, _, why = second.rpartition("** ")
    assert question == rf"- **{UNHEARD} @everyone \*now\* \[a\]\(https://example.org\)"
    assert why.startswith(f"{SAY.queued_unanswered} · {SAY.times.format(count=2)} · <t:")
    assert str(world.member.id) not in str(queue.history()[0].embeds[0].to_dict())
    assert world.pings_nobody(queue.history()[0])


async def test_what_was_asked_in_private_or_asks_nothing_is_not_shown(world: World) -> None:
    queue = await desk(world)
    await world.member.slash(world.channel, "ask", question=UNHEARD, private=True)
    secret = await world.moderator.send(world.channel, f"{UNHEARD} glip")
    await world.member.context_menu(world.channel, "Answer this question", secret)
    private = await world.member.slash(world.channel, "ask", question=QUESTION, private=True)
    await press_wrong(world, world.response(private))
    await world.asked("^^^ \u2800")
    assert shown(queue) == ""
    # Editors see it all the same: it was sent to them.
    assert [q.question for q in await world.knowledge.bookkeeping.queued(world.guild.id)] == [QUESTION]


async def test_what_somebody_has_deleted_and_what_is_old_is_shown_no_longer(world: World) -> None:
    queue = await desk(world)
    await world.asked(UNHEARD)
    await world.asked(OTHER, by=world.moderator)
    # Somebody else has the member's words answered: they stay the member's.
    theirs = await world.member.send(world.channel, QUESTION)
    private = await world.moderator.context_menu(world.channel, "Answer this question", theirs)
    await world.moderator.click(world.response(private), label=SAY.post)
    posted = world.last_reply()
    await world.moderator.click(posted, custom_id=world.buttons(posted)[WRONG])
    assert all(said in shown(queue) for said in (UNHEARD, OTHER, QUESTION))
    result = await world.member.slash(world.channel, "privacy")
    await world.member.click(world.response(result), label=SAY.delete_mine)
    assert shown(queue).startswith(f"- **{OTHER}**")
    assert shown(queue).count("**") == 2
    await world.bot.close()
    await world.env.advance_time(ServerSettings().queue_days * 24 * HOUR)
    # On PostgreSQL its own clock tells whether it is due, and that one goes on as ever.
    await world.knowledge.bookkeeping.give_back("forget-old")
    await world.restart()
    await world.env.settle()
    assert shown(queue) == SAY.queue_empty


async def test_the_message_goes_where_the_server_wants_it(world: World) -> None:
    await world.asked(UNHEARD)
    first, second = (world.guild.create_text_channel(name) for name in ("first", "second"))
    manager = world.guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    owner = world.guild.add_member(world.env.create_user("manager"), roles=[manager])
    await world.env.settle()
    panel = world.response(await owner.slash(world.channel, "settings"))
    for chosen, there, elsewhere in (([first], first, second), ([second], second, first)):
        await owner.select(panel, chosen, custom_id="tw:settings:queue_channel_id")
        assert UNHEARD in shown(there)
        assert shown(elsewhere) == ""
    await owner.select(panel, [], custom_id="tw:settings:queue_channel_id")
    assert shown(first) == shown(second) == ""
    await world.asked(OTHER)
    assert shown(first) == shown(second) == ""


async def test_a_message_that_somebody_deleted_is_sent_anew_also_after_a_restart(world: World) -> None:
    queue = await desk(world)
    await world.asked(UNHEARD)
    await world.restart()
    await world.asked(OTHER)
    assert shown(queue).startswith(f"- **{OTHER}**")
    await world.moderator.delete(queue.history()[0])
    await world.asked(UNHEARD, by=world.moderator)
    assert SAY.times.format(count=2) in shown(queue)


async def test_what_discord_or_the_server_forbids_costs_nothing_else(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    queue = await desk(world)
    world.deny(queue, send_messages=True)
    await world.env.settle()
    assert (await world.asked(UNHEARD)).embeds[0].description == SAY.not_known
    assert shown(queue) == ""
    world.deny(queue, send_messages=False, embed_links=True)
    await world.env.settle()
    # Nothing has changed on the queue, but what could not be shown is tried again.
    await world.env.advance_time(AGAIN)
    assert queue.history()[0].content.startswith(f"{SAY.queue_title}\n\n- **{UNHEARD}**")
    for status in (403, 429, 500):
        world.env.inject_error(*EDIT, status=status, times=None)
        await world.asked(f"{OTHER} {status}")
        assert str(status) not in queue.history()[0].content
        world.env.backend.faults.clear()
        await world.env.advance_time(AGAIN)
        assert f"**{OTHER} {status}**" in queue.history()[0].content
    world.env.backend.delete_channel(queue.id)
    await world.env.settle()
    assert (await world.asked(UNHEARD)).embeds[0].description == SAY.not_known
    other = world.guild.create_text_channel("another")
    await world.env.settle()
    await world.knowledge.set_server_settings(world.guild.id, ServerSettings(queue_channel_id=other.id))
    await world.asked(UNHEARD)
    assert UNHEARD in shown(other)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_where_discord_fails_the_words_go_as_soon_as_it_does_not_also_after_a_restart(world: World) -> None:
    queue = await desk(world)
    await world.asked(UNHEARD)
    for restarts in (False, True):
        world.env.inject_error(*EDIT, status=500, times=None)
        privacy = world.response(await world.member.slash(world.channel, "privacy"))
        await world.member.click(privacy, label=SAY.delete_mine)
        assert UNHEARD in shown(queue)
        world.env.backend.faults.clear()
        if restarts:
            await world.restart()
        await world.env.advance_time(AGAIN)
        assert shown(queue) == SAY.queue_empty
        await world.asked(UNHEARD)
        assert UNHEARD in shown(queue)


async def test_a_message_in_a_channel_that_is_no_longer_the_queues_goes_even_if_discord_first_refuses(
    world: World,
) -> None:
    first = await desk(world)
    await world.asked(UNHEARD)
    world.env.inject_error(*DELETE, status=403, times=None)
    second = await desk(world)
    assert UNHEARD in shown(second)
    assert UNHEARD in shown(first)
    world.env.backend.faults.clear()
    await world.restart()
    await world.env.advance_time(AGAIN)
    assert shown(first) == ""
    assert UNHEARD in shown(second)


async def test_what_changes_when_the_message_is_old_goes_into_a_new_one(world: World) -> None:
    queue = await desk(world)
    await world.asked(UNHEARD)
    (old,) = queue.history()
    await world.env.advance_time(2 * HOUR)
    before = len(world.env.http_requests)
    await world.env.advance_time(HOUR)
    assert len(world.env.http_requests) == before
    await world.asked(OTHER)
    (new,) = queue.history()
    assert new.id != old.id
    assert OTHER in shown(queue)
    # Where it may not send another, it edits all the same.
    await world.env.advance_time(2 * HOUR)
    world.deny(queue, send_messages=True)
    await world.env.settle()
    await world.asked(f"{OTHER} again")
    (edited,) = queue.history()
    assert edited.id == new.id
    assert f"{OTHER} again" in edited.content


async def test_a_message_that_could_not_be_remembered_is_not_left_behind(
    world: World, article_database: Database
) -> None:
    queue = await desk(world)
    async with article_database.writing() as session:
        await session.execute(text("ALTER TABLE queue_messages RENAME TO away"))
        await session.execute(text("CREATE VIEW queue_messages AS SELECT * FROM away"))
    await world.asked(UNHEARD)
    assert queue.history() == []
    async with article_database.writing() as session:
        await session.execute(text("DROP VIEW queue_messages"))
        await session.execute(text("ALTER TABLE away RENAME TO queue_messages"))
    await world.env.advance_time(AGAIN)
    assert UNHEARD in shown(queue)


async def test_a_question_that_is_edited_or_deleted_leaves_the_queue(world: World) -> None:
    queue = await desk(world)
    asked = await world.mention(UNHEARD)
    await world.member.edit(asked, f"<@{world.bot_id}> {OTHER}")
    assert OTHER in shown(queue)
    assert UNHEARD not in shown(queue)
    await world.moderator.delete(asked)
    assert shown(queue) == SAY.queue_empty


def test_a_question_cannot_turn_or_style_what_stands_beside_it() -> None:
    queued = QueuedQuestion(1, "a\u202eb **c\n-# d", Doubt.UNANSWERED, None, discord.utils.utcnow())
    text = str(queue_reply([QuestionGroup((queued,))], SAY).embed.description)
    assert text.startswith(r"- **ab \*\*c -# d** ")


@pytest.mark.parametrize("said_in", [words.ENGLISH, words.words_for("zh-CN")])
def test_it_stays_within_what_a_message_holds_and_says_when_there_is_more(said_in: words.Words) -> None:
    at = discord.utils.utcnow()

    def reply(length: int, count: int, doubt: Doubt = Doubt.NOT_RIGHT) -> str:
        queued = QueuedQuestion(1, "_" * length, doubt, "x" * 64, at)
        shown = queue_reply([QuestionGroup((queued,) * 99)] * count, said_in)
        assert shown.embed.description is not None
        assert len(shown.embed.description) <= limits.EMBED_DESCRIPTION
        plain: str = shown.arguments(embeds=False)["content"]
        assert shown.embed.description in plain
        return plain

    for doubt in Doubt:
        assert 1_000 < len(reply(1_000, QUEUE_SHOWN + 1, doubt)) <= limits.MESSAGE
        assert reply(1_000, QUEUE_SHOWN + 1, doubt).endswith(said_in.queue_more)
    assert said_in.queue_more not in reply(9, QUEUE_SHOWN)
    assert reply(9, QUEUE_SHOWN + 1).endswith(said_in.queue_more)
    assert said_in.queue_empty in reply(9, 0)
