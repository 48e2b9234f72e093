"""Fit the weights of the confidence (``facts/matching/decision.py``) on questions with known answers.

Run with ``python -m benchmarks.fit_confidence [QUESTIONS.jsonl]``; it prints what to write into the module.
Method: logistic regression by Newton's method with a small L2 penalty; deterministic.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from facts.engine import AnswerEngine
from facts.evaluation import Question, QuestionClass, read_questions
from facts.matching.decision import Evidence, weigh_evidence
from facts.matching.matcher import Matcher
from facts.packs import shipped_packs

TUNE = Path("tests/questions/tune.jsonl")
PENALTY = 1.0
ITERATIONS = 50
CLASSES = {
    QuestionClass.ANSWERABLE,
    QuestionClass.NEAR_MISS,
    QuestionClass.FALSE_PREMISE,
    QuestionClass.OUT_OF_DOMAIN,
}


def samples(engine: AnswerEngine, questions: list[Question]) -> tuple[np.ndarray, np.ndarray]:
    """Give the evidence for each question whose best candidate is a fact, and whether that fact answers it."""
    rows, labels = [], []
    for question in questions:
        if question.class_ not in CLASSES:
            continue
        match = Matcher([engine.shared]).match_alone(question.question)
        query, candidates = match.query, match.candidates
        if candidates and candidates[0].answers:
            evidence = weigh_evidence(query, candidates, engine.shared.rarity)
            rows.append([getattr(evidence, name) for name in Evidence.__slots__])
            fact = engine.fact(candidates[0].key)
            passes = question.passes(fact.statement, fact.id)
            labels.append(float(question.class_ is QuestionClass.ANSWERABLE and passes))
    return np.array(rows), np.array(labels)


def fit(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the weights, the bias last."""
    x = np.column_stack([rows, np.ones(len(rows))])
    penalty = PENALTY * np.diag([1.0] * rows.shape[1] + [1e-6])
    weights = np.zeros(x.shape[1])
    for _ in range(ITERATIONS):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (p - labels) + penalty @ weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + penalty
        weights -= np.linalg.solve(hessian, gradient)
    return weights


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else TUNE
    engine = AnswerEngine.of_packs(shipped_packs())
    engine.learn()
    weights = fit(*samples(engine, read_questions(path.read_text("utf-8"))))
    values = ", ".join(f"{name}={w:.2f}" for name, w in zip(Evidence.__slots__, weights, strict=False))
    print(f"WEIGHTS = Evidence({values})\nBIAS = {weights[-1]:.2f}")


if __name__ == "__main__":
    main()
