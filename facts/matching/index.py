"""The index in memory: which phrasings share words with a question, and how much these words weigh.

A phrasing is compared as a vector of its words and word pairs, weighted by rarity (inverse document frequency;
Sparck Jones 1972, https://doi.org/10.1108/eb026526), by the cosine. Postings lists hold, for each word, the
phrasings with it, so that a question touches only those.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from facts.matching.lexicon import TYPO_FACTOR, Aliases, Query, Speller, question_kind, read_question
from facts.matching.normalise import Normalised, normalise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from numpy.typing import NDArray

# A pair of neighbouring words weighs this much of its rarity: it tells order, but is seldom seen twice.
PAIR_WEIGHT = 0.5
# From this similarity on, the question is a phrasing in the very same words; that entry is meant.
EXACT = 0.999
# So many of the nearest phrasings are looked at; an entry's score needs only its best few.
_NEAREST = 96
# An entry's score is the mean similarity of this many of its nearest phrasings: one alone may be a coincidence.
VOTES = 3
# Score of an entry that nobody asks for this kind of answer (who, when ...), as a share of what it would be.
OTHER_KIND = 0.8
_LEAST_WEIGHT = 1e-6
_EDGE = "\x00"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that a question may mean.

    Attributes:
        key: the entry's key.
        answers: whether it answers (a fact), or tells that there is no answer (a known unknown).
        score: mean similarity of its nearest phrasings, 0 to 1.
        phrasing: its nearest phrasing.
        similarity: that phrasing's similarity, 0 to 1.
        kind_share: share of its phrasings that ask for the same kind of answer as the question, 0 to 1.
        explained: the question's terms that stand in any of its phrasings or in its statement.
        on_topic: whether these hold any of the question's content words; sharing only “tell me about” says nothing.
    """

    key: str
    answers: bool
    score: float
    phrasing: str
    similarity: float
    kind_share: float
    explained: frozenset[str]
    on_topic: bool


@dataclass(slots=True)
class _Entry:
    answers: bool
    rows: list[int]
    words: tuple[str, ...]
    background: frozenset[str]
    kinds: Counter[str | None]


class Index:
    """Phrasings of entries, searchable, and changeable at any time.

    Scores depend on what the index holds, not on the order or the history of its changes. An index may lie over a
    ``base``: it then counts words and names as both together do, and searches only its own entries.
    """

    def __init__(self, names: Iterable[tuple[str, Collection[str]]] = (), *, base: Index | None = None) -> None:
        """Begin empty, with these names and their aliases."""
        self._base = base
        self.aliases: Aliases = base.aliases if base else Aliases()
        for name, aliases in names:
            self.aliases.add(name, aliases)
        self.speller: Speller = Speller(base.speller if base else None)
        self._entries: dict[str, _Entry] = {}
        self._features: dict[str, int] = {}
        self._frequency: list[int] = []
        self._postings: list[array[int]] = []
        self._rows: list[tuple[str, str, tuple[int, ...]] | None] = []
        self._live = 0
        self.changes = 0
        self._weighed_at: tuple[int, int] | None = None
        self._weights: NDArray[np.float64] = np.zeros(0)
        self._norms: NDArray[np.float64] = np.zeros(0)

    def __len__(self) -> int:
        """Give the number of phrasings."""
        return self._live

    def put(self, key: str, phrasings: Iterable[str], *, answers: bool = True, background: str = "") -> None:
        """Add an entry, or replace it.

        Args:
            key: the entry's key.
            answers: whether it answers, or tells that there is no answer.
            phrasings: how people ask for it.
            background: text whose words the entry explains although nobody asks with them (its statement).
        """
        self.discard(key)
        rows: list[int] = []
        words: list[str] = []
        kinds: Counter[str | None] = Counter()
        for phrasing in phrasings:
            normal = normalise(phrasing)
            ids = tuple(self._feature_id(feature) for feature in dict.fromkeys(self._features_of(normal)))
            row = len(self._rows)
            for feature_id in ids:
                self._postings[feature_id].append(row)
                self._frequency[feature_id] += 1
            self._rows.append((key, phrasing, ids))
            rows.append(row)
            words.extend(normal.words)
            kinds[question_kind(normal.words)] += 1
        self.speller.learn(words)
        self._entries[key] = _Entry(answers, rows, tuple(words), frozenset(normalise(background).terms), kinds)
        self._live += len(rows)
        self.changes += 1

    def discard(self, key: str) -> None:
        """Take an entry out, if it is there."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        for row in entry.rows:
            content = self._rows[row]
            assert content is not None  # noqa: S101 - a row of an entry is live
            for feature_id in content[2]:
                self._frequency[feature_id] -= 1
            self._rows[row] = None
        self.speller.forget(entry.words)
        self._live -= len(entry.rows)
        self.changes += 1

    def read(self, question: str) -> Query:
        """Make a question ready for ``search``."""
        return read_question(normalise(question), self.speller, self.aliases, self._is_known)

    def is_name(self, term: str) -> bool:
        """Tell whether a term is part of a name or alias."""
        return self.aliases.is_part(term)

    def rarity(self, term: str) -> float:
        """Give how much a word weighs: the logarithm of one over the share of phrasings that have it."""
        return float(np.log((1 + self.phrasings()) / (1 + self.count(term))))

    def search(self, query: Query, *, hidden: Collection[str] = (), limit: int = 12) -> list[Candidate]:
        """Give the entries that share words with the question, best first; equal ones in the order of their keys.

        Args:
            query: what ``read`` gave.
            hidden: keys of entries to leave out.
            limit: how many entries to give at most.
        """
        weights, norms = self._weigh()
        scores = np.zeros(len(self._rows))
        square = 0.0
        for feature, factor in self._query_features(query):
            feature_id = self._features.get(feature)
            if feature_id is None or not self._frequency[feature_id]:
                if " " not in feature:
                    square += (factor * self.rarity(feature)) ** 2
                continue
            weight = weights[feature_id]
            square += (factor * weight) ** 2
            scores[np.frombuffer(self._postings[feature_id], dtype=np.int64)] += factor * weight**2
        if not square:
            return []
        scores /= norms * np.sqrt(square)
        best: dict[str, list[tuple[float, str]]] = {}
        for row in self._nearest(scores):
            content = self._rows[row]
            if content is not None and content[0] not in hidden:
                best.setdefault(content[0], []).append((float(scores[row]), content[1]))
        ranked = sorted((-self._score(key, hits, query.kind), key) for key, hits in best.items())
        return [self._candidate(key, -score, best[key][0], query) for score, key in ranked[:limit]]

    def _nearest(self, scores: NDArray[np.float64]) -> list[int]:
        """Give the rows of the highest scores above zero, highest first, equal ones in order."""
        rows = np.flatnonzero(scores)
        if len(rows) > _NEAREST:
            limit = np.partition(scores[rows], -_NEAREST)[-_NEAREST]
            rows = rows[scores[rows] >= limit]
        order = np.argsort(-scores[rows], kind="stable")
        return [int(row) for row in rows[order]]

    def _score(self, key: str, hits: list[tuple[float, str]], kind: str | None) -> float:
        if hits[0][0] >= EXACT:
            return hits[0][0]
        entry = self._entries[key]
        voters = min(VOTES, len(entry.rows))
        mean = sum(similarity for similarity, _ in hits[:voters]) / voters
        return mean * OTHER_KIND if kind and not entry.kinds[kind] else mean

    def _candidate(self, key: str, score: float, hit: tuple[float, str], query: Query) -> Candidate:
        entry = self._entries[key]
        features = set().union(*(content[2] for row in entry.rows if (content := self._rows[row]) is not None))
        explained = frozenset(
            word.term
            for word in query.words
            if any(self._features.get(m) in features or m in entry.background for m in word.meanings)
        )
        about = {word.term for word in query.words if word.is_content}
        # A number alone is no subject: “what is 2 + 2?” is not about Tiangong-2.
        subject = {term for term in about if not term.isdecimal()}
        return Candidate(
            key=key,
            answers=entry.answers,
            score=score,
            phrasing=hit[1],
            similarity=hit[0],
            kind_share=entry.kinds[query.kind] / len(entry.rows),
            explained=explained,
            on_topic=not about or not subject.isdisjoint(explained),
        )

    def _features_of(self, normal: Normalised) -> Iterator[str]:
        yield from normal.terms
        for _, _, name in self.aliases.found(normal.terms):
            yield from name
        yield from _pairs(normal.terms)

    def _query_features(self, query: Query) -> list[tuple[str, float]]:
        features: dict[str, float] = {}
        for word in query.words:
            known = [name for name in sorted(word.names) if self._is_known(name)]
            for term in known if known and not self._is_known(word.term) else (word.term, *known):
                features[term] = max(word.factor, features.get(term, 0.0))
        own = [word.term for word in query.words if word.factor >= TYPO_FACTOR]
        features.update((pair, 1.0) for pair in _pairs(tuple(own)))
        return list(features.items())

    def _is_known(self, term: str) -> bool:
        return self.count(term) > 0

    def count(self, feature: str) -> int:
        """Give the number of phrasings with this feature, in the base too."""
        feature_id = self._features.get(feature)
        own = self._frequency[feature_id] if feature_id is not None else 0
        return own + self._base.count(feature) if self._base else own

    def phrasings(self) -> int:
        """Give the number of phrasings, those of the base included."""
        return self._live + self._base.phrasings() if self._base else self._live

    def _feature_id(self, feature: str) -> int:
        feature_id = self._features.setdefault(feature, len(self._postings))
        if feature_id == len(self._postings):
            self._postings.append(array("q"))
            self._frequency.append(0)
        return feature_id

    def _weigh(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the features' weights and the phrasings' lengths as vectors, worked out again after a change."""
        now = (self.changes, self._base.changes if self._base else 0)
        if self._weighed_at != now:
            counts = np.fromiter((self.count(feature) for feature in self._features), dtype=np.float64)
            pairs = np.fromiter((" " in feature for feature in self._features), dtype=bool)
            weights = np.log((1 + self.phrasings()) / (1 + counts)) * np.where(pairs, PAIR_WEIGHT, 1.0)
            # A word that stands in every phrasing says nothing, but must not make a length of zero.
            self._weights = np.maximum(weights, _LEAST_WEIGHT)
            squares = self._weights**2
            self._norms = np.ones(len(self._rows))
            for row, content in enumerate(self._rows):
                if content is not None and content[2]:
                    self._norms[row] = np.sqrt(squares[list(content[2])].sum())
            self._weighed_at = now
        return self._weights, self._norms


def _pairs(terms: tuple[str, ...]) -> Iterator[str]:
    """Give the pairs of neighbours, the beginning and the end included."""
    if terms:
        ends = (_EDGE, *terms, _EDGE)
        for left, right in pairwise(ends):
            yield f"{left} {right}"
