"""How sure to be, and what a question gets.

The confidence that the best candidate answers the question is a logistic function of five figures that a person
can read. Its weights are fitted by ``benchmarks/fit_confidence.py`` on ``tests/questions/tune.jsonl``.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facts.matching.index import EXACT, Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from facts.matching.lexicon import Query


class Outcome(enum.StrEnum):
    """What a question gets."""

    ANSWER = "answer"
    CHOICES = "choices"
    UNKNOWN = "unknown"
    IGNORED = "ignored"


# At or above this confidence a fact is the answer.
ANSWER_THRESHOLD = 0.62
# ... and it must explain at least this share of what the question is about: a stray word in common is no answer.
LEAST_EXPLAINED = 0.5
# ... and be at least this near: the best of entries that are all far away is no answer either.
LEAST_SCORE = 0.2
# A lead over the runner-up below this share of the score settles nothing: then both are offered.
MARGIN = 0.03
# Nobody asked the bot: it speaks only when this sure.
UNADDRESSED_THRESHOLD = 0.85
# A fact is offered as a choice when its score reaches this share of the best one's ...
CHOICE_SHARE = 0.5
# ... and the best one explains at least this share of the question's content: else nothing is near enough to offer.
CHOICE_EXPLAINED = 0.3
# A known unknown speaks in its own words from this confidence on; below, the question was about something else.
UNKNOWN_THRESHOLD = 0.12
MAX_CHOICES = 3
MAX_RELATED = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """The figures that the confidence is made of, each from 0 to 1.

    Attributes:
        lead: by how much the best candidate leads the next one, as a share of its score.
        lead_over_unknowns: by how much it leads the best known unknown (or, if it is one, the best fact).
        content_explained: share of the question's content words, by weight, that stand in the candidate's phrasings.
        all_explained: the same of all its words.
        kind_missing: 1 if nobody asks the candidate for this kind of answer (who, when ...), else 0.
        kind_share: share of the candidate's phrasings that ask for this kind; one half if the question names none.
    """

    lead: float
    lead_over_unknowns: float
    content_explained: float
    all_explained: float
    kind_missing: float
    kind_share: float


WEIGHTS = Evidence(
    lead=2.25, lead_over_unknowns=0.73, content_explained=2.83, all_explained=2.92, kind_missing=-2.72, kind_share=0.64
)
BIAS = -4.34


def weigh_evidence(query: Query, candidates: Sequence[Candidate], rarity: Callable[[str], float]) -> Evidence:
    """Give the figures for the first of the candidates.

    Args:
        query: the question.
        candidates: at least one, best first.
        rarity: how much a term weighs.
    """
    best = candidates[0]
    runner_up = max((c.score for c in candidates[1:]), default=0.0)
    rival = max((c.score for c in candidates if c.answers is not best.answers), default=0.0)
    content = all_words = content_explained = all_explained = 0.0
    for word in query.words:
        weight = rarity(word.term) * word.factor
        explained = weight if word.term in best.explained else 0.0
        all_words += weight
        all_explained += explained
        if word.is_content:
            content += weight
            content_explained += explained
    return Evidence(
        lead=_lead(best.score, runner_up),
        lead_over_unknowns=_lead(best.score, rival),
        content_explained=content_explained / content if content else 0.0,
        all_explained=all_explained / all_words if all_words else 0.0,
        kind_missing=1.0 if query.kind and not best.kind_share else 0.0,
        kind_share=best.kind_share if query.kind else 0.5,
    )


def _lead(score: float, other: float) -> float:
    return max(0.0, 1 - other / score) if score else 0.0


def confidence(evidence: Evidence) -> float:
    """Give the probability, 0 to 1, that the candidate with this evidence answers the question."""
    total = BIAS + sum(getattr(WEIGHTS, name) * getattr(evidence, name) for name in Evidence.__slots__)
    return 1 / (1 + math.exp(-total))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a question gets, and from which candidates.

    Attributes:
        outcome: answer, choices or unknown.
        keys: the facts of an answer or a choice.
        unknown: the known unknown that fits best, when the outcome is unknown because of it.
        confidence: of the best candidate, 0 to 1.
        evidence: what the confidence rests on; None when nothing was near.
    """

    outcome: Outcome
    keys: tuple[str, ...] = ()
    unknown: str | None = None
    confidence: float = 0.0
    evidence: Evidence | None = None


def decide(query: Query, candidates: Sequence[Candidate], rarity: Callable[[str], float]) -> Decision:
    """Decide what a question gets.

    Args:
        query: the question.
        candidates: best first; may be empty.
        rarity: how much a term weighs.
    """
    if not candidates:
        return Decision(Outcome.UNKNOWN)
    best = candidates[0]
    evidence = weigh_evidence(query, candidates, rarity)
    sure = confidence(evidence)
    is_exact = [c.key for c in candidates if c.similarity >= EXACT] == [best.key]
    settled = (
        best.on_topic
        and best.score >= LEAST_SCORE
        and evidence.content_explained >= LEAST_EXPLAINED
        and evidence.lead >= MARGIN
    )
    if is_exact or (settled and sure >= ANSWER_THRESHOLD):
        sure = 1.0 if is_exact else sure
        if best.answers:
            return Decision(Outcome.ANSWER, (best.key,), None, sure, evidence)
        return Decision(Outcome.UNKNOWN, (), best.key, sure, evidence)
    near = [c.key for c in candidates if c.answers and c.on_topic and c.score >= CHOICE_SHARE * best.score]
    if evidence.content_explained >= CHOICE_EXPLAINED and len(near) > 1:
        return Decision(Outcome.CHOICES, tuple(near[:MAX_CHOICES]), None, sure, evidence)
    say = best.key if not best.answers and best.on_topic and sure >= UNKNOWN_THRESHOLD else None
    return Decision(Outcome.UNKNOWN, (), say, sure, evidence)
