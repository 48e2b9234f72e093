"""Trying a change before it is made: what it would do is told, and nothing that answers is touched."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from facts.database import Database
from facts.engine import AnswerEngine
from facts.entities import KnownUnknown, SavedTest
from facts.evaluation import Question, Verdict, differences, evaluate, saved_question
from facts.knowledge import KnowledgeBase
from facts.matching.decision import Outcome
from facts.matching.index import Index
from tests.facts.making import make_fact
from tests.facts.town import (
    BAKER,
    CLOCK_TOWER,
    DEPTH,
    EDITOR,
    FERRY,
    HERE,
    LAMP,
    PAY,
    RED_LAMP,
    THERE,
    Clock,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from facts.engine import Answer
    from facts.entities import Entry
    from facts.evaluation import Difference, Report

MAYOR = make_fact("mayor-name", "The mayor is Ada Holm.", "Who is the mayor?", "name of the mayor of the town")
BAKERY = make_fact("bakery-age", "The bakery is very old.", "How old is the bakery?", "age of the bakery in town")
OWN = (MAYOR, BAKERY, KnownUnknown("mayor-age", ("How old is the mayor?", "age of the mayor"), "She does not say."))
LAMP_COST = KnownUnknown("lamp-cost", ("What did the lighthouse lamp cost?", "price of the lamp"))
HIGHER = replace(CLOCK_TOWER, phrasings=(*CLOCK_TOWER.phrasings, "how deep is the tower"))


@pytest.fixture
async def town(town_file: Path, tmp_path: Path, clock: Clock) -> AsyncIterator[KnowledgeBase]:
    """The town, with some facts that one server has of its own."""
    shutil.copy(town_file, tmp_path / "town.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'town.db'}")
    knowledge = await KnowledgeBase.open(database, clock=clock)
    await knowledge.put_all(OWN, EDITOR, server_id=HERE)
    await knowledge.remove(FERRY.id, EDITOR, server_id=HERE)
    yield knowledge
    await database.close()


def question(text: str, fact_id: str | None = None, **more: Any) -> Question:
    kind = "near_miss" if fact_id is None else "answerable"
    return Question.model_validate({"id": text, "class": kind, "question": text, "fact": fact_id, **more})


ASKED = [
    *(question(fact.canonical_question, fact.id) for fact in (LAMP, DEPTH, MAYOR)),
    *(question(text) for text in (PAY.phrasings[1], "how old is the lamp", "what did the lamp cost")),
    question("how deep is the tower", DEPTH.id),
    question("and how old is it?", BAKERY.id, context="What is the baker called?"),
]


def rendered(answer: Answer) -> str:
    return " ".join(fact.statement for fact in answer.facts)


def told(found: Sequence[Difference]) -> list[tuple[object, ...]]:
    """Give what differences tell, without how long the answers took."""
    return [
        (one.breaks, *((item.question.id, item.answer.outcome, item.answer.facts, item.text) for item in pair))
        for one in found
        for pair in [(one.before, one.after)]
    ]


def report_of(knowledge: KnowledgeBase, server_id: int | None) -> Report:
    return evaluate(knowledge.engine, ASKED, rendered, server_id=server_id)


async def make(knowledge: KnowledgeBase, change: Entry | str, server_id: int | None) -> None:
    """Make a change that was tried."""
    if isinstance(change, str):
        await knowledge.remove(change, EDITOR, server_id=server_id)
    else:
        await knowledge.put_all([change], EDITOR, server_id=server_id)


@pytest.mark.parametrize(("server_id", "on_demand"), [(HERE, True), (HERE, False), (THERE, True), (None, False)])
async def test_what_a_change_is_said_to_do_is_what_it_does(
    town: KnowledgeBase, server_id: int | None, *, on_demand: bool
) -> None:
    def learnt() -> None:
        town.engine.learn()
        if not on_demand:
            town.engine.leave_learning()

    edited = replace(BAKERY if server_id == HERE else BAKER, phrasings=MAYOR.phrasings)
    changes: tuple[Entry | str, ...] = (HIGHER, LAMP_COST, edited, LAMP.id)
    for change in changes:
        learnt()
        before = report_of(town, server_id)
        preview = await town.preview(change, server_id=server_id, questions=ASKED, render=rendered)
        await make(town, change, server_id)
        learnt()
        after = report_of(town, server_id)
        assert preview.asked == len(ASKED)
        assert preview.differences, "tuning the matching may change which questions show it: think of others"
        assert told(preview.differences) == told(differences(before, after))


async def test_trying_a_change_touches_nothing_that_answers(town: KnowledgeBase) -> None:
    town.engine.learn()
    own, shared, engine = town.engine._servers[HERE].index, town.engine.shared, town.engine
    changes = (own.changes, shared.changes)
    before = [report_of(town, server_id) for server_id in (None, HERE)]
    for server_id in (HERE, THERE, None):
        for change in (RED_LAMP, LAMP_COST, LAMP.id):
            await town.preview(change, server_id=server_id, questions=ASKED[:1], render=rendered)
    assert town.engine is engine
    assert (own.changes, shared.changes) == changes
    assert list(engine._servers) == [HERE]
    assert engine.learn() == 0
    for server_id, was in zip((None, HERE), before, strict=True):
        assert told(differences(was, report_of(town, server_id))) == []
    assert (town.facts(), town.facts(THERE)) == ([LAMP, DEPTH, FERRY, BAKER], [LAMP, DEPTH, FERRY, BAKER])
    assert town.facts(HERE) == [LAMP, DEPTH, BAKER, MAYOR, BAKERY]
    assert len(await town.history(LAMP.id, server_id=HERE)) == 1


async def test_what_comes_near_a_new_entry_is_told(town: KnowledgeBase) -> None:
    async def similar(entry: Entry, server_id: int | None) -> list[Entry]:
        return list((await town.preview(entry, server_id=server_id, questions=[], render=rendered)).similar)

    again = make_fact("light", "Green light.", "which colour does the lamp shine in?", "who lit it")
    assert (await similar(again, None))[0] == LAMP
    # An entry is not like itself, and what a server does not see is not told.
    assert LAMP not in await similar(replace(again, id=LAMP.id), HERE)
    assert MAYOR in await similar(replace(MAYOR, id="head-of-town"), HERE)
    assert MAYOR not in await similar(replace(MAYOR, id="head-of-town"), THERE)
    sailing = replace(FERRY, id="sailing")
    assert await similar(sailing, THERE) == [FERRY]
    assert FERRY not in await similar(sailing, HERE)
    assert PAY in await similar(KnownUnknown("wage", ("salary of the lighthouse keeper",)), HERE)
    assert await similar(make_fact("cats", "Cats sleep.", "why do cats sleep so much?"), HERE) == []
    assert len(await similar(make_fact("all", "x", *(fact.phrasings[0] for fact in town.facts(HERE))), HERE)) <= 3


async def test_an_entrys_new_questions_that_would_get_something_else_are_told(town: KnowledgeBase) -> None:
    async def unheard(change: Entry | str) -> list[tuple[str, Outcome, list[str]]]:
        found = (await town.preview(change, server_id=HERE, questions=[], render=rendered)).unheard
        return [(answer.question, answer.outcome, [fact.id for fact in answer.facts]) for answer in found]

    taken = MAYOR.canonical_question
    assert await unheard(replace(BAKERY, phrasings=(*BAKERY.phrasings, taken, "when was the bakery built?"))) == [
        (taken, Outcome.ANSWER, [MAYOR.id])
    ]
    assert await unheard(KnownUnknown("why", (PAY.phrasings[0], "why do cats sleep so much?"))) == [
        (PAY.phrasings[0], Outcome.UNKNOWN, [])
    ]
    # What it had already is not asked, nor anything of what is taken out.
    assert await unheard(BAKERY) == await unheard(MAYOR.id) == []


async def test_what_has_not_changed_since_is_not_asked_again(town: KnowledgeBase) -> None:
    asked: list[str] = []

    def counted(answer: Answer) -> str:
        asked.append(answer.question)
        return rendered(answer)

    async def tried() -> tuple[int, Report]:
        asked.clear()
        report = await town.try_out(ASKED, server_id=HERE, render=counted)
        return len(asked), report

    town.engine.learn()
    town.engine.leave_learning()
    assert (await tried())[0] >= len(ASKED)
    number, report = await tried()
    assert number == 0
    changes: list[Callable[[], Awaitable[object]]] = [
        lambda: town.edit(RED_LAMP, EDITOR, server_id=HERE),
        lambda: town.remove(DEPTH.id, EDITOR, server_id=HERE),
        lambda: town.restore(DEPTH.id, EDITOR, server_id=HERE),
        lambda: town.remove(PAY.id, EDITOR),
        town.refresh,
    ]
    for change in changes:
        await change()
        number, report = await tried()
        assert number >= len(ASKED)
        assert told(differences(report, report_of(town, HERE))) == []
    assert len(report.items) == len(ASKED)
    # Learning may change an answer, too.
    town.engine.learn()
    assert (await tried())[0] >= len(ASKED)
    await town.try_out(ASKED[:2], server_id=HERE, render=counted)
    assert (await tried())[0] >= len(ASKED)


# The engines and indexes that are copied


def lamp_of(engine: AnswerEngine, server_id: int | None = None) -> list[str]:
    return [fact.statement for fact in engine.ask(LAMP.canonical_question, server_id=server_id).facts]


def test_what_is_tried_in_one_engine_is_not_in_the_other_until_it_is_adopted() -> None:
    engine = AnswerEngine.of([LAMP, DEPTH], [PAY])
    engine.put(MAYOR, 3, THERE)
    tried = engine.trial(HERE)
    tried.put(RED_LAMP, tried.position(RED_LAMP, HERE), HERE)
    tried.hide(DEPTH, HERE)
    assert (lamp_of(tried, HERE), lamp_of(engine, HERE)) == ([RED_LAMP.statement], [LAMP.statement])
    assert lamp_of(tried) == [LAMP.statement]
    assert (engine.facts(HERE), tried.facts(HERE)) == ([LAMP, DEPTH], [RED_LAMP])
    engine.adopt(tried, HERE)
    assert engine.facts(HERE) == [RED_LAMP]
    assert lamp_of(engine, HERE) == [RED_LAMP.statement]
    assert engine.facts(THERE) == [LAMP, DEPTH, MAYOR]
    # What is done after that, on either side of another trial, stays on that side.
    again = engine.trial(HERE)
    engine.unhide(DEPTH, HERE)
    again.discard(RED_LAMP, HERE)
    again.put(MAYOR, 70, HERE)
    again.discard(MAYOR, HERE)
    assert (engine.position(MAYOR, HERE), again.position(MAYOR, HERE)) == (1, 71)
    assert engine.facts(HERE) == [DEPTH, RED_LAMP]
    assert again.facts(HERE) == [LAMP]
    for_all = engine.trial(None)
    for_all.put(replace(LAMP, statement="It is blue."), 0)
    engine.put(replace(LAMP, statement="It is white."), 0)
    assert (lamp_of(for_all), lamp_of(engine)) == (["It is blue."], ["It is white."])
    assert lamp_of(engine, HERE) == [RED_LAMP.statement]


@pytest.mark.parametrize("over_another", [True, False])
def test_a_copied_index_and_its_original_know_nothing_of_each_other(*, over_another: bool) -> None:
    base = Index()
    base.put("base", ["how big is the garden", "garden size"])
    index = Index(base=base) if over_another else Index()
    for number in range(5):
        index.put(f"e{number}", [f"where is thing {number} of the house", f"place of item {number}"])
    index.learn()
    copied = index.copy()

    def found(where: Index, text: str) -> list[tuple[str, float]]:
        return [(hit.key, hit.score) for hit in where.search(where.read(text))]

    texts = ["where is thing 2 now", "wher is teh house", "place of item 4", "a roof over it", "garden"]
    before = [found(index, text) for text in texts]
    assert [found(copied, text) for text in texts] == before
    copied.put("roof", ["what is the roof made of", "thatched roof", "kind of roof"])
    copied.put("e2", ["nothing else"])
    copied.discard("e4")
    copied.learn()
    assert [found(index, text) for text in texts] == before
    assert (index.count("roof"), copied.count("roof"), "thatched" in index.speller) == (0, 3, False)
    assert found(copied, "what roof is it")[0][0] == "roof"
    assert "e4" not in dict(found(copied, "place of item 4"))
    after = [found(copied, text) for text in texts]
    index.discard("e0")
    index.put("e3", ["thatched roof", "roof of straw"])
    index.put("e9", ["why is there a roof"])
    index.learn()
    assert [found(copied, text) for text in texts] == after
    assert (len(index), len(copied)) == (9, 10)


# Saved tests


async def test_a_server_saves_tests_for_itself(town: KnowledgeBase) -> None:
    lamp = SavedTest(HERE, "what colour is the lamp?", LAMP.id)
    follow_up = replace(lamp, context="where is the lighthouse?")
    open_one = SavedTest(HERE, "who paints the lamp?", None)
    theirs = replace(lamp, server_id=THERE)
    for test in (lamp, follow_up, open_one, theirs):
        await town.keep_test(test)
    assert await town.saved_tests(HERE) == [lamp, follow_up, open_one]
    assert await town.saved_tests(THERE) == [theirs]
    assert await town.saved_tests(1) == []
    # The same words, in the same place of a talk, are one test: the last one counts.
    now = replace(lamp, fact_id=None)
    await town.keep_test(now)
    assert await town.saved_tests(HERE) == [follow_up, open_one, now]
    ids = [test.id for test in await town.saved_tests(HERE)]
    assert None not in ids
    assert await town.drop_tests(THERE, [one for one in ids if one]) == 0
    assert await town.drop_tests(HERE, [one for one in ids[:2] if one]) == 2
    assert await town.drop_tests(HERE, [one for one in ids if one]) == 1
    assert await town.drop_tests(HERE, []) == 0
    assert (await town.saved_tests(HERE), await town.saved_tests(THERE)) == ([], [theirs])


@pytest.mark.parametrize(
    ("text", "context", "fact_id", "verdict"),
    [
        (LAMP.canonical_question, None, LAMP.id, Verdict.CORRECT),
        (LAMP.canonical_question, None, DEPTH.id, Verdict.WRONG),
        (LAMP.canonical_question, None, None, Verdict.WRONG),
        (PAY.phrasings[0], None, None, Verdict.CORRECT),
        (PAY.phrasings[0], None, PAY.id, Verdict.DECLINED),
        ("how many cats has the mayor", None, None, Verdict.CORRECT),
        ("and how deep is it?", "where is the harbour?", DEPTH.id, Verdict.CORRECT),
    ],
)
def test_a_saved_test_is_right_by_its_first_fact_or_by_none_at_all(
    text: str, context: str | None, fact_id: str | None, verdict: Verdict
) -> None:
    engine = AnswerEngine.of([LAMP, DEPTH, FERRY, BAKER], [PAY])
    test = saved_question(SavedTest(HERE, text, fact_id, context, 7))
    (item,) = evaluate(engine, [test], rendered, server_id=HERE).items
    assert item.verdict is verdict
    assert (test.id, item.answer.question) == ("saved-7", text)


def test_what_is_right_no_longer_is_told_first() -> None:
    asked = [question(LAMP.canonical_question, DEPTH.id), question(DEPTH.canonical_question, DEPTH.id)]
    asked.append(question(FERRY.canonical_question, must=[["at six"]], **{"class": "answerable"}))
    asked.append(question(BAKER.canonical_question, BAKER.id))
    before = evaluate(AnswerEngine.of([LAMP, DEPTH, FERRY, BAKER]), asked, rendered)
    later = replace(FERRY, statement="The first ferry leaves at seven.")
    after = evaluate(AnswerEngine.of([later, BAKER]), asked, rendered)
    found = differences(before, after)
    # The first was wrong before; of the ferry only the words have changed, and now they are wrong.
    assert [one.before.question for one in found] == [asked[1], asked[2], asked[0]]
    assert [one.breaks for one in found] == [True, True, False]
    assert [one.after.verdict for one in found] == [Verdict.DECLINED, Verdict.WRONG, Verdict.DECLINED]
    assert found[0].before.answer.outcome is Outcome.ANSWER
    assert differences(before, before) == []
    assert [one.breaks for one in differences(after, before)] == [False] * 3


def test_each_server_is_asked_what_it_sees() -> None:
    engine = AnswerEngine.of([LAMP, DEPTH])
    engine.put(RED_LAMP, 0, HERE)
    asked = [question(LAMP.canonical_question, LAMP.id)]
    texts = [evaluate(engine, asked, rendered, server_id=server).items[0].text for server in (None, HERE, THERE)]
    assert texts == [LAMP.statement, RED_LAMP.statement, LAMP.statement]
