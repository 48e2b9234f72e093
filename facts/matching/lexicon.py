"""What a question's words stand for: names by their aliases, misspellings by the words they resemble."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

from facts.matching.normalise import Normalised, normalise, stem
from facts.matching.wordlists import FUNCTION_WORDS, QUESTION_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# A misspelt word counts a little less than the word itself.
TYPO_FACTOR = 0.9
# Words shorter than this are too easily another word ("cost", "most").
_TYPO_MIN_LENGTH = 4
# From these lengths on, this many edits (of letters, or two letters swapped) are forgiven.
_TYPO_EDITS = ((7, 2), (_TYPO_MIN_LENGTH, 1))
_LONGEST_KIND = max(len(words.split()) for words in QUESTION_KINDS)
_FUNCTION_TERMS = frozenset(stem(word) for word in FUNCTION_WORDS)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a question.

    Attributes:
        typed: as typed.
        term: the term that it is taken for.
        factor: how much of its weight counts, 0 to 1: less when it was misspelt or comes from the question before.
        names: the terms of the name for which it stands as (part of) an alias.
    """

    typed: str
    term: str
    factor: float = 1.0
    names: frozenset[str] = frozenset()

    @property
    def meanings(self) -> frozenset[str]:
        """The terms by which an entry can explain the word."""
        return self.names | {self.term}

    @property
    def is_content(self) -> bool:
        """Whether the word says what the question is about, rather than how the sentence is built."""
        return self.term not in _FUNCTION_TERMS


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready for the index: its words, and the kind of answer that it asks for."""

    words: tuple[Word, ...]
    kind: str | None = None

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms in order."""
        return tuple(word.term for word in self.words)


@dataclass(slots=True)
class Aliases:
    """Names' other spellings, as sequences of terms."""

    _by_first: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]] = field(default_factory=dict)
    _parts: frozenset[str] = frozenset()

    def add(self, name: str, aliases: Iterable[str]) -> None:
        """Let each alias stand for the name as well, and the name for itself."""
        name_terms = normalise(name).terms
        for alias in (name, *aliases):
            terms = normalise(alias).terms
            if terms:
                entry = (terms, frozenset(name_terms) - frozenset(terms))
                self._by_first.setdefault(terms[0], []).append(entry)
                self._parts |= frozenset(terms) - _FUNCTION_TERMS

    def is_part(self, term: str) -> bool:
        """Tell whether a term is part of any name or alias."""
        return term in self._parts

    def found(self, terms: tuple[str, ...]) -> Iterator[tuple[int, int, frozenset[str]]]:
        """Give each alias that stands in these terms: its position, its length, and the terms of the name."""
        for position, first in enumerate(terms):
            for alias, name in self._by_first.get(first, ()):
                if terms[position : position + len(alias)] == alias:
                    yield position, len(alias), name


def question_kind(words: tuple[str, ...]) -> str | None:
    """Give the kind of answer that a question asks for (“who”, “when”, “length” ...), or None.

    The longest and earliest of the question words counts.
    """
    best: tuple[int, str] | None = None
    for position in range(len(words)):
        for length in range(min(_LONGEST_KIND, len(words) - position), 0, -1):
            kind = QUESTION_KINDS.get(" ".join(words[position : position + length]))
            if kind is not None and (best is None or length > best[0]):
                best = (length, kind)
    return best[1] if best else None


class Speller:
    """Takes unknown words for the known words that they resemble: its own and those of its ``base``."""

    def __init__(self, base: Speller | None = None) -> None:
        self._base = base
        self._words: dict[str, int] = {}

    def learn(self, words: Iterable[str]) -> None:
        """Count these words as known once more."""
        for word in words:
            self._words[word] = self._words.get(word, 0) + 1

    def forget(self, words: Iterable[str]) -> None:
        """Take back one ``learn``."""
        for word in words:
            if self._words[word] == 1:
                del self._words[word]
            else:
                self._words[word] -= 1

    def __contains__(self, word: str) -> bool:
        return word in self._words or (self._base is not None and word in self._base)

    def nearest(self, word: str) -> str | None:
        """Give the known word that this one is most likely meant to be, or None.

        The more letters a word has, the more of them may be wrong; the first letter must be right unless the
        first two were swapped. Of equally near words the more frequent counts, then the alphabet.
        """
        edits = next((edits for length, edits in _TYPO_EDITS if len(word) >= length), 0)
        if not edits or not word.isalpha():
            return None
        choices = [
            known
            for known in self._words
            if abs(len(known) - len(word)) <= edits
            and len(known) >= _TYPO_MIN_LENGTH
            and (known[0] == word[0] or known[:2] == word[1::-1])
            # Of four letters, another letter makes another word ("boys", "boss"): only swaps and gaps are forgiven.
            and (len(word) > _TYPO_MIN_LENGTH or len(known) != len(word) or sorted(known) == sorted(word))
        ]
        found = process.extract(word, choices, scorer=OSA.distance, score_cutoff=edits, limit=None)
        if found:
            return min(found, key=lambda hit: (hit[1], -self._words[hit[0]], hit[0]))[0]
        return self._base.nearest(word) if self._base else None


def read_question(normal: Normalised, speller: Speller, aliases: Aliases, is_term: Callable[[str], bool]) -> Query:
    """Make a normalised question ready for the index.

    Args:
        normal: the question.
        speller: knows the words of the phrasings.
        aliases: the names' other spellings.
        is_term: whether a term stands in any phrasing.
    """
    words: list[Word] = []
    position = 0
    while position < len(normal.words):
        typed, term = normal.words[position], normal.terms[position]
        known = is_term(term)
        following = normal.words[position + 1] if position + 1 < len(normal.words) else ""
        joined = typed + following
        if following and not (known and is_term(stem(following))) and joined in speller:
            words.append(Word(f"{typed} {following}", stem(joined)))
            position += 2
            continue
        position += 1
        if known or term in _FUNCTION_TERMS:
            words.append(Word(typed, term))
        elif parts := _split(typed, speller):
            words.extend(Word(part, stem(part)) for part in parts)
        elif nearest := speller.nearest(typed):
            words.append(Word(typed, stem(nearest), TYPO_FACTOR))
        else:
            words.append(Word(typed, term))
    for position, length, name in aliases.found(tuple(word.term for word in words)):
        for place in range(position, position + length):
            words[place] = replace(words[place], names=words[place].names | name)
    return Query(tuple(words), question_kind(normal.words))


def _split(word: str, speller: Speller) -> tuple[str, str] | None:
    """Part two known words that were written as one (“robotarm”)."""
    for cut in range(3, len(word) - 2):
        if word[:cut] in speller and word[cut:] in speller:
            return word[:cut], word[cut:]
    return None
