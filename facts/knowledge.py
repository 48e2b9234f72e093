"""The one door to the knowledge: ask, and change facts; the store and the index in memory stay in step."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from facts import store
from facts.bookkeeping import Bookkeeping
from facts.engine import Answer, AnswerEngine
from facts.entities import Action, Author, Fact, FactChange, Revision, ServerSettings
from facts.errors import FactNotFoundError, InvalidFactError
from facts.exchange import source_key
from facts.forms import FactForm, SourceForm, describe_faults, fact_to_form
from facts.listeners import Listeners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from facts.database import Database
    from facts.entities import KnownUnknown, Name, Pack, Source
    from facts.store import Change, LoadResult, StoredFact


# So many facts learn before a program that wants to end may do so: about a tenth of a second.
_LEARN_AT_ONCE = 4
_DEFAULTS = ServerSettings()


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class KnowledgeBase:
    """The facts, in the store and in memory.

    Answers come from memory alone. A change is written to the store first, in one transaction with its revision;
    then it enters the index, so that it answers at once.
    """

    def __init__(self, database: Database, engine: AnswerEngine, clock: Callable[[], dt.datetime]) -> None:
        """Take an open database and the engine made from it; use ``open`` to get both."""
        self._database = database
        self._engine = engine
        self._clock = clock
        self.bookkeeping = Bookkeeping(database, clock)
        self._settings: dict[int, ServerSettings] = {}
        self.fact_changes: Listeners[FactChange] = Listeners()
        """Told of every change, once the changed fact answers."""
        self.settings_changes: Listeners[int] = Listeners()
        """Told which server has set something."""
        # One change at a time reaches store and index, so that both see changes in the same order. It is held across
        # the transaction only: never across a sleep or a call to Discord.
        self._changing = asyncio.Lock()
        self._setting = asyncio.Lock()
        self._keeps_learning = False
        self._learning: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, database: Database, packs: Iterable[Pack] = (), *, clock: Callable[[], dt.datetime] = _utc_now
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

    async def load_pack(self, pack: Pack) -> LoadResult | None:
        """Bring the store in step with a pack; None when it is so already. ``refresh`` brings it into memory.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self._database.reading() as session:
            if await store.pack_digest(session, pack.id) == pack.digest:
                return None
        async with self._database.writing(alone=True) as session:
            return await store.load_pack(session, pack, self._clock())

    async def refresh(self) -> None:
        """Read everything anew from the store; the index is built in a thread and takes its place when it is whole.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self._changing:
            async with self._database.reading() as session:
                names = await store.names(session)
                entries: dict[int | None, list[tuple[Fact | KnownUnknown, int]]] = {None: await store.entries(session)}
                hidden: list[tuple[str, int]] = []
                for server_id in await store.server_ids(session):
                    entries[server_id] = await store.entries(session, server_id)
                    hidden += [(fact_id, server_id) for fact_id in await store.hidden_fact_ids(session, server_id)]
                self._settings = await store.server_settings(session)
            self._engine = await asyncio.to_thread(_build, names, entries, hidden)
            self._go_on_learning()

    def begin_learning(self) -> None:
        """Let facts learn what parts them from each other, in the background, now and after every change.

        It is done in a thread and a few at a time; questions are answered meanwhile, and a fact that has not learnt
        yet does so when it is first considered. Whoever begins it ends it with ``end_learning``.
        """
        self._keeps_learning = True
        self._go_on_learning()

    async def end_learning(self) -> None:
        """Stop what ``begin_learning`` began, and wait until it has stopped."""
        self._keeps_learning = False
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.wait([self._learning])

    def _go_on_learning(self) -> None:
        if self._keeps_learning:
            self._engine.leave_learning()
        if self._keeps_learning and (self._learning is None or self._learning.done()):
            self._learning = asyncio.create_task(self._learn(), name="tianwen-learning")

    async def _learn(self) -> None:
        while await asyncio.to_thread(self._engine.learn, _LEARN_AT_ONCE):
            pass

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
        return self._engine

    def fact(self, fact_id: str, server_id: int | None = None) -> Fact:
        """Give one fact as a server, or (None) everyone, sees it.

        Raises:
            FactNotFoundError: there is none.
        """
        return self._engine.fact(fact_id, server_id)

    def find(self, fact_id: str, server_id: int | None = None) -> Fact | None:
        """Give one fact as a server, or (None) everyone, sees it; None where there is none."""
        try:
            return self._engine.fact(fact_id, server_id)
        except FactNotFoundError:
            return None

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

    def suggest(self, text: str, *, server_id: int | None = None, limit: int) -> list[Fact]:
        """Give the facts that somebody who has typed this much may mean; see ``AnswerEngine.suggest``."""
        return self._engine.suggest(text, server_id=server_id, limit=limit)

    # Changing: store first, then memory

    async def add(self, fact: Fact, author: Author, *, server_id: int | None = None, reason: str | None = None) -> None:
        """Add a fact, shared (None) or a server's own.

        Raises:
            InvalidFactError: the fact breaks the rules.
            FactExistsError: the id is taken.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        fact = _valid(fact)
        async with self._changing:
            async with self._database.writing() as session:
                position = await store.add_fact(session, fact, self._change(author, reason), server_id)
            self._put(fact, position, server_id)

    async def edit(
        self,
        fact: Fact,
        author: Author,
        *,
        server_id: int | None = None,
        version: int | None = None,
        reason: str | None = None,
    ) -> None:
        """Write a fact anew. ``version`` is the one that the editor saw.

        Raises:
            InvalidFactError: the fact breaks the rules.
            FactNotFoundError: there is no such fact.
            EditConflictError: somebody else changed it in the meantime.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        fact = _valid(fact)
        async with self._changing:
            async with self._database.writing() as session:
                change = self._change(author, reason)
                position = await store.edit_fact(session, fact, change, server_id, version=version)
            self._put(fact, position, server_id)

    async def remove(
        self, fact_id: str, author: Author, *, server_id: int | None = None, reason: str | None = None
    ) -> None:
        """Take a fact out of the answers. Its history stays, and ``restore`` brings it back.

        Raises:
            FactNotFoundError: there is no such fact.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        async with self._changing:
            async with self._database.writing() as session:
                change = self._change(author, reason)
                await store.set_fact_removed(session, fact_id, change, server_id, removed=True)
            with self._telling(fact_id, server_id):
                self._engine.discard_fact(fact_id, server_id)

    async def restore(
        self, fact_id: str, author: Author, *, server_id: int | None = None, reason: str | None = None
    ) -> None:
        """Bring a removed fact back.

        Raises:
            FactNotFoundError: there is no such fact.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        async with self._changing:
            async with self._database.writing() as session:
                change = self._change(author, reason)
                fact, position = await store.set_fact_removed(session, fact_id, change, server_id, removed=False)
            self._put(fact, position, server_id)

    async def revert(
        self,
        fact_id: str,
        number: int,
        author: Author,
        *,
        server_id: int | None = None,
        reason: str | None = None,
    ) -> Fact:
        """Let a fact be again as it was after one of its revisions; that is a revision too.

        Raises:
            FactNotFoundError: there is no such fact.
            InvalidFactError: it has no such revision, or was removed by it.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        async with self._changing:
            async with self._database.writing() as session:
                revisions = {r.number: r for r in await store.history(session, fact_id, server_id)}
                after = revisions[number].after if number in revisions else None
                if after is None:
                    raise InvalidFactError(f"“{fact_id}” has no text in revision {number} to go back to.")
                fact = _fact_from_form(after)
                change = self._change(author, reason or f"back to revision {number}")
                position = await store.edit_fact(session, fact, change, server_id, action=Action.REVERT)
            self._put(fact, position, server_id)
        return fact

    async def history(self, fact_id: str, *, server_id: int | None = None) -> list[Revision]:
        """Give a fact's revisions, oldest first.

        Raises:
            FactNotFoundError: there is no such fact.
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self._database.reading() as session:
            return await store.history(session, fact_id, server_id)

    async def stored(self, fact_id: str, *, server_id: int | None = None) -> StoredFact:
        """Give a fact with its version, removed or not, as an editor needs it.

        Raises:
            FactNotFoundError: there is no such fact.
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self._database.reading() as session:
            return await store.stored_fact(session, fact_id, server_id)

    async def hide(self, fact_id: str, server_id: int, *, replacement: str | None = None) -> None:
        """Hide a shared fact from one server, or replace it there by one of the server's own.

        Raises:
            FactNotFoundError: there is no such shared fact, or no such replacement.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        async with self._changing:
            async with self._database.writing() as session:
                await store.hide_shared_fact(session, fact_id, server_id, replacement)
            with self._telling(fact_id, server_id):
                self._engine.hide(fact_id, server_id)

    async def unhide(self, fact_id: str, server_id: int) -> None:
        """Show a hidden or replaced shared fact to a server again.

        Raises:
            FactNotFoundError: there is no such shared fact.
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        async with self._changing:
            async with self._database.writing() as session:
                await store.unhide_shared_fact(session, fact_id, server_id)
            with self._telling(fact_id, server_id):
                self._engine.unhide(fact_id, server_id)

    # What else is kept

    def server_settings(self, server_id: int | None) -> ServerSettings:
        """Give what a server has set, from memory; the defaults for one that has set nothing, and for none."""
        return self._settings.get(server_id, _DEFAULTS) if server_id is not None else _DEFAULTS

    async def set_server_settings(self, server_id: int, settings: ServerSettings) -> None:
        """Keep what a server has set.

        Raises:
            DatabaseUnavailableError: the database cannot be written; nothing has changed.
        """
        async with self._changing:
            async with self._database.writing() as session:
                await store.set_server_settings(session, server_id, settings)
            self._settings[server_id] = settings
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

    def _put(self, fact: Fact, position: int, server_id: int | None) -> None:
        with self._telling(fact.id, server_id):
            self._engine.put(fact, position, server_id)

    @contextmanager
    def _telling(self, fact_id: str, server_id: int | None) -> Iterator[None]:
        """Let a change in memory take effect, and tell what it did to a fact, if anything."""
        before = self.find(fact_id, server_id)
        yield
        self._go_on_learning()
        after = self.find(fact_id, server_id)
        if before != after:
            self.fact_changes.tell(FactChange(before, after, server_id))

    def _change(self, author: Author, reason: str | None) -> Change:
        return store.Change(author, self._clock(), reason)


def _build(
    names: Iterable[Name],
    entries: Mapping[int | None, Iterable[tuple[Fact | KnownUnknown, int]]],
    hidden: Iterable[tuple[str, int]],
) -> AnswerEngine:
    engine = AnswerEngine(names)
    for server_id, of_server in entries.items():
        for entry, position in of_server:
            engine.put(entry, position, server_id)
    for fact_id, server_id in hidden:
        engine.hide(fact_id, server_id)
    return engine


def _valid(fact: Fact) -> Fact:
    """Hold a fact to the same rules as files are held to, and give it tidied as they are."""
    try:
        return _fact_from_form(fact_to_form(fact))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, where))}: {what}" for where, what in describe_faults(error))
        raise InvalidFactError(f"“{fact.id}” cannot be saved: {faults}") from error


def _fact_from_form(data: dict[str, Any]) -> Fact:
    """Read a fact as revisions keep it."""
    form = FactForm.model_validate(data)
    if not isinstance(form.source, SourceForm):
        raise InvalidFactError(f"“{form.id}” has no source.")
    return form.entity(form.source.entity(source_key(form.source)))
