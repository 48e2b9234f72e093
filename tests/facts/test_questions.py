"""The quality of the answers: floors on our own question sets, which only rise."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.ui.text import answer_text
from facts.engine import AnswerEngine
from facts.entities import Pack
from facts.evaluation import Question, QuestionClass, Report, Verdict, evaluate, read_questions
from facts.matching.normalise import normalise
from facts.packs import shipped_tests

QUESTIONS = Path(__file__).parents[1] / "questions"
SETS = ("tune", "held", "languages")

# Least share of right answers in each set.
RIGHT_AT_LEAST = {
    "tune": {
        QuestionClass.ANSWERABLE: 0.92,
        QuestionClass.FOLLOWUP: 0.915,
        QuestionClass.NEAR_MISS: 0.955,
        QuestionClass.FALSE_PREMISE: 1.0,
        QuestionClass.OUT_OF_DOMAIN: 0.99,
        QuestionClass.CHATTER: 1.0,
    },
    "held": {
        QuestionClass.ANSWERABLE: 0.93,
        QuestionClass.FOLLOWUP: 0.84,
        QuestionClass.NEAR_MISS: 0.945,
        QuestionClass.FALSE_PREMISE: 1.0,
        QuestionClass.OUT_OF_DOMAIN: 0.965,
        QuestionClass.CHATTER: 1.0,
    },
    "languages": {QuestionClass.ANSWERABLE: 0.95, QuestionClass.OUT_OF_DOMAIN: 1.0},
}
# Least share of answerable questions that are right at once or among the choices, and greatest share of wrong ones.
FOUND_AT_LEAST = {"tune": 0.965, "held": 0.96, "languages": 0.95}
WRONG_AT_MOST = {"tune": 0.012, "held": 0.018, "languages": 0.045}
PHRASINGS_LOST = 0
LEAST_QUESTIONS = 400
# Of the article's thousands of phrasings every so many-th is asked: all of them would take most of a minute.
SAMPLED = 10


def read_set(name: str) -> list[Question]:
    """Give a set; those that ship with the article are part of the first."""
    questions = read_questions((QUESTIONS / f"{name}.jsonl").read_text("utf-8"))
    return questions + shipped_tests() if name == "tune" else questions


@pytest.fixture(scope="module", params=SETS)
def named_report(request: pytest.FixtureRequest, engine: AnswerEngine) -> tuple[str, Report]:
    return str(request.param), evaluate(engine, read_set(request.param), answer_text)


def test_answers_are_right_as_often_as_they_were(named_report: tuple[str, Report]) -> None:
    name, report = named_report
    right = {class_: report.share(class_, Verdict.CORRECT) for class_ in report.counts()}
    floors = RIGHT_AT_LEAST[name]
    assert set(right) == set(floors)
    assert {c: share for c, share in right.items() if share < floors[c]} == {}


def test_answers_are_found_as_often_and_wrong_no_more_often_than_they_were(named_report: tuple[str, Report]) -> None:
    name, report = named_report
    right = report.share(QuestionClass.ANSWERABLE, Verdict.CORRECT)
    assert right + report.share(QuestionClass.ANSWERABLE, Verdict.OFFERED) >= FOUND_AT_LEAST[name]
    assert report.share(QuestionClass.ANSWERABLE, Verdict.WRONG) <= WRONG_AT_MOST[name]


def test_phrasings_find_their_own_entry_in_a_chats_spelling_too(engine: AnswerEngine, article: Pack) -> None:
    lost = [
        phrasing
        for fact in article.facts
        for phrasing in fact.phrasings[::SAMPLED]
        if [found.id for found in engine.ask(phrasing.upper().rstrip("?")).facts] != [fact.id]
    ]
    # Phrasings with no word of content, and phrasings in parts, are not answered as a whole.
    assert len(lost) <= PHRASINGS_LOST, lost
    unsaid = [
        phrasing
        for unknown in article.unknowns
        for phrasing in unknown.phrasings[::SAMPLED]
        if engine.ask(phrasing).say != unknown.say
    ]
    assert len(unsaid) <= PHRASINGS_LOST, unsaid


def test_the_questions_that_ship_with_the_article_are_all_answered_right(engine: AnswerEngine, article: Pack) -> None:
    questions = shipped_tests()
    report = evaluate(engine, questions, answer_text)
    assert [item.question.id for item in report.items if item.verdict is not Verdict.CORRECT] == []
    assert {question.fact for question in questions} >= {fact.id for fact in article.facts}


def test_no_question_of_a_set_stands_among_the_phrasings(article: Pack) -> None:
    texts = [p for f in article.facts for p in f.phrasings] + [p for u in article.unknowns for p in u.phrasings]
    phrasings = {normalise(text).words for text in texts}
    for name in SETS:
        questions = read_set(name)
        assert [q.question for q in questions if normalise(q.question).words in phrasings] == []


def test_every_fact_that_a_set_names_exists(article: Pack) -> None:
    ids = {fact.id for fact in article.facts}
    for name in SETS:
        questions = read_set(name)
        assert [q.id for q in questions if q.fact is not None and q.fact not in ids] == []


def test_the_sets_are_large_enough_to_tell(article: Pack) -> None:
    questions = [question for name in SETS for question in read_set(name)]
    assert len(questions) >= LEAST_QUESTIONS
    assert {question.class_ for question in questions} == set(QuestionClass)
    assert len({question.id for question in questions}) == len(questions)
    asked = {question.fact for question in questions if question.class_ is QuestionClass.ANSWERABLE}
    assert {fact.id for fact in article.facts} <= asked
