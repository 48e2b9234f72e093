"""What a text is made of for the matcher: words, pairs of neighbouring words, and the letters of each word."""

from __future__ import annotations

from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Runs of so many letters, the word's edges included, tell words of one family (and misspelt ones) from others.
_GRAM_LENGTHS = (2, 3, 4, 5)
# Taken for the moment in which something is added.
_ADDING = Lock()
# A vocabulary that lies over another one counts from here on, so that there is room for that one to grow.
_FIRST_OF_OWN = 2**30
_EDGE = "\x00"


def pairs(terms: tuple[str, ...]) -> Iterator[str]:
    """Give the pairs of neighbours, the beginning and the end included."""
    if terms:
        yield from map(" ".join, pairwise((_EDGE, *terms, _EDGE)))


class Vocabulary:
    """Numbers for features, from 0 on, and for the letter runs of words, from -1 down. Nothing is ever taken out.

    One that lies over a ``base`` has the base's numbers, and for what the base does not know its own, which go with
    it. A word may be looked up in one thread while another adds some.
    """

    def __init__(self, base: Vocabulary | None = None) -> None:
        self._base = base
        self._first = _FIRST_OF_OWN if base else 0
        self._ids: dict[str, int] = {}
        self._features: list[str] = []
        self._runs: dict[str, int] = {}
        self._runs_given = 0
        self._runs_of: dict[str, NDArray[np.int32]] = {}
        # How many features the base had when it was last looked through.
        self._seen = len(base) if base else 0

    def copy(self) -> Vocabulary:
        """Give one over the same base that may grow by itself; one without a base is shared by all."""
        if self._base is None:
            return self
        copied = Vocabulary(self._base)
        copied._ids, copied._features, copied._seen = dict(self._ids), list(self._features), self._seen
        copied._runs, copied._runs_given, copied._runs_of = dict(self._runs), self._runs_given, dict(self._runs_of)
        return copied

    def __len__(self) -> int:
        """Give the number of features, without the base's."""
        return len(self._features)

    def get(self, feature: str) -> int | None:
        """Give the number of a feature, or None if it has none yet."""
        known = self._ids.get(feature)
        return self._base.get(feature) if known is None and self._base is not None else known

    def add(self, feature: str) -> int:
        """Give the number of a feature, a new one if it has none yet."""
        known = self.get(feature)
        if known is None:
            with _ADDING:
                known = self.get(feature)
                if known is None:
                    known = self._first + len(self._features)
                    self._features.append(feature)
                    self._ids[feature] = known
        return known

    def feature(self, number: int) -> str:
        """Give the feature with this number."""
        if self._base is not None and number < self._first:
            return self._base.feature(number)
        return self._features[number - self._first]

    def renumbered(self) -> dict[int, int]:
        """Take over the base's numbers for what it has come to know; give them, by the numbers that are given up."""
        if self._base is None or self._seen == len(self._base):
            return {}
        self._seen = len(self._base)
        features = {feature: number for feature in self._ids if (number := self._base.get(feature)) is not None}
        runs = {run: number for run in self._runs if (number := self._base.run(run)) is not None}
        numbers = {self._ids.pop(feature): number for feature, number in features.items()}
        numbers |= {self._runs.pop(run): number for run, number in runs.items()}
        # Their letters are numbered anew when they are next needed.
        self._runs_of.clear()
        return numbers

    def add_letters(self, word: str) -> NDArray[np.int32]:
        """Give the sorted numbers of a word's letter runs; they are remembered."""
        known = self.letters_of(word)
        if known is None:
            with _ADDING:
                numbers = [self.run(run) or self._add_run(run) for run in _letter_runs(word)]
            known = self._runs_of[word] = np.array(sorted(numbers), dtype=np.int32)
        return known

    def letters(self, word: str) -> tuple[NDArray[np.int32], int]:
        """Give the sorted numbers of those letter runs of a word that are known, and how many it has in all."""
        known = self.letters_of(word)
        if known is not None:
            return known, len(known)
        runs = _letter_runs(word)
        numbers = sorted(number for run in runs if (number := self.run(run)) is not None)
        return np.array(numbers, dtype=np.int32), len(runs)

    def letters_of(self, word: str) -> NDArray[np.int32] | None:
        """Give the sorted numbers of a word's letter runs, if they are remembered."""
        known = self._runs_of.get(word)
        return self._base.letters_of(word) if known is None and self._base is not None else known

    def run(self, run: str) -> int | None:
        """Give the number of a letter run, or None if it has none yet."""
        known = self._runs.get(run)
        return self._base.run(run) if known is None and self._base is not None else known

    def _add_run(self, run: str) -> int:
        self._runs_given += 1
        self._runs[run] = number = -self._first - self._runs_given
        return number


def _letter_runs(word: str) -> set[str]:
    edged = f"<{word}>"
    return {edged[start : start + length] for length in _GRAM_LENGTHS for start in range(len(edged) - length + 1)} or {
        edged
    }
