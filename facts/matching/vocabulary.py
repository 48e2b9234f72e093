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
_EDGE = "\x00"


def pairs(terms: tuple[str, ...]) -> Iterator[str]:
    """Give the pairs of neighbours, the beginning and the end included."""
    if terms:
        yield from map(" ".join, pairwise((_EDGE, *terms, _EDGE)))


class Vocabulary:
    """Numbers for features, from 0 on, and for the letter runs of words, from -1 down. Nothing is ever taken out.

    One vocabulary serves all indexes of an engine. A word may be looked up in one thread while another adds some.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._features: list[str] = []
        self._runs: dict[str, int] = {}
        self._runs_of: dict[str, NDArray[np.int32]] = {}

    def __len__(self) -> int:
        """Give the number of features."""
        return len(self._ids)

    def get(self, feature: str) -> int | None:
        """Give the number of a feature, or None if it has none yet."""
        return self._ids.get(feature)

    def add(self, feature: str) -> int:
        """Give the number of a feature, a new one if it has none yet."""
        known = self._ids.get(feature)
        if known is None:
            with _ADDING:
                known = self._ids.get(feature)
                if known is None:
                    known = len(self._features)
                    self._features.append(feature)
                    self._ids[feature] = known
        return known

    def feature(self, number: int) -> str:
        """Give the feature with this number."""
        return self._features[number]

    def add_letters(self, word: str) -> NDArray[np.int32]:
        """Give the sorted numbers of a word's letter runs; they are remembered."""
        known = self._runs_of.get(word)
        if known is None:
            with _ADDING:
                numbers = [self._runs.setdefault(run, -1 - len(self._runs)) for run in _letter_runs(word)]
            known = self._runs_of[word] = np.array(sorted(numbers), dtype=np.int32)
        return known

    def letters(self, word: str) -> tuple[NDArray[np.int32], int]:
        """Give the sorted numbers of those letter runs of a word that are known, and how many it has in all."""
        known = self._runs_of.get(word)
        if known is not None:
            return known, len(known)
        runs = _letter_runs(word)
        numbers = sorted(number for run in runs if (number := self._runs.get(run)) is not None)
        return np.array(numbers, dtype=np.int32), len(runs)


def _letter_runs(word: str) -> set[str]:
    edged = f"<{word}>"
    return {edged[start : start + length] for length in _GRAM_LENGTHS for start in range(len(edged) - length + 1)} or {
        edged
    }
