"""Buttons: choices, related facts, whose they are, and that they outlive the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest
import simcord

from bot.ui import limits, words
from bot.ui.answers import (
    ITEMS,
    RIGHT,
    WRONG,
    DismissButton,
    FactButton,
    NoneButton,
    PostButton,
    SourceButton,
    TryButton,
    VoteButton,
)
from bot.ui.lists import LIST_ITEMS, Kind, PageButton
from facts.entities import FACT_ID_MAX, Author, Origin
from facts.errors import FactNotFoundError
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

OPERATOR = Author(Origin.OPERATOR)
NOTED = f"{words.ENGLISH.none_of_these_reply} {words.ENGLISH.noted}"
ANSWER_BUTTONS = [
    words.ENGLISH.source,
    RIGHT,
    WRONG,
    words.ENGLISH.dismiss,
]
# Questions that could be about more than one fact; the first that the matching finds so is asked.
VAGUE = (
    "who is behind the module and the arm",
    "how big is the first chunk of the thing",
    "the modules and the labs",
    "spacesuits and camera",
    "Liu Boming and Tang Hongbo",
    "Lily and Amy",
    "the rover or the station",
    "Tiangong-1 Tiangong-2 Tiangong",
    "Russia foreign countries station",
    "length or living space",
    "the long mission of tianhe",
    "names of the labs and the module",
    "camera and robotic arm",
    "moon, mars",
    "CMSA or CASC",
    "what about Lee and Woodyatt",
    "Shenzhou or Tiangong",
)


async def choices(world: World) -> tuple[discord.Message, list[str]]:
    """Ask something vague, and give the reply and the ids of the facts that it offers."""
    question = world.question(VAGUE, lambda answer: answer.outcome is Outcome.CHOICES)
    offered = world.knowledge.ask(question, server_id=world.guild.id).facts
    reply = await world.asked(question)
    assert world.shown(reply) == []
    return reply, [fact.id for fact in offered]


async def test_choices_are_offered_as_buttons_with_a_way_out(world: World) -> None:
    reply, ids = await choices(world)
    assert reply.embeds[0].description == words.ENGLISH.choices
    labels = [limits.cut(world.knowledge.fact(i).canonical_question, limits.BUTTON_LABEL) for i in ids]
    assert 2 <= len(ids) <= 3
    assert list(world.buttons(reply)) == [*labels, words.ENGLISH.none_of_these, words.ENGLISH.dismiss]
    assert world.pings_nobody(reply)


async def test_a_choice_shows_its_fact_as_an_answer_in_place_of_the_choices(world: World) -> None:
    reply, ids = await choices(world)
    for fact_id in ids[1:2]:
        fact = world.knowledge.fact(fact_id)
        clicked = await world.member.click(reply, label=limits.cut(fact.canonical_question, limits.BUTTON_LABEL))
        assert clicked.acknowledged
        after = world.reread(reply)
        assert world.shown(after) == [fact_id]
        assert after.embeds[0].description == fact.statement
        assert list(world.buttons(after)) == ANSWER_BUTTONS
        assert world.pings_nobody(after)
    assert len(world.replies()) == 1


async def test_none_of_these_says_so_and_takes_the_buttons_away(world: World) -> None:
    reply, _ = await choices(world)
    await world.member.click(reply, label=words.ENGLISH.none_of_these)
    after = world.reread(reply)
    assert after.embeds[0].description == NOTED
    # What is left is for whoever wants to be told.
    assert list(world.buttons(after)) == [words.ENGLISH.tell_me]


async def test_only_the_asker_may_choose(world: World) -> None:
    reply, ids = await choices(world)
    for label in [*world.buttons(reply)][:-1]:
        denied = await world.moderator.click(reply, label=label)
        assert denied.ephemeral
        assert world.response(denied).content == words.ENGLISH.others_button
    untouched = world.reread(reply)
    assert untouched.embeds[0].description == words.ENGLISH.choices
    assert len(world.buttons(untouched)) == len(ids) + 2
    await world.member.click(reply, label=next(iter(world.buttons(reply))))
    assert world.shown(world.reread(reply)) == [ids[0]]


async def test_buttons_work_after_a_restart(world: World) -> None:
    first, ids = await choices(world)
    second, _ = await choices(world)
    unknown = await world.asked("how heavy is Tianhe?")
    related = next(iter(world.buttons(unknown)))
    await world.restart()
    await world.member.click(first, label=next(iter(world.buttons(first))))
    assert world.shown(world.reread(first)) == [ids[0]]
    denied = await world.moderator.click(second, label=words.ENGLISH.none_of_these)
    assert world.response(denied).content == words.ENGLISH.others_button
    await world.member.click(second, label=words.ENGLISH.none_of_these)
    assert world.reread(second).embeds[0].description == NOTED
    await world.member.click(unknown, label=related)
    assert len(world.shown(world.reread(unknown))) == 1


async def test_a_button_shows_the_fact_as_it_is_now(world: World) -> None:
    question = "what is a zorblax?"
    await world.teach("zorblax", "The zorblax is green.", question)
    view = discord.ui.View(timeout=None)
    view.add_item(FactButton(world.member.id, "zorblax", question))
    raw = view.to_components()
    message = world.env.backend.create_message(world.channel.id, world.bot_id, "old", components=raw)
    await world.env.settle()
    await world.teach_again("zorblax", statement="The zorblax is blue.")
    old = next(m for m in world.channel.history() if m.id == message.id)
    await world.member.click(old, label=question)
    assert world.reread(old).embeds[0].description == "The zorblax is blue."
    assert world.reread(old).content == ""


async def test_a_button_of_a_fact_that_is_gone_gets_one_sentence(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    reply, ids = await choices(world)
    await world.knowledge.remove(ids[0], OPERATOR)
    await world.restart()
    clicked = await world.member.click(reply, label=next(iter(world.buttons(reply))))
    assert world.response(clicked).content == FactNotFoundError(ids[0]).sentence
    assert clicked.ephemeral
    await world.member.click(reply, label=list(world.buttons(reply))[1])
    assert world.shown(world.reread(reply)) == [ids[1]]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_button_without_embeds_shows_the_fact_in_plain_text(world: World) -> None:
    reply, ids = await choices(world)
    world.deny(world.channel, embed_links=True)
    await world.env.settle()
    await world.member.click(reply, label=next(iter(world.buttons(reply))))
    after = world.reread(reply)
    assert after.embeds == []
    assert world.knowledge.fact(ids[0]).statement in after.content
    assert list(world.buttons(after)) == ANSWER_BUTTONS


async def test_buttons_work_in_direct_messages(world: World) -> None:
    unknown = await world.told("how heavy is Tianhe?")
    label, custom_id = next(iter(world.buttons(unknown).items()))
    clicked = await world.member.user.click(unknown, label=label)
    assert clicked.acknowledged
    after = world.last_reply(world.dm)
    assert after.id == unknown.id
    fact_id = custom_id.rpartition(":")[2]
    assert world.knowledge.fact(fact_id).statement in (after.content or after.embeds[0].description or "")
    assert list(world.buttons(after)) == ANSWER_BUTTONS


async def test_a_servers_fact_cannot_be_fetched_by_a_button_in_another_place(world: World) -> None:
    fact = await world.teach("zorblax", "The zorblax is green.", "what is a zorblax?")
    view = discord.ui.View(timeout=None)
    view.add_item(FactButton(world.member.id, fact.id, fact.canonical_question))
    world.env.backend.create_message(world.dm.id, world.bot_id, "x", components=view.to_components())
    await world.env.settle()
    message = world.last_reply(world.dm)
    clicked = await world.member.user.click(message, label=fact.canonical_question)
    assert world.response(clicked).content == FactNotFoundError(fact.id).sentence


async def test_buttons_that_are_gone_cannot_be_pressed_twice(world: World) -> None:
    reply, _ = await choices(world)
    await world.member.click(reply, label=words.ENGLISH.none_of_these)
    with pytest.raises(simcord.SetupError):
        await world.member.click(world.reread(reply), label=words.ENGLISH.none_of_these)


def test_the_ids_of_buttons_fit_and_are_read_back_by_one_kind_only() -> None:
    longest, fact_id = 2**64 - 1, "z" + "-long" * 12 + "-id"
    assert len(fact_id) == FACT_ID_MAX
    made: list[discord.ui.DynamicItem[Any]] = [
        FactButton(longest, fact_id, "q" * 300),
        NoneButton(longest, "q" * 300),
        SourceButton(fact_id, "q" * 300),
        VoteButton(fact_id, right=True),
        VoteButton(fact_id, right=False),
        DismissButton(longest, "q" * 300),
        TryButton(fact_id, "q" * 300),
        PostButton(longest, "q" * 300),
        *(PageButton(kind, 9_999, move, longest) for kind in Kind for move in PageButton.EMOJI),
    ]
    patterns = [kind.__discord_ui_compiled_template__ for kind in (*ITEMS, *LIST_ITEMS)]
    for item in made:
        assert len(item.custom_id) <= limits.CUSTOM_ID
        assert sum(bool(pattern.fullmatch(item.custom_id)) for pattern in patterns) == 1
        assert len(item.item.label or "") <= limits.BUTTON_LABEL
