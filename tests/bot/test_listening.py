"""Listening channels: only questions, only when sure, never twice within the cooldown, never before people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.cooldowns import LISTENING_CHANNEL, Cooldowns
from facts.entities import ServerSettings

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

QUESTION = "how long is the Tianhe module?"
FACT_ID = "tianhe-length"
CHATTER = (
    "good morning everyone",
    "lol that was a long meeting",
    "tianhe is so cool",
    "does anybody want pizza tonight?",
    "who is playing later?",
    "i read about the spacewalk yesterday, wow",
)


@pytest.fixture
def message_content() -> bool:
    return True


async def listen(world: World, **changes: Any) -> None:
    """Let the bot listen in the channel, with a cooldown of a minute and no wait."""
    settings = ServerSettings(listening_channel_ids=(world.channel.id,))
    await world.knowledge.set_server_settings(world.guild.id, replace(settings, **changes))


async def test_a_question_is_answered_unasked_where_the_server_wants_it_and_nowhere_else(world: World) -> None:
    other = world.guild.create_text_channel("elsewhere")
    await world.env.settle()
    await world.member.send(world.channel, QUESTION)
    assert world.replies() == []
    await listen(world)
    asked = await world.member.send(world.channel, QUESTION)
    reply = world.last_reply()
    assert world.shown(reply) == [FACT_ID]
    assert reply.reference is not None
    assert reply.reference.message_id == asked.id
    assert world.pings_nobody(reply)
    await world.moderator.send(other, QUESTION)
    assert world.replies(other) == []


async def test_chatter_doubtful_questions_and_bots_get_silence(world: World) -> None:
    await listen(world, cooldown_s=0)
    for text in (
        *CHATTER,
        "how heavy is Tianhe?",
        "spacesuits and camera",
        "what is the capital of France?",
        "@everyone",
    ):
        await world.member.send(world.channel, text)
        assert world.replies() == [], text
    robot = world.guild.add_member(world.env.create_user("robot", bot=True))
    await robot.send(world.channel, QUESTION)
    await world.guild.create_webhook(world.channel).send(QUESTION)
    assert world.replies() == []


async def test_nobody_gets_two_unasked_answers_within_the_cooldown_but_asked_ones(world: World) -> None:
    await listen(world)
    await world.member.send(world.channel, QUESTION)
    await world.member.send(world.channel, "When was Tianhe launched?")
    assert len(world.replies()) == 1
    await world.moderator.send(world.channel, "When was Tianhe launched?")
    assert len(world.replies()) == 2
    await world.mention("When was Tianhe launched?")
    assert len(world.replies()) == 3
    await world.env.advance_time(61)
    await world.member.send(world.channel, "When was Tianhe launched?")
    assert len(world.replies()) == 4


async def test_the_first_question_of_each_new_forum_post_is_answered_also_from_its_title(world: World) -> None:
    forum = world.guild.create_forum_channel("help")
    await world.env.settle()
    await listen(world, listening_channel_ids=(forum.id,), cooldown_s=0)
    for title, content in (
        ("a question", QUESTION),
        (QUESTION, "see the title please"),
        (QUESTION, "this is what I have tried:\n```\nprint()\n```"),
    ):
        channel = await world.post(forum, title, content)
        assert [world.shown(reply) for reply in world.replies(channel)] == [[FACT_ID]]
        await world.moderator.send(channel, "When was Tianhe launched?")
        assert len(world.replies(channel)) == 1
    assert world.replies(await world.post(forum, "hello", "nice to be here")) == []


async def test_it_waits_and_leaves_the_word_to_people_who_reply(world: World) -> None:
    await listen(world, wait_s=20, cooldown_s=0)
    asked = await world.member.send(world.channel, QUESTION)
    await world.env.advance_time(10)
    assert world.replies() == []
    await world.moderator.send(world.channel, "about 17 metres, I think", reply_to=asked)
    await world.env.advance_time(30)
    assert world.replies() == []
    asked = await world.member.send(world.channel, QUESTION)
    await world.moderator.send(world.channel, "hello all")
    await world.member.send(world.channel, "anyone?", reply_to=asked)
    await world.env.advance_time(21)
    assert [world.shown(reply) for reply in world.replies()] == [[FACT_ID]]


async def test_a_question_that_is_deleted_or_changed_during_the_wait(world: World) -> None:
    await listen(world, wait_s=20, cooldown_s=0)
    gone = await world.member.send(world.channel, QUESTION)
    changed = await world.member.send(world.channel, QUESTION)
    withdrawn = await world.member.send(world.channel, QUESTION)
    await world.member.delete(gone)
    await world.member.edit(changed, "When was Tianhe launched?")
    await world.member.edit(withdrawn, "never mind")
    await world.env.advance_time(21)
    assert [world.shown(reply) for reply in world.replies()] == [["tianhe-launch"]]


async def test_a_mention_that_is_added_during_the_wait_is_answered_at_once(world: World) -> None:
    await listen(world, wait_s=20, cooldown_s=0)
    asked = await world.member.send(world.channel, QUESTION)
    await world.member.edit(asked, f"<@{world.bot_id}> {QUESTION}")
    assert [world.shown(reply) for reply in world.replies()] == [[FACT_ID]]
    await world.env.advance_time(21)
    assert len(world.replies()) == 1


async def test_what_changes_during_the_wait_counts(world: World) -> None:
    await listen(world, wait_s=20)
    asked = await world.member.send(world.channel, QUESTION)
    await world.env.advance_time(15)
    # The same words again, as when Discord adds a preview, do not begin the wait anew.
    await world.member.edit(asked, QUESTION)
    await world.teach_shared(FACT_ID, "It is 17 metres long.")
    await world.env.advance_time(6)
    assert world.last_reply().embeds[0].description == "It is 17 metres long."
    await world.moderator.send(world.channel, QUESTION)
    await listen(world, wait_s=20, listening_channel_ids=())
    await world.env.advance_time(25)
    assert len(world.replies()) == 1


async def test_what_is_meant_for_somebody_else_gets_silence(world: World) -> None:
    await listen(world, cooldown_s=0)
    said = await world.moderator.send(world.channel, "good morning")
    await world.member.send(world.channel, f"<@{world.moderator.id}> {QUESTION}")
    await world.member.send(world.channel, QUESTION, reply_to=said)
    helpers = world.guild.create_role("Helpers", mentionable=True)
    for text in (
        f"> {QUESTION}\n16.6 metres",
        f"  > {QUESTION}",
        f"```\n{QUESTION}\n```",
        f"<@&{helpers.id}> {QUESTION}",
    ):
        await world.member.send(world.channel, text)
    heralds = world.guild.create_role("Heralds", permissions=discord.Permissions(mention_everyone=True))
    herald = world.guild.add_member(world.env.create_user("herald"), roles=[heralds])
    await herald.send(world.channel, f"@everyone {QUESTION}")
    assert world.replies() == []
    await world.member.send(world.channel, f"{QUESTION} >_<")
    assert world.shown(world.last_reply()) == [FACT_ID]


async def test_an_answer_goes_when_its_question_is_edited_to_be_meant_for_somebody_else(world: World) -> None:
    await listen(world, cooldown_s=0)
    for text, answers in ((f"<@{world.moderator.id}> {QUESTION}", 0), (f"<@{world.bot_id}> {QUESTION}", 1)):
        asked = await world.member.send(world.channel, "When was Tianhe launched?")
        await world.member.edit(asked, text)
        assert len(world.replies()) == answers


async def test_in_a_post_whatever_somebody_else_writes_leaves_them_the_word(world: World) -> None:
    forum = world.guild.create_forum_channel("help")
    await world.env.settle()
    await listen(world, listening_channel_ids=(forum.id,), wait_s=20, cooldown_s=0)
    answered, alone = await world.post(forum, "a question", QUESTION), await world.post(forum, "another", QUESTION)
    await world.moderator.send(answered, "about 17 metres, I think")
    await world.member.send(alone, "anyone?")
    await world.env.advance_time(21)
    assert world.replies(answered) == []
    assert [world.shown(reply) for reply in world.replies(alone)] == [[FACT_ID]]


async def test_a_post_that_asks_in_its_title_keeps_its_answer_when_its_text_is_edited(world: World) -> None:
    forum = world.guild.create_forum_channel("help")
    await world.env.settle()
    await listen(world, listening_channel_ids=(forum.id,))
    post = await world.post(forum, QUESTION, "see the titel please")
    opening = next(message for message in post.history() if message.author.id == world.member.id)
    await world.member.edit(opening, "see the title please")
    assert [world.shown(reply) for reply in world.replies(post)] == [[FACT_ID]]


async def test_answers_that_wait_end_with_the_bot(world: World) -> None:
    await listen(world, wait_s=20)
    await world.member.send(world.channel, QUESTION)
    await world.restart()
    await world.env.advance_time(30)
    assert world.replies() == []


async def test_two_hundred_messages_in_a_minute_from_twenty_people_bring_no_flood(world: World) -> None:
    world.bot.cooldowns = Cooldowns()
    await listen(world)
    people = [world.guild.add_member(world.env.create_user(f"person-{n}")) for n in range(20)]
    await world.env.settle()
    questions = (QUESTION, "When was Tianhe launched?", "Who is Zhou Jianping?", *CHATTER)
    for number in range(200):
        # All at once within each quarter of the minute, as in a busy channel.
        backend, person = world.env.backend, people[number % 20]
        backend.create_message(world.channel.id, person.id, questions[number % len(questions)])
        if number % 50 == 49:
            await world.env.settle()
            await world.env.advance_time(15)
    replies = world.replies()
    per_window, window = LISTENING_CHANNEL
    assert 1 <= len(replies) <= per_window * (60 / window + 1)
    answered = {message.id: message.author.id for message in world.channel.history()}
    asked = [answered[reply.reference.message_id or 0] for reply in replies if reply.reference]
    assert len(asked) == len(set(asked)) == len(replies)


async def test_those_who_ask_too_much_get_silence_or_one_sentence(world: World) -> None:
    world.bot.cooldowns = Cooldowns(person=(3, 20.0))
    for _ in range(6):
        await world.mention(QUESTION)
    assert len(world.replies()) == 3
    result = await world.member.slash(world.channel, "ask", question=QUESTION)
    assert result.ephemeral
    assert "try again in 20 s" in world.response(result).content
    assert world.shown(await world.asked(QUESTION, by=world.moderator)) == [FACT_ID]
    await world.env.advance_time(21)
    assert world.shown(await world.asked(QUESTION)) == [FACT_ID]


async def test_a_missing_permission_in_a_listening_channel_is_silence(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await listen(world, cooldown_s=0)
    world.deny(world.channel, send_messages=True)
    await world.env.settle()
    await world.member.send(world.channel, QUESTION)
    assert world.replies() == []
    world.deny(world.channel, embed_links=True, read_message_history=True)
    await world.env.settle()
    await world.member.send(world.channel, QUESTION)
    reply = world.last_reply()
    assert not reply.embeds
    assert world.knowledge.fact(FACT_ID).statement in reply.content
    assert isinstance(reply, discord.Message)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
