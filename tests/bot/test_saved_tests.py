"""Questions that a server keeps as tests: from an answer, tried before each change, dropped again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.ui.editor_words import EDITOR_ENGLISH as SAY
from bot.ui.words import ENGLISH
from facts.entities import SavedTest
from tests.bot.test_keeping_facts import press, told

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

FACT_ID = "tianhe-length"
QUESTION = "how long is tianhe?"
UNHEARD = "what does the wobbegong eat?"


async def test_a_question_is_kept_as_a_test_and_tried_before_each_change(world: World) -> None:
    reply = await world.asked(QUESTION)
    kept = world.response(await world.moderator.context_menu(world.channel, "Keep as test", reply))
    assert told(kept) == SAY.test_kept.format(question=QUESTION, wanted=f"`{FACT_ID}`")
    unknown = await world.asked(UNHEARD)
    await world.moderator.context_menu(world.channel, "Keep as test", unknown)
    own = await world.moderator.send(world.channel, "hello")
    refused = world.response(await world.moderator.context_menu(world.channel, "Keep as test", own))
    assert told(refused) == SAY.not_testable
    here = world.guild.id
    assert await world.knowledge.saved_tests(here) == [
        SavedTest(here, QUESTION, FACT_ID),
        SavedTest(here, UNHEARD, None, QUESTION),
    ]
    # What a change would break is told before it is made.
    asked = world.response(await world.moderator.slash(world.channel, "facts remove", id=FACT_ID))
    assert SAY.impact.format(asked=2 + len(world.bot.article_tests), count=1) in told(asked)
    (line,) = [line for line in told(asked).splitlines() if QUESTION in line]
    assert SAY.impact_breaks.split("{")[0] in line
    passing = world.response(await world.moderator.slash(world.channel, "facts test"))
    count = 2 + len(world.bot.article_tests)
    assert told(passing).endswith(SAY.tests_summary.format(right=count, count=count, saved=2))
    await press(world, asked, SAY.remove)
    # Then it fails, and tells why.
    failing = world.response(await world.moderator.slash(world.channel, "facts test"))
    assert SAY.tests_summary.format(right=count - 1, count=count, saved=2) in told(failing)
    assert SAY.test_failing.split("{")[0] + QUESTION in told(failing)
    assert "Confidence 0." in told(failing)
    menu = world.menu(failing)
    assert menu.options[0].label == QUESTION
    dropped = world.response(await world.moderator.select(failing, [menu.options[0].value], custom_id=menu.custom_id))
    assert told(dropped).endswith(SAY.tests_summary.format(right=count - 1, count=count - 1, saved=1))


async def test_what_is_no_question_is_not_kept_and_a_follow_up_is_shown_with_what_it_follows(world: World) -> None:
    greeting = await world.asked("")
    refused = world.response(await world.moderator.context_menu(world.channel, "Keep as test", greeting))
    assert told(refused) == SAY.not_testable
    await world.asked(QUESTION)
    reply = await world.asked("and who built it?")
    kept = world.response(await world.moderator.context_menu(world.channel, "Keep as test", reply))
    assert f"“{QUESTION}” → “and who built it?”" in told(kept)
    (test,) = await world.knowledge.saved_tests(world.guild.id)
    assert test.context == QUESTION
    shown = world.response(await world.moderator.slash(world.channel, "facts test"))
    assert world.menu(shown).options[0].label == f"{QUESTION} → and who built it?"


async def test_editors_find_their_tools_under_the_source_of_an_answer(world: World) -> None:
    reply = await world.asked(QUESTION)
    theirs = world.response(await world.member.click(reply, label=ENGLISH.source))
    assert SAY.edit not in world.buttons(theirs)
    source = world.response(await world.moderator.click(reply, label=ENGLISH.source))
    assert {SAY.edit, SAY.history, SAY.keep_as_test} <= set(world.buttons(source))
    kept = await press(world, source, SAY.keep_as_test)
    assert told(kept) == SAY.test_kept.format(question=QUESTION, wanted=f"`{FACT_ID}`")
    opened = await world.moderator.click(source, label=SAY.edit)
    assert world.form(opened)["statement"] == world.knowledge.fact(FACT_ID).statement
