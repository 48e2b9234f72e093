"""The one door to the knowledge: ask, and change facts; the store and the index in memory stay in step."""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
import itertools
import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from facts import backup, feed, store
from facts.bookkeeping import Bookkeeping
from facts.engine import AnswerEngine
from facts.entities import FACT_ID_PATTERN, Fact, FactChange, KnownUnknown, QuestionGroup
from facts.errors import BackupError, InvalidFactError
from facts.evaluation import differences, evaluate
from facts.feed import Mark
from facts.forms import as_id, valid, valid_name
from facts.memory import Memory
from facts.store import Kept
from facts.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from facts.database import Database
    from facts.engine import Answer
    from facts.entities import Author, Entry, Name, Pack, Revision, SavedTest, ServerSettings, Source
    from facts.evaluation import Difference, Question, Report
    from facts.listeners import Listeners
    from facts.store import Change, LoadResult

_KeptT = TypeVar("_KeptT", Kept, Kept | None)

# To try a change, so many of the server's facts learn first: the changed one, and those that are like it.
_LEARN_FOR_TRIAL = 32
# So many entries are named that come near a new one.
_MOST_SIMILAR = 3
# Of the new questions of what is put, so many are asked before it is saved.
_MOST_OWN_ASKED = 200
# An id is made of so many words of a question, and has at most so many characters before its number.
_ID_WORDS = 4
_ID_MAX = 56
# Of so many servers is known what their test questions get.
_MOST_TRIED_OUT = 8


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do.

    Attributes:
        similar: what is there already and comes near it, the nearest first.
        asked: how many questions were asked before and after.
        differences: those that would be answered differently, the ones that are right no longer first.
        unheard: what the new questions of what is put, the first 200 of them, would get where it is something else.
    """

    similar: tuple[Entry, ...]
    asked: int
    differences: tuple[Difference, ...]
    unheard: tuple[Answer, ...]


class Show(enum.StrEnum):
    """Which facts and known unknowns an editor wants to see.

    All that the server sees, its own, the shared ones that it has changed, those that it has removed, those that are
    due to be looked at again, or the known unknowns.
    """

    ALL = "all"
    OWN = "own"
    CHANGED = "changed"
    REMOVED = "removed"
    STALE = "stale"
    UNKNOWNS = "unknowns"


def utc_now() -> dt.datetime:
    """Give the time now, aware UTC."""
    return dt.datetime.now(dt.UTC)


class KnowledgeBase:
    """The facts, in the store and in memory.

    Answers come from memory alone. A change is written to the store first, in one transaction with its revision;
    then it enters the index, so that it answers at once.
    """

    def __init__(self, database: Database, engine: AnswerEngine, clock: Callable[[], dt.datetime]) -> None:
        """Take an open database and the engine made from it; use ``open`` to get both."""
        self._database = database
        self._clock = clock
        self.bookkeeping = Bookkeeping(database, clock)
        self.tally = Tally(database, clock)
        self._memory = Memory(database, engine, clock, self.bookkeeping.queue_changes)
        # What the latest servers' questions got, and in which state of the facts.
        self._tried_out: dict[int | None, tuple[object, Report]] = {}
        self._setting = asyncio.Lock()

    @classmethod
    async def open(
        cls, database: Database, packs: Iterable[Pack] = (), *, clock: Callable[[], dt.datetime] = utc_now
    ) -> Self:
        """Load the packs into the store, and read all facts into memory.

        Args:
            database: with the schema that this program knows; it stays its opener's to close.
            packs: the article packs to bring the store in step with.
            clock: gives the time now, aware UTC.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        knowledge = cls(database, AnswerEngine(), clock)
        for pack in packs:
            await knowledge.load_pack(pack)
        await knowledge.refresh()
        return knowledge

    @staticmethod
    async def loaded_packs(database: Database) -> frozenset[str]:
        """Give the digests of the packs that a store is in step with.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        async with database.reading() as session:
            return frozenset((await store.pack_digests(session)).values())

    async def require_schema(self) -> None:
        """Make sure that the store has still the schema that this program knows.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
            SchemaMismatchError: it has another one.
        """
        await self._database.require_schema()

    async def load_pack(self, pack: Pack) -> LoadResult | None:
        """Bring the store in step with a pack; None when it is so already. ``refresh`` brings it into memory.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self._database.reading() as session:
            if (await store.pack_digests(session)).get(pack.id) == pack.digest:
                return None
        async with self._database.writing(alone=True) as session:
            result = await store.load_pack(session, pack, self._clock())
            await feed.publish(session, [(Mark.NAMES, None)])
            return result

    async def refresh(self) -> None:
        """Read everything anew from the store; see ``Memory.refresh``.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        await self._memory.refresh()

    async def prepare(self, server_id: int | None) -> None:
        """See that what a server has of its own is in memory: whatever is asked there needs it.

        Raises:
            DatabaseUnavailableError: it is not, and the database cannot be used.
        """
        await self._memory.prepare(server_id)

    @property
    def memory(self) -> Memory:
        """What is known in memory: its keeping in step with the store, and its learning, are its user's to begin."""
        return self._memory

    @property
    def fact_changes(self) -> Listeners[FactChange]:
        """Told of every change, once the changed fact answers."""
        return self._memory.fact_changes

    @property
    def settings_changes(self) -> Listeners[int]:
        """Told which server has set something."""
        return self._memory.settings_changes

    # Asking: from memory

    def ask(
        self,
        question: str,
        *,
        server_id: int | None = None,
        context: str | None = None,
        addressed: bool = True,
    ) -> Answer:
        """Put a question to the facts; see ``AnswerEngine.ask``."""
        return self._engine.ask(question, server_id=server_id, context=context, addressed=addressed)

    @property
    def engine(self) -> AnswerEngine:
        """What answers now. A refresh puts another in its place: do not keep it."""
        return self._memory.engine

    def fact(self, fact_id: str, server_id: int | None = None) -> Fact:
        """Give one fact as a server, or (None) everyone, sees it.

        Raises:
            FactNotFoundError: there is none.
        """
        return self._engine.fact(fact_id, server_id)

    def entry(self, entry_id: str, server_id: int | None = None) -> Entry | None:
        """Give the fact or known unknown that a server, or (None) everyone, sees under this id, if any."""
        return self._engine.entry(entry_id, server_id)

    def find(self, fact_id: str, server_id: int | None = None) -> Fact | None:
        """Give the fact that a server, or (None) everyone, sees under this id, if any."""
        found = self._engine.entry(fact_id, server_id)
        return found if isinstance(found, Fact) else None

    def facts(self, server_id: int | None = None, *, topic: str | None = None) -> list[Fact]:
        """Give the facts that a server sees, of one topic or all."""
        return [fact for fact in self._engine.facts(server_id) if topic is None or fact.topic == topic]

    def milestones(self, server_id: int | None = None) -> list[Fact]:
        """Give the facts with a place on the timeline, earliest first."""
        dated = [(fact.milestone.when, fact) for fact in self._engine.facts(server_id) if fact.milestone is not None]
        return [fact for _, fact in sorted(dated, key=lambda item: item[0].date)]

    def names(self) -> tuple[Name, ...]:
        """Give the names that are known."""
        return self._engine.names

    def sources(self, server_id: int | None = None) -> dict[Source, int]:
        """Give the sources of the facts that a server sees, each with the number of its facts."""
        counts: dict[Source, int] = {}
        for fact in self._engine.facts(server_id):
            counts[fact.source] = counts.get(fact.source, 0) + 1
        return counts

    def neighbours(self, facts: Sequence[Fact], server_id: int | None = None) -> list[Fact]:
        """Give facts to go on with from these, if any: others of their topics, what follows the first one first."""
        if not facts:
            return []
        topics = {fact.topic for fact in facts}
        known = [fact for fact in self._engine.facts(server_id) if fact.topic in topics]
        ids = [fact.id for fact in known]
        place = ids.index(facts[0].id) if facts[0].id in ids else 0
        given = {fact.id for fact in facts}
        return [fact for fact in known[place:] + known[:place] if fact.id not in given]

    def from_same_place(self, fact: Fact, server_id: int | None = None) -> list[Fact]:
        """Give the other facts that a server sees from the same place of the same source."""
        return [
            other
            for other in self._engine.facts(server_id)
            if other.id != fact.id and other.source == fact.source and other.locator == fact.locator
        ]

    def is_own(self, entry_id: str, server_id: int) -> bool:
        """Tell whether a server has its own entry under an id: one that it sees, or one that it has removed."""
        return self._engine.is_own(entry_id, server_id) or entry_id in self._engine.removed(server_id)

    def free_id(self, text: str, server_id: int | None = None) -> str:
        """Give an id that is not taken, made of what a question is about, or like one that is."""
        stem = text
        if not FACT_ID_PATTERN.fullmatch(text):
            words = filter(None, map(as_id, self._engine.content_words(text, server_id)))
            stem = "-".join(list(words)[:_ID_WORDS])[:_ID_MAX].strip("-_") or "fact"
        for number in itertools.count(1):
            entry_id = stem if number == 1 else f"{stem[:_ID_MAX].strip('-_')}-{number}"
            if not self._is_taken(entry_id, server_id):
                return entry_id
        raise AssertionError("there is always another number")

    def _is_taken(self, entry_id: str, server_id: int | None) -> bool:
        known = (self._engine.entry(entry_id, server) for server in (server_id, None))
        return any(known) or any(entry_id in self._engine.removed(server) for server in (server_id, None))

    def search(
        self, server_id: int, *, show: Show = Show.ALL, topic: str | None = None, text: str | None = None
    ) -> list[Entry]:
        """Give the facts and known unknowns of a server that fit all that is asked for.

        Args:
            server_id: which server.
            show: which of them.
            topic: of which topic alone.
            text: what must stand in an id, a statement or a phrasing; those that it means as a question come, too.
        """
        found = [entry for entry in self._shown(server_id, show) if topic is None or _topic(entry) == topic.casefold()]
        if text is None:
            return found
        wanted = text.casefold().strip()
        meant = [entry.id for entry in self._engine.meant(text, server_id)]
        holding = [entry for entry in found if any(wanted in part.casefold() for part in _texts(entry))]
        others = [entry for entry in found if entry.id in meant and entry not in holding]
        return sorted(holding, key=lambda entry: meant.index(entry.id) if entry.id in meant else len(meant)) + others

    def _shown(self, server_id: int, show: Show) -> list[Entry]:
        engine = self._engine
        match show:
            case Show.ALL:
                return [*engine.facts(server_id), *engine.unknowns(server_id)]
            case Show.OWN:
                return engine.own(server_id)
            case Show.CHANGED:
                return [entry for entry in engine.own(server_id) if engine.entry(entry.id) is not None]
            case Show.REMOVED:
                return self.removed(server_id)
            case Show.UNKNOWNS:
                return list(engine.unknowns(server_id))
            case Show.STALE:
                today = self._clock().date()
                due = [(fact.review_by, fact) for fact in engine.facts(server_id) if fact.review_by is not None]
                return [fact for day, fact in sorted(due, key=lambda pair: pair[0]) if day <= today]

    def suggest(self, text: str, *, server_id: int | None = None, limit: int) -> list[Fact]:
        """Give the facts that somebody who has typed this much may mean; see ``AnswerEngine.suggest``."""
        return self._engine.suggest(text, server_id=server_id, limit=limit)

    # Changing: store first, then memory

    async def add(
        self, entry: Entry, author: Author, *, server_id: int | None = None, reason: str | None = None
    ) -> Kept:
        """Add a fact or known unknown, shared (None) or a server's own.

        Raises:
            InvalidFactError: it breaks the rules.
            FactExistsError: the id is taken.
            ServerFullError: the server has no room for it.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        entry = valid(entry)
        return await self._make(
            server_id, lambda session: store.add_entry(session, entry, self._change(author, reason), server_id)
        )

    async def edit(
        self,
        entry: Entry,
        author: Author,
        *,
        server_id: int | None = None,
        seen: Entry | None = None,
        reason: str | None = None,
    ) -> Kept | None:
        """Write a fact or known unknown anew; a shared one, in a server, for that server alone.

        Args:
            entry: as it shall be.
            author: who changes it.
            server_id: where; None for the shared ones.
            seen: as the editor saw it; None writes whatever it is.
            reason: why.

        Returns:
            What is kept now; None if it was so already: a shared one stays shared.

        Raises:
            InvalidFactError: it breaks the rules, or is of the other kind.
            FactNotFoundError: there is none.
            EditConflictError: somebody else changed it in the meantime.
            ServerFullError: the server has no room for it.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        entry = valid(entry)
        return await self._make(
            server_id,
            lambda session: store.edit_entry(session, entry, self._change(author, reason), server_id, seen=seen),
        )

    async def remove(
        self,
        entry_id: str,
        author: Author,
        *,
        server_id: int | None = None,
        reason: str | None = None,
        seen: Entry | None = None,
    ) -> Kept | None:
        """Take a fact or known unknown out of the answers. Its history stays, and ``restore`` brings it back.

        In a server, a shared one is hidden from that server alone.

        Returns:
            What is kept now; None if it was not there any more.

        Raises:
            FactNotFoundError: there is none.
            EditConflictError: it is another one than was seen, where that is given; nothing has changed.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        change = self._change(author, reason)
        return await self._make(
            server_id, lambda session: store.set_removed(session, entry_id, change, server_id, removed=True, seen=seen)
        )

    async def restore(
        self, entry_id: str, author: Author, *, server_id: int | None = None, reason: str | None = None
    ) -> Kept | None:
        """Bring a removed fact or known unknown back.

        Returns:
            What is kept now; None if it was there already.

        Raises:
            FactNotFoundError: there is none.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        change = self._change(author, reason)
        return await self._make(
            server_id, lambda session: store.set_removed(session, entry_id, change, server_id, removed=False)
        )

    async def revert(
        self,
        entry_id: str,
        number: int,
        author: Author,
        *,
        server_id: int | None = None,
        reason: str | None = None,
    ) -> Kept | None:
        """Let a fact or known unknown be again as it was after one of its revisions; that is a revision too.

        Returns:
            What is kept now; None if it was so already.

        Raises:
            FactNotFoundError: there is none.
            InvalidFactError: it has no such revision, was removed by it, or was then what rules of today forbid.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        change = self._change(author, reason or f"back to revision {number}")
        return await self._make(server_id, lambda session: store.revert(session, entry_id, number, change, server_id))

    async def undo(self, entry_id: str, number: int, author: Author, *, server_id: int | None = None) -> Kept:
        """Let a fact or known unknown be again as it was before its latest revision; that is a revision too.

        Raises:
            FactNotFoundError: there is none.
            EditConflictError: the revision is not the latest.
            InvalidFactError: it was before what rules of today forbid.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        change = self._change(author, f"revision {number} undone")
        return await self._make(server_id, lambda session: store.undo(session, entry_id, number, change, server_id))

    async def put_all(
        self,
        entries: Sequence[Entry],
        author: Author,
        *,
        names: Sequence[Name] = (),
        server_id: int | None = None,
        reason: str | None = None,
    ) -> list[Kept]:
        """Add or write anew many facts and known unknowns, all or none; those that are so already are left alone.

        The index is changed in a thread, and takes its place when it is whole.

        Args:
            entries: each once.
            author: who puts them.
            names: to put with them; no server has names of its own.
            server_id: where; None for the shared ones.
            reason: why.

        Returns:
            What has changed of the entries.

        Raises:
            InvalidFactError: one of them breaks the rules, or is of the other kind.
            ServerFullError: the server has no room for them.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        if names and server_id is not None:
            raise InvalidFactError("Names are shared by all servers.")
        entries = await asyncio.to_thread(lambda: [valid(entry) for entry in entries])
        names = [valid_name(name) for name in names]
        async with self._memory.change_in(server_id):
            async with self._database.writing() as session:
                kept = await store.put_entries(session, entries, self._change(author, reason), server_id)
                await store.put_names(session, names)
                if not kept and not names:
                    return []
                self._memory.require_room(_answering(kept), server_id)
                at = await feed.publish(session, [(Mark.NAMES, None)] if names else [])
            before = [self._engine.entry(one.entry.id, server_id) for one in kept]
            if server_id is not None:
                self._memory.adopt(await asyncio.to_thread(self._memory.tried, kept, server_id), server_id, at)
        if server_id is None:
            await self.refresh()
        for was, one in zip(before, kept, strict=True):
            self.fact_changes.tell(FactChange(was, one.entry, server_id))
        return kept

    async def history(self, entry_id: str, *, server_id: int | None = None) -> list[Revision]:
        """Give the revisions of a fact or known unknown, oldest first: of the server's own, else of the shared one.

        Raises:
            FactNotFoundError: there is none.
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self._database.reading() as session:
            return await store.history(session, entry_id, server_id)

    async def stored(self, entry_id: str, *, server_id: int | None = None) -> Kept:
        """Give a fact or known unknown as it is kept, removed or not: the server's own, else the shared one.

        Raises:
            FactNotFoundError: there is none.
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self._database.reading() as session:
            return await store.stored(session, entry_id, server_id)

    async def preview(
        self,
        change: Entry | Sequence[Entry] | str,
        *,
        server_id: int | None,
        questions: Sequence[Question],
        render: Callable[[Answer], str],
    ) -> Preview:
        """Tell what a change would do, without making it; a thread does that.

        Args:
            change: an entry to put, or several, or the id of one to take out.
            server_id: where; None for what all share.
            questions: what to ask before and after.
            render: gives an answer's whole reply as plain text.

        Raises:
            ServerFullError: the server has no room for it.
        """
        before = await self.try_out(questions, server_id=server_id, render=render)
        async with self._memory.change_in(server_id):  # What is copied must not change meanwhile.
            self._memory.require_room(_put_by(change), server_id)
            tried = await asyncio.to_thread(self._engine.trial, server_id)
        return await asyncio.to_thread(self._preview, tried, before, change, server_id, questions, render)

    async def try_out(
        self, questions: Sequence[Question], *, server_id: int | None, render: Callable[[Answer], str]
    ) -> Report:
        """Ask questions in a server and judge the replies, in a thread; what is known already is not asked again.

        The arguments are as in ``preview``.
        """
        await self.prepare(server_id)
        state = (weakref.ref(self._engine), self._engine.state(server_id), tuple(questions))
        known = self._tried_out.get(server_id)
        if known is not None and known[0] == state:
            return known[1]
        report = await asyncio.to_thread(evaluate, self._engine, questions, render, server_id=server_id)
        self._tried_out.pop(server_id, None)
        self._tried_out[server_id] = (state, report)
        while len(self._tried_out) > _MOST_TRIED_OUT:
            del self._tried_out[next(iter(self._tried_out))]
        return report

    def removed_entry(self, entry_id: str, server_id: int | None = None) -> Entry | None:
        """Give what a server, or (None) the operator, has removed or hidden under an id, if anything."""
        return self._engine.removed(server_id).get(entry_id)

    def removed(self, server_id: int) -> list[Entry]:
        """Give what a server has removed of its own, or hidden of what is shared, in the order of their ids."""
        return sorted(self._engine.removed(server_id).values(), key=lambda entry: entry.id)

    # Saved tests

    async def saved_tests(self, server_id: int) -> list[SavedTest]:
        """Give the questions that a server has saved as tests.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self._database.reading() as session:
            return await store.saved_tests(session, server_id)

    async def keep_test(self, test: SavedTest) -> None:
        """Save a question as a test, in place of an earlier one of the same words.

        Raises:
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        async with self._database.writing() as session:
            await store.keep_test(session, test)

    async def drop_tests(self, server_id: int, ids: Sequence[int]) -> int:
        """Take some of a server's tests away, and give the number of those that were there.

        Raises:
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        async with self._database.writing() as session:
            return await store.drop_tests(session, server_id, ids)

    # The review queue

    async def review(self, server_id: int, *, private: bool) -> list[QuestionGroup]:
        """Give what waits on a server's review queue, grouped by likeness: the group with the latest question first.

        Args:
            server_id: whose queue.
            private: whether questions count that were asked in private.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        await self.prepare(server_id)
        queued = [one for one in await self.bookkeeping.queued(server_id) if private or not one.private]
        queued.reverse()
        groups = await asyncio.to_thread(self._engine.group_alike, [one.question for one in queued], server_id)
        return [QuestionGroup(tuple(queued[place] for place in places)) for places in groups]

    # Backups

    async def back_up(self, target: Path) -> None:
        """Copy the store into a file, whole and looked through, while it is used; see ``backup.back_up``.

        Raises:
            BackupError: it is not SQLite, or the file is there already, or cannot be written.
        """
        if self._database.file is None:
            raise BackupError("Only SQLite is backed up by Tianwen; for PostgreSQL use pg_dump (docs/operating.md).")
        await asyncio.to_thread(backup.back_up, self._database.file, target)

    # What else is kept

    async def forget_person(self, user_id: int) -> int:
        """Delete what is kept of one person, in this process and in others; see ``Bookkeeping.forget_person``.

        Returns:
            How many records are gone.

        Raises:
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        gone, at = await self.bookkeeping.forget_person(user_id)
        self._memory.note_own(at)
        return gone

    def server_settings(self, server_id: int | None) -> ServerSettings:
        """Give what a server has set, from memory; the defaults for one that has set nothing, and for none."""
        return self._memory.settings(server_id)

    async def set_server_settings(self, server_id: int, settings: ServerSettings) -> None:
        """Keep what a server has set.

        Raises:
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        async with self._memory.changing:
            async with self._database.writing() as session:
                await store.set_server_settings(session, server_id, settings)
                at = await feed.publish(session, [(Mark.SETTINGS, server_id)])
            self._memory.set_settings(server_id, settings, at)
        self.settings_changes.tell(server_id)

    async def change_server_settings(self, server_id: int, **changes: Any) -> ServerSettings:  # noqa: ANN401 - by name
        """Change some of what a server has set, and keep the rest as it is by then; see ``set_server_settings``.

        Returns:
            All that is set now.
        """
        async with self._setting:
            settings = replace(self.server_settings(server_id), **changes)
            await self.set_server_settings(server_id, settings)
        return settings

    async def command_tree_digest(self, application_id: int) -> str | None:
        """Give the digest of the slash commands that were last synced, or None.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self._database.reading() as session:
            return await store.command_tree_digest(session, application_id)

    async def set_command_tree_digest(self, application_id: int, digest: str) -> None:
        """Remember which slash commands were synced.

        Raises:
            DatabaseUnavailableError: the database cannot be written.
        """
        async with self._database.writing() as session:
            await store.set_command_tree_digest(session, application_id, digest, self._clock())

    async def _make(self, server_id: int | None, change: Callable[[AsyncSession], Awaitable[_KeptT]]) -> _KeptT:
        """Make a change in the store, then in memory, and tell it."""
        async with self._memory.change_in(server_id):
            async with self._database.writing() as session:
                kept = await change(session)
                if kept is None:
                    return kept
                self._memory.require_room(_answering([kept]), server_id)
                at = await feed.publish(session)
            before = self._engine.entry(kept.entry.id, server_id)
            self._memory.take_over(kept, server_id, at)
            after = self._engine.entry(kept.entry.id, server_id)
        if before != after:
            self.fact_changes.tell(FactChange(before, after, server_id, kept.revision))
        return kept

    @property
    def _engine(self) -> AnswerEngine:
        return self._memory.engine

    @staticmethod
    def _preview(
        tried: AnswerEngine,
        before: Report,
        change: Entry | Sequence[Entry] | str,
        server_id: int | None,
        questions: Sequence[Question],
        render: Callable[[Answer], str],
    ) -> Preview:
        similar: list[Entry] = []
        asked: list[tuple[str, str]] = []
        if isinstance(change, str):
            entry = tried.entry(change, server_id)
            if entry is not None:
                tried.discard(entry, server_id)
            if entry is not None and server_id is not None:
                tried.hide(entry, server_id)
        else:
            entries = _put_by(change)
            if len(entries) == 1:
                similar = tried.similar(entries[0], server_id, limit=_MOST_SIMILAR)
            for entry in entries:
                now = tried.entry(entry.id, server_id)
                known = set(now.phrasings) if now is not None else set()
                asked += [(entry.id, phrasing) for phrasing in entry.phrasings if phrasing not in known]
                tried.put(entry, tried.position(entry, server_id), server_id)
        tried.learn(_LEARN_FOR_TRIAL, server_id=server_id)
        after = evaluate(tried, questions, render, server_id=server_id)
        asked = asked[:_MOST_OWN_ASKED]
        answers = ((tried.ask(phrasing, server_id=server_id), entry_id) for entry_id, phrasing in asked)
        unheard = tuple(answer for answer, entry_id in answers if not answer.tells(entry_id))
        return Preview(tuple(similar), len(questions), tuple(differences(before, after)), unheard)

    def _change(self, author: Author, reason: str | None) -> Change:
        return store.Change(author, self._clock(), reason.strip() or None if reason else None)


def _put_by(change: Entry | Sequence[Entry] | str) -> Sequence[Entry]:
    """Give the entries that a change to be tried puts; taking one out puts none."""
    if isinstance(change, str):
        return ()
    return [change] if isinstance(change, (Fact, KnownUnknown)) else change


def _answering(kept: Iterable[Kept]) -> list[Entry]:
    """Give what answers of what is kept, in place of what all share."""
    return [one.entry for one in kept if not one.removed and not one.follows]


def _topic(entry: Entry) -> str | None:
    return entry.topic.casefold() if isinstance(entry, Fact) else None


def _texts(entry: Entry) -> tuple[str, ...]:
    said = entry.statement if isinstance(entry, Fact) else entry.say or ""
    return (entry.id, said, *entry.phrasings)
