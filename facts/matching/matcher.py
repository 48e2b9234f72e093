"""From a question as typed to a decision: questions in parts, and questions that lean on the one before."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from facts.matching.decision import UNADDRESSED_THRESHOLD, Decision, Outcome, decide
from facts.matching.index import EXACT
from facts.matching.lexicon import Query
from facts.matching.normalise import normalise

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from facts.matching.index import Candidate, Index

# A question in more parts than this is a text; its first parts count.
MAX_PARTS = 3

_QUESTION_WORDS = frozenset(
    "who whom whose what when where why how which is are was were do does did can could will would has have had should"
    " may".split()
)
_QUESTION_WORD = f"(?:{'|'.join(sorted(_QUESTION_WORDS))})"
# Where a text falls into parts: after a sentence, and before a question word that “and” or a comma leads in.
_JOINT = re.compile(
    r"[?!.;\n]+\s+"
    rf"|\s*,?\s+(?:and|also|plus|&|n)\s+(?:also\s+)?(?={_QUESTION_WORD}\b)"
    rf"|,\s*(?={_QUESTION_WORD}(?:'?s)?\b)",
    re.IGNORECASE,
)
_BEGINS_AS_QUESTION = re.compile(rf"\W*(?:and\s+|so\s+|ok(?:ay)?\s+|but\s+|also\s+)*{_QUESTION_WORD}\b", re.IGNORECASE)
_LEANS = re.compile(r"\W*(?:ok(?:ay)?\W+)?(?:and|what about|how about|also|then)\b", re.IGNORECASE)
_POINTING = frozenset(
    "it its that this those these they them their theirs he she him her his hers there one ones same".split()
)
# A word from the question before counts this much of its weight.
CONTEXT_FACTOR = 0.6
# A question with more content words than this stands on its own.
_LEANING_CONTENT = 3


@dataclass(frozen=True, slots=True)
class Match:
    """A question (or a part of one), what it was compared with, and what it gets."""

    query: Query
    candidates: tuple[Candidate, ...]
    decision: Decision
    with_context: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether the question is a phrasing in the very same words."""
        return bool(self.candidates) and self.candidates[0].similarity >= EXACT


def is_question(text: str) -> bool:
    """Tell whether a message reads like a question: it ends as one, or begins as one."""
    return text.rstrip().endswith(("?", "？")) or _BEGINS_AS_QUESTION.match(_plain(text)) is not None


def _plain(text: str) -> str:
    """Spell the text out as the matcher reads it, so that “whats” begins as a question."""
    return " ".join(normalise(text).words)


class Matcher:
    """Asks one or more indexes as one: the shared entries, less the hidden ones, and those of a server."""

    def __init__(self, indexes: Sequence[Index], hidden: Collection[str] = ()) -> None:
        """Take the indexes, the shared one first; ``hidden`` are keys of the first to leave out."""
        self._indexes = indexes
        self._hidden = hidden

    def match(self, question: str, context: str | None = None) -> tuple[Match, ...]:
        """Match a question.

        Args:
            question: as typed.
            context: the question that the same person asked just before, if any.

        Returns:
            One match; or, for a question in parts, one for each of its first parts: those with an answer first.
        """
        whole = self._leaning(question, context) if context else self.match_alone(question)
        parts = [part for part in _JOINT.split(question) if part and is_question(part)]
        if whole.with_context or whole.is_exact or len(parts) == 0 or parts == [question]:
            return (whole,)
        answered: dict[tuple[str, ...], Match] = {}
        rest: list[Match] = []
        before = context
        for part in parts[:MAX_PARTS]:
            match = self._leaning(part, before) if before else self.match_alone(part)
            if not before and not any(word.is_content for word in match.query.words):
                continue
            before = part
            if match.decision.outcome is Outcome.ANSWER:
                answered.setdefault(match.decision.keys, match)
            else:
                rest.append(match)
        if len(answered) > 1 or (answered and whole.decision.outcome is not Outcome.ANSWER):
            return (*answered.values(), *rest)
        return (whole,)

    def match_alone(self, question: str) -> Match:
        """Match a question as a whole and by itself."""
        return self._match(self._indexes[-1].read(question))

    def _match(self, query: Query, *, with_context: bool = False) -> Match:
        found = self._indexes[0].search(query, hidden=self._hidden)
        for index in self._indexes[1:]:
            found.extend(index.search(query))
        found.sort(key=lambda candidate: (not candidate.on_topic, -candidate.score, candidate.key))
        decision = decide(query, found, self._indexes[-1].rarity)
        return Match(query, tuple(found), decision, with_context)

    def _leaning(self, question: str, context: str) -> Match:
        """Match a question that may lean on the one before: alone, and filled up with that one's words."""
        alone = self.match_alone(question)
        content = sum(word.is_content for word in alone.query.words)
        points = any(word.typed in _POINTING for word in alone.query.words)
        leans = _LEANS.match(question) is not None
        if alone.is_exact or content > _LEANING_CONTENT or not (leans or points or content <= 1):
            return alone
        filled = self._match(self._fill_up(alone.query, self._indexes[-1].read(context)), with_context=True)
        rank = [Outcome.UNKNOWN, Outcome.CHOICES, Outcome.ANSWER]
        return max(filled, alone, key=lambda match: rank.index(match.decision.outcome))

    def _fill_up(self, query: Query, before: Query) -> Query:
        """Fill a leaning question up with the words of the question before.

        A question without a question word of its own (“and Tianhe?”) asks the same of something else: its words
        take the place of the names in that one. Otherwise that one's content words tell what “it” is.
        """
        is_name = self._indexes[-1].is_name
        have = set(query.terms)
        content = tuple(word for word in query.words if word.is_content)
        names_another = any(is_name(word.term) for word in content)
        if query.kind is None and not any(word.typed in _QUESTION_WORDS for word in query.words):
            kept = tuple(w for w in before.words if w.term not in have and not (content and is_name(w.term)))
            return Query(kept + content, before.kind)
        extra = tuple(
            replace(word, factor=CONTEXT_FACTOR)
            for word in before.words
            if word.is_content and word.term not in have and not (names_another and is_name(word.term))
        )
        return Query(query.words + extra, query.kind)


def settle(matches: Sequence[Match], question: str, *, addressed: bool) -> Outcome:
    """Give the outcome of a question as a whole.

    Answered parts come first, so that the first match tells. Unaddressed, the bot answers only questions, and only
    when every part of the answer is very sure.
    """
    outcome = matches[0].decision.outcome
    if addressed:
        return outcome
    sure = all(
        match.decision.outcome is Outcome.ANSWER and match.decision.confidence >= UNADDRESSED_THRESHOLD
        for match in matches
    )
    return Outcome.ANSWER if sure and is_question(question) else Outcome.IGNORED
