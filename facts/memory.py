"""What is known in memory, and how it keeps in step with the store, whichever process changes that."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import Counter, OrderedDict
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from pydantic import ValidationError

from facts import feed, people, store
from facts.engine import AnswerEngine
from facts.entities import FactChange, ServerSettings
from facts.errors import DatabaseError, ServerFullError
from facts.feed import Mark, Position
from facts.forms import entry_from_form
from facts.listeners import Listeners
from facts.shelf import characters_of
from facts.store import News

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from facts.database import Database
    from facts.entities import Entry, Name
    from facts.store import Kept

log = logging.getLogger(__name__)

# So many facts learn before a program that wants to end may do so: about a tenth of a second.
_LEARN_AT_ONCE = 4
# What a server has of its own leaves memory when nobody has asked there for so long ...
IDLE = dt.timedelta(minutes=15)
# ... and earlier where the phrasings of all servers together have more characters than this in memory.
MOST_OWN_CHARACTERS = 1_500_000
# One server has at most so many entries of its own, and so many characters of phrasings: no few fill it alone.
SERVER_ENTRIES_MAX = 5_000
SERVER_CHARACTERS_MAX = 250_000
# Whether that is so is looked at every so often.
_TIDIED_EVERY = dt.timedelta(minutes=1)
# So many changes of a server are taken over one by one, in about a tenth of a second; after more it is read anew.
_MOST_TAKEN_OVER = 100
_DEFAULTS = ServerSettings()


class Memory:
    """The facts that answer, and what servers have set.

    All servers share one index; what a server has of its own lies over it, is read when it is first needed, and leaves
    memory when it has not been needed for a while. Changes of this process enter memory once they are in the store;
    those of other processes when the store tells of them.
    """

    def __init__(
        self,
        database: Database,
        engine: AnswerEngine,
        clock: Callable[[], dt.datetime],
        queue_changes: Listeners[int | None],
    ) -> None:
        """Begin with this engine; ``refresh`` reads everything from the store.

        Args:
            database: which store.
            engine: what answers at first.
            clock: gives the time now, aware UTC.
            queue_changes: told whose review queue another process has changed.
        """
        self._database = database
        self._clock = clock
        self.engine = engine
        """What answers now. A refresh puts another in its place: do not keep it."""
        self._settings: dict[int, ServerSettings] = {}
        self.fact_changes: Listeners[FactChange] = Listeners()
        """Told of every change, once the changed fact answers."""
        self.settings_changes: Listeners[int] = Listeners()
        """Told which server has set something."""
        self._queue_changes = queue_changes
        self.people_forgotten: Listeners[Callable[[int], bool]] = Listeners()
        """Told when another process has deleted what is kept of people, with what tells if a Discord id is one."""
        # One change at a time reaches store and memory, so that both see changes in the same order. It is held across
        # the transaction only: never across a sleep or a call to Discord.
        self.changing = asyncio.Lock()
        # How far the store's changes are known, which of those further on are this process's own, and since when.
        self._position = Position()
        self._own: set[int] = set()
        self.checked_at = clock()
        """When memory was last known to be in step with the store."""
        # Servers by how recently they were needed, and those whose own entries are being read.
        self._used: OrderedDict[int, dt.datetime] = OrderedDict()
        self._reading: dict[int, asyncio.Task[None]] = {}
        self._tidied_at = clock()
        # How often something of a server's own has changed.
        self._changes: Counter[int] = Counter()
        self._keeps_learning = False
        self._learning: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None

    @property
    def unchecked_for(self) -> dt.timedelta:
        """How long ago memory was last known to be in step with the store."""
        return max(self._clock() - self.checked_at, dt.timedelta())

    @property
    def is_store_failing(self) -> bool:
        """Whether the store could not be reached, read or written when that was last tried."""
        return self._database.is_failing

    # Settings

    def settings(self, server_id: int | None) -> ServerSettings:
        """Give what a server has set; the defaults for one that has set nothing, and for none."""
        return self._settings.get(server_id, _DEFAULTS) if server_id is not None else _DEFAULTS

    def set_settings(self, server_id: int, settings: ServerSettings, at: Position) -> None:
        """Take over what this process has kept of a server's settings, by the change with this number."""
        self.note_own(at)
        self._settings[server_id] = settings

    # Reading from the store

    async def refresh(self) -> None:
        """Read everything anew; the index is built in a thread and takes its place when it is whole.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self.changing:
            await self._refresh()

    async def _refresh(self) -> None:
        kept: dict[int | None, Sequence[Kept]] = {}
        async with self._database.reading() as session:
            position = await feed.position(session)
            names = await store.names(session)
            kept[None] = await store.entries(session)
            with_own = set(await store.server_ids(session))
            # Where somebody has asked of late, nobody shall have to wait.
            in_memory = with_own & {*self.engine.servers, *self._used}
            for server_id in in_memory:
                kept[server_id] = await store.entries(session, server_id)
            settings = await store.server_settings(session)
        self.engine = await asyncio.to_thread(_build, names, kept, with_own - in_memory)
        self._settings = settings
        self._position, self.checked_at = position, self._clock()
        self._own.clear()
        self._go_on_learning()

    async def prepare(self, server_id: int | None) -> None:
        """See that what a server has of its own is in memory, where it stays for a while.

        Raises:
            DatabaseUnavailableError: it is not, and the database cannot be used.
        """
        if server_id is None:
            return
        self._used[server_id] = self._clock()
        self._used.move_to_end(server_id)
        if not self.engine.is_absent(server_id):
            if self._clock() - self._tidied_at >= _TIDIED_EVERY:
                self._put_away_idle()
            return
        reading = self._reading.get(server_id)
        if reading is None:
            reading = asyncio.create_task(self._read(server_id), name="tianwen-reading")
            self._reading[server_id] = reading
            reading.add_done_callback(lambda done: self._has_read(server_id, done))
        # Whoever gives up waiting leaves the others their answer.
        await asyncio.shield(reading)
        self._put_away_idle()

    @asynccontextmanager
    async def change_in(self, server_id: int | None) -> AsyncIterator[None]:
        """Let nobody else change anything meanwhile; what a server has of its own is in memory and stays there.

        Raises:
            DatabaseUnavailableError: it is not in memory, and the database cannot be used.
        """
        while True:
            await self.prepare(server_id)
            async with self.changing:
                # Another process may have changed much there while this one waited.
                if not self.engine.is_absent(server_id):
                    yield
                    return

    def _has_read(self, server_id: int, reading: asyncio.Task[None]) -> None:
        del self._reading[server_id]
        if not reading.cancelled():
            # Those who wait are told; where nobody waits any longer, the next one tries again.
            reading.exception()

    async def _read(self, server_id: int) -> None:
        changes, engine = -1, self.engine
        while self.engine.is_absent(server_id):
            if changes != self._changes[server_id] or engine is not self.engine:
                changes, engine = self._changes[server_id], self.engine
                async with self._database.reading() as session:
                    kept = await store.entries(session, server_id)
                tried = await asyncio.to_thread(_over, engine, kept, server_id)
            async with self.changing:
                if changes == self._changes[server_id] and engine is self.engine:
                    self.engine.adopt(tried, server_id)
                    self._go_on_learning()

    def _put_away_idle(self) -> None:
        """Take out of memory what has not been needed for long, or was needed longest ago where there is too much.

        While the database fails, all stays: it could not be read again.
        """
        if self._database.is_failing:
            return
        now = self._tidied_at = self._clock()
        size = sum(self.engine.own_size(server_id)[1] for server_id in self.engine.servers)
        for server_id, used in list(self._used.items())[:-1]:
            if now - used < IDLE and size <= MOST_OWN_CHARACTERS:
                return
            del self._used[server_id]
            size -= self.engine.own_size(server_id)[1]
            if server_id in self.engine.servers:
                self.engine.put_away(server_id)

    # Changes

    def require_room(self, put: Iterable[Entry], server_id: int | None) -> None:
        """Make sure that a server has room for these, in place of what it has under their ids; for all there is room.

        Raises:
            ServerFullError: it has not, and has less without them.
        """
        if server_id is None:
            return
        new, growth = 0, 0
        for entry in put:
            was = self.engine.entry(entry.id, server_id) if self.engine.is_own(entry.id, server_id) else None
            new += was is None
            growth += characters_of(entry) - (characters_of(was) if was is not None else 0)
        entries, characters = self.engine.own_size(server_id)
        if (new > 0 and entries + new > SERVER_ENTRIES_MAX) or (
            growth > 0 and characters + growth > SERVER_CHARACTERS_MAX
        ):
            raise ServerFullError(SERVER_ENTRIES_MAX, SERVER_CHARACTERS_MAX)

    def take_over(self, kept: Kept, server_id: int | None, at: Position) -> None:
        """Bring memory in step with what this process has kept of an entry, by the change with this number."""
        self.note_own(at)
        self._place(kept, server_id)
        self._go_on_learning()

    def adopt(self, tried: AnswerEngine, server_id: int, at: Position) -> None:
        """Take over many changes of this process that were tried for a server."""
        self.note_own(at)
        self._changes[server_id] += 1
        self.engine.adopt(tried, server_id)
        self._go_on_learning()

    def tried(self, kept: Iterable[Kept], server_id: int | None) -> AnswerEngine:
        """Give an engine in which these are in place, and nothing has changed in this one."""
        tried = self.engine.trial(server_id)
        for one in kept:
            _place(tried, one, server_id)
        return tried

    def _place(self, kept: Kept, server_id: int | None) -> None:
        if server_id is not None:
            self._changes[server_id] += 1
        if not self.engine.is_absent(server_id):
            _place(self.engine, kept, server_id)

    def note_own(self, at: Position) -> None:
        """Note a change of this process: if it is the next one, there is nothing to catch up with."""
        if at == Position(self._position.epoch or at.epoch, self._position.number + 1):
            self._position, self.checked_at = at, self._clock()
        else:
            self._own.add(at.number)

    # Keeping in step with other processes

    def begin_following(self) -> None:
        """Follow what other processes change; whoever begins it ends it with ``end_following``."""
        self._following = asyncio.create_task(self._follow(), name="tianwen-following")

    async def end_following(self) -> None:
        """Stop what ``begin_following`` began, and what is being read."""
        tasks = [*self._reading.values(), *([self._following] if self._following is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self) -> None:
        is_behind = False
        async with aclosing(self._database.wakes()) as wakes:
            async for _ in wakes:
                try:
                    await self.catch_up()
                except DatabaseError as error:
                    if not is_behind:
                        log.warning("What other processes change cannot be followed: %s", error)
                    is_behind = True
                except Exception:
                    # To follow no longer would be worse than anything that one change can do.
                    log.exception("A change by another process could not be taken over")
                else:
                    is_behind = False

    async def catch_up(self) -> None:
        """Take over what other processes have changed; where nothing has, that costs one small query.

        Raises:
            DatabaseUnavailableError: the database cannot be used.
        """
        async with self.changing:
            async with self._database.reading() as session:
                now = await feed.position(session)
                if now == self._position:
                    self.checked_at = self._clock()
                    return
                since = self._position.number
                is_another = now.epoch != self._position.epoch or now.number < since
                known = (since, now.number)
                # In another store anything may be otherwise.
                news, forgotten = News(frozenset({None})), None
                marks: list[tuple[Mark, int | None]] = []
                if not is_another:
                    news = await store.changed_between(session, *known, most=_MOST_TAKEN_OVER)
                    marks = await feed.marks_between(session, *known)
                    forgotten = await people.forgotten_between(session, *known, but=self._own)
                settings = await self._changed_settings(session, marks)
            own, self._own = self._own, set()
            if is_another:
                log.info("The store has been replaced, as by a restored backup: all of it is read anew")
            if None in news.much or (Mark.NAMES, None) in marks:
                await self._refresh()
                # It may have read more than is told below: the next look tells the rest.
                self._position = now
            else:
                self._place_all(news)
                self._settings |= settings
                self._position, self.checked_at = now, self._clock()
                self._go_on_learning()
        for change in _told(news, own):
            self.fact_changes.tell(change)
        for mark, server_id in marks:
            if mark is Mark.SETTINGS and server_id is not None:
                self.settings_changes.tell(server_id)
            elif mark is Mark.QUEUE:
                self._queue_changes.tell(server_id)
        if forgotten is not None:
            self.people_forgotten.tell(forgotten)

    @staticmethod
    async def _changed_settings(
        session: AsyncSession, marks: Iterable[tuple[Mark, int | None]]
    ) -> dict[int, ServerSettings]:
        changed = [server_id for mark, server_id in marks if mark is Mark.SETTINGS and server_id is not None]
        return {server_id: await store.settings_of(session, server_id) or _DEFAULTS for server_id in changed}

    def _place_all(self, news: News) -> None:
        """Bring memory in step with what other processes have changed."""
        for server_id in news.much:
            if server_id is not None:
                self._changes[server_id] += 1
                self.engine.put_away(server_id)
        # First what is removed: where the one kind has become the other, the other counts.
        for server_id, kept in sorted(news.kept, key=lambda one: not one[1].removed):
            self._place_anew(kept, server_id)

    def _place_anew(self, kept: Kept, server_id: int | None) -> None:
        """Bring memory in step with what another process has changed; what is new of a server is read when needed."""
        if server_id is not None and server_id not in self._used:
            self._changes[server_id] += 1
            self.engine.put_away(server_id)
        else:
            self._place(kept, server_id)

    # Learning

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
            self.engine.leave_learning()
        if self._keeps_learning and (self._learning is None or self._learning.done()):
            self._learning = asyncio.create_task(self._learn(), name="tianwen-learning")

    async def _learn(self) -> None:
        while await asyncio.to_thread(self.engine.learn, _LEARN_AT_ONCE):
            pass


def _build(names: Iterable[Name], kept: Mapping[int | None, Iterable[Kept]], absent: Iterable[int]) -> AnswerEngine:
    """Make an engine of what all share and some servers have of their own; that of the others stays in the store."""
    engine = AnswerEngine(names)
    for server_id, of_server in kept.items():
        for one in of_server:
            _place(engine, one, server_id)
    for server_id in absent:
        engine.put_away(server_id)
    return engine


def _over(engine: AnswerEngine, kept: Iterable[Kept], server_id: int) -> AnswerEngine:
    """Make an engine of what a server has of its own, over what all share in another one."""
    over = engine.trial(server_id, anew=True)
    for one in kept:
        _place(over, one, server_id)
    return over


def _place(engine: AnswerEngine, kept: Kept, server_id: int | None) -> None:
    """Bring an engine in step with what is kept of an entry."""
    if kept.removed or kept.follows:
        engine.discard(kept.entry, server_id)
    else:
        engine.put(kept.entry, kept.position, server_id)
    if server_id is not None and kept.removed:
        engine.hide(kept.entry, server_id)
    elif server_id is not None:
        engine.unhide(kept.entry, server_id)
    engine.note_removed(kept.entry, server_id, removed=kept.removed)


def _told(news: News, own: Collection[int]) -> list[FactChange]:
    """Give the changes of others as listeners are told of them; many made at once come without their records."""
    changes = [change for change in news.changes if change.number not in own]
    at_once = Counter(change.number for change in changes)
    return [FactChange(None, None, server_id) for server_id in news.much] + [
        FactChange(
            _entry(change.revision.before),
            _entry(change.revision.after),
            change.server_id,
            change.revision if at_once[change.number] == 1 else None,
        )
        for change in changes
    ]


def _entry(form: Mapping[str, object] | None) -> Entry | None:
    """Give what a revision tells of an entry; None where it was not there, or breaks the rules of today."""
    try:
        return entry_from_form(dict(form)) if form is not None else None
    except ValidationError:
        return None
