"""Which questions ask alike, so that an editor deals with them once."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

from facts.matching.wordlists import FUNCTION_WORDS, QUESTION_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# A question's words, each with how much it weighs.
Weights = dict[str, float]
# The kind of answer that a question asks for, if nothing but that tells it (“when”, “how long”), and its words.
Asked = tuple[str | None, Weights]
# Other kinds are told by a word that weighs, too (“how heavy”).
PLAIN_KINDS = frozenset(kind for words, kind in QUESTION_KINDS.items() if FUNCTION_WORDS.issuperset(words.split()))

# Two questions are alike from this cosine of their words on.
ALIKE = 0.8
# Two words that stand nowhere in the facts are taken for one if they differ by at most one letter in so many.
_LETTERS_AN_EDIT = 5


def group_alike(
    questions: Sequence[str], read: Callable[[str], Asked], is_known: Callable[[str], bool]
) -> list[list[int]]:
    """Group questions that ask alike: for the same kind of answer, and in words that weigh nearly the same.

    Args:
        questions: in the order in which they count: each joins the first group that it is like, or begins one.
        read: gives what a question asks for; its words are spelt as the facts spell them.
        is_known: whether a word stands in the facts; those that do not may be misspelt.

    Returns:
        The places of the questions in each group, in their order.
    """
    groups: list[list[int]] = []
    group_of: dict[str, list[int]] = {}
    # For each kind and word the groups whose first question has both, and the word's share in that question.
    having: dict[tuple[str | None, str], list[tuple[int, float]]] = defaultdict(list)
    spellings = _Spellings(is_known)
    for place, question in enumerate(questions):
        if question not in group_of:
            kind, weights = read(question)
            shares = _of_length_one({spellings.first(word): weight for word, weight in weights.items()})
            likeness: dict[int, float] = defaultdict(float)
            for word, share in shares.items():
                for number, theirs in having.get((kind, word), ()):
                    likeness[number] += share * theirs
            number = min((number for number, cosine in likeness.items() if cosine >= ALIKE), default=len(groups))
            if number == len(groups):
                groups.append([])
                for word, share in shares.items():
                    having[kind, word].append((number, share))
            group_of[question] = groups[number]
        group_of[question].append(place)
    return groups


class _Spellings:
    """Takes words that stand nowhere in the facts, and resemble one another, for the one that came first."""

    def __init__(self, is_known: Callable[[str], bool]) -> None:
        self._is_known = is_known
        self._first: dict[str, str] = {}
        self._strange: list[str] = []

    def first(self, word: str) -> str:
        """Give the word for which this one is taken."""
        if word not in self._first:
            self._first[word] = word if self._is_known(word) or not word.isalpha() else self._met(word)
        return self._first[word]

    def _met(self, word: str) -> str:
        most = (len(word) + 1) // _LETTERS_AN_EDIT
        alike = process.extract(word, self._strange, scorer=OSA.distance, score_cutoff=most, limit=None)
        for other, distance, _ in alike:
            if distance <= max(len(word), len(other)) // _LETTERS_AN_EDIT:
                return other
        self._strange.append(word)
        return word


def _of_length_one(weights: Weights) -> Weights:
    length = math.sqrt(sum(weight**2 for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()} if length else {}
