"""How sure to be, and what a question gets.

The confidence that the best candidate answers the question is a logistic function of four figures that a person
can read. Its weights are fitted by ``benchmarks/fit_confidence.py`` on questions put to several kinds of store.
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
ANSWER_THRESHOLD = 0.5
# A question that only points (“will they do it again?”) must nearly be a phrasing, or fit this well ...
POINTING_SIMILARITY = 0.75
POINTING_FIT = 1.2
# ... and one that is about a number alone (“2 + 2?”) this well.
NUMBER_FIT = 1.5
# Whatever else speaks for it, it must fit this well: the best of entries that are all far away is no answer.
LEAST_FIT = -0.5
# A lead below this settles nothing: then both are offered.
MARGIN = 0.01
# Nobody asked the bot: it speaks only when this sure.
UNADDRESSED_THRESHOLD = 0.9
UNADDRESSED_FIT = 0.9
UNADDRESSED_SIMILARITY = 0.4
# A known unknown speaks in its own words from this confidence on; below, facts that are near are offered first ...
UNKNOWN_THRESHOLD = 0.4
# ... and beside its words, if its score does not lead theirs by this much.
UNKNOWN_LEAD = 0.5
# A fact is offered as a choice when it explains at least this share of what the question is about ...
CHOICE_EXPLAINED = 0.25
# ... and its score is at most this far behind the best one's.
CHOICE_GAP = 0.7
# ... or if it is at least this likely and only the next one is far behind.
CHOICE_THRESHOLD = 0.05
MAX_CHOICES = 3
MAX_RELATED = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """The figures that the confidence is made of.

    Attributes:
        fit: the best candidate's score, about -1 (no) to 2 (surely).
        lead: by how much it leads the next one's, 0 to 1.
        explained: share of what the question is about, by weight, that the candidate's phrasings or statement hold.
        other_kind: 1 if nobody asks for it with a question of this kind (“who”, “how long”), else 0.
    """

    fit: float
    lead: float
    explained: float
    other_kind: float


WEIGHTS = Evidence(fit=1.04, lead=1.45, explained=1.90, other_kind=-1.71)
BIAS = -1.72
# Where known unknowns are listed, what people ask that nobody can answer is among them. Where none are, and phrasings
# are many, a question is likelier to have an answer: up to so much is added.
UNLISTED = 1.2


def weigh_evidence(query: Query, candidates: Sequence[Candidate], rarity: Callable[[str], float]) -> Evidence:
    """Give the figures for the first of the candidates.

    Args:
        query: the question.
        candidates: at least one, best first.
        rarity: how much a term weighs.
    """
    best = candidates[0]
    runner_up = max((c.score for c in candidates[1:]), default=-math.inf)
    # A question without content that points at nothing is about all of its words (“who are you”).
    plain = len(query.words) > 1 and not any(word.is_content or word.points for word in query.words)
    weights = [(rarity(word.term) * word.factor, word) for word in query.words if word.is_content or plain]
    content = sum(weight for weight, _ in weights)
    explained = sum(weight for weight, word in weights if word.term in best.explained)
    return Evidence(
        fit=best.score,
        lead=min(max(best.score - runner_up, 0.0), 1.0),
        explained=explained / content if content else 0.0,
        other_kind=float(query.kind is not None and best.kind_share == 0),
    )


def confidence(evidence: Evidence, unlisted: float = 0.0) -> float:
    """Give the probability, 0 to 1, that the candidate with this evidence answers the question.

    Args:
        evidence: the figures.
        unlisted: how little the store lists of what it does not answer, 0 to 1 (``Index.unlisted``).
    """
    total = BIAS + UNLISTED * unlisted
    total += sum(getattr(WEIGHTS, name) * getattr(evidence, name) for name in Evidence.__slots__)
    return 1 / (1 + math.exp(-total))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a question gets, and from which candidates.

    Attributes:
        outcome: answer, choices or unknown.
        keys: the facts of an answer or a choice.
        unknown: the known unknown that fits best, when the outcome is unknown, or choices, because of it.
        confidence: of the best candidate, 0 to 1.
        evidence: what the confidence rests on; None when nothing was near.
    """

    outcome: Outcome
    keys: tuple[str, ...] = ()
    unknown: str | None = None
    confidence: float = 0.0
    evidence: Evidence | None = None


def decide(
    query: Query, candidates: Sequence[Candidate], rarity: Callable[[str], float], unlisted: float = 0.0
) -> Decision:
    """Decide what a question gets.

    Args:
        query: the question.
        candidates: best first; may be empty.
        rarity: how much a term weighs.
        unlisted: how little the store lists of what it does not answer, 0 to 1.
    """
    if not candidates:
        return Decision(Outcome.UNKNOWN)
    best = candidates[0]
    evidence = weigh_evidence(query, candidates, rarity)
    sure = confidence(evidence, unlisted)
    is_exact = [c.key for c in candidates if c.similarity >= EXACT] == [best.key]
    if is_exact:
        sure = 1.0
    settled = is_exact or (
        evidence.lead >= MARGIN
        and evidence.fit >= LEAST_FIT
        and not query.names_stranger
        and not query.is_guesswork(best.explained)
        and (not query.tells_only_numbers or best.score >= NUMBER_FIT)
        and (not query.only_points or best.similarity >= POINTING_SIMILARITY or best.score >= POINTING_FIT)
    )
    if settled and best.answers and sure >= ANSWER_THRESHOLD:
        return Decision(Outcome.ANSWER, (best.key,), None, sure, evidence)
    facts = [c for c in candidates if c.answers and c.on_topic]
    near = [c.key for c in facts if c.score >= best.score - CHOICE_GAP]
    said = best.key if settled and not best.answers and sure >= UNKNOWN_THRESHOLD else None
    if said and (is_exact or not facts or facts[0].score < best.score - UNKNOWN_LEAD):
        return Decision(Outcome.UNKNOWN, (), said, sure, evidence)
    if sure >= CHOICE_THRESHOLD:
        near = [c.key for c in facts[: max(len(near), 2)]]
    if evidence.explained >= CHOICE_EXPLAINED and len(near) > 1:
        return Decision(Outcome.CHOICES, tuple(near[:MAX_CHOICES]), said, sure, evidence)
    return Decision(Outcome.UNKNOWN, (), None if best.answers or not best.on_topic else best.key, sure, evidence)
