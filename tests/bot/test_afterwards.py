"""What becomes of a reply: its question is edited or deleted, or its fact is corrected."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.cogs.messages import Messages
from bot.cooldowns import PRESSES, Cooldowns
from bot.ui import words
from bot.ui.text import rest_text
from facts.entities import Author, Origin

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

QUESTION = "how long is tianhe?"
FACT_ID = "tianhe-length"
OTHER, OTHER_ID = "when was tianhe launched?", "tianhe-launch"
OPERATOR = Author(Origin.OPERATOR)
SAY = words.ENGLISH
# Questions of which one part has no answer.
PARTIAL = (
    "how long is tianhe and how heavy is it?",
    "how long is tianhe? and how much did the module cost?",
    "how long is tianhe and who is the president of France?",
)
SEND, EDIT, DELETE = (
    ("POST", "/channels/*/messages"),
    ("PATCH", "/channels/*/messages/*"),
    ("DELETE", "/channels/*/messages/*"),
)


async def test_an_edited_question_gets_its_reply_edited_also_after_a_restart(world: World) -> None:
    asked = await world.mention("how heavy is Tianhe?")
    reply = world.last_reply()
    for question, ids in ((QUESTION, [FACT_ID]), (OTHER, [OTHER_ID]), ("how heavy is Tianhe?", [])):
        await world.restart()
        await world.member.edit(asked, f"<@{world.bot_id}> {question}")
        assert world.shown(world.reread(reply)) == ids
    assert len(world.replies()) == 1
    # The votes and corrections go by what it shows now.
    assert [kept.fact_ids for kept in await world.knowledge.bookkeeping.replies(9)] == [()]


async def test_an_edit_counts_for_ten_minutes_and_only_if_the_words_change(world: World) -> None:
    asked = await world.mention(QUESTION)
    before = len(world.env.http_requests)
    await world.member.edit(asked, f"<@{world.bot_id}>  {QUESTION} ")
    assert len(world.env.http_requests) == before
    await world.env.advance_time(601)
    await world.member.edit(asked, f"<@{world.bot_id}> {OTHER}")
    assert world.shown(world.last_reply()) == [FACT_ID]


async def test_an_edited_follow_up_is_understood_as_before(world: World) -> None:
    await world.asked("What is Tianhe?")
    asked = await world.mention("and how heavy is it?")
    await world.member.edit(asked, f"<@{world.bot_id}> and how long is it?")
    assert world.shown(world.last_reply()) == [FACT_ID]


async def test_a_deleted_question_takes_its_reply_along_also_after_a_restart(world: World) -> None:
    asked = await world.mention(QUESTION)
    await world.restart()
    await world.member.delete(asked)
    assert world.replies() == []
    assert await world.knowledge.bookkeeping.replies(9) == []


async def test_questions_deleted_in_bulk_take_their_replies_along(world: World) -> None:
    asked = [await world.mention(QUESTION), await world.mention(OTHER)]
    world.env.backend.bulk_delete_messages(world.channel.id, [message.id for message in asked])
    await world.env.settle()
    assert world.replies() == []


async def test_a_reply_that_somebody_deleted_is_not_edited_any_more(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    asked = await world.mention(QUESTION)
    await world.moderator.delete(world.last_reply())
    before = len(world.env.http_requests)
    await world.member.edit(asked, f"<@{world.bot_id}> {OTHER}")
    await world.member.delete(asked)
    assert len(world.env.http_requests) == before
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "WARNING"}]


async def test_in_direct_messages_edits_and_deletions_count_too(world: World) -> None:
    await world.told(QUESTION)
    asked = next(m for m in world.dm.history() if m.author.id == world.member.id)
    await world.member.user.edit(asked, OTHER)
    assert world.knowledge.fact(OTHER_ID).statement in str(world.last_reply(world.dm).embeds[0].description)
    await world.member.user.delete(asked)
    assert world.replies(world.dm) == []


async def test_what_discord_refuses_is_noted_and_no_error(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for status in (403, 404, 429, 500):
        asked = await world.mention(QUESTION)
        for route in (EDIT, DELETE):
            world.env.inject_error(*route, status=status, times=None)
        await world.member.edit(asked, f"<@{world.bot_id}> {OTHER}")
        await world.member.delete(asked)
        await world.teach_shared(FACT_ID, f"It says {status} now.")
        world.env.backend.faults.clear()
        assert not [record for record in caplog.records if record.levelname == "ERROR"]
        assert str(status) in caplog.text
    assert world.shown(await world.asked(QUESTION)) == [FACT_ID]


async def test_a_deleted_channel_is_no_error(world: World, caplog: pytest.LogCaptureFixture) -> None:
    channel = world.guild.create_text_channel("short-lived")
    await world.env.settle()
    await world.asked(QUESTION, channel=channel)
    world.env.backend.delete_channel(channel.id)
    await world.env.settle()
    await world.teach_shared(FACT_ID, "It is longer now.")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_correction_within_a_day_reaches_the_replies_that_show_the_fact(world: World) -> None:
    shown, other = await world.asked(QUESTION), await world.asked(OTHER)
    command = world.response(await world.member.slash(world.channel, "ask", question=QUESTION))
    await world.told(QUESTION)
    await world.restart()
    await world.teach_shared(FACT_ID, "It is 17 metres long.")
    for reply in (world.reread(shown), world.reread(command), world.last_reply(world.dm)):
        text = str(reply.embeds[0].description)
        assert text.startswith("It is 17 metres long.\n\nCorrected <t:")
        assert world.shown(reply) == [FACT_ID]
        assert SAY.dismiss in world.buttons(reply)
        assert world.pings_nobody(reply)
    assert world.reread(other).embeds[0].description == other.embeds[0].description


async def test_other_phrasings_correct_nothing_and_nor_does_anything_after_a_day(world: World) -> None:
    reply = await world.asked(QUESTION)
    fact = world.knowledge.fact(FACT_ID)
    await world.knowledge.edit(
        type(fact)(**{**{f: getattr(fact, f) for f in fact.__slots__}, "phrasings": (*fact.phrasings, "how looong?")}),
        OPERATOR,
    )
    assert world.reread(reply).embeds[0].description == fact.statement
    await world.let_pass(dt.timedelta(days=1))
    await world.teach_shared(FACT_ID, "It is 17 metres long.")
    assert world.reread(reply).embeds[0].description == fact.statement


async def test_a_fact_that_is_taken_back_is_taken_back_from_the_replies(world: World) -> None:
    alone, both = await world.asked(QUESTION), await world.asked(f"{QUESTION} who is Zhou Jianping?")
    assert len(world.shown(both)) == 2
    await world.knowledge.remove(FACT_ID, OPERATOR)
    await world.env.settle()
    assert "Withdrawn <t:" in str(world.reread(alone).embeds[0].description)
    assert world.shown(world.reread(alone)) == []
    assert FACT_ID not in world.shown(world.reread(both))
    assert "Withdrawn <t:" in str(world.reread(both).embeds[0].description)


async def test_a_servers_correction_stays_in_that_server(world: World) -> None:
    await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?")
    reply, private = await world.asked("what is a zorblax?"), await world.told(QUESTION)
    await world.teach_again("zorblax", statement="The zorblax is blue.")
    await world.env.settle()
    assert str(world.reread(reply).embeds[0].description).startswith("The zorblax is blue.")
    assert world.last_reply(world.dm).embeds[0].description == private.embeds[0].description


async def test_a_hasty_mention_that_is_edited_to_ask_is_answered(world: World) -> None:
    asked = await world.mention("")
    await world.member.edit(asked, f"<@{world.bot_id}> {QUESTION}")
    assert [world.shown(reply) for reply in world.replies()] == [[FACT_ID]]
    await world.member.delete(asked)
    assert world.replies() == []


async def test_after_quick_edits_the_reply_is_that_to_the_last(world: World) -> None:
    world.bot.cooldowns = Cooldowns()
    asked = await world.mention(QUESTION)
    for question in (OTHER, QUESTION) * 5:
        await world.member.edit(asked, f"<@{world.bot_id}> {question}")
    assert [world.shown(reply) for reply in world.replies()] == [[FACT_ID]]


async def test_whoever_edits_without_end_is_not_answered_each_time(world: World) -> None:
    world.bot.cooldowns = Cooldowns()
    asked = await world.mention(QUESTION)
    for number in range(2 * PRESSES[0]):
        await world.member.edit(asked, f"<@{world.bot_id}> {(OTHER, QUESTION)[number % 2]}")
    edits = [
        request for request in world.env.http_requests if request.method == "PATCH" and "/messages/" in request.path
    ]
    assert len(edits) == PRESSES[0]


async def test_every_reply_to_a_message_goes_with_it_and_what_others_posted_is_theirs(world: World) -> None:
    asked = await world.mention(QUESTION)
    await post(world, asked)
    await world.member.edit(asked, f"<@{world.bot_id}> {OTHER}")
    assert [world.shown(reply) for reply in world.replies()] == [[OTHER_ID], [FACT_ID]]
    await world.member.delete(asked)
    assert world.replies() == []


async def test_a_question_that_is_edited_or_deleted_while_it_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Messages._send
    meanwhile = [f"<@{world.bot_id}> {OTHER}", None]

    async def slow(self: Messages, message: Any, reply: Any) -> object:
        sent = await send(self, message, reply)
        if meanwhile:
            text = meanwhile.pop(0)
            backend = world.env.backend
            if text is None:
                backend.delete_message(message.channel.id, message.id)
            else:
                backend.edit_message(message.channel.id, message.id, {"content": text})
        return sent

    monkeypatch.setattr(Messages, "_send", slow)
    await world.mention(QUESTION)
    assert [world.shown(reply) for reply in world.replies()] == [[OTHER_ID]]
    await world.mention(QUESTION)
    assert [world.shown(reply) for reply in world.replies()] == [[OTHER_ID]]


@pytest.mark.parametrize("message_content", [False, True])
async def test_an_edit_that_speaks_to_the_bot_no_longer_takes_the_answer_back(world: World) -> None:
    said = await world.moderator.send(world.channel, "good morning")
    for reply_to in (None, said):
        asked = await world.mention(QUESTION, reply_to=reply_to)
        await world.member.edit(asked, QUESTION)
        assert world.replies() == []
        assert await world.knowledge.bookkeeping.replies(9) == []
        # And one that does again brings one.
        await world.member.edit(asked, f"<@{world.bot_id}> {OTHER}")
        assert [world.shown(reply) for reply in world.replies()] == [[OTHER_ID]]
        await world.member.delete(asked)


async def test_a_reply_to_the_bot_needs_no_mention_to_be_edited(world: World) -> None:
    first = await world.asked(QUESTION)
    asked = await world.mention("and when was it launched?", reply_to=first)
    assert world.shown(world.last_reply()) == [OTHER_ID]
    await world.member.edit(asked, "and what is it?")
    assert len(world.replies()) == 2


async def test_a_bare_mention_in_a_reply_stays_answered_when_discord_tells_it_again(world: World) -> None:
    theirs = await world.mention(QUESTION, by=world.moderator)
    asked = await world.mention("", reply_to=theirs)
    await world.moderator.delete(theirs)
    await world.member.edit(asked, f"<@{world.bot_id}>  ")
    assert [world.shown(reply) for reply in world.replies()] == [[FACT_ID]]


async def test_an_answer_that_somebody_posted_under_their_own_message_stays(world: World) -> None:
    for text in (QUESTION, f"<@{world.bot_id}> {QUESTION}"):
        asked = await world.moderator.send(world.channel, text)
        posted = await post(world, asked)
        before = len(world.replies())
        for edit in ("how lng is tianhe??", OTHER):
            await world.moderator.edit(asked, f"{text.removesuffix(QUESTION)}{edit}")
        after = world.reread(posted)
        assert after.content == SAY.posted.format(asker=world.moderator.mention)
        assert world.shown(after) == [FACT_ID]
        assert len(world.replies()) == before
    assert world.shown(world.replies()[-2]) == [OTHER_ID]


async def test_a_reply_that_could_not_be_edited_is_still_known_for_what_it_shows(world: World) -> None:
    asked = await world.mention(QUESTION)
    world.env.inject_error(*EDIT, status=403, times=None)
    await world.member.edit(asked, f"<@{world.bot_id}> {OTHER}")
    world.env.backend.faults.clear()
    await world.teach_shared(FACT_ID, "It is 17 metres long.")
    assert str(world.last_reply().embeds[0].description).startswith("It is 17 metres long.")


@pytest.mark.parametrize("way", ["mention", "slash", "post"])
async def test_a_fact_that_is_corrected_while_its_reply_is_sent_is_corrected_there(
    world: World, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    keep = type(world.bot).keep_reply

    async def corrected_first(self: Any, *args: Any, **options: Any) -> None:
        # It has been sent, and nobody knows yet what it shows.
        monkeypatch.setattr(type(world.bot), "keep_reply", keep)
        fact = replace(world.knowledge.fact(FACT_ID), statement="It is 17 metres long.")
        await world.knowledge.edit(fact, OPERATOR)
        await keep(self, *args, **options)

    asked = await world.member.send(world.channel, QUESTION)
    private = await world.moderator.context_menu(world.channel, "Answer this question", asked)
    monkeypatch.setattr(type(world.bot), "keep_reply", corrected_first)
    if way == "mention":
        await world.mention(QUESTION)
    elif way == "slash":
        await world.member.slash(world.channel, "ask", question=QUESTION)
    else:
        await world.moderator.click(world.response(private), label=SAY.post)
    assert str(world.last_reply().embeds[0].description).startswith("It is 17 metres long.\n\nCorrected <t:")


async def test_an_edit_that_asks_nothing_any_more_gets_what_such_a_message_gets(world: World) -> None:
    for text, said in (("", SAY.hello), ("thanks", SAY.welcome), ("that's wrong", SAY.sorry)):
        asked = await world.mention(QUESTION)
        await world.member.edit(asked, f"<@{world.bot_id}> {text}")
        assert world.last_reply().embeds[0].description == said
        await world.member.edit(asked, f"<@{world.bot_id}> {OTHER}")
        assert world.shown(world.last_reply()) == [OTHER_ID]


async def test_what_others_posted_stays_when_the_question_is_taken_back(world: World) -> None:
    asked = await world.mention(QUESTION)
    await post(world, asked)
    await world.member.edit(asked, QUESTION)
    assert [reply.content for reply in world.replies()] == [SAY.posted.format(asker=world.moderator.mention)]


async def post(world: World, asked: discord.Message) -> discord.Message:
    """Let the moderator have the answer to a message posted."""
    private = await world.moderator.context_menu(world.channel, "Answer this question", asked)
    assert private.response is not None
    await world.moderator.click(private.response, label=SAY.post)
    return world.last_reply()


async def test_a_correction_keeps_who_had_it_posted_and_what_was_said_of_the_rest(world: World) -> None:
    question = world.question(PARTIAL, lambda answer: answer.partial and FACT_ID in [fact.id for fact in answer.facts])
    remark = str(rest_text(world.knowledge.ask(question)))
    posted = await post(world, await world.member.send(world.channel, question))
    assert remark in str(posted.embeds[0].description)
    await world.restart()
    for _ in range(2):
        await world.teach_shared(FACT_ID, f"{world.knowledge.fact(FACT_ID).statement} So it is.")
        after = world.reread(posted)
        assert after.content == posted.content == SAY.posted.format(asker=world.moderator.mention)
        assert "So it is." in str(after.embeds[0].description)
        assert remark in str(after.embeds[0].description)
        assert "Corrected <t:" in str(after.embeds[0].description)
        assert world.pings_nobody(after)
    await world.knowledge.remove(FACT_ID, OPERATOR)
    await world.env.settle()
    assert world.reread(posted).content == posted.content


async def test_a_fact_that_comes_back_comes_back_in_the_replies(world: World) -> None:
    reply = await world.asked(QUESTION)
    facts = world.knowledge
    for taken_away, brought_back in (
        (facts.remove(FACT_ID, OPERATOR), facts.restore(FACT_ID, OPERATOR)),
        (world.hide(FACT_ID), facts.restore(FACT_ID, OPERATOR, server_id=world.guild.id)),
    ):
        await taken_away
        await world.env.settle()
        assert world.shown(world.reread(reply)) == []
        assert "Withdrawn <t:" in str(world.reread(reply).embeds[0].description)
        await brought_back
        await world.env.settle()
        assert world.shown(world.reread(reply)) == [FACT_ID]
        assert "Back <t:" in str(world.reread(reply).embeds[0].description)


async def test_what_one_server_hides_stays_in_the_replies_elsewhere(world: World) -> None:
    private = await world.told(QUESTION)
    await world.asked(QUESTION)
    await world.hide(FACT_ID)
    await world.env.settle()
    assert world.shown(world.last_reply()) == []
    assert world.last_reply(world.dm).embeds[0].description == private.embeds[0].description


async def test_of_a_correction_and_an_edit_at_once_the_edit_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await world.mention(QUESTION)
    await world.mention(QUESTION)
    edit = discord.PartialMessage.edit
    edits = 0
    answered_anew = asyncio.Event()

    async def edit_meanwhile(self: discord.PartialMessage, **changes: Any) -> discord.Message:
        nonlocal edits
        edits += 1
        number = edits
        changed = await edit(self, **changes)
        if number == 1:
            # The latest reply is corrected first; before its turn comes, the question of the other one is edited.
            world.env.backend.edit_message(first.channel.id, first.id, {"content": f"<@{world.bot_id}> {OTHER}"})
            await answered_anew.wait()
        else:
            answered_anew.set()
        return changed

    monkeypatch.setattr(discord.PartialMessage, "edit", edit_meanwhile)
    await world.teach_shared(FACT_ID, "It is 17 metres long.")
    assert edits == 2
    assert [world.shown(reply) for reply in world.replies()] == [[OTHER_ID], [FACT_ID]]


async def test_a_correction_while_an_edit_is_sent_does_not_bring_the_old_answer_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await world.mention(QUESTION)
    edit = discord.PartialMessage.edit

    async def corrected_meanwhile(self: discord.PartialMessage, **changes: Any) -> discord.Message:
        changed = await edit(self, **changes)
        monkeypatch.setattr(discord.PartialMessage, "edit", edit)
        fact = replace(world.knowledge.fact(FACT_ID), statement="It is 17 metres long.")
        await world.knowledge.edit(fact, OPERATOR)
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "tianwen-correcting"))
        return changed

    monkeypatch.setattr(discord.PartialMessage, "edit", corrected_meanwhile)
    await world.member.edit(asked, f"<@{world.bot_id}> {OTHER}")
    assert world.knowledge.fact(FACT_ID).statement == "It is 17 metres long."
    assert [world.shown(reply) for reply in world.replies()] == [[OTHER_ID]]
