"""Asking in Discord: by mention, by reply, in threads and direct messages; and what must be left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import pytest
from simcord.backend.models.message import AllowedMentions
from simcord.enums import MessageType

import bot.memory
from bot.memory import REMEMBERED_SECONDS, LastQuestions
from bot.ui import limits, words
from facts.entities import LINE_MAX, STATEMENT_MAX, Source
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from facts.engine import Answer
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

QUESTION = "how long is tianhe?"
FACT_ID = "tianhe-length"
BEFORE = "What is Tianhe?"
FOLLOW_UP = "and how long is it?"
OFF_TOPIC = ("blorf wug snarf", "flibbertigibbet", "asdf qwer zxcv")


def declined(answer: Answer) -> bool:
    """Tell whether an answer says that the facts do not hold it, in no words but the usual."""
    return answer.outcome is Outcome.UNKNOWN and answer.say is None


async def test_a_mention_gets_a_fact_with_its_source(world: World) -> None:
    asked = await world.mention(QUESTION)
    reply = world.last_reply()
    embed = reply.embeds[0]
    assert embed.description is not None
    assert (
        embed.description
        == "Tianhe is 16.6 metres (55 feet) long, with 50 cubic metres of living space, according to CASC."
    )
    assert embed.fields[0].name == "Source"
    assert embed.fields[0].value == "CNN, headline unknown, paragraph 7, as reported on 4 July 2021"
    assert embed.footer.text == FACT_ID
    assert reply.reference is not None
    assert reply.reference.message_id == asked.id
    assert world.pings_nobody(reply)


async def test_the_mention_may_stand_anywhere_and_be_of_the_old_kind(world: World) -> None:
    for form in ("<@!{id}> {question}", "{question} <@{id}>", "hey <@{id}>, {question}", "<@{id}>{question}"):
        await world.member.send(world.channel, form.format(id=world.bot_id, question=QUESTION))
        assert world.shown(world.last_reply()) == [FACT_ID], form


async def test_a_mention_in_a_thread_is_answered_in_that_thread(world: World) -> None:
    thread = world.thread()
    reply = await world.asked(QUESTION, channel=thread)
    assert world.shown(reply) == [FACT_ID]
    assert world.replies() == []


async def test_a_reply_to_the_bot_needs_no_mention(world: World) -> None:
    first = await world.asked(BEFORE)
    asked = await world.member.send(world.channel, QUESTION, reply_to=first)
    reply = world.last_reply()
    assert world.shown(reply) == [FACT_ID]
    assert reply.reference is not None
    assert reply.reference.message_id == asked.id


async def test_a_reply_without_a_ping_cannot_be_read_and_says_so(world: World) -> None:
    first = await world.asked(BEFORE)
    world.env.backend.create_message(
        world.channel.id,
        world.member.id,
        QUESTION,
        reference={"channel_id": str(world.channel.id), "message_id": str(first.id)},
        allowed_mentions=AllowedMentions(replied_user=False),
    )
    await world.env.settle()
    assert world.last_reply().embeds[0].description == words.ENGLISH.unreadable_reply


async def test_a_reply_to_somebody_else_is_not_for_the_bot(world: World) -> None:
    spoken = await world.moderator.send(world.channel, "hello")
    await world.member.send(world.channel, QUESTION, reply_to=spoken)
    assert world.replies() == []


async def test_a_bare_mention_gets_examples_to_press(world: World) -> None:
    reply = await world.asked("")
    examples = world.knowledge.engine.examples(world.guild.id)
    assert len(examples) == 3
    assert reply.embeds[0].description == words.ENGLISH.hello
    assert list(world.buttons(reply)) == [limits.cut(f.canonical_question, limits.BUTTON_LABEL) for f in examples]
    for person in (world.member, world.moderator):
        clicked = await person.click(reply, label=next(iter(world.buttons(reply))))
        assert clicked.ephemeral
        assert world.response(clicked).embeds[0].description == examples[0].statement
    assert list(world.buttons(world.reread(reply))) == list(world.buttons(reply))


@pytest.mark.parametrize(
    "text", ["hi", "Hello!", "HELP", "?", "你好", "hey there :)", "good afternoon", "<:hi:123>", "привет"]
)
async def test_a_greeting_gets_examples_to_press(world: World, text: str) -> None:
    for reply in (await world.asked(text), await world.told(text)):
        assert reply.embeds[0].description == words.words_for_question(text, None).hello
        assert len(world.buttons(reply)) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *((text, "welcome") for text in ("thanks!", "ok, thank you Tianwen", "no thanks", "well done", "谢谢")),
        *(
            (text, "chat")
            for text in ("ok", "LOL", "never mind", "oh ok", "so cool", "sorry", "yes", "huh?", ":D", "对")
        ),
    ],
)
async def test_chat_gets_a_word_and_neither_a_fact_nor_a_place_on_the_queue(world: World, text: str, said: str) -> None:
    await world.told("how long is tianhe?")
    for reply in (await world.told(text), await world.asked(text)):
        assert reply.embeds[0].description == getattr(words.words_for_question(text, None), said)
    assert await world.knowledge.bookkeeping.queued(None) == []
    # And a follow-up still leans on the question before.
    assert world.shown(await world.told("and when was it launched?")) == ["tianhe-launch"]


@pytest.mark.parametrize("text", ["no", "no, that's wrong", "That’s not what I asked!", "WRONG", "不对"])
async def test_a_complaint_gets_no_fact_but_what_helps(world: World, text: str) -> None:
    await world.asked(QUESTION)
    assert (await world.asked(text)).embeds[0].description == words.words_for_question(text, None).sorry
    assert await world.knowledge.bookkeeping.queued(world.guild.id) == []


async def test_commands_know_small_talk_too(world: World) -> None:
    hello = world.response(await world.member.slash(world.channel, "ask", question="hi"))
    assert hello.embeds[0].description == words.ENGLISH.hello
    said = await world.moderator.send(world.channel, "no thanks")
    answered = await world.member.context_menu(world.channel, "Answer this question", said)
    assert world.response(answered).content == words.ENGLISH.nothing_to_answer
    assert await world.knowledge.bookkeeping.queued(world.guild.id) == []


async def test_a_fact_that_is_asked_for_like_small_talk_is_an_answer(world: World) -> None:
    await world.teach("zorblax", "On the menu is soup.", "menu")
    assert world.shown(await world.asked("menu")) == ["zorblax"]
    assert (await world.told("menu")).embeds[0].description == words.ENGLISH.hello


async def test_a_bare_mention_in_reply_to_a_question_answers_that_question(world: World) -> None:
    question = await world.mention(QUESTION, by=world.moderator)
    asked = await world.mention("", reply_to=question)
    first, second = world.replies()
    assert world.shown(first) == world.shown(second) == [FACT_ID]
    assert second.reference is not None
    assert second.reference.message_id == asked.id


async def test_a_bare_mention_in_reply_to_a_message_that_discord_hides_says_so(world: World) -> None:
    spoken = await world.moderator.send(world.channel, QUESTION)
    await world.mention("", reply_to=spoken)
    assert world.last_reply().embeds[0].description == words.ENGLISH.unreadable_question


async def test_a_bare_mention_in_reply_to_the_bot_does_not_ask_the_bots_own_words(world: World) -> None:
    first = await world.asked(QUESTION)
    await world.mention("", reply_to=first)
    assert world.last_reply().embeds[0].description == words.ENGLISH.hello


async def test_a_direct_message_needs_no_mention(world: World) -> None:
    reply = await world.told(QUESTION)
    assert world.shown(reply) == [FACT_ID]
    assert world.pings_nobody(reply)


async def test_a_bare_mention_in_a_direct_message_answers_what_it_replies_to(world: World) -> None:
    question = await world.member.user.send_dm(QUESTION)
    reference = {"channel_id": str(world.dm.id), "message_id": str(question.id)}
    await world.told(f"<@{world.bot_id}>", reference=reference)
    assert [world.shown(reply) for reply in world.replies(world.dm)] == [[FACT_ID], [FACT_ID]]


async def test_a_servers_own_fact_answers_there_and_nowhere_else(world: World) -> None:
    question = "what colour is the zorblax?"
    fact = await world.teach("zorblax-colour", "The zorblax is green.", question, "zorblax colour")
    elsewhere = world.env.create_guild("Other club")
    channel = elsewhere.create_text_channel("general")
    stranger = elsewhere.add_member(world.env.create_user("stranger"))
    await world.env.settle()
    assert world.shown(await world.asked(question)) == [fact.id]
    other = await world.asked(question, channel=channel, by=stranger)
    assert fact.id not in world.shown(other)
    assert not any(fact.id in custom_id for custom_id in world.buttons(other).values())
    direct = await world.told(question)
    assert fact.id not in world.shown(direct)
    assert not any(fact.id in custom_id for custom_id in world.buttons(direct).values())


# Follow-ups


def alone(world: World) -> None:
    """Make sure that the follow-up says nothing without the question before it."""
    assert world.knowledge.ask(FOLLOW_UP).facts == ()
    assert [f.id for f in world.knowledge.ask(FOLLOW_UP, context=BEFORE).facts] == [FACT_ID]


async def test_a_follow_up_is_understood_from_the_question_before(world: World) -> None:
    alone(world)
    await world.asked(BEFORE)
    assert world.shown(await world.asked(FOLLOW_UP)) == [FACT_ID]


async def test_a_follow_up_in_a_direct_message_is_understood(world: World) -> None:
    alone(world)
    await world.told(BEFORE)
    assert world.shown(await world.told(FOLLOW_UP)) == [FACT_ID]


async def test_a_follow_up_to_a_slash_command_is_understood(world: World) -> None:
    alone(world)
    await world.member.slash(world.channel, "ask", question=BEFORE)
    assert world.shown(await world.asked(FOLLOW_UP)) == [FACT_ID]


async def test_a_follow_up_to_a_pressed_button_is_understood(world: World) -> None:
    alone(world)
    fact = world.knowledge.fact("tianhe-role")
    assert [f.id for f in world.knowledge.ask(FOLLOW_UP, context=fact.canonical_question).facts] == [FACT_ID]
    unknown = world.question(
        ["how heavy is Tianhe?", "how wide is Tianhe?", "who built Tianhe?", "what does Tianhe look like inside?"],
        lambda answer: answer.outcome is Outcome.UNKNOWN and fact in answer.related,
    )
    reply = await world.asked(unknown)
    await world.member.click(reply, custom_id=next(i for i in world.buttons(reply).values() if fact.id in i))
    assert world.shown(world.reread(reply)) == [fact.id]
    assert world.shown(await world.asked(FOLLOW_UP)) == [FACT_ID]


async def test_another_persons_question_is_no_context(world: World) -> None:
    alone(world)
    await world.asked(BEFORE)
    reply = await world.asked(FOLLOW_UP, by=world.moderator)
    assert world.shown(reply) == []


async def test_a_question_in_another_channel_is_no_context(world: World) -> None:
    alone(world)
    await world.asked(BEFORE)
    for elsewhere in (world.guild.create_text_channel("other"), world.thread()):
        await world.env.settle()
        assert world.shown(await world.asked(FOLLOW_UP, channel=elsewhere)) == []


async def test_a_question_is_forgotten_after_ten_minutes(world: World) -> None:
    alone(world)
    assert REMEMBERED_SECONDS == 600
    await world.asked(BEFORE)
    await world.env.advance_time(599)
    assert world.shown(await world.asked(FOLLOW_UP)) == [FACT_ID]
    await world.asked(BEFORE)
    await world.env.advance_time(601)
    assert world.shown(await world.asked(FOLLOW_UP)) == []


def test_only_so_many_questions_are_remembered_and_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.memory, "REMEMBERED_MOST", 2)
    asked = LastQuestions()
    for user_id, question in ((1, "a"), (2, "b"), (1, "c"), (3, "d")):
        asked.remember(user_id, 0, question)
    assert [asked.recall(user_id, 0) for user_id in (1, 2, 3)] == ["c", None, "d"]


# What must be left alone


async def test_a_message_without_a_mention_is_ignored(world: World) -> None:
    await world.member.send(world.channel, QUESTION)
    assert world.replies() == []


@pytest.mark.parametrize("mass", ["@everyone", "@here"])
async def test_a_message_that_only_says_everyone_is_ignored(world: World, mass: str) -> None:
    caller = world.guild.create_role("Caller", permissions=discord.Permissions(mention_everyone=True))
    loud = world.guild.add_member(world.env.create_user("loud"), roles=[caller])
    sent = await loud.send(world.channel, f"{mass} {QUESTION}")
    assert not world.pings_nobody(sent)
    assert world.replies() == []


async def test_a_mention_of_somebody_else_is_ignored(world: World) -> None:
    role = world.guild.create_role("Astronauts", mentionable=True)
    await world.member.send(world.channel, f"{world.moderator.mention} <@&{role.id}> {QUESTION}")
    assert world.replies() == []


async def test_another_bot_is_ignored(world: World) -> None:
    robot = world.guild.add_member(world.env.create_user("robot", bot=True))
    await world.mention(QUESTION, by=robot)
    assert world.replies() == []


async def test_a_webhook_is_ignored(world: World) -> None:
    webhook = world.guild.create_webhook(world.channel, "news")
    await webhook.send(f"<@{world.bot_id}> {QUESTION}")
    assert world.replies() == []


async def test_the_bot_does_not_answer_itself(world: World) -> None:
    world.env.backend.create_message(world.channel.id, world.bot_id, f"<@{world.bot_id}> {QUESTION}")
    await world.env.settle()
    assert len(world.replies()) == 1


async def test_a_system_message_is_ignored(world: World) -> None:
    text = f"<@{world.bot_id}> {QUESTION}"
    for kind in (
        MessageType.NEW_MEMBER,
        MessageType.PINS_ADD,
        MessageType.PREMIUM_GUILD_SUBSCRIPTION,
        MessageType.THREAD_CREATED,
        MessageType.AUTO_MODERATION_ACTION,
    ):
        world.env.backend.create_message(world.channel.id, world.member.id, text, message_type=kind)
        await world.env.settle()
        assert world.replies() == [], kind


# What a question gets


async def test_a_known_unknown_answers_in_its_own_words_and_shows_what_is_near(world: World) -> None:
    question = "how heavy is Tianhe?"
    answer = world.knowledge.ask(question)
    assert answer.outcome is Outcome.UNKNOWN
    assert answer.say
    assert answer.related
    reply = await world.asked(question)
    assert reply.embeds[0].description == f"{answer.say}\n\n{words.ENGLISH.near}"
    labels = [limits.cut(fact.canonical_question, limits.BUTTON_LABEL) for fact in answer.related]
    assert list(world.buttons(reply)) == [*labels, words.ENGLISH.dismiss]
    await world.member.click(reply, label=answer.related[0].canonical_question)
    assert world.shown(world.reread(reply)) == [answer.related[0].id]


async def test_a_question_about_something_else_is_declined(world: World) -> None:
    question = world.question(OFF_TOPIC, declined)
    description = (await world.asked(question)).embeds[0].description
    assert description is not None
    assert description.split("\n")[0] == words.ENGLISH.not_known


async def test_a_question_in_two_parts_gets_both_facts_and_one_source(world: World) -> None:
    reply = await world.asked("How long is Tianhe? When was Tianhe launched?")
    ids = ["tianhe-length", "tianhe-launch"]
    assert world.shown(reply) == ids
    embed = reply.embeds[0]
    assert embed.description == "\n\n".join(world.knowledge.fact(fact_id).statement for fact_id in ids)
    assert [field.name for field in embed.fields] == [words.ENGLISH.source]
    value = embed.fields[0].value
    assert value is not None
    for fact_id in ids:
        assert (world.knowledge.fact(fact_id).locator or "?") in value


async def test_two_facts_from_two_sources_name_both(world: World) -> None:
    await world.teach("zorblax-colour", "The zorblax is green.", "what colour is the zorblax?")
    reply = await world.asked("How long is Tianhe? What colour is the zorblax?")
    assert world.shown(reply) == ["tianhe-length", "zorblax-colour"]
    fields = {field.name: field.value or "" for field in reply.embeds[0].fields}
    assert list(fields) == [words.ENGLISH.source_of.format(ids=i) for i in ("tianhe-length", "zorblax-colour")]
    assert "The Space Gazette" in fields[words.ENGLISH.source_of.format(ids="zorblax-colour")]


async def test_a_question_of_the_longest_length_is_answered(world: World) -> None:
    room = limits.MESSAGE - len(f"<@{world.bot_id}> ")
    assert world.shown(await world.asked((f"{QUESTION} " * 200)[:room].rsplit("?", 1)[0] + "?")) == [FACT_ID]
    reply = await world.asked("x" * room)
    assert reply.embeds[0].description is not None
    assert world.shown(reply) == []
    direct = await world.told(("how " * 500)[: limits.MESSAGE])
    assert direct.embeds


# Discord's limits

LONG_ID = "z" + "-long" * 12 + "-id"
LONG_LINE = "T" * LINE_MAX
LONG_SOURCE = Source("long", "The Space Gazette", title=LONG_LINE, authors=(LONG_LINE,), url="https://example.org/a")


def long_statement(word: str) -> str:
    return (f"{word} " * STATEMENT_MAX)[: STATEMENT_MAX - 1] + "."


async def test_the_longest_fact_fits_into_a_reply(world: World) -> None:
    assert len(LONG_ID) == 64
    question = "what about the zorblax?"
    fact = await world.teach(LONG_ID, long_statement("zorblax"), question, source=LONG_SOURCE, locator="p" * 100)
    assert len(fact.statement) == STATEMENT_MAX
    reply = await world.asked(question)
    assert reply.embeds[0].description == fact.statement
    assert world.shown(reply) == [LONG_ID]
    result = await world.member.slash(world.channel, "fact", id=LONG_ID)
    assert result.response is not None
    assert result.response.embeds[0].description == fact.statement


async def test_the_longest_fact_fits_into_a_plain_message(world: World) -> None:
    question = "what about the zorblax?"
    fact = await world.teach(LONG_ID, long_statement("zorblax"), question, source=LONG_SOURCE)
    world.deny(world.channel, embed_links=True)
    reply = await world.asked(question)
    assert not reply.embeds
    assert reply.content.startswith(fact.statement[:1_500])
    assert f"{limits.CUT}\n{words.ENGLISH.source}: " in reply.content
    assert reply.content.endswith(f"[{fact.id}]")
    assert len(reply.content) <= limits.MESSAGE


async def test_a_source_with_a_very_long_title_keeps_its_link(world: World) -> None:
    question = "what about the zorblax?"
    await world.teach("zorblax", "The zorblax is green.", question, source=LONG_SOURCE)
    value = (await world.asked(question)).embeds[0].fields[0].value
    assert value is not None
    assert LONG_SOURCE.url is not None
    assert f"]({LONG_SOURCE.url})" in value


async def test_three_of_the_longest_facts_from_three_sources_fit_into_one_reply(world: World) -> None:
    names = ("zorblax", "quibble", "frobnik")
    for name in names:
        source = Source(name, f"The {name} Gazette", title=name[0].upper() * LINE_MAX)
        await world.teach(name, long_statement(name), f"what is {name}?", source=source)
    question = " ".join(f"what is {name}?" for name in names)
    assert [fact.id for fact in world.knowledge.ask(question, server_id=world.guild.id).facts] == list(names)
    reply = await world.asked(question)
    assert world.shown(reply) == list(names)
    assert len(reply.embeds[0]) <= limits.EMBED_TOTAL


async def test_the_plain_text_of_an_answer_holds_what_the_embed_holds(world: World) -> None:
    question = "what about the zorblax?"
    source = Source("gazette", "The Space Gazette", title="Green at last", url="https://example.org/green")
    fact = await world.teach("zorblax", "The zorblax is green.", question, source=source, locator="page 3")
    world.deny(world.channel, embed_links=True)
    content = (await world.asked(question)).content
    for part in (fact.statement, source.publisher, "Green at last", "page 3", fact.id):
        assert part in content


async def test_the_plain_text_of_an_answer_holds_the_sources_address(world: World) -> None:
    question = "what about the zorblax?"
    source = Source("gazette", "The Space Gazette", title="Green at last", url="https://example.org/green")
    await world.teach("zorblax", "The zorblax is green.", question, source=source)
    world.deny(world.channel, embed_links=True)
    assert "https://example.org/green" in (await world.asked(question)).content


# Permissions


async def test_where_the_bot_may_not_send_it_stays_silent_and_tries_nothing(world: World) -> None:
    for permission in ("send_messages", "view_channel"):
        channel = world.guild.create_text_channel(f"no-{permission.replace('_', '-')}")
        world.deny(channel, **{permission: True})
        await world.env.settle()
        world.env.http_requests.clear()
        await world.mention(QUESTION, channel=channel)
        assert world.replies(channel) == []
        assert world.env.http_requests == []


async def test_in_a_thread_the_permission_for_threads_counts(world: World) -> None:
    thread = world.thread()
    world.deny(world.channel, send_messages_in_threads=True)
    await world.env.settle()
    await world.mention(QUESTION, channel=thread)
    assert world.replies(thread) == []
    assert world.shown(await world.asked(QUESTION)) == [FACT_ID]


async def test_in_a_thread_the_permission_for_channels_does_not_count(world: World) -> None:
    thread = world.thread()
    world.deny(world.channel, send_messages=True)
    await world.env.settle()
    assert world.shown(await world.asked(QUESTION, channel=thread)) == [FACT_ID]


async def test_without_embeds_the_same_is_said_in_plain_text(world: World) -> None:
    world.deny(world.channel, embed_links=True)
    answer = world.knowledge.fact(FACT_ID)
    reply = await world.asked(QUESTION)
    assert not reply.embeds
    assert answer.statement in reply.content
    assert "CNN, headline unknown, paragraph 7, as reported on 4 July 2021" in reply.content
    assert FACT_ID in reply.content
    hello = await world.asked("")
    assert hello.content.startswith(words.ENGLISH.hello)
    assert len(world.buttons(hello)) == 3
    unknown = await world.asked(world.question(OFF_TOPIC, declined))
    assert unknown.content.startswith(words.ENGLISH.not_known)


async def test_without_the_history_it_answers_without_a_reference(world: World) -> None:
    world.deny(world.channel, read_message_history=True)
    reply = await world.asked(QUESTION)
    assert world.shown(reply) == [FACT_ID]
    assert reply.reference is None


async def test_a_question_deleted_before_the_answer_is_answered_all_the_same(world: World) -> None:
    world.env.http_requests.clear()
    await world.asked(QUESTION)
    sent = next(r.json for r in world.env.http_requests if r.method == "POST")
    assert sent is not None
    assert sent["message_reference"]["fail_if_not_exists"] is False
