"""What a question's words stand for: names by their aliases, misspellings by the words they resemble."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

from facts.matching.normalise import Normalised, normalise_kept, stem
from facts.matching.wordlists import FUNCTION_WORDS, POINTING_WORDS, QUESTION_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

# A misspelt word counts a little less than the word itself.
TYPO_FACTOR = 0.9
# Words shorter than this are too easily another word ("cost", "most").
_TYPO_MIN_LENGTH = 4
# Of words of this length, only two swapped letters are put right ("adn").
_SWAP_LENGTH = 3
# From these lengths on, this many edits (of letters, or two letters swapped) are forgiven.
_TYPO_EDITS = ((7, 2), (_TYPO_MIN_LENGTH, 1))
# A number behind a name, of at most so many digits, tells which one of that name.
_LONGEST_NUMBERING = 2
_DOUBLE = re.compile(r"(.)\1")
_LONGEST_KIND = max(len(words.split()) for words in QUESTION_KINDS)
_KIND_TERMS = frozenset(stem(word) for words in QUESTION_KINDS for word in words.split())
FUNCTION_TERMS = frozenset(stem(word) for word in FUNCTION_WORDS)


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
        return self.term not in FUNCTION_TERMS

    @property
    def points(self) -> bool:
        """Whether the word points at what was said before."""
        return self.typed in POINTING_WORDS


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready for the index: its words, the kind of answer that it asks for, and its text spelt right."""

    words: tuple[Word, ...]
    kind: str | None = None
    text: str = ""
    # Whether it numbers a name as no phrasing does (“Apollo 31”): that is something else than what is known.
    names_stranger: bool = False

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms in order."""
        return tuple(word.term for word in self.words)

    @property
    def tells_only_numbers(self) -> bool:
        """Whether a number is all that it is about: “what is 2 + 2?” is not about a “hall 2”."""
        content = [word.term for word in self.words if word.is_content]
        return bool(content) and all(term.isdecimal() for term in content)

    @property
    def only_points(self) -> bool:
        """Whether it has no content word and points at something (“who said it?”)."""
        return not any(word.is_content for word in self.words) and any(word.points for word in self.words)

    @property
    def only_asks(self) -> bool:
        """Whether it says only what is wanted, not of what (“which year?”)."""
        return self.kind is not None and all(not w.is_content or w.term in _KIND_TERMS for w in self.words)

    def is_guesswork(self, explained: Collection[str]) -> bool:
        """Tell whether only words that were taken for others are explained by these terms, and not all words are."""
        about = [word for word in self.words if word.is_content]
        known = [word for word in about if word.term in explained]
        return len(known) < len(about) and bool(known) and all(word.factor == TYPO_FACTOR for word in known)

    def is_on_topic(self, explained: Collection[str]) -> bool:
        """Tell whether these terms hold any of the question's content words but numbers, or it has none at all."""
        about = [word.term for word in self.words if word.is_content]
        return not about or any(term in explained and not term.isdecimal() for term in about)


@dataclass(slots=True)
class Aliases:
    """Names' other spellings, as sequences of terms."""

    _by_first: dict[str, list[tuple[tuple[str, ...], frozenset[str]]]] = field(default_factory=dict)
    _parts: frozenset[str] = frozenset()

    def add(self, name: str, aliases: Iterable[str], *, is_name: bool = True) -> None:
        """Let each alias stand for the name as well, and the name for itself; ``is_name``: it is no common word."""
        name_terms = frozenset(normalise_kept(name).terms)
        for terms in filter(None, (normalise_kept(alias).terms for alias in (name, *aliases))):
            self._by_first.setdefault(terms[0], []).append((terms, name_terms - frozenset(terms)))
            if is_name:
                self._parts |= frozenset(terms) - FUNCTION_TERMS

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
        # The words by first letter and length, so that a misspelling is compared with few.
        self._alike: dict[tuple[str, int], dict[str, None]] = {}

    def copy(self) -> Speller:
        """Give one that knows the same words, over the same base, and may learn others."""
        copied = Speller(self._base)
        copied._words = dict(self._words)
        copied._alike = {place: dict(words) for place, words in self._alike.items()}
        return copied

    def learn(self, words: Iterable[str]) -> None:
        """Count these words as known once more."""
        for word in words:
            count = self._words.get(word, 0)
            self._words[word] = count + 1
            if not count and len(word) >= _TYPO_MIN_LENGTH:
                self._alike.setdefault((word[0], len(word)), {})[word] = None

    def forget(self, words: Iterable[str]) -> None:
        """Take back one ``learn``."""
        for word in words:
            if self._words[word] == 1:
                del self._words[word]
                if len(word) >= _TYPO_MIN_LENGTH:
                    del self._alike[word[0], len(word)][word]
            else:
                self._words[word] -= 1

    def __contains__(self, word: str) -> bool:
        return word in self._words or (self._base is not None and word in self._base)

    def nearest(self, word: str) -> str | None:
        """Give the known word that this one is most likely meant to be, or None.

        A letter typed twice is one too many. Else, the more letters a word has, the more of them may be wrong; the
        first letter must be right unless the first two were swapped. Of equally near words the more frequent
        counts, then the alphabet.
        """
        single = _DOUBLE.sub(r"\1", word)
        if single != word and single in self:
            return single
        if len(word) == _SWAP_LENGTH:
            return next((other for other in (word[0] + word[:0:-1], word[1::-1] + word[2]) if other in self), None)
        edits = next((edits for length, edits in _TYPO_EDITS if len(word) >= length), 0)
        if not edits or not word.isalpha():
            return None
        choices = [
            known
            for length in range(max(len(word) - edits, _TYPO_MIN_LENGTH), len(word) + edits + 1)
            for first in dict.fromkeys(word[:2])
            for known in self._alike.get((first, length), ())
            if (first == word[0] or known[:2] == word[1::-1])
            # Of four letters, another letter makes another word ("boys", "boss"): only swaps and gaps are forgiven.
            and (len(word) > _TYPO_MIN_LENGTH or len(known) != len(word) or sorted(known) == sorted(word))
        ]
        found = [
            hit
            for hit in process.extract(word, choices, scorer=OSA.distance, score_cutoff=edits + 1, limit=None)
            # The same letters in another order may lie one edit further off.
            if hit[1] <= edits or sorted(hit[0]) == sorted(word)
        ]
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
    spelt: list[str] = []
    position = 0
    while position < len(normal.words):
        typed, term = normal.words[position], normal.terms[position]
        known = is_term(term)
        following = normal.words[position + 1] if position + 1 < len(normal.words) else ""
        joined = typed + following
        if following and not (known and is_term(stem(following))) and joined in speller:
            words.append(Word(f"{typed} {following}", stem(joined)))
            spelt.append(joined)
            position += 2
            continue
        position += 1
        plain = known or term in FUNCTION_TERMS
        nearest = None if plain else speller.nearest(typed)
        parts = () if plain or (nearest and OSA.distance(typed, nearest) == 1) else _split(typed, speller)
        if parts:
            words.extend(Word(part, stem(part)) for part in parts)
            spelt.extend(parts)
        elif nearest:
            words.append(Word(typed, stem(nearest), TYPO_FACTOR))
            spelt.append(nearest)
        else:
            words.append(Word(typed, term))
            spelt.append(typed)
    for position, length, name in aliases.found(tuple(word.term for word in words)):
        for place in range(position, position + length):
            words[place] = replace(words[place], names=words[place].names | name)
    stranger = _numbers_stranger(words, aliases, is_term)
    return Query(tuple(words), question_kind(tuple(spelt)), " ".join(spelt), names_stranger=stranger)


def _numbers_stranger(words: Sequence[Word], aliases: Aliases, is_term: Callable[[str], bool]) -> bool:
    """Tell whether a name is followed by a number that is none of something, and that never follows it elsewhere."""
    return any(
        number.term.isdecimal()
        and len(number.term) <= _LONGEST_NUMBERING
        and aliases.is_part(name.term)
        and not is_term(f"{name.term} {number.term}")
        and not (following and following.is_content)
        for name, number, following in zip(words, words[1:], (*words[2:], None), strict=False)
    )


# What makes another word of a word, mostly its opposite, though it may stand alone in a phrasing.
_PREFIXES = frozenset({"anti", "dis", "mis", "non"})


def _split(word: str, speller: Speller) -> tuple[str, ...]:
    """Part two known words that were written as one (“robotarm”, not “nonsense”)."""
    for cut in range(3, len(word) - 2):
        if word[:cut] in speller and word[cut:] in speller and word[:cut] not in _PREFIXES:
            return word[:cut], word[cut:]
    return ()
