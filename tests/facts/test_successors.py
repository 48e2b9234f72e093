"""Facts that have been superseded: the one that tells how it is now comes first, then the one that was asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.ui.text import answer_text
from facts.engine import AnswerEngine
from facts.entities import Fact, SavedTest
from facts.errors import InvalidFactError
from facts.evaluation import Verdict, evaluate, saved_question
from facts.forms import fact_to_form
from facts.matching.decision import Outcome
from tests.facts.town import CLOCK_TOWER, DEPTH, EDITOR, FERRY, HERE, LAMP, PAY, THERE, anew, on_sqlite

if TYPE_CHECKING:
    from facts.database import Database
    from facts.knowledge import KnowledgeBase

LATER = ("second-lamp", "third-lamp", "fourth-lamp", "fifth-lamp", "sixth-lamp", "seventh-lamp", "eighth-lamp")


def lamps(number: int, *, superseded_by: str | None = None) -> list[Fact]:
    """Give the lamp and others that came after it, each superseded by the next; the last as told."""
    ids = [LAMP.id, *LATER[: number - 1]]
    return [
        replace(
            LAMP,
            id=fact_id,
            statement=f"This is lamp {place}.",
            phrasings=LAMP.phrasings if place == 0 else (f"how bright is lamp number {place} of the harbour wall",),
            superseded_by=after,
        )
        for place, (fact_id, after) in enumerate(zip(ids, [*ids[1:], superseded_by], strict=True))
    ]


def shown(engine: AnswerEngine, question: str = LAMP.canonical_question, server_id: int | None = None) -> list[str]:
    answer = engine.ask(question, server_id=server_id)
    assert answer.outcome is Outcome.ANSWER
    return [fact.id for fact in answer.facts]


def test_the_newest_comes_first_and_then_what_was_asked_for() -> None:
    engine = AnswerEngine.of([*lamps(2), DEPTH])
    assert shown(engine) == ["second-lamp", "lamp-colour"]
    assert shown(engine, "how bright is lamp number 1 of the harbour wall") == ["second-lamp"]
    assert shown(engine, DEPTH.canonical_question) == [DEPTH.id]
    answer = engine.ask(LAMP.canonical_question)
    assert answer.shown == answer.facts
    assert answer.is_exact
    assert not answer.partial


def test_a_test_for_a_superseded_fact_and_one_for_the_newest_are_both_right() -> None:
    engine = AnswerEngine.of([*lamps(2), DEPTH])
    tests = [SavedTest(HERE, LAMP.canonical_question, fact_id) for fact_id in (LAMP.id, "second-lamp", DEPTH.id)]
    report = evaluate(engine, map(saved_question, tests), answer_text)
    assert [item.verdict for item in report.items] == [Verdict.CORRECT, Verdict.CORRECT, Verdict.WRONG]


def test_of_a_chain_the_newest_is_told_and_none_between() -> None:
    for number in (3, 6):
        assert shown(AnswerEngine.of([*lamps(number), DEPTH])) == [LATER[number - 2], LAMP.id]
    # A chain this long is somebody's mistake: it is not followed for ever.
    assert len(shown(AnswerEngine.of([*lamps(8), DEPTH]))) == 2


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_a_circle_is_left_where_it_closes(number: int) -> None:
    engine = AnswerEngine.of([*lamps(number, superseded_by=LAMP.id), DEPTH])
    assert shown(engine) == [LATER[number - 2], LAMP.id]


@pytest.mark.parametrize("last", ["second-lamp", "third-lamp"])
def test_a_circle_further_on_is_not_gone_round_for_ever(last: str) -> None:
    found = shown(AnswerEngine.of([*lamps(3, superseded_by=last), DEPTH]))
    assert found[0] in {"second-lamp", "third-lamp"}
    assert found[1:] == [LAMP.id]


def test_a_successor_that_is_not_there_is_left_out() -> None:
    assert shown(AnswerEngine.of([replace(LAMP, superseded_by="nowhere"), DEPTH])) == [LAMP.id]
    assert shown(AnswerEngine.of([replace(LAMP, superseded_by=PAY.id), DEPTH], [PAY])) == [LAMP.id]
    engine = AnswerEngine.of([*lamps(3), DEPTH])
    engine.discard(engine.fact("third-lamp"))
    assert shown(engine) == ["second-lamp", LAMP.id]


def test_each_server_follows_what_it_sees() -> None:
    engine = AnswerEngine.of([*lamps(3), DEPTH])
    engine.hide(engine.fact("third-lamp"), HERE)
    assert shown(engine, server_id=HERE) == ["second-lamp", LAMP.id]
    engine.hide(engine.fact("second-lamp"), HERE)
    assert shown(engine, server_id=HERE) == [LAMP.id]
    own = replace(engine.fact("second-lamp"), statement="Ours is the last.", superseded_by=None)
    engine.put(own, 0, THERE)
    assert shown(engine, server_id=THERE) == ["second-lamp", LAMP.id]
    assert engine.ask(LAMP.canonical_question, server_id=THERE).facts[0] == own
    assert shown(engine) == ["third-lamp", LAMP.id]


def test_no_more_than_three_facts_are_shown_and_each_once() -> None:
    older = [replace(fact, superseded_by=f"new-{fact.id}") for fact in (DEPTH, FERRY)]
    newer = [replace(fact, id=f"new-{fact.id}", phrasings=(f"{fact.id} in the year 2090",)) for fact in (DEPTH, FERRY)]
    engine = AnswerEngine.of([*older, *newer, LAMP])
    both = f"{DEPTH.canonical_question} {FERRY.canonical_question}"
    assert shown(engine, both) == ["new-harbour-depth", "harbour-depth", "new-ferry-morning"]
    # Where the newer one is among the answers already, it only changes its place.
    twice = AnswerEngine.of([replace(DEPTH, superseded_by=FERRY.id), FERRY, LAMP])
    assert shown(twice, both) == [FERRY.id, DEPTH.id]


@on_sqlite
async def test_until_when_a_fact_holds_and_what_comes_after_it_are_kept(
    town: KnowledgeBase, database: Database
) -> None:
    due = replace(LAMP, review_by=dt.date(2031, 1, 2), superseded_by=CLOCK_TOWER.id)
    kept = await town.edit(due, EDITOR, server_id=HERE)
    await town.edit(replace(LAMP, superseded_by=DEPTH.id), EDITOR)
    assert kept is not None
    assert kept.revision is not None
    assert kept.revision.after == fact_to_form(LAMP) | {"review_by": "2031-01-02", "superseded_by": CLOCK_TOWER.id}
    for knowledge in (town, await anew(database)):
        assert knowledge.fact(LAMP.id, HERE) == due
        # There is no such fact yet.
        assert knowledge.ask(LAMP.canonical_question, server_id=HERE).facts == (due,)
        assert [fact.id for fact in knowledge.ask(LAMP.canonical_question).facts] == [DEPTH.id, LAMP.id]
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    assert town.ask(LAMP.canonical_question, server_id=HERE).facts == (CLOCK_TOWER, due)
    with pytest.raises(InvalidFactError, match="itself"):
        await town.edit(replace(LAMP, superseded_by=LAMP.id), EDITOR, server_id=HERE)
    await town.revert(LAMP.id, 1, EDITOR)
    assert town.ask(LAMP.canonical_question).facts == (LAMP,)
