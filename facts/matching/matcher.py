"""From a question as typed to a decision: questions in parts, and questions that lean on the one before."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from facts.matching.decision import (
    UNADDRESSED_FIT,
    UNADDRESSED_SIMILARITY,
    UNADDRESSED_THRESHOLD,
    Decision,
    Outcome,
    decide,
)
from facts.matching.index import EXACT
from facts.matching.lexicon import FUNCTION_TERMS, Query
from facts.matching.normalise import MAX_CHARACTERS, normalise
from facts.matching.wordlists import OTHER_WORDS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from facts.matching.index import Candidate, Index

# A question in more parts than this is a text; its first parts count.
MAX_PARTS = 3
# What goes beyond is not looked at: normalising drops what cannot be seen, and then cuts.
_MOST_TYPED = 2 * MAX_CHARACTERS

_ASKING = "who whom whose what when where why how which"
_QUESTION_WORDS = frozenset(
    f"{_ASKING} is are was were do does did can could will would has have had should may".split()
)
_QUESTION_WORD = (
    rf"(?:(?:in|on|at|from|to|for|by)\s+(?:{_ASKING.replace(' ', '|')})|{'|'.join(sorted(_QUESTION_WORDS))})"
)
# Where a text falls into parts: after a sentence, and before a question word that “and” or a comma leads in. What
# repeats takes all it can and gives nothing back: else a long run of spaces would be tried at every length.
_JOINT = re.compile(
    r"(?<![?!.;\n])[?!.;\n]++\s+"
    rf"|(?<!\s)(?:\s*+,)?\s++(?:and|also|plus|&|n|\+)\s++(?:also\s++)?(?={_QUESTION_WORD}\b)"
    rf"|,\s*(?={_QUESTION_WORD}(?:'?s)?\b)",
    re.IGNORECASE,
)
# A part of so many words may be keywords that ask.
_MOST_KEYWORDS = 3
_CLAUSE_END = re.compile(r"(?<![?!.,;:()\n])(?:[?!.,;:()\n]++\s+|[()\n]++)|[^\w\s?!.,;:()'’/&%$€£#*+=<>@\"“”-]+")
# So many clauses of a long text are looked at.
_MOST_CLAUSES = 12
_AND = {"and", "&", "n", "or"}
# “A and B” is taken apart only where each side is at most so many words ...
_LONGEST_SIDE = 3
# ... the question has at most so many ...
_LONGEST_COORDINATED = 20
# ... and each of the two questions that come of it is this sure of its answer.
SIDE_THRESHOLD = 0.85
# What is left of a question, without the rest, must be this sure: of several readings one may fit by chance.
SHORTENED_THRESHOLD = 0.8
# What a question says of who tells it, or where it is told.
_TELLING = re.compile(
    r"^\W*(?:(?:and|so|but|wait|ok)\W+)*who\s+(?:was it that\s+)?"
    r"(?:said|says|told|claims?|claimed|announced|confirmed|reported|stated)"
    r"(?:\s+(?:us|that|there|it))*\b"
    r"|^\W*(?:how|what)\s+(?:does|did|do)\s+(?:the|this|your)\s+\w+\s+(?:describe|(?:say|tell|write)(?:\s+us)?\s+about)\b"
    r"|\baccording\s+to\s+(?:the|this|your)\s+\w+",
    re.IGNORECASE,
)
_BEGINS_AS_QUESTION = re.compile(rf"\W*(?:and\s+|so\s+|ok(?:ay)?\s+|but\s+|also\s+)*{_QUESTION_WORD}\b", re.IGNORECASE)
_LEANS = re.compile(r"\W*(?:ok(?:ay)?\W+)?(?:and|what about|how about|also|then)\b", re.IGNORECASE)
_ABOUT = re.compile(r"\W*(?:(?:and|so|ok(?:ay)?|but)\W+)*(?:what|how)\s+about\b", re.IGNORECASE)
# Who says so is told with every fact.
_SAYS_WHO = re.compile(
    r"\W*(?:(?:and|so|but|ok(?:ay)?|wait)\W+)*(?:says who"
    r"|who (?:said|says|told|claims?|claimed|confirmed|reported)(?: (?:them|us|you|me))? (?:that|this|it|so)"
    r"|according to whom?|source)(?: (?:lol|then|though|exactly|please|again))*\W*",
    re.IGNORECASE,
)
# A word from the question before counts this much of its weight.
CONTEXT_FACTOR = 0.6
# A question that may lean on the one before is taken alone when that is so much surer.
ALONE_LEAD = 0.3
# A fact that was given before answers “by when?” as well, if this share of its phrasings asks with that kind of word.
_ASKED_SO = 0.1
# In “and Mars?”, so many words of the question before are tried in turn as the one whose place it takes.
_MOST_REPLACED = 4
# A reading that ends at a known unknown, or at an offer, is worth this much of one that ends at an answer.
_KNOWN_UNKNOWN, _OFFER = 0.7, 0.5
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


def _parted(text: str) -> list[str]:
    """Give the parts of a text; keywords before a comma are no part but what the question behind it is about."""
    parts: list[str] = []
    start = 0
    for joint in (*_JOINT.finditer(text), None):
        part = text[start : joint.start() if joint else None]
        if joint and joint[0].startswith(",") and _is_keywords(part) and not is_question(part):
            continue
        parts.append(part)
        start = joint.end() if joint else len(text)
    return [part for part in parts if part.strip()]


def _may_ask(part: str) -> bool:
    """Tell whether a part may be asked by itself: a question, or bare keywords (“launch month + how long?”)."""
    return is_question(part) or _is_keywords(part)


def _is_keywords(part: str) -> bool:
    terms = normalise(part).terms
    return len(terms) <= _MOST_KEYWORDS and any(term not in FUNCTION_TERMS for term in terms)


def _plain(text: str) -> str:
    """Spell the text out as the matcher reads it, so that “whats” begins as a question."""
    return " ".join(normalise(text).words)


def _sureness(match: Match) -> float:
    """Tell how well a reading works: what is known is worth most, an offer least."""
    worth = 1.0 if match.decision.outcome is Outcome.ANSWER else _KNOWN_UNKNOWN if match.decision.unknown else _OFFER
    return worth * match.decision.confidence


class Matcher:
    """Asks one or more indexes as one question: the shared entries, less the hidden ones, and those of a server."""

    def __init__(self, indexes: Sequence[Index], hidden: Collection[str] = ()) -> None:
        """Take the indexes, the shared one first; ``hidden`` are keys of the first to leave out."""
        self._indexes = indexes
        self._hidden = hidden
        # A matcher serves one question; its readings have texts in common.
        self._matched: dict[str, Match] = {}

    def match(self, question: str, context: str | None = None) -> tuple[Match, ...]:
        """Match a question.

        Args:
            question: as typed.
            context: the question that the same person asked just before, if any.

        Returns:
            One match; or, for a question in parts, one for each of its first parts: those with an answer first.
        """
        question = question[:_MOST_TYPED]
        whole = self._leaning(question, context) if context else self.match_alone(question)
        if whole.is_exact:
            return (whole,)
        answered, rest = self._in_parts(question, context)
        if len(answered) > 1 or (answered and whole.decision.outcome is not Outcome.ANSWER):
            return (*answered, *rest)
        if whole.with_context:
            return (whole,)
        if pair := self._coordinated(question, whole):
            return pair
        return (whole if whole.decision.outcome is Outcome.ANSWER else self._shortened(question, whole),)

    def _in_parts(self, question: str, context: str | None) -> tuple[list[Match], list[Match]]:
        """Match a question part by part: those with answers of their own, and the others."""
        parts = [part for part in _parted(question) if _may_ask(part)][:MAX_PARTS]
        if len(parts) < 2:  # noqa: PLR2004 - one part is no part
            return [], []
        answered: dict[tuple[str, ...], Match] = {}
        rest: list[Match] = []
        for place, part in enumerate(parts):
            match = self._leaning(part, parts[place - 1] if place else context or question, same_breath=place > 0)
            if match.decision.outcome is Outcome.ANSWER:
                answered.setdefault(match.decision.keys, match)
            elif is_question(part):
                rest.append(match)
        return list(answered.values()), rest

    def _coordinated(self, question: str, whole: Match) -> tuple[Match, ...]:
        """Match a question that asks the same of two things (“what do A and B mean”), once with either left out."""
        words = question.split()
        place = next((place for place, word in enumerate(words) if word.lower() in _AND), 0)
        if (
            not 0 < place < len(words) - 1
            or len(words) > _LONGEST_COORDINATED
            or (whole.candidates and " and " in whole.candidates[0].phrasing)
        ):
            return ()
        sides: list[list[Match]] = [[], []]
        for length in range(1, _LONGEST_SIDE + 1):
            sides[0].append(self.match_alone(" ".join(words[:place] + words[place + 1 + length :])))
            sides[1].append(self.match_alone(" ".join(words[: max(place - length, 0)] + words[place + 1 :])))
        first, second = (max(side, key=_sureness) for side in sides)
        both = (first, second)
        if first.decision.keys == second.decision.keys or any(
            match.decision.outcome is not Outcome.ANSWER or match.decision.confidence < SIDE_THRESHOLD for match in both
        ):
            return ()
        return both

    def _shortened(self, question: str, whole: Match) -> Match:
        """Match what is left without “who said that ...”, and the clauses that ask, each by itself."""
        readings = [self.match_alone(text) for text in (_TELLING.sub(" ", question),) if text != question]
        clauses = [clause for clause in _CLAUSE_END.split(question) if clause and clause.strip()][:_MOST_CLAUSES]
        asking = [(place, clause.strip()) for place, clause in enumerate(clauses) if is_question(clause)]
        for place, asked in asking[-MAX_PARTS:]:
            if asked != question.strip():
                rest = ", ".join(clauses[:place] or clauses[place + 1 :])
                readings.append(self._leaning(asked, rest, same_breath=True) if rest else self.match_alone(asked))
        if whole.candidates and len(clauses) > 1:
            explained = whole.candidates[0].explained
            kept = [
                clause
                for clause in clauses
                if any(word.is_content and word.term in explained for word in self._indexes[-1].read(clause).words)
            ]
            if kept:
                readings.append(self.match_alone(", ".join(kept)))
        best = max(readings, key=_sureness, default=whole)
        sure = best.decision.outcome is Outcome.ANSWER and best.decision.confidence >= SHORTENED_THRESHOLD
        return best if sure else whole

    def match_alone(self, question: str) -> Match:
        """Match a question as a whole and by itself."""
        match = self._matched.get(question)
        if match is None:
            match = self._matched[question] = self._match(self._indexes[-1].read(question))
        return match

    def _match(self, query: Query, *, with_context: bool = False) -> Match:
        found = self._indexes[0].search(query, hidden=self._hidden)
        for index in self._indexes[1:]:
            found.extend(index.search(query))
        found.sort(key=lambda candidate: (candidate.similarity < EXACT, -candidate.score, candidate.key))
        return self._decided(query, tuple(found), with_context=with_context)

    def _decided(self, query: Query, candidates: tuple[Candidate, ...], *, with_context: bool) -> Match:
        index = self._indexes[-1]
        return Match(query, candidates, decide(query, candidates, index.rarity, index.unlisted()), with_context)

    def _leaning(self, question: str, context: str, *, same_breath: bool = False) -> Match:
        """Match a question that may lean on the one before: alone, and filled up with that one's words.

        Where both were asked in the same breath, what points (“it”) points there.
        """
        alone = self.match_alone(question)
        content = sum(word.is_content for word in alone.query.words)
        points = any(word.points for word in alone.query.words)
        leans = _LEANS.match(alone.query.text) is not None
        asks = alone.query.only_asks
        if alone.is_exact or content > _LEANING_CONTENT or not (leans or points or asks or content <= 1):
            return alone
        if not (leans or points or asks) and self._says_nothing(alone.query):
            return alone
        before = self.match_alone(context)
        if _SAYS_WHO.fullmatch(alone.query.text) and before.decision.outcome is not Outcome.UNKNOWN:
            return replace(before, with_context=True)
        contexts = [before.query]
        if before.decision.outcome is not Outcome.UNKNOWN:
            contexts.append(self._indexes[-1].read(before.candidates[0].phrasing))
        about = _ABOUT.match(alone.query.text)
        asked = self._indexes[-1].read(alone.query.text[about.end() :]) if about else alone.query
        own = {word.term for word in asked.words if word.is_content}
        readings = [
            self._moved_on(self._match(query, with_context=True), before.decision.keys, own)
            for earlier in contexts
            for query in self._fill_ups(asked, earlier)
        ]
        filled = max(readings, key=_sureness)
        bound = asks or (points and same_breath)
        return alone if not bound and _sureness(alone) > _sureness(filled) + ALONE_LEAD else filled

    def _says_nothing(self, query: Query) -> bool:
        """Tell whether a text holds neither a question word nor a word of any phrasing: “lol”, “asdf”."""
        index = self._indexes[-1]
        return not any(
            word.typed in _QUESTION_WORDS or (word.is_content and any(index.count(term) for term in word.meanings))
            for word in query.words
        )

    def _moved_on(self, match: Match, given: tuple[str, ...], own: Collection[str]) -> Match:
        """Leave out the fact that was given before, if the question asks for another or for what it does not tell."""
        again = [candidate for candidate in match.candidates if candidate.key in given]
        if not again:
            return match
        others = tuple(candidate for candidate in match.candidates if candidate.key not in given)
        moved = self._decided(match.query, others, with_context=True)
        if any(word.typed in OTHER_WORDS for word in match.query.words):
            return moved
        if match.query.kind and not own and all(c.kind_share >= _ASKED_SO for c in again):
            return match
        explains = all(c.explained.issuperset(own) for c in again)
        return match if explains and (own or moved.decision.outcome is not Outcome.ANSWER) else moved

    def _fill_ups(self, query: Query, before: Query) -> list[Query]:
        """Fill a leaning question up with the words of the question before, in each way that makes sense.

        A question without a question word of its own (“and the other?”) asks the same of something else: its words
        take the place of a name, or of one other word, in that one. Otherwise that one's content words tell what “it”
        is.
        """
        is_name = self._indexes[-1].is_name
        have = set(query.terms)
        content = tuple(word for word in query.words if word.is_content)
        names_another = any(is_name(word.term) for word in content)
        if query.kind is None and not any(word.typed in _QUESTION_WORDS for word in query.words):
            kept = tuple(word for word in before.words if word.term not in have)
            unnamed = tuple(word for word in kept if not (content and is_name(word.term)))
            places = [place for place, word in enumerate(kept) if word.is_content and content][:_MOST_REPLACED]
            replaced = [kept[:place] + content + kept[place + 1 :] for place in places]
            topic = Query(content + tuple(word for word in unnamed if word.is_content))
            return [topic, *(Query(words, before.kind) for words in (unnamed + content, *replaced))]
        extra = tuple(
            # A name is what “it” stands for; other words only tell what it was about.
            word if is_name(word.term) else replace(word, factor=CONTEXT_FACTOR)
            for word in before.words
            if word.is_content and word.term not in have and not (names_another and is_name(word.term))
        )
        return [Query(query.words + extra, query.kind)]


def settle(matches: Sequence[Match], question: str, *, addressed: bool) -> Outcome:
    """Give the outcome of a question as a whole.

    Answered parts come first, so that the first match tells. Unaddressed, the bot answers only questions, and only
    when every part of the answer is very sure.
    """
    outcome = matches[0].decision.outcome
    if addressed:
        return outcome
    sure = all(
        match.decision.outcome is Outcome.ANSWER
        and match.decision.confidence >= UNADDRESSED_THRESHOLD
        and match.candidates[0].similarity >= UNADDRESSED_SIMILARITY
        and (match.is_exact or match.candidates[0].score >= UNADDRESSED_FIT)
        for match in matches
    )
    return Outcome.ANSWER if sure and is_question(question) else Outcome.IGNORED
