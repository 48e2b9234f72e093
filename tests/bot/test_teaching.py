"""From a question without an answer to a fact that answers everyone, and those who wanted to be told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.ui.editor_words import EDITOR_ENGLISH as SAY
from bot.ui.words import ENGLISH
from facts.bookkeeping import EVERY
from facts.entities import AnswerAlert, ServerSettings
from facts.errors import DatabaseUnavailableError
from facts.memory import Memory
from tests.bot.test_keeping_facts import press, told

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

FACT_ID = "tianhe-length"
UNHEARD = "what does the wobbegong eat?"
ALIKE = ("wht does the wobbegong eat", "does the wobbegong eat what?")
OTHER = "who feeds the quokka?"
TEXTS = {"statement": "The wobbegong eats crabs.", "topic": "station", "source": "Space Gazette\nlocator: page 3"}


async def review(world: World, *, by: Any = None) -> discord.Message:
    """Let an editor open the review queue; give what they see."""
    return world.response(await (by or world.moderator).slash(world.channel, "review"))


async def told_all() -> None:
    """Wait until those are told who wanted to: a change from here begins a task that ``settle`` does not know."""
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "tianwen-alerts"))


async def create(world: World, card: discord.Message, **texts: str) -> discord.Message:
    """Write a fact from a card of the queue; give what the editor sees before saving."""
    opened = await world.moderator.click(card, label=SAY.create)
    return world.response(await world.moderator.submit_modal(opened, world.form(opened) | TEXTS | texts))


async def ask_and_want_to_be_told(world: World) -> None:
    asked = await world.asked(UNHEARD)
    assert told(asked).startswith(ENGLISH.not_known)
    result = await world.member.click(asked, label=ENGLISH.tell_me)
    assert world.response(result).content == ENGLISH.will_tell.format(days=30)
    others = await world.moderator.click(asked, label=ENGLISH.tell_me)
    assert world.response(others).content == ENGLISH.others_button


async def second_editor_is_warned(world: World, fact_id: str) -> None:
    second = world.guild.add_member(world.env.create_user("second"), roles=[world.moderators])
    opened = await second.slash(world.channel, "facts edit", id=fact_id)
    await world.teach_again(fact_id, statement="The wobbegong eats fish.")
    shown = world.response(await second.submit_modal(opened, world.form(opened) | {"statement": "It eats squid."}))
    warned = await press(world, shown, SAY.save, by=second)
    assert SAY.conflict.format(id=fact_id) in told(warned)
    assert told(await press(world, warned, SAY.drop, by=second)) == SAY.dropped


async def test_a_question_becomes_a_fact_that_answers_everyone_and_whoever_asked_is_told(world: World) -> None:
    queue, log = (world.guild.create_text_channel(name) for name in ("queue", "log"))
    elsewhere = world.env.create_guild("Elsewhere")
    other_channel = elsewhere.create_text_channel("general")
    stranger = elsewhere.add_member(world.env.create_user("stranger"))
    await world.env.settle()
    settings = ServerSettings(queue_channel_id=queue.id, log_channel_id=log.id)
    await world.knowledge.set_server_settings(world.guild.id, settings)
    # A member asks, gets no answer, and wants to be told.
    await ask_and_want_to_be_told(world)
    # A moderator opens the queue from its channel, and sees the question once, with what is alike.
    for wording in ALIKE:
        await world.asked(wording, by=world.moderator)
    await world.asked(OTHER)
    (standing,) = queue.history()
    menu = world.menu(standing)
    choice = next(option for option in menu.options if "wobbegong" in option.label)
    card = world.response(await world.moderator.select(standing, [choice.value], custom_id=menu.custom_id))
    assert card.flags.ephemeral
    assert ENGLISH.times.format(count=3) in told(card)
    assert str(world.member.id) not in told(card)
    # The form has the wordings already; the preview tells what saving would do.
    shown = await create(world, card)
    assert told(shown).startswith(f"{SAY.preview_new}\nThe wobbegong eats crabs.")
    assert SAY.no_impact.format(asked=len(world.bot.article_tests)) in told(shown)
    saved = await press(world, shown, SAY.save)
    fact_id = "wobbegong-eat"
    assert told(saved) == SAY.saved.format(id=fact_id)
    # The member is told, once; the queue and the log follow.
    (message,) = world.dm.history()
    assert message.content == ENGLISH.told.format(question=UNHEARD)
    assert message.embeds[0].description == TEXTS["statement"]
    assert world.pings_nobody(message)
    assert "wobbegong" not in told(queue.history()[0])
    assert OTHER in told(queue.history()[0])
    assert f"`{fact_id}`" in log.history()[0].content
    assert await world.knowledge.bookkeeping.alerts(world.guild.id) == []
    # Asked again with a typo and in other words, it is answered with its source.
    for question in ("waht does teh wobbegong eat", "what food does a wobbegong eat"):
        answered = await world.asked(question)
        assert world.shown(answered) == [fact_id]
        assert "Space Gazette" in told(answered)
    await second_editor_is_warned(world, fact_id)
    # The change is taken back from the history.
    history = world.response(await world.moderator.slash(world.channel, "facts history", id=fact_id))
    await world.moderator.select(history, ["1"], custom_id=f"tw:revert:{fact_id}")
    assert TEXTS["statement"] in told(await world.asked(UNHEARD))
    # The export shows it; another server never saw any of it.
    exported = await world.moderator.slash(world.channel, "facts export")
    (file,) = world.response(exported).attachments
    assert TEXTS["statement"] in (await file.read()).decode("utf-8-sig")
    there = await world.asked(UNHEARD, channel=other_channel, by=stranger)
    assert told(there).startswith(ENGLISH.not_known)
    assert world.knowledge.facts(elsewhere.id) == world.knowledge.facts()
    assert len(world.dm.history()) == 1


async def test_the_queue_is_dealt_with_one_by_one(world: World) -> None:
    assert told(await review(world)) == SAY.review_empty
    for question in (UNHEARD, OTHER, "where do narwhals dream?"):
        await world.asked(question)
    card = await review(world)
    assert told(card).startswith(SAY.review_title.format(place=1, count=3))
    turned = world.response(await world.moderator.click(card, custom_id=world.buttons(card)["▶️"]))
    assert OTHER in told(turned)
    turned = world.response(await world.moderator.click(turned, custom_id=world.buttons(turned)["◀️"]))
    assert "narwhal" in told(turned)
    # Ignored: nothing is learnt, and the next one comes.
    ignored = await press(world, turned, SAY.ignore)
    assert told(ignored).startswith(SAY.review_title.format(place=1, count=2))
    assert world.knowledge.facts(world.guild.id) == world.knowledge.facts()
    # A known unknown, with a sentence.
    opened = await world.moderator.click(ignored, label=SAY.known_unknown)
    assert world.form(opened) == {"questions": OTHER, "say": ""}
    form = world.form(opened) | {"say": "Nobody says who feeds the quokka."}
    shown = world.response(await world.moderator.submit_modal(opened, form))
    saved = await press(world, shown, SAY.save)
    assert told(saved) == SAY.saved_unknown
    assert told(await world.asked(OTHER)).startswith("Nobody says who feeds the quokka.")
    # On to the last one, which is a way of asking for a fact that there is.
    card = await press(world, saved, SAY.next_question)
    assert UNHEARD in told(card)
    await world.teach("crabs", "Crabs are eaten.", "what does the wobbegong like?")
    card = await review(world)
    menu = world.menu(card)
    assert "crabs" in [option.value for option in menu.options]
    shown = world.response(await world.moderator.select(card, ["crabs"], custom_id=menu.custom_id))
    assert f"+ “{UNHEARD}”" in told(shown)
    await press(world, shown, SAY.save)
    assert world.shown(await world.asked(UNHEARD)) == ["crabs"]
    assert told(await review(world)) == SAY.review_empty


async def test_of_two_editors_at_one_question_the_second_is_told_that_it_is_dealt_with(world: World) -> None:
    queue = world.guild.create_text_channel("queue")
    await world.env.settle()
    await world.knowledge.set_server_settings(world.guild.id, ServerSettings(queue_channel_id=queue.id))
    await world.asked(UNHEARD)
    (standing,) = queue.history()
    menu = world.menu(standing)
    shown = await create(world, await review(world))
    late = await create(world, await review(world), statement="It eats fish.")
    # The message in the channel cannot be changed meanwhile.
    world.env.inject_error("PATCH", f"/channels/{queue.id}/messages/{standing.id}", status=403, times=2)
    await press(world, shown, SAY.save)
    warned = await press(world, late, SAY.save)
    assert SAY.dealt_with in told(warned)
    assert "It eats fish." not in told(await world.asked(UNHEARD))
    # What they choose there is not taken for another question.
    await world.asked(OTHER)
    chosen = await world.moderator.select(standing, [menu.options[0].value], custom_id=menu.custom_id)
    gone = world.response(chosen)
    assert told(gone) == SAY.review_gone
    assert OTHER in told(await press(world, gone, SAY.next_question))
    asked = await press(world, warned, SAY.save_too)
    saved = await press(world, asked, SAY.save_as.format(id="wobbegong-eat-2"))
    assert told(saved) == SAY.saved.format(id="wobbegong-eat-2")


async def test_doubts_come_with_the_fact_that_was_given(world: World) -> None:
    reply = await world.asked("how long is tianhe?")
    await world.member.click(reply, custom_id=world.buttons(reply)["👎"])
    private = world.response(await world.member.slash(world.channel, "ask", question=UNHEARD, private=True))
    await world.member.click(private, label=ENGLISH.tell_me)
    card = await review(world)
    assert SAY.review_private in told(card)
    assert UNHEARD in told(card)
    card = world.response(await world.moderator.click(card, custom_id=world.buttons(card)["▶️"]))
    assert ENGLISH.queued_not_right.format(id=FACT_ID) in told(card)
    assert SAY.review_private not in told(card)
    opened = await world.moderator.click(card, label=SAY.edit)
    assert world.form(opened)["statement"] == world.knowledge.fact(FACT_ID).statement


async def test_a_message_can_teach_with_its_link_as_a_source(world: World) -> None:
    said = await world.member.send(world.channel, "The quokka is fed by the crew.")
    card = world.response(await world.moderator.context_menu(world.channel, "Teach Tianwen from this", said))
    opened = await world.moderator.click(card, label=SAY.create)
    form = world.form(opened)
    assert (form["statement"], form["questions"]) == (said.content, "")
    assert f"url: {said.jump_url}" in form["source"]
    assert f"as of: {said.created_at.date()}" in form["dates"]
    form |= {"questions": OTHER, "topic": "crew"}
    await press(world, world.response(await world.moderator.submit_modal(opened, form)), SAY.save)
    answered = await world.asked(OTHER)
    assert said.jump_url in told(answered)
    question = await world.member.send(world.channel, f"<@{world.bot_id}> {UNHEARD}")
    card = world.response(await world.moderator.context_menu(world.channel, "Teach Tianwen from this", question))
    opened = await world.moderator.click(card, label=SAY.create)
    assert world.form(opened)["questions"] == UNHEARD


async def test_what_fails_in_one_server_keeps_nobody_elsewhere_from_being_told_and_is_made_up_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = world.env.create_guild("Elsewhere")
    others = elsewhere.create_text_channel("general")
    stranger = elsewhere.add_member(world.env.create_user("stranger"))
    await world.env.settle()
    for channel, person in ((others, stranger), (world.channel, world.member)):
        await person.click(await world.asked(UNHEARD, channel=channel, by=person), label=ENGLISH.tell_me)
    read = Memory.prepare

    async def fail_elsewhere(self: Memory, server_id: int | None) -> None:
        if server_id == elsewhere.id:
            raise DatabaseUnavailableError("the database cannot be used")
        await read(self, server_id)

    monkeypatch.setattr(Memory, "prepare", fail_elsewhere)
    await world.teach("crabs", "It eats crabs.", UNHEARD, everywhere=True)
    await told_all()
    assert len(world.dm.history()) == 1
    assert stranger.user.dm_channel.history() == []
    monkeypatch.undo()
    await world.env.advance_time(600)
    await told_all()
    assert len(stranger.user.dm_channel.history()) == 1
    assert len(world.dm.history()) == 1


async def test_who_asks_to_be_told_of_what_has_an_answer_by_now_is_told_at_once(world: World) -> None:
    asked = await world.asked(UNHEARD)
    await world.teach("crabs", "It eats crabs.", UNHEARD)
    await told_all()
    await world.member.click(asked, label=ENGLISH.tell_me)
    await told_all()
    assert [message.embeds[0].description for message in world.dm.history()] == ["It eats crabs."]


async def test_who_waits_where_the_bot_was_away_is_told_when_it_is_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask_and_want_to_be_told(world)
    with monkeypatch.context() as away:
        away.setattr(type(world.bot), "get_guild", lambda _bot, _id: None)
        await world.teach("crabs", "It eats crabs.", UNHEARD)
        await told_all()
    assert world.dm.history() == []
    world.bot.dispatch("guild_join", world.bot.get_guild(world.guild.id))
    await world.env.settle()
    await told_all()
    assert len(world.dm.history()) == 1


async def test_an_error_while_questions_are_looked_at_is_made_up_for(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await ask_and_want_to_be_told(world)

    async def fail(*_: object) -> None:
        raise RuntimeError("dictionary changed size during iteration")

    with monkeypatch.context() as failing:
        failing.setattr("bot.cogs.alerts.Alerts._settle_answered", fail)
        await world.teach("crabs", "It eats crabs.", UNHEARD)
        await told_all()
    assert "could not be looked at" in caplog.text
    assert world.dm.history() == []
    await world.env.advance_time(600)
    await told_all()
    assert len(world.dm.history()) == 1
    caplog.clear()


async def test_who_has_left_the_server_learns_nothing_of_it_any_more(world: World) -> None:
    await ask_and_want_to_be_told(world)
    world.guild.remove_member(world.member)
    await world.env.settle()
    await world.teach("crabs", "It eats crabs.", UNHEARD)
    await told_all()
    assert world.dm.history() == []
    assert await world.knowledge.bookkeeping.alerts(world.guild.id) == []


async def test_who_is_told_is_told_once_and_forgotten_and_discord_may_fail(world: World) -> None:
    books = world.knowledge.bookkeeping
    for question in (UNHEARD, OTHER):
        asked = await world.asked(question)
        await world.member.click(asked, label=ENGLISH.tell_me)
        await world.member.click(asked, label=ENGLISH.tell_me)
    assert len(await books.alerts(world.guild.id)) == 2
    # Discord fails: they are told later.
    world.env.inject_error("POST", f"/channels/{world.dm.id}/messages", status=403, times=1)
    await world.teach("quokka", "The crew feeds it.", OTHER)
    await told_all()
    assert world.dm.history() == []
    assert [alert.question for alert in await books.alerts(world.guild.id)] == [UNHEARD]
    await world.teach("crabs", "It eats crabs.", UNHEARD)
    await told_all()
    assert [message.embeds[0].description for message in world.dm.history()] == ["It eats crabs."]
    await world.teach_again("crabs", statement="It eats fish.")
    await told_all()
    assert len(world.dm.history()) == 1
    # Whoever deletes what is theirs is not told.
    asked = await world.asked("where do narwhals dream?")
    await world.member.click(asked, label=ENGLISH.tell_me)
    privacy = world.response(await world.member.slash(world.channel, "privacy"))
    await world.member.click(privacy, label=ENGLISH.delete_mine)
    assert await books.alerts(everywhere=EVERY) == []


async def test_who_could_not_be_told_before_a_restart_is_told_after_it(world: World) -> None:
    await world.teach("crabs", "It eats crabs.", UNHEARD)
    alert = AnswerAlert(world.guild.id, UNHEARD, world.member.id, discord.utils.utcnow())
    await world.knowledge.bookkeeping.keep_alert(alert)
    await world.restart()
    await world.env.settle()
    assert [message.embeds[0].description for message in world.dm.history()] == ["It eats crabs."]
