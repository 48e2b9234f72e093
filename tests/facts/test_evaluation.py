"""Question sets: reading them, and judging replies."""

from __future__ import annotations

import json

import pytest

from bot.ui.text import answer_text
from facts.engine import AnswerEngine
from facts.errors import QuestionSetError
from facts.evaluation import QuestionClass, Verdict, evaluate, read_questions
from tests.facts.test_matching import FACTS, NAMES, UNKNOWN, fact


def verdict(**line: object) -> Verdict:
    questions = read_questions(json.dumps({"id": "q"} | line))
    return evaluate(AnswerEngine.of(FACTS, [UNKNOWN], NAMES), questions, answer_text).items[0].verdict


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"class": "answerable", "question": "who leads the club", "fact": "president"}, Verdict.CORRECT),
        ({"class": "answerable", "question": "who leads the club", "must": [["so it", "x"], ["is."]]}, Verdict.CORRECT),
        ({"class": "answerable", "question": "who leads the club", "must": [["SO IT IS"], ["nowhere"]]}, Verdict.WRONG),
        (
            {"class": "answerable", "question": "who leads the club", "must": [["so"]], "must_not": ["It is"]},
            Verdict.WRONG,
        ),
        ({"class": "answerable", "question": "who leads the club", "fact": "fee"}, Verdict.WRONG),
        ({"class": "answerable", "question": "best pizza?", "fact": "fee"}, Verdict.DECLINED),
        ({"class": "near_miss", "question": "who leads the club"}, Verdict.WRONG),
        ({"class": "near_miss", "question": "where can i park"}, Verdict.CORRECT),
        ({"class": "out_of_domain", "question": "best pizza?"}, Verdict.CORRECT),
        ({"class": "chatter", "question": "who leads the club"}, Verdict.WRONG),
        ({"class": "chatter", "question": "haha"}, Verdict.CORRECT),
        ({"class": "false_premise", "question": "who leads the club", "must_not": ["so it is"]}, Verdict.WRONG),
        ({"class": "false_premise", "question": "who leads the club", "must_not": ["never"]}, Verdict.CORRECT),
        (
            {"class": "followup", "context": "where is the garden?", "question": "how big is it?", "fact": "garden"},
            Verdict.CORRECT,
        ),
    ],
)
def test_verdicts_are_those_of_the_contract(line: dict[str, object], expected: Verdict) -> None:
    assert verdict(**line) is expected


def test_a_choice_that_would_pass_counts_as_offered() -> None:
    engine = AnswerEngine.of([*FACTS, fact("red", "opening of the red hall"), fact("blue", "opening of the blue hall")])
    questions = read_questions('{"id": "q", "class": "answerable", "question": "opening of the hall", "fact": "red"}')
    report = evaluate(engine, questions, answer_text)
    assert report.items[0].answer.outcome == "choices"
    assert report.items[0].verdict is Verdict.OFFERED


def test_the_report_has_the_shape_of_the_contract() -> None:
    lines = [
        {"id": "a", "class": "answerable", "question": "who leads the club", "fact": "president", "style": "ignored"},
        {"id": "b", "class": "chatter", "question": "lol"},
    ]
    questions = read_questions("\n\n".join(map(json.dumps, lines)))
    report = evaluate(AnswerEngine.of(FACTS), questions, answer_text)
    data = report.as_json()
    assert data["classes"] == {
        "answerable": {"n": 1, "correct": 1, "offered": 0, "wrong": 0, "declined": 0},
        "chatter": {"n": 1, "correct": 1, "offered": 0, "wrong": 0, "declined": 0},
    }
    assert [set(item) for item in data["items"]] == [{"id", "outcome", "facts", "text", "verdict"}] * 2
    assert data["items"][0]["facts"] == ["president"]
    assert set(data["timing"]) == {"p50_ms", "p95_ms", "p99_ms"}
    assert report.share(QuestionClass.ANSWERABLE, Verdict.CORRECT) == 1.0
    assert report.share(QuestionClass.NEAR_MISS, Verdict.WRONG) == 0.0


def test_an_empty_set_is_a_fault() -> None:
    with pytest.raises(QuestionSetError, match="it holds no question"):
        read_questions("\n")


def test_every_faulty_line_is_told_at_once() -> None:
    text = '{"id": "a"}\nnot json\n{"id": "b", "class": "nonsense", "question": "x"}\n[1]\n'
    with pytest.raises(QuestionSetError) as caught:
        read_questions(text)
    told = caught.value.sentence
    for line in (
        "line 1, class: is missing",
        "line 1, question: is missing",
        "line 2: not valid JSON",
        "line 3",
        "line 4",
    ):
        assert line in told
