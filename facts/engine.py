"""Answers from memory: the facts that are known now, and the question put to them.

Pure: no database and no clock. ``KnowledgeBase`` keeps it in step with the store.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facts.entities import Fact, KnownUnknown, Name
from facts.errors import FactNotFoundError
from facts.likeness import PLAIN_KINDS, group_alike
from facts.matching.decision import ANSWER_THRESHOLD, MAX_RELATED, Evidence, Outcome
from facts.matching.index import EXACT, Index
from facts.matching.lexicon import TYPO_FACTOR
from facts.matching.matcher import Match, Matcher, settle
from facts.matching.normalise import normalise_kept
from facts.shelf import Shelf, fact_key, id_of, key_of, unknown_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from facts.entities import Entry, Pack
    from facts.likeness import Asked

# A fact is worth showing beside an answer from this score on: below, it shares a stray word with the question.
_RELATED_SCORE = -0.9
# The topics that newcomers are shown, where there are facts of them.
_EXAMPLE_TOPICS = ("spacewalk", "crew", "modules")
# Of facts that supersede each other, so many are followed to the newest.
_MOST_SUCCESSORS = 5
_MOST_SHOWN = 3
# To find out what an entry is like, so many of its phrasings are asked.
_PHRASINGS_COMPARED = 8
# A word of a question weighs at least so much where it is held against others.
_LEAST_WEIGHT = 0.01


@dataclass(frozen=True, slots=True)
class Considered:
    """One candidate as told to those who ask why."""

    id: str
    phrasing: str
    score: float
    similarity: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one question, or one part of it, got what it got.

    Attributes:
        outcome: what it got.
        words: as it was read.
        corrected: words taken for others that they resemble: as typed, and as taken.
        explained: the words that say what it is about and that the best candidate explains.
        unexplained: those that it leaves over.
        considered: the best candidates, the best first.
        confidence: in the best, 0 to 1.
        threshold: the confidence from which on it answers.
        evidence: what the confidence rests on; None when nothing was near.
        with_context: whether it was read with the question before.
    """

    outcome: Outcome
    words: tuple[str, ...]
    corrected: tuple[tuple[str, str], ...]
    explained: tuple[str, ...]
    unexplained: tuple[str, ...]
    considered: tuple[Considered, ...]
    confidence: float
    threshold: float
    evidence: Evidence | None
    with_context: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gets.

    Attributes:
        question: as asked.
        outcome: what it gets.
        facts: the one to three facts of an answer, or the two or three of a choice.
        related: facts that are near, for those who want to go on.
        unknown: the known unknown that fits, when there is no answer, or none to a part of the question, or when it is
            among what may be meant.
        partial: whether a part of the question has no answer.
        why: the reason, for each part of the question.
    """

    question: str
    outcome: Outcome
    facts: tuple[Fact, ...] = ()
    related: tuple[Fact, ...] = ()
    unknown: KnownUnknown | None = None
    partial: bool = False
    why: tuple[Reason, ...] = ()

    @property
    def say(self) -> str | None:
        """The sentence of the known unknown that fits, if it has one."""
        return self.unknown.say if self.unknown is not None else None

    @property
    def shown(self) -> tuple[Fact, ...]:
        """The facts that are told: those of an answer, none of a choice."""
        return self.facts if self.outcome is Outcome.ANSWER else ()

    def tells(self, entry_id: str) -> bool:
        """Tell whether this answers by a fact, or says by a known unknown that there is no answer."""
        unknown = self.unknown if self.outcome is not Outcome.CHOICES else None
        return any(told is not None and told.id == entry_id for told in (*self.shown, unknown))

    @property
    def is_exact(self) -> bool:
        """Whether somebody has written down these very words as a way of asking for the fact that answers."""
        best = (reason.considered[0] for reason in self.why if reason.considered)
        return self.outcome is Outcome.ANSWER and any(found.similarity >= EXACT for found in best)

    @property
    def is_open(self) -> bool:
        """Whether an editor should see the question: it has no answer, and nobody has said yet that there is none."""
        return self.outcome is Outcome.UNKNOWN and self.unknown is None

    @property
    def to_lean_on(self) -> str:
        """The question that the next one may lean on: the fact's own where this one leaned on another before it."""
        if self.outcome is Outcome.ANSWER and any(reason.with_context for reason in self.why):
            return self.facts[0].canonical_question
        return self.question


class AnswerEngine:
    """The shared facts and each server's own, ready to be asked."""

    def __init__(self, names: Iterable[Name] = ()) -> None:
        """Begin empty, with these names."""
        self.names = tuple(names)
        self._shared = Shelf(Index())
        for name in self.names:
            # One that is about no fact is another word for a common thing.
            self._shared.index.aliases.add(name.name, name.aliases, is_name=name.about is not None)
        self._servers: dict[int, Shelf] = {}
        # Servers whose own entries are not in memory now.
        self._absent: set[int] = set()

    @classmethod
    def of(
        cls, facts: Iterable[Fact], unknowns: Iterable[KnownUnknown] = (), names: Iterable[Name] = ()
    ) -> AnswerEngine:
        """Make an engine of shared facts alone."""
        engine = cls(names)
        for position, fact in enumerate(facts):
            engine.put(fact, position)
        for position, unknown in enumerate(unknowns):
            engine.put(unknown, position)
        return engine

    @classmethod
    def of_packs(cls, packs: Iterable[Pack]) -> AnswerEngine:
        """Make an engine of what the packs hold."""
        packs = list(packs)
        return cls.of(
            [fact for pack in packs for fact in pack.facts],
            [unknown for pack in packs for unknown in pack.unknowns],
            [name for pack in packs for name in pack.names],
        )

    @property
    def shared(self) -> Index:
        """The index of the shared facts."""
        return self._shared.index

    def put(self, entry: Entry, position: int, server_id: int | None = None) -> None:
        """Add or replace a fact or known unknown, of a server or (None) of all.

        Args:
            entry: what to put.
            position: facts are listed in the order of their positions; one that is replaced gets this one.
            server_id: whose it is.
        """
        self._shelf(server_id).put(entry, position)

    def discard(self, entry: Entry, server_id: int | None = None) -> None:
        """Take a fact or known unknown out, if it is there."""
        self._shelf(server_id).discard(key_of(entry))

    def hide(self, entry: Entry, server_id: int) -> None:
        """Hide the shared entry of the same id from one server."""
        self._shelf(server_id).hide(entry.id)

    def unhide(self, entry: Entry, server_id: int) -> None:
        """Show a hidden shared entry to that server again."""
        self._shelf(server_id).unhide(entry.id)

    def state(self, server_id: int | None) -> tuple[int, ...]:
        """Give figures that change whenever a server may get other answers."""
        own = self._own(server_id)
        shelves = [self._shared, *([own] if own is not None else [])]
        return tuple(f for shelf in shelves for f in (shelf.index.changes, shelf.index.lessons, shelf.hidings))

    def position(self, entry: Entry, server_id: int | None = None) -> int:
        """Give the place of an entry among those of a server, or (None) the shared ones; a new one comes last."""
        return self._shelf(server_id).position(entry)

    def trial(self, server_id: int | None, *, anew: bool = False) -> AnswerEngine:
        """Give an engine in which changes can be tried that a server, or (None) the operator, might make.

        It knows of no other servers. Copying takes the longer the more entries are the server's own; a thread may do
        it, if nothing changes there meanwhile.

        Args:
            server_id: which server.
            anew: begin with nothing of the server's own.
        """
        tried = AnswerEngine()
        tried.names, tried._shared = self.names, self._shared
        if server_id is None:
            tried._shared = self._shared.copy()
        elif not anew and (own := self._own(server_id)) is not None:
            tried._servers[server_id] = own.copy()
        return tried

    def adopt(self, tried: AnswerEngine, server_id: int) -> None:
        """Take over what was tried for a server: nothing else may have changed there meanwhile."""
        self._servers[server_id] = tried._shelf(server_id)
        self._absent.discard(server_id)

    def put_away(self, server_id: int) -> None:
        """Take what is a server's own out of memory; until ``adopt`` brings it back, nothing can be asked there."""
        self._servers.pop(server_id, None)
        self._absent.add(server_id)

    @property
    def servers(self) -> frozenset[int]:
        """The servers of which something of their own is in memory."""
        return frozenset(self._servers)

    def is_absent(self, server_id: int | None) -> bool:
        """Tell whether a server has something of its own that is not in memory."""
        return server_id in self._absent

    def size(self, server_id: int | None = None) -> int:
        """Give how many phrasings a server has of its own in memory, or (None) all share."""
        if server_id is None:
            return len(self._shared.index)
        shelf = self._servers.get(server_id)
        return len(shelf.index) if shelf is not None else 0

    def own_size(self, server_id: int) -> tuple[int, int]:
        """Give how many entries a server has of its own in memory, and how long their phrasings are together."""
        shelf = self._servers.get(server_id)
        return (len(shelf.facts) + len(shelf.unknowns), shelf.characters) if shelf is not None else (0, 0)

    def note_removed(self, entry: Entry, server_id: int | None, *, removed: bool) -> None:
        """Remember what a server, or (None) the operator, has removed or hidden, or that it is no longer so."""
        shelf = self._shelf(server_id)
        shelf.removed.pop(entry.id, None)
        if removed:
            shelf.removed[entry.id] = entry

    def removed(self, server_id: int | None) -> dict[str, Entry]:
        """Give what a server, or (None) the operator, has removed or hidden, by its id."""
        shelf = self._own(server_id) if server_id is not None else self._shared
        return shelf.removed if shelf is not None else {}

    def facts(self, server_id: int | None = None) -> list[Fact]:
        """Give the facts that a server sees, or (None) the shared ones, shared ones first, in their order."""
        own = self._own(server_id)
        if own is None:
            return list(self._shared.facts.values())
        shared = [fact for fact in self._shared.facts.values() if fact_key(fact.id) not in own.covered]
        return shared + list(own.facts.values())

    def unknowns(self, server_id: int | None = None) -> list[KnownUnknown]:
        """Give the known unknowns of a server, or (None) the shared ones."""
        own = self._own(server_id)
        if own is None:
            return list(self._shared.unknowns.values())
        shared = [entry for entry in self._shared.unknowns.values() if unknown_key(entry.id) not in own.covered]
        return shared + list(own.unknowns.values())

    def own(self, server_id: int) -> list[Entry]:
        """Give the facts and known unknowns that are a server's own."""
        shelf = self._own(server_id)
        return [*shelf.facts.values(), *shelf.unknowns.values()] if shelf is not None else []

    def is_own(self, entry_id: str, server_id: int) -> bool:
        """Tell whether a server sees an entry of its own under an id."""
        shelf = self._own(server_id)
        return shelf is not None and (entry_id in shelf.facts or entry_id in shelf.unknowns)

    def meant(self, text: str, server_id: int | None = None) -> list[Entry]:
        """Give the entries that a text comes near as a question, likeliest first."""
        candidates = self._matcher(server_id).match(text)[0].candidates
        near = (
            candidate
            for candidate in candidates
            # What somebody has written down in these very words is meant, whatever else its words have come to mean.
            if candidate.similarity >= EXACT or (candidate.on_topic and candidate.score >= _RELATED_SCORE)
        )
        found = (self.entry(id_of(candidate.key), server_id) for candidate in near)
        return [entry for entry in found if entry is not None]

    def entry(self, entry_id: str, server_id: int | None = None) -> Entry | None:
        """Give the fact or known unknown that a server, or (None) everyone, sees under this id, if any."""
        own = self._own(server_id)
        for shelf in (own, self._shared):
            if shelf is None:
                continue
            found = shelf.facts.get(entry_id) or shelf.unknowns.get(entry_id)
            if found is not None and not (shelf is self._shared and own is not None and key_of(found) in own.covered):
                return found
        return None

    def fact(self, fact_id: str, server_id: int | None = None) -> Fact:
        """Give the fact that a server, or (None) everyone, sees under this id.

        Raises:
            FactNotFoundError: there is none.
        """
        found = self.entry(fact_id, server_id)
        if not isinstance(found, Fact):
            raise FactNotFoundError(fact_id)
        return found

    def leave_learning(self) -> None:
        """Let questions no longer wait for facts to learn: somebody calls ``learn``, now and after every change."""
        for shelf in (self._shared, *self._servers.values()):
            shelf.index.learns_on_demand = False

    def learn(self, limit: int | None = None, *, server_id: int | None = None) -> int:
        """Let entries learn what parts them from others; without it, the first questions wait for that.

        Args:
            limit: at most so many entries of each server.
            server_id: let those of this server alone learn.

        Returns:
            How many have learnt; 0 when none is left to.
        """
        shelves = (self._shared, *self._servers.values()) if server_id is None else (self._shelf(server_id),)
        return sum(shelf.index.learn(limit) for shelf in shelves)

    def ask(
        self,
        question: str,
        *,
        server_id: int | None = None,
        context: str | None = None,
        addressed: bool = True,
    ) -> Answer:
        """Put a question to the facts.

        Args:
            question: as the person typed it; any text.
            server_id: the server whose facts count besides the shared ones; None in a DM and in the terminal.
            context: the question that the same person asked just before in the same place.
            addressed: whether the bot was spoken to; if not, it answers only when very sure.
        """
        matcher = self._matcher(server_id)
        matches = matcher.match(question, context)
        outcome = settle(matches, question, addressed=addressed)
        why = tuple(_reason(match) for match in matches)
        if outcome is Outcome.IGNORED:
            return Answer(question, outcome, why=why)
        keys = dict.fromkeys(
            key for match in matches if match.decision.outcome is outcome for key in match.decision.keys
        )
        related = dict.fromkeys(
            candidate.key
            for match in matches
            for candidate in match.candidates
            if candidate.answers
            and candidate.on_topic
            and candidate.key not in keys
            and candidate.score >= _RELATED_SCORE
        )
        unknown = next((match.decision.unknown for match in matches if match.decision.unknown), None)
        found = self.entry(id_of(unknown), server_id) if unknown else None
        facts = tuple(self.fact(id_of(key), server_id) for key in keys)
        if outcome is Outcome.ANSWER:
            facts = self.newest_first(facts, server_id)
        return Answer(
            question=question,
            outcome=outcome,
            facts=facts,
            related=tuple(self.fact(id_of(key), server_id) for key in list(related)[:MAX_RELATED]),
            unknown=found if isinstance(found, KnownUnknown) else None,
            partial=any(match.decision.outcome is not outcome for match in matches),
            why=why,
        )

    def newest_first(self, facts: Iterable[Fact], server_id: int | None = None) -> tuple[Fact, ...]:
        """Put before each fact the one that tells how it is now, if there is one: at most as many as are shown."""
        shown: dict[str, Fact] = {}
        for fact in facts:
            newest = fact
            for _ in range(_MOST_SUCCESSORS):
                newer = self.entry(newest.superseded_by, server_id) if newest.superseded_by else None
                if not isinstance(newer, Fact) or newer.id == fact.id:
                    break
                newest = newer
            shown |= {newest.id: newest, fact.id: fact}
        return tuple(shown.values())[:_MOST_SHOWN]

    def similar(self, entry: Entry, server_id: int | None = None, *, limit: int) -> list[Entry]:
        """Give the entries that people get who ask for an entry in its own words; most often first.

        Its first phrasings are asked, and its statement.
        """
        asked = [*entry.phrasings[:_PHRASINGS_COMPARED], *([entry.statement] if isinstance(entry, Fact) else [])]
        matcher = self._matcher(server_id)
        found: Counter[str] = Counter()
        for text in asked:
            match = matcher.match_alone(text)
            if match.decision.outcome is Outcome.ANSWER:
                found.update(match.decision.keys)
            elif match.decision.unknown and match.is_exact:
                # Known unknowns catch much else.
                found[match.decision.unknown] += 1
        keys = [key for key, _ in found.most_common() if id_of(key) != entry.id][:limit]
        return [known for key in keys if (known := self.entry(id_of(key), server_id)) is not None]

    def content_words(self, text: str, server_id: int | None = None) -> list[str]:
        """Give the words of a text that say what it is about, as typed."""
        return [word.typed for word in self._index(server_id).read(text).words if word.is_content]

    def group_alike(self, questions: Sequence[str], server_id: int | None = None) -> list[list[int]]:
        """Group questions by likeness; see ``likeness.group_alike``. It takes a while for many: call it in a thread."""
        index = self._index(server_id)
        named = {term for name in self.names for term in normalise_kept(name.name).terms}

        def read(question: str) -> Asked:
            query = index.read(question)
            content = [word for word in query.words if word.is_content] or list(query.words)
            # A name counts as itself, by whichever alias it is called.
            terms = {word.term for word in content if not word.names or word.term in named}
            terms = terms.union(*(word.names for word in content))
            kind = query.kind if query.kind in PLAIN_KINDS else None
            return kind, {term: max(index.rarity(term), _LEAST_WEIGHT) for term in terms}

        return group_alike(questions, read, lambda term: index.count(term) > 0)

    def examples(self, server_id: int | None = None) -> list[Fact]:
        """Give up to three facts worth asking for first, each of another topic."""
        first: dict[str, Fact] = {}
        for fact in self.facts(server_id):
            first.setdefault(fact.topic, fact)
        wanted = [first.pop(topic) for topic in _EXAMPLE_TOPICS if topic in first]
        return [*wanted, *first.values()][: len(_EXAMPLE_TOPICS)]

    def suggest(self, text: str, *, server_id: int | None = None, limit: int) -> list[Fact]:
        """Give the facts that somebody who has typed this much may want to ask for, likeliest first.

        Facts whose phrasings hold the text come first, those first whose own question begins with it or has a word
        that does, and that are asked for with it most; then those that match it as a question. Of an empty text, the
        facts in their order.
        """
        wanted = text.casefold().strip()
        visible = self.facts(server_id)
        if not wanted:
            return visible[:limit]
        shares = {
            f.id: sum(wanted in phrasing.casefold() for phrasing in f.phrasings) / len(f.phrasings) for f in visible
        }
        holding = [f for f in visible if shares[f.id] or wanted in f.id]
        holding.sort(key=lambda f: (_begins(f.canonical_question.casefold(), wanted), -shares[f.id]))
        candidates = self._matcher(server_id).match(text)[0].candidates
        matching = [self.fact(id_of(candidate.key), server_id) for candidate in candidates if candidate.answers]
        return list({f.id: f for f in (*holding, *matching)}.values())[:limit]

    def _index(self, server_id: int | None) -> Index:
        own = self._own(server_id)
        return own.index if own is not None else self._shared.index

    def _matcher(self, server_id: int | None) -> Matcher:
        own = self._own(server_id)
        if own is None:
            return Matcher([self._shared.index])
        return Matcher([self._shared.index, own.index], own.covered)

    def _shelf(self, server_id: int | None) -> Shelf:
        if server_id is None:
            return self._shared
        shelf = self._own(server_id)
        if shelf is None:
            shelf = self._servers[server_id] = Shelf(Index(base=self._shared.index))
        return shelf

    def _own(self, server_id: int | None) -> Shelf | None:
        """Give what is a server's own, if anything.

        Raises:
            LookupError: it is not in memory.
        """
        if server_id is None:
            return None
        if server_id in self._absent:
            raise LookupError("what is a server's own is to be brought into memory first")
        return self._servers.get(server_id)


def _reason(match: Match) -> Reason:
    best = match.candidates[0] if match.candidates else None
    explained = best.explained if best else frozenset()
    return Reason(
        outcome=match.decision.outcome,
        words=tuple(word.typed for word in match.query.words),
        corrected=tuple((w.typed, w.term) for w in match.query.words if w.factor == TYPO_FACTOR),
        explained=tuple(w.typed for w in match.query.words if w.is_content and w.term in explained),
        unexplained=tuple(w.typed for w in match.query.words if w.is_content and w.term not in explained),
        considered=tuple(Considered(id_of(c.key), c.phrasing, c.score, c.similarity) for c in match.candidates[:3]),
        confidence=match.decision.confidence,
        threshold=ANSWER_THRESHOLD,
        evidence=match.decision.evidence,
        with_context=match.with_context,
    )


def _begins(question: str, wanted: str) -> int:
    """Give 0 for a question that begins with a text, 1 for one with a word that does, else 2."""
    if question.startswith(wanted):
        return 0
    return 1 if re.search(rf"\b{re.escape(wanted)}", question) else 2
