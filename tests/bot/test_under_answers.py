"""What stands under an answer: source, votes, related facts, dismissing; after a restart, and when it has faded."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import discord
import pytest
from sqlalchemy import text

from bot.ui import limits, words
from bot.ui.answers import RIGHT, WRONG
from facts.entities import Doubt, Source, VoteCount
from facts.matching.decision import Outcome
from tests.bot.test_buttons import choices

if TYPE_CHECKING:
    import simcord

    from facts.database import Database
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

QUESTION = "how long is tianhe?"
FACT_ID = "tianhe-length"
SAY = words.ENGLISH


def told(result: simcord.InteractionResult) -> str:
    """Give what a click was answered with, to the person alone."""
    assert result.ephemeral
    found = [result.response, *result.followups]
    return " ".join(m.content or m.embeds[0].description or "" for m in found if m is not None)


async def test_the_source_is_told_whole_with_what_else_comes_from_the_same_place(world: World) -> None:
    reply = await world.asked(QUESTION)
    fact = world.knowledge.fact(FACT_ID)
    for person in (world.member, world.moderator):
        shown = told(await person.click(reply, label=SAY.source))
        for part in ("CNN", SAY.headline_unknown, "paragraph 7", "as reported on 4 July 2021", SAY.link_unknown):
            assert part in shown
    others = world.knowledge.from_same_place(fact)
    assert others
    assert all(other.canonical_question in shown for other in others)
    assert world.buttons(world.reread(reply)) == world.buttons(reply)


async def test_a_source_is_shown_as_it_is_written(world: World) -> None:
    source = Source("s", "[G](https://x.example) ||p||", "*t*", ("<@1> ||b||",))
    await world.teach("zorblax", "It is green.", "zorblax colour", source=source, locator="_page_ <@&2>")
    answered = await world.asked("zorblax colour")
    under = told(await world.member.click(answered, label=SAY.source))
    for shown in (str(answered.embeds[0].fields[0].value), under):
        assert r"\[G\]\(https://x.example\) \|\|p\|\|" in shown
        assert r"“\*t\*”" in shown
        assert r"\_page\_ \<@&2\>" in shown
    assert r"\<@1\> \|\|b\|\|" in under


async def test_a_source_with_everything_has_a_link_to_press(world: World) -> None:
    source = Source("g", "The Gazette", "A title", ("A reporter",), None, "https://example.org/report")
    await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?", source=source)
    clicked = await world.member.click(await world.asked("what is a zorblax?"), label=SAY.source)
    for part in ("“A title”", "by A reporter", "<https://example.org/report>"):
        assert part in told(clicked)
    rows = [row for row in world.response(clicked).components if isinstance(row, discord.ActionRow)]
    assert [item.url for row in rows for item in row.children if isinstance(item, discord.Button)] == [source.url]


async def test_an_answer_of_two_facts_has_a_source_for_each(world: World) -> None:
    reply = await world.asked("how long is tianhe and who is Zhou Jianping?")
    ids = world.shown(reply)
    assert len(ids) == 2
    sources = [custom_id for label, custom_id in world.buttons(reply).items() if label.startswith(SAY.source)]
    assert sources == [f"tw:source:{fact_id}" for fact_id in ids]
    for fact_id, custom_id in zip(ids, sources, strict=True):
        shown = world.response(await world.member.click(reply, custom_id=custom_id))
        assert shown.embeds[0].footer.text == fact_id


async def test_everybody_has_one_vote_which_may_be_changed(world: World) -> None:
    reply = await world.asked(QUESTION)
    assert "1 right, 0 not right" in told(await world.member.click(reply, custom_id=world.buttons(reply)[RIGHT]))
    assert "1 right, 0 not right" in told(await world.member.click(reply, custom_id=world.buttons(reply)[RIGHT]))
    assert "2 right, 0 not right" in told(await world.moderator.click(reply, custom_id=world.buttons(reply)[RIGHT]))
    assert "1 right, 1 not right" in told(await world.member.click(reply, custom_id=world.buttons(reply)[WRONG]))
    assert await world.knowledge.bookkeeping.vote_count(FACT_ID, world.guild.id) == VoteCount(1, 1)
    queued = await world.knowledge.bookkeeping.queued(world.guild.id)
    assert [(q.question, q.doubt, q.fact_id) for q in queued] == [(QUESTION, Doubt.NOT_RIGHT, FACT_ID)]
    await world.restart()
    assert "0 right, 2 not right" in told(await world.moderator.click(reply, custom_id=world.buttons(reply)[WRONG]))


async def test_what_was_not_right_goes_to_the_editors_also_where_nothing_was_asked(world: World) -> None:
    result = await world.member.slash(world.channel, "fact", id=FACT_ID)
    assert result.response is not None
    await world.member.click(result.response, custom_id=world.buttons(result.response.message)[WRONG])
    (queued,) = await world.knowledge.bookkeeping.queued(world.guild.id)
    assert (queued.question, queued.fact_id) == (world.knowledge.fact(FACT_ID).canonical_question, FACT_ID)


async def test_a_vote_that_cannot_be_kept_is_told_so(world: World, article_database: Database) -> None:
    reply = await world.asked(QUESTION)
    async with article_database.writing() as session:
        await session.execute(text("DROP TABLE votes"))
    assert SAY.not_saved in told(await world.member.click(reply, custom_id=world.buttons(reply)[RIGHT]))


async def test_related_facts_are_chosen_from_a_menu_and_shown_to_the_one_who_chose(world: World) -> None:
    reply = await world.asked(QUESTION)
    offered = world.menu(reply)
    assert 1 <= len(offered.options) <= limits.SELECT_OPTIONS
    assert FACT_ID not in [option.value for option in offered.options]
    chosen = offered.options[0].value
    for person in (world.member, world.moderator):
        result = await person.select(reply, [chosen])
        assert result.ephemeral
        shown = world.response(result)
        assert world.shown(shown) == [chosen]
        assert SAY.dismiss not in world.buttons(shown)
    # A follow-up leans on what was chosen.
    kept = world.bot.last_questions._asked[world.member.id, world.channel.id]
    assert kept.question == world.knowledge.fact(chosen).canonical_question
    # And from there one goes on.
    assert result.response is not None
    further = world.menu(shown).options[0].value
    assert world.shown(world.response(await world.moderator.select(result.response, [further]))) == [further]


async def test_the_asker_and_editors_dismiss_a_reply_and_nobody_else(world: World) -> None:
    stranger = world.guild.add_member(world.env.create_user("stranger"))
    helpers = world.guild.create_role("Helpers")
    helper = world.guild.add_member(world.env.create_user("helper"), roles=[helpers])
    for question in (QUESTION, "how heavy is Tianhe?", "blorf wug snarf"):
        for person in (world.member, world.moderator):
            reply = await world.asked(question)
            for other in (stranger, helper):
                assert told(await other.click(reply, label=SAY.dismiss)) == SAY.may_not_dismiss
            await person.click(reply, label=SAY.dismiss)
            assert reply.id not in [m.id for m in world.replies()]
    settings = world.knowledge.server_settings(world.guild.id)
    await world.knowledge.set_server_settings(world.guild.id, type(settings)(editor_role_id=helpers.id))
    reply = await world.asked(QUESTION)
    await world.restart()
    await helper.click(reply, label=SAY.dismiss)
    assert world.replies() == []
    assert await world.knowledge.bookkeeping.replies(100) == []


async def test_none_of_these_puts_the_question_on_the_queue_also_after_a_restart(world: World) -> None:
    reply, _ = await choices(world)
    await world.restart()
    await world.member.click(reply, label=SAY.none_of_these)
    queued = await world.knowledge.bookkeeping.queued(world.guild.id)
    question = world.knowledge.ask(queued[0].question, server_id=world.guild.id)
    assert question.outcome is Outcome.CHOICES
    assert [q.doubt for q in queued] == [Doubt.NONE_OF_THESE]


async def test_nobody_is_told_that_a_question_was_noted_when_it_was_not(
    world: World, article_database: Database
) -> None:
    unsure, _ = await choices(world)
    forgotten, _ = await choices(world)
    world.bot.replies.take(forgotten.id)
    answered = await world.asked(QUESTION)
    async with article_database.writing() as session:
        await session.execute(text("DROP TABLE queued_questions"))
    for reply in (unsure, forgotten):
        await world.member.click(reply, label=SAY.none_of_these)
        assert world.reread(reply).embeds[0].description == SAY.none_of_these_reply
    voted = await world.member.click(answered, custom_id=world.buttons(answered)[WRONG])
    assert told(voted) == SAY.voted_right.format(right=0, wrong=1)


async def test_a_question_without_an_answer_is_queued_and_a_known_unknown_is_not(world: World) -> None:
    await world.asked("how heavy is Tianhe?")
    assert await world.knowledge.bookkeeping.queued(world.guild.id) == []
    await world.asked("blorf wug snarf")
    await world.told("asdf qwer zxcv")
    await world.member.slash(world.channel, "ask", question="flibbertigibbet")
    queued = await world.knowledge.bookkeeping.queued(world.guild.id)
    assert [q.question for q in queued] == ["blorf wug snarf", "flibbertigibbet"]
    assert [q.question for q in await world.knowledge.bookkeeping.queued(None)] == ["asdf qwer zxcv"]


async def test_buttons_fade_after_a_day_with_one_sentence_and_no_error(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    replies = [await world.asked(question) for question in (QUESTION, QUESTION, "how heavy is Tianhe?")]
    await world.let_pass(dt.timedelta(days=1, minutes=1))
    first, second, third = replies
    assert SAY.faded in told_after_edit(await world.member.click(first, label=SAY.source))
    assert SAY.faded in told_after_edit(await world.member.select(second, [world.menu(second).options[0].value]))
    assert SAY.faded in told_after_edit(await world.moderator.click(third, label=next(iter(world.buttons(third)))))
    for reply in replies:
        after = world.reread(reply)
        assert after.components == []
        assert after.embeds[0].description == reply.embeds[0].description
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def told_after_edit(result: simcord.InteractionResult) -> str:
    """Give what a click was answered with, after the message itself was edited."""
    assert all(message.ephemeral for message in result.followups)
    return " ".join(message.content for message in result.followups)


async def test_votes_can_be_hidden(world: World) -> None:
    settings = world.knowledge.server_settings(world.guild.id)
    await world.knowledge.set_server_settings(world.guild.id, type(settings)(votes_shown=False))
    assert list(world.buttons(await world.asked(QUESTION))) == [SAY.source, SAY.dismiss]
    assert RIGHT in world.buttons(await world.told(QUESTION))


async def test_a_private_answer_has_no_button_to_dismiss(world: World) -> None:
    result = await world.member.slash(world.channel, "ask", question=QUESTION, private=True)
    assert list(world.buttons(world.response(result))) == [SAY.source, RIGHT, WRONG]
