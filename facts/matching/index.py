"""The index in memory: which entries a question may mean, and how well each fits.

Two scores are added. The *counted* one is naive Bayes over words and pairs of neighbours (Manning, Raghavan and Schütze
2008, "Introduction to Information Retrieval", chapter 13): how much likelier the question's words are among an entry's
phrasings than anywhere. Postings hold, for each feature, the entries with it, so that a question touches only those;
a changed fact enters them at once. The *learnt* one (``learning``) tells the nearest entries apart.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from facts.matching.learning import Vector, Weights, learn
from facts.matching.lexicon import TYPO_FACTOR, Aliases, Query, Speller, question_kind, read_question
from facts.matching.normalise import Normalised, normalise, normalise_kept
from facts.matching.vocabulary import Vocabulary, pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from numpy.typing import NDArray

# From this similarity on, the question is a phrasing in the very same words; that entry is meant.
EXACT = 0.999
# A feature that an entry has not is taken for one seen this many times (additive smoothing).
_UNSEEN = 0.02
# What a feature gains an entry by the number of its phrasings that have it; beyond the last one, no more.
_GAINS = np.log1p(np.arange(4096) / _UNSEEN).astype(np.float32)
# What the counted score adds to the learnt one.
_COUNTED_SHARE = 0.15
# So many entries of the best counted score are looked at closely.
_CANDIDATES = 16
# So many of these, the best of both scores, are given back; and so many compared phrasing by phrasing.
_SHOWN = 8
_COMPARED = 3
# An entry learns from the phrasings of so many entries like it, the hardest first ...
_RIVALS = 24
# ... as many of them, and as many from everywhere, as it has phrasings of its own times this; within these bounds.
_OTHERS = 3
_LEAST_OTHERS, _MOST_OTHERS = 100, 300
# What it learns grows with the square of its own: of more than so many, evenly spread ones are taken.
_MOST_OWN = 500
# Which entries are alike is told by so many of an entry's features.
_TELLING = 48
# The vectors of so many phrasings are kept, since several entries learn from each.
_KEPT_VECTORS = 50_000
# The margin that a counted score lets expect, for entries that are still to learn: its foot, and its rise.
_ESTIMATE = (-0.9, 0.2)
# A feature that so many entries have, and this share of them, is kept as a row of gains: adding rows is fast.
_COMMON = 4096
_COMMON_SHARE = 1 / 8
# Entries of so many phrasings leave little unsaid of how people ask.
_RICH = 100
_LEAST = 1e-6
# One thread at a time changes or reads an index; a program has one engine, so one lock serves all of them.
_CHANGING = RLock()
_KIND = "\x01"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that a question may mean.

    Attributes:
        key: the entry's key.
        answers: whether it answers (a fact), or tells that there is no answer (a known unknown).
        score: how well it fits: the learnt margin, about -1 (no) to 1 (yes), and a share of the counted score.
        margin: the learnt margin alone.
        phrasing: its nearest phrasing; empty for those that were not compared phrasing by phrasing.
        similarity: that phrasing's similarity, 0 to 1.
        kind_share: share of its phrasings that ask for the same kind of answer as the question, 0 to 1.
        explained: the question's terms that stand in any of its phrasings or in its statement.
        on_topic: whether these hold any of the question's content words; sharing only “tell me about” says nothing.
    """

    key: str
    answers: bool
    score: float
    margin: float
    phrasing: str
    similarity: float
    kind_share: float
    explained: frozenset[str]
    on_topic: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    # Never changed but replaced: a copy of an index has the same ones.
    slot: int
    answers: bool
    phrasings: tuple[str, ...]
    rows: NDArray[np.int32]
    starts: NDArray[np.int32]
    features: NDArray[np.int32]
    counts: NDArray[np.int32]
    background: frozenset[str]
    kinds: Counter[str | None]
    learnt: Weights | None = None
    learnt_at: int = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question as features.

    Attributes:
        numbers: the known features, ascending.
        factors: how much of each one's weight counts.
        strange: how many of its words stand nowhere.
        words: its words and the names they stand for, known or not, with their factors.
        meanings_of: for each word of the question, the numbers of its known meanings.
        meanings: all of these.
    """

    numbers: NDArray[np.int32]
    factors: NDArray[np.float64]
    strange: int = 0
    words: dict[str, float] = field(default_factory=dict)
    meanings_of: tuple[tuple[int, ...], ...] = ()
    meanings: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))


class Index:
    """Phrasings of entries, searchable, and changeable at any time.

    Names belong into ``aliases`` before the first phrasing. An index may lie over a ``base``: it then counts words and
    names as both together do, and searches only its own entries. One thread may change and search it while another
    calls ``learn``.
    """

    def __init__(self, *, base: Index | None = None) -> None:
        """Begin empty."""
        self._base = base
        self._vocabulary: Vocabulary = Vocabulary(base._vocabulary if base else None)
        self.aliases: Aliases = base.aliases if base else Aliases()
        self.speller: Speller = Speller(base.speller if base else None)
        self._entries: dict[str, _Entry] = {}
        self._keys: list[str | None] = []
        self._free: list[int] = []
        self._postings: dict[int, array[int]] = {}
        # For common features the gain of each slot, and for each slot what a feature that it has not costs.
        self._rows: dict[int, NDArray[np.float32]] = {}
        self._costs: tuple[int, NDArray[np.float64]] = (-1, np.zeros(0))
        # The number of phrasings with each feature: of all, or over a base, which has most of them, of its own alone.
        self._frequencies = np.zeros(0, dtype=np.int32)
        self._own_frequencies: Counter[int] = Counter()
        self._tokens = np.zeros(0)
        self._live = 0
        self._own_tokens = 0
        self._unknowns = 0
        self.changes = 0
        self._anything_learnt = False
        # How often an entry has learnt.
        self.lessons = 0
        # Whether a search lets the entries that it finds learn first; if not, it goes by an estimate meanwhile.
        self.learns_on_demand: bool = base.learns_on_demand if base else True
        self._sample: tuple[int, list[tuple[str, int]]] | None = None
        self._vectors: dict[tuple[str, int], Vector] = {}

    def copy(self) -> Index:
        """Give one with the same entries, and what they have learnt, over the same base: to try a change in."""
        copied = Index(base=self._base)
        with _CHANGING:
            copied._vocabulary, copied.aliases = self._vocabulary.copy(), self.aliases
            copied.speller = self.speller.copy()
            copied._entries, copied._keys, copied._free = dict(self._entries), list(self._keys), list(self._free)
            copied._postings = {feature: posting[:] for feature, posting in self._postings.items()}
            copied._frequencies, copied._tokens = self._frequencies.copy(), self._tokens.copy()
            copied._own_frequencies = self._own_frequencies.copy()
            copied._live, copied._own_tokens, copied._unknowns = self._live, self._own_tokens, self._unknowns
            copied.changes, copied._anything_learnt = self.changes, self._anything_learnt
            copied.learns_on_demand = self.learns_on_demand
        return copied

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
        self._keep_up()
        phrasings = tuple(phrasings)
        normals = [normalise_kept(phrasing) for phrasing in phrasings]
        rows = [[self._vocabulary.add(feature) for feature in dict.fromkeys(self._features(n))] for n in normals]
        flat = np.fromiter(chain.from_iterable(rows), dtype=np.int32)
        features, counts = np.unique(flat, return_counts=True)
        for feature in map(self._vocabulary.feature, features.tolist()):
            if _is_word(feature):
                self._vocabulary.add_letters(feature)
        with _CHANGING:
            self.discard(key)
            entry = _Entry(
                slot=self._free.pop() if self._free else len(self._keys),
                answers=answers,
                phrasings=phrasings,
                rows=flat,
                starts=np.cumsum([0, *(len(row) for row in rows)], dtype=np.int32),
                features=features,
                counts=counts.astype(np.int32),
                background=frozenset(normalise_kept(background).terms),
                kinds=Counter(question_kind(normal.words) for normal in normals),
            )
            self.speller.learn(chain.from_iterable(normal.words for normal in normals))
            self._place(key, entry)

    def _place(self, key: str, entry: _Entry) -> None:
        self._entries[key] = entry
        if entry.slot == len(self._keys):
            self._keys.append(key)
            self._rows.clear()
            self._tokens = _room_for(self._tokens, len(self._keys))
        self._keys[entry.slot] = key
        self._tokens[entry.slot] = len(entry.rows)
        if self._base is None:
            self._frequencies = _room_for(self._frequencies, len(self._vocabulary))
            self._frequencies[entry.features] += entry.counts
        for feature, count in zip(entry.features.tolist(), entry.counts.tolist(), strict=True):
            posting = self._postings.get(feature)
            if posting is None:
                posting = self._postings[feature] = array("i")
            posting.extend((entry.slot, count))
            if self._base is not None:
                self._own_frequencies[feature] += count
            self._rows.pop(feature, None)
        self._live += len(entry.phrasings)
        self._own_tokens += len(entry.rows)
        self._unknowns += not entry.answers
        self._forget_learnt(key)

    def _keep_up(self) -> None:
        """Call by the base's numbers what it has come to know since: both must count it as the same."""
        with _CHANGING:
            numbers = self._vocabulary.renumbered()
            if not numbers:
                return
            before = np.array(sorted(numbers), dtype=np.int32)
            after = np.array([numbers[number] for number in before.tolist()], dtype=np.int32)

            def renumber(features: NDArray[np.int32]) -> NDArray[np.int32]:
                places = np.minimum(before.searchsorted(features), len(before) - 1)
                return np.where(before[places] == features, after[places], features)

            for key, entry in self._entries.items():
                features = renumber(entry.features)
                order = np.argsort(features)
                self._entries[key] = replace(
                    entry,
                    rows=renumber(entry.rows),
                    features=features[order],
                    counts=entry.counts[order],
                    learnt=None,
                )
            self._postings = {numbers.get(feature, feature): posting for feature, posting in self._postings.items()}
            frequencies = self._own_frequencies.items()
            self._own_frequencies = Counter({numbers.get(feature, feature): count for feature, count in frequencies})
            self._rows.clear()
            self._vectors.clear()

    def discard(self, key: str) -> None:
        """Take an entry out, if it is there."""
        with _CHANGING:
            entry = self._entries.get(key)
            if entry is None:
                return
            self._forget_learnt(key)
            del self._entries[key]
            for feature, count in zip(entry.features.tolist(), entry.counts.tolist(), strict=True):
                posting = self._postings[feature]
                place = 2 * posting[::2].index(entry.slot)
                del posting[place : place + 2]
                self._rows.pop(feature, None)
                if not posting:
                    del self._postings[feature]
                if self._base is not None:
                    self._own_frequencies[feature] -= count
            if self._base is None:
                self._frequencies[entry.features] -= entry.counts
            self.speller.forget(chain.from_iterable(normalise_kept(phrasing).words for phrasing in entry.phrasings))
            self._keys[entry.slot] = None
            self._tokens[entry.slot] = np.inf
            self._free.append(entry.slot)
            self._live -= len(entry.phrasings)
            self._own_tokens -= len(entry.rows)
            self._unknowns -= not entry.answers

    def read(self, question: str) -> Query:
        """Make a question ready for ``search``."""
        with _CHANGING:
            self._keep_up()
            return read_question(normalise(question), self.speller, self.aliases, self._is_known)

    def is_name(self, term: str) -> bool:
        """Tell whether a term is part of a name or alias."""
        return self.aliases.is_part(term)

    def rarity(self, term: str) -> float:
        """Give how much a word weighs: the logarithm of one over the share of phrasings that have it."""
        return math.log((1 + self.phrasings()) / (1 + self.count(term)))

    def count(self, feature: str) -> int:
        """Give the number of phrasings with this feature, those of the base included."""
        number = self._vocabulary.get(feature)
        return 0 if number is None else self._count(number)

    def _count(self, number: int) -> int:
        if self._base is None:
            return int(self._frequencies[number]) if number < len(self._frequencies) else 0
        return self._own_frequencies[number] + self._base._count(number)

    def phrasings(self) -> int:
        """Give the number of phrasings, those of the base included."""
        return self._live + self._base.phrasings() if self._base else self._live

    def unlisted(self) -> float:
        """Tell how little the store lists of what it does not answer although it is rich in phrasings, 0 to 1.

        It is 0 where known unknowns are at least half of the entries, or entries have few phrasings.
        """
        layers = self._layers()
        entries = max(sum(len(index._entries) for index in layers), 1)
        unknowns = sum(index._unknowns for index in layers)
        return max(0.0, 1 - 2 * unknowns / entries) * min(1.0, self.phrasings() / entries / _RICH)

    def search(self, query: Query, *, hidden: Collection[str] = ()) -> list[Candidate]:
        """Give the entries that share words with the question, best first; equal ones in the order of their keys.

        Args:
            query: from ``read``, of this index or of one that lies over it.
            hidden: keys of entries to leave out.
        """
        with _CHANGING:
            self._keep_up()
            asked = self._ask(query)
            vector = self._text_vector(asked)
            scored = []
            for counted, key in self._rank(asked, _CANDIDATES, hidden):
                margin = self._margin(key, vector, counted)
                scored.append((-(margin + _COUNTED_SHARE * counted), key, margin))
            scored.sort()
            found = [
                self._candidate(key, -score, margin, query, asked, compared=place < _COMPARED)
                for place, (score, key, margin) in enumerate(scored[:_SHOWN])
            ]
            return sorted(found, key=lambda candidate: candidate.similarity < EXACT)

    def learn(self, limit: int | None = None) -> int:
        """Let entries learn that have not, or whose neighbours have changed; ``search`` would do it on demand.

        Args:
            limit: at most so many.

        Returns:
            How many have learnt; 0 when none is left to.
        """
        waiting = [key for key, entry in list(self._entries.items()) if not self._has_learnt(entry)][:limit]
        for key in waiting:
            with _CHANGING:
                self._keep_up()
                entry = self._entries.get(key)
                if entry is None:
                    continue
                lesson, then = self._lesson(key), self._version()
            learnt = learn(*lesson)  # The long part leaves the index to others ...
            with _CHANGING:
                if self._version() == then:  # ... who may have changed it.
                    self._keep_learnt(key, learnt)
        if not waiting:
            self._vectors.clear()
        return len(waiting)

    def _version(self) -> tuple[int, int]:
        return self.changes, self._base.changes if self._base else 0

    # Searching

    def _ask(self, query: Query) -> _Asked:
        """Turn a question into features: its words, the names they stand for, pairs of neighbours, and the kind."""
        factors: dict[str, float] = {}
        for word in query.words:
            names = [name for name in sorted(word.names) if self._is_known(name)]
            for term in names if names and not self._is_known(word.term) else (word.term, *names):
                factors[term] = max(word.factor, factors.get(term, 0.0))
        words = dict(factors)
        own = tuple(word.term for word in query.words if word.factor >= TYPO_FACTOR)
        factors.update(dict.fromkeys(pairs(own), 1.0))
        if query.kind:
            factors[_KIND + query.kind] = 1.0
        known: dict[int, float] = {}
        strange = 0
        for feature, factor in factors.items():
            number = self._vocabulary.get(feature)
            if number is not None and self._count(number):
                known[number] = factor
            elif feature in words:
                strange += 1
        numbers = np.array(sorted(known), dtype=np.int32)
        meanings_of = tuple(
            tuple(number for meaning in word.meanings if (number := self._vocabulary.get(meaning)) is not None)
            for word in query.words
        )
        return _Asked(
            numbers=numbers,
            factors=np.array([known[number] for number in numbers.tolist()]),
            strange=strange,
            words=words,
            meanings_of=meanings_of,
            meanings=np.fromiter(chain.from_iterable(meanings_of), dtype=np.int32),
        )

    def _rank(self, asked: _Asked, limit: int, hidden: Collection[str] = ()) -> list[tuple[float, str]]:
        """Give the entries of the highest counted scores, with these, best first."""
        if not len(asked.numbers) or not self._entries:
            return []
        scores = np.zeros(len(self._keys))
        for number, factor in zip(asked.numbers.tolist(), asked.factors.tolist(), strict=True):
            posting = self._postings.get(number)
            if posting is None:
                continue
            if len(posting) >= 2 * max(_COMMON, _COMMON_SHARE * len(self._keys)):
                scores += factor * self._row(number, posting)
            else:
                slots, gains = _slots_and_gains(posting)
                scores[slots] += factor * gains
                # A view keeps the posting from growing.
                del slots
        for key in self._entries.keys() & hidden:
            scores[self._entries[key].slot] = 0.0
        length = float(asked.factors.sum())
        surprise = float(asked.factors @ self._surprise(asked.numbers))
        slots = np.flatnonzero(scores).astype(np.int32)
        scores = scores[slots] - length * self._missing()[slots]
        if len(slots) > limit:
            best = scores >= np.partition(scores, -limit)[-limit]
            slots, scores = slots[best], scores[best]
        found = sorted(
            (-(score + surprise) / math.sqrt(length), str(self._keys[slot]))
            for slot, score in zip(slots.tolist(), scores.tolist(), strict=True)
        )
        return [(-score, key) for score, key in found[:limit]]

    def _row(self, number: int, posting: array[int]) -> NDArray[np.float32]:
        """Give what a common feature gains each slot."""
        row = self._rows.get(number)
        if row is None:
            row = np.zeros(len(self._keys), dtype=np.float32)
            slots, gains = _slots_and_gains(posting)
            row[slots] = gains
            self._rows[number] = row
        return row

    def _missing(self) -> NDArray[np.float64]:
        """Give what a feature costs each slot that has it not: the longer the entry, the more."""
        version = sum(self._version())
        if self._costs[0] != version:
            self._costs = (version, np.log(self._tokens[: len(self._keys)] / _UNSEEN + self._feature_total()))
        return self._costs[1]

    def _candidate(
        self, key: str, score: float, margin: float, query: Query, asked: _Asked, *, compared: bool
    ) -> Candidate:
        entry = self._entries[key]
        has = set(_found(entry.features, asked.meanings).tolist())
        explained = frozenset(
            word.term
            for word, meanings in zip(query.words, asked.meanings_of, strict=True)
            if not has.isdisjoint(meanings) or not entry.background.isdisjoint(word.meanings)
        )
        phrasing, similarity = self._nearest(entry, asked) if compared else ("", 0.0)
        return Candidate(
            key=key,
            answers=entry.answers,
            score=score,
            margin=margin,
            phrasing=phrasing,
            similarity=similarity,
            kind_share=entry.kinds[query.kind] / len(entry.phrasings),
            explained=explained,
            on_topic=query.is_on_topic(explained),
        )

    def _nearest(self, entry: _Entry, asked: _Asked) -> tuple[str, float]:
        """Give an entry's nearest phrasing, and how near it is: the cosine of both texts' features by their rarity."""
        weights, length = self._word_weights(asked)
        rarities = self._rarities(entry.rows)
        places = np.minimum(asked.numbers.searchsorted(entry.rows), len(asked.numbers) - 1)
        shared = np.where(asked.numbers[places] == entry.rows, weights[places] * rarities, 0.0)
        filled = np.flatnonzero(np.diff(entry.starts))
        starts = entry.starts[filled]
        near = np.add.reduceat(shared, starts) / np.sqrt(np.add.reduceat(rarities**2, starts))
        best = int(near.argmax())
        return entry.phrasings[filled[best]], float(near[best]) / length

    # Learning

    def _learnt(self, key: str) -> Weights:
        """Give what an entry has learnt; it learns now if it has not, or if the base has changed since."""
        entry = self._entries[key]
        if entry.learnt is not None and self._has_learnt(entry):
            return entry.learnt
        return self._keep_learnt(key, learn(*self._lesson(key)))

    def _keep_learnt(self, key: str, learnt: Weights) -> Weights:
        self._entries[key] = replace(self._entries[key], learnt=learnt, learnt_at=self._version()[1])
        self._anything_learnt = True
        self.lessons += 1
        return learnt

    def _margin(self, key: str, vector: Vector, counted: float) -> float:
        if self.learns_on_demand or self._has_learnt(self._entries[key]):
            return self._learnt(key).margin(vector)
        return min(max(_ESTIMATE[0] + _ESTIMATE[1] * counted, -1.0), 1.0)

    def _has_learnt(self, entry: _Entry) -> bool:
        return entry.learnt is not None and entry.learnt_at == self._version()[1]

    def _lesson(self, key: str) -> tuple[list[Vector], list[Vector]]:
        """Give the phrasings from which an entry learns: its own, and those of others."""
        count = len(self._entries[key].phrasings)
        own = [self._vector_of(key, row) for row in range(0, count, max(math.ceil(count / _MOST_OWN), 1))]
        number = min(max(_OTHERS * len(own), _LEAST_OTHERS), _MOST_OTHERS)
        return own, [*self._hardest(key, number), *self._everywhere(key, number)]

    def _forget_learnt(self, key: str) -> None:
        """Let an entry and those like it learn anew, since what they learnt from has changed."""
        self.changes += 1
        self._vectors.clear()
        self._entries[key] = replace(self._entries[key], learnt=None)
        if not self._anything_learnt:
            return
        for index, rival in self._rivals(key):
            if index is self:
                self._entries[rival] = replace(self._entries[rival], learnt=None)

    def _rivals(self, key: str) -> list[tuple[Index, str]]:
        """Give the entries most like this one: those that its most telling words, all together, would find."""
        entry = self._entries[key]
        telling = np.argsort(-entry.counts * self._surprise(entry.features), kind="stable")[:_TELLING]
        telling.sort()
        asked = _Asked(entry.features[telling], entry.counts[telling].astype(np.float64))
        return [(index, rival) for index in self._layers() for _, rival in index._rank(asked, _RIVALS, (key,))]

    def _hardest(self, key: str, number: int) -> Iterator[Vector]:
        """Give the phrasings of its rivals that an entry's own words explain best, a word on average."""
        entry = self._entries[key]
        if not len(entry.features):
            return
        never = math.log(len(entry.rows) / _UNSEEN + self._feature_total())
        found: list[tuple[float, str, int, Index]] = []
        for index, rival_key in self._rivals(key):
            rival = index._entries[rival_key]
            places = np.minimum(np.searchsorted(entry.features, rival.rows), len(entry.features) - 1)
            shared = entry.features[places] == rival.rows
            gains = np.where(shared, np.log1p(entry.counts[places] / _UNSEEN), 0.0) + self._surprise(rival.rows) - never
            filled = np.flatnonzero(np.diff(rival.starts))
            means = np.add.reduceat(gains, rival.starts[filled]) / np.diff(rival.starts)[filled]
            found += [(-mean, rival_key, row, index) for mean, row in zip(means.tolist(), filled.tolist(), strict=True)]
        found.sort(key=lambda hit: hit[:3])
        for _, rival_key, row, index in found[:number]:
            yield index._vector_of(rival_key, row)

    def _everywhere(self, key: str, number: int) -> list[Vector]:
        """Give phrasings of other entries, evenly spread over all of them."""
        rows = [(index, *place) for index in self._layers() for place in index._spread() if place[0] != key]
        return [index._vector_of(other, row) for index, other, row in rows[:: max(len(rows) // number, 1)]]

    def _spread(self) -> list[tuple[str, int]]:
        """Give some phrasings, by key and row, evenly spread over the entries in the order of their keys."""
        if self._sample is None or self._sample[0] != self.changes:
            keys = sorted(self._entries)
            ends = np.cumsum([len(self._entries[key].phrasings) for key in keys], dtype=np.int64)
            positions = np.arange(0, self._live, max(self._live // _MOST_OTHERS, 1))
            places = np.searchsorted(ends, positions, side="right").tolist()
            starts = (ends[places] - [len(self._entries[keys[place]].phrasings) for place in places]).tolist()
            rows = [(keys[p], int(at - start)) for p, at, start in zip(places, positions, starts, strict=True)]
            self._sample = (self.changes, rows)
        return self._sample[1]

    def _vector_of(self, key: str, row: int) -> Vector:
        """Give a phrasing as a vector; those used last are kept."""
        vector = self._vectors.get((key, row))
        if vector is None:
            while len(self._vectors) >= _KEPT_VECTORS:
                del self._vectors[next(iter(self._vectors))]
            entry = self._entries[key]
            ids = np.sort(entry.rows[entry.starts[row] : entry.starts[row + 1]])
            rarities = self._rarities(ids)
            words = zip(map(self._vocabulary.feature, ids.tolist()), rarities.tolist(), strict=True)
            letters = [
                (runs, len(runs), rarity)
                for word, rarity in words
                if _is_word(word) and (runs := self._vocabulary.add_letters(word)) is not None
            ]
            length = math.sqrt(float(rarities @ rarities))
            vector = self._vectors[key, row] = _joined(ids, rarities / max(length, _LEAST), letters)
        return vector

    def _text_vector(self, asked: _Asked) -> Vector:
        weights, length = self._word_weights(asked)
        letters = []
        for term, factor in asked.words.items():
            letters.append((*self._vocabulary.letters(term), factor * self.rarity(term)))
        return _joined(asked.numbers, weights / length, letters)

    # Counting

    def _layers(self) -> tuple[Index, ...]:
        return (self, *(self._base._layers() if self._base else ()))

    def _word_weights(self, asked: _Asked) -> tuple[NDArray[np.float64], float]:
        """Give the weights of a question's features, and the length of all, with those of words that stand nowhere."""
        weights = asked.factors * self._rarities(asked.numbers)
        strange = asked.strange * math.log(1 + self.phrasings()) ** 2
        return weights, max(math.sqrt(float(weights @ weights) + strange), _LEAST)

    def _rarities(self, numbers: NDArray[np.int32]) -> NDArray[np.float64]:
        """Give how much each feature weighs; see ``rarity``."""
        return np.maximum(np.log((1 + self.phrasings()) / (1 + self._counts(numbers))), _LEAST)

    def _surprise(self, numbers: NDArray[np.int32]) -> NDArray[np.float64]:
        """Give how unlikely each feature is among all that are counted, as a logarithm."""
        return np.log(self._token_total() / np.maximum(self._counts(numbers), 1))

    def _counts(self, numbers: NDArray[np.int32]) -> NDArray[np.float64]:
        """Give the number of phrasings with each feature, those of the base included."""
        if self._base is None:
            counts = np.zeros(len(numbers))
            seen = numbers < len(self._frequencies)
            counts[seen] = self._frequencies[numbers[seen]]
            return counts
        own = map(self._own_frequencies.get, numbers.tolist(), repeat(0))
        return self._base._counts(numbers) + np.fromiter(own, dtype=np.float64, count=len(numbers))

    def _token_total(self) -> int:
        return self._own_tokens + (self._base._token_total() if self._base else 0)

    def _feature_total(self) -> int:
        return len(self._postings) + (self._base._feature_total() if self._base else 0)

    def _features(self, normal: Normalised) -> Iterator[str]:
        yield from normal.terms
        for _, _, name in self.aliases.found(normal.terms):
            yield from name
        yield from pairs(normal.terms)
        if kind := question_kind(normal.words):
            yield _KIND + kind

    def _is_known(self, term: str) -> bool:
        return self.count(term) > 0


def _joined(
    ids: NDArray[np.int32], weights: NDArray[np.float64], letters: list[tuple[NDArray[np.int32], int, float]]
) -> Vector:
    """Join the words of a text and the letter runs of its words to one vector, each half of length at most 1.

    A word's letter runs share the square root of its rarity: letters tell less than words, and less differs.

    Args:
        ids: the known features, ascending.
        weights: theirs, of length at most 1.
        letters: for each word its known letter runs, how many it has in all, and its rarity.
    """
    runs = np.concatenate([known for known, _, _ in letters]) if letters else np.zeros(0, dtype=np.int32)
    shares = [np.full(len(known), math.sqrt(max(rarity, 0.0) / total)) for known, total, rarity in letters]
    unknown = sum(max(rarity, 0.0) * (total - len(known)) / total for known, total, rarity in letters)
    unique, places = np.unique(runs, return_inverse=True)
    sums = np.bincount(places, np.concatenate(shares)) if letters else np.zeros(0)
    length = math.sqrt(float(sums @ sums) + unknown)
    half = math.sqrt(0.5)
    joined = np.concatenate([sums * (half / max(length, _LEAST)), weights * half])
    return Vector(np.concatenate([unique, ids]).astype(np.int32), joined.astype(np.float32))


def _slots_and_gains(posting: array[int]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Give the slots of a posting (a view of it), and what the feature gains each."""
    placed = np.frombuffer(posting, dtype=np.int32).reshape(-1, 2)
    return placed[:, 0], _GAINS[np.minimum(placed[:, 1], len(_GAINS) - 1)]


def _found(numbers: NDArray[np.int32], wanted: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give those of the wanted numbers that are among these, which ascend."""
    if not len(numbers):
        return wanted[:0]
    places = np.minimum(numbers.searchsorted(wanted), len(numbers) - 1)
    found: NDArray[np.int32] = wanted[numbers[places] == wanted]
    return found


def _is_word(feature: str) -> bool:
    return " " not in feature and not feature.startswith(_KIND)


def _room_for(numbers: NDArray[Any], size: int) -> NDArray[Any]:
    """Give the array, with room for at least this many numbers."""
    if len(numbers) >= size:
        return numbers
    grown = np.zeros(max(size, 2 * len(numbers)), dtype=numbers.dtype)
    grown[: len(numbers)] = numbers
    return grown
