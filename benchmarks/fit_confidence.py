"""Fit the weights of the confidence (``facts/matching/decision.py``) on questions with known answers.

Run with ``python -m benchmarks.fit_confidence [QUESTIONS.jsonl FACTS.json]``; it prints what to write into the module.
One confidence must mean the same in every store, so examples come from several: the article with the tuning set; small
stores, each of some of the article's facts and known unknowns with a few phrasings, asked what they hold and what they
do not; and, where given, a question set with the facts of an exchange file. Method: logistic regression by Newton's
method with a small L2 penalty; deterministic.
"""

from __future__ import annotations

import operator
import random
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facts.engine import AnswerEngine
from facts.evaluation import Question, QuestionClass, read_questions
from facts.exchange import parse_exchange
from facts.matching.decision import Evidence, weigh_evidence
from facts.matching.matcher import Matcher
from facts.packs import shipped_packs, shipped_tests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from facts.entities import Fact, KnownUnknown, Pack

TUNE = Path("tests/questions/tune.jsonl")
PENALTY = 1.0
ITERATIONS = 50
CLASSES = set(QuestionClass) - {QuestionClass.FOLLOWUP, QuestionClass.CHATTER}
# What one example of each kind of store counts, so that the article's, though fewer, weigh most.
OF_SMALL_STORES, OF_A_FILE = 0.15, 0.25
SMALL_STORES = 40


@dataclass(frozen=True, slots=True)
class Sample:
    """The evidence for the best candidate of one question, whether it is right, and what the example counts."""

    evidence: list[float]
    right: bool
    weight: float


def sample(engine: AnswerEngine, question: str, right: Callable[[str], bool], weight: float) -> Iterator[Sample]:
    """Give the evidence where the best candidate is a fact; ``right`` tells of its id whether it answers."""
    match = Matcher([engine.shared]).match_alone(question)
    if match.candidates and match.candidates[0].answers:
        evidence = weigh_evidence(match.query, match.candidates, engine.shared.rarity)
        fact = engine.fact(match.candidates[0].key)
        yield Sample([getattr(evidence, name) for name in Evidence.__slots__], right(fact.id), weight)


def of_a_set(engine: AnswerEngine, questions: list[Question], weight: float) -> Iterator[Sample]:
    """Give the examples of a question set."""

    def right(question: Question, fact_id: str) -> bool:
        passes = question.passes(engine.fact(fact_id).statement, fact_id)
        return question.class_ is QuestionClass.ANSWERABLE and passes

    for question in questions:
        if question.class_ in CLASSES:
            yield from sample(engine, question.question, partial(right, question), weight)


def of_small_stores(pack: Pack) -> Iterator[Sample]:
    """Give the examples of small stores: phrasings that they do not hold, and what is asked of other entries."""
    for number in range(SMALL_STORES):
        chooser = random.Random(number)  # noqa: S311 - not for secrets
        size, kept = chooser.choice([4, 6, 10, 20, 40, 60]), chooser.choice([3, 5, 10, 20, 35])
        facts = chooser.sample(pack.facts, size)
        unknowns = chooser.sample(pack.unknowns, chooser.choice([0, 0, size // 2, 2 * size]))
        engine = AnswerEngine.of(
            [replace(fact, phrasings=fact.phrasings[:kept]) for fact in facts],
            [replace(unknown, phrasings=unknown.phrasings[:kept]) for unknown in unknowns],
            pack.names,
        )
        engine.learn()
        for fact in facts:
            for phrasing in chooser.sample(fact.phrasings[kept:], 6):
                yield from sample(engine, phrasing, partial(operator.eq, fact.id), OF_SMALL_STORES)
        entries: list[Fact | KnownUnknown] = [*pack.facts, *pack.unknowns]
        inside = {fact.id for fact in facts} | {unknown.id for unknown in unknowns}
        others = [entry for entry in entries if entry.id not in inside]
        for entry in chooser.sample(others, min(3 * size, len(others))):
            yield from sample(engine, chooser.choice(entry.phrasings), lambda _: False, OF_SMALL_STORES)


def fit(samples: list[Sample]) -> np.ndarray:
    """Give the weights, the bias last."""
    x = np.array([[*one.evidence, 1.0] for one in samples])
    labels = np.array([one.right for one in samples], dtype=float)
    counts = np.array([one.weight for one in samples])
    penalty = PENALTY * np.diag([1.0] * (x.shape[1] - 1) + [1e-6])
    weights = np.zeros(x.shape[1])
    for _ in range(ITERATIONS):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (counts * (p - labels)) + penalty @ weights
        hessian = (x * (counts * p * (1 - p))[:, None]).T @ x + penalty
        weights -= np.linalg.solve(hessian, gradient)
    return weights


def main() -> None:
    (pack,) = shipped_packs()
    engine = AnswerEngine.of_packs([pack])
    engine.learn()
    samples = [
        *of_a_set(engine, read_questions(TUNE.read_text("utf-8")) + shipped_tests(), 1.0),
        *of_small_stores(pack),
    ]
    if len(sys.argv) == 3:
        questions, file = (Path(argument) for argument in sys.argv[1:])
        exchange = parse_exchange(file.read_text("utf-8"), file.name)
        other = AnswerEngine.of(exchange.facts, exchange.unknowns, exchange.names)
        other.learn()
        samples += of_a_set(other, read_questions(questions.read_text("utf-8")), OF_A_FILE)
    weights = fit(samples)
    values = ", ".join(f"{name}={w:.2f}" for name, w in zip(Evidence.__slots__, weights, strict=False))
    print(f"{len(samples)} examples\nWEIGHTS = Evidence({values})\nBIAS = {weights[-1]:.2f}")


if __name__ == "__main__":
    main()
