"""The database itself: opening it, its transactions, its schema.

SQLite and PostgreSQL are used through the same tables, queries and migrations.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from inspect import signature as inspect_signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakSet

from sqlalchemy import URL, NullPool, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

import migrations
from facts.errors import DatabaseUnavailableError, DatabaseUrlError, SchemaMismatchError, ValueRefusedError
from facts.models import Base

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator

    from sqlalchemy import Connection

log = logging.getLogger(__name__)

# How long a writer waits for another one before it gives up, in milliseconds (SQLite).
BUSY_TIMEOUT_MS = 5_000
_ASK_AGAIN_S = 0.01
_SQLITE, _POSTGRES = "sqlite+aiosqlite", "postgresql+asyncpg"
_PORTS = 65_536
_IN_MEMORY = ":memory:"
_WRITES = "tianwen_writes"
_FOLLOWING = "following"
VERSION_TABLE = "alembic_version"
"""In which Alembic notes the schema."""
# Any of these tells a database of ours.
_OURS = frozenset({"facts", "sources", "revisions"})
# While one process migrates or loads a pack, the others wait for it (PostgreSQL); the number is any one of our own.
_ALONE = text("SELECT pg_advisory_xact_lock(74102021)")
# And so they do where one server's counts and queue are looked at and changed; a lock has room for half of its id.
_ALONE_IN = text("SELECT pg_advisory_xact_lock(74102021, :place)")
_LOCKS = 2**31 - 1
# What PostgreSQL calls the signs of a change.
CHANNEL = "tianwen_changes"
# On SQLite, which gives no signs, one looks for changes every so many seconds.
_LOOKS_EVERY_S = 0.25
# With PostgreSQL the line on which signs come is tried every so many seconds: nobody tells when it has been cut.
_LINE_TRIED_EVERY_S = 5.0
# A goodbye to PostgreSQL may take so many seconds; the connections are cut then.
_CLOSES_WITHIN_S = 2.0
# What the server has not done in its time is given up here after so many seconds more: then it is the network.
_GRACE_S = 5.0
# A database that is away is tried again after so many seconds at first, then twice as many, up to the setting.
_FIRST_PAUSE_S = 0.1
# How PostgreSQL's codes begin for lost connections, too many of them, and a server that starts or stops
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_UNREACHED_STATES = ("08", "53", "57P")
_UNAVAILABLE = (DBAPIError, PoolTimeoutError, sqlite3.Error, OSError, TimeoutError, UnicodeEncodeError)
# PostgreSQL's class of errors for values that it does not take (same page); some texts no driver can take either.
_REFUSED_STATES = "22"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The revision that a database has (None when empty), the one that this program needs, and the tables there are."""

    current: str | None
    needed: str
    tables: frozenset[str] = frozenset()

    @property
    def is_current(self) -> bool:
        """Whether they are the same."""
        return self.current == self.needed and not is_foreign(self.tables)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return self.current is None and not self.tables

    @property
    def is_newer(self) -> bool:
        """Whether the database's is one that this program does not know."""
        return self.current is not None and (not self.current.isdecimal() or self.current > self.needed)

    @property
    def fault(self) -> str:
        """What is the matter where they are not the same, and what to do about it."""
        if is_foreign(self.tables):
            other = min(self.tables)
            return f"The database holds another program's tables, such as “{other}”: give Tianwen one of its own."
        if self.current is None and self.tables:
            return "The database does not tell which schema its tables have: put a backup in its place."
        if self.is_newer:
            return (
                f"The database has schema {self.current}, and this program knows those up to {self.needed}: use the "
                "newer program that it belongs to."
            )
        return (
            f"The database has schema {self.current or 'none'}, but this program needs {self.needed}; run “tianwen db "
            "upgrade”."
        )


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """How a process uses PostgreSQL; SQLite needs none of it. Times are in seconds.

    Attributes:
        pool_size: so many connections are kept and used at once, besides the one on which signs of changes come.
        statement_timeout_s: a statement that takes longer is given up; migrations may take their time.
        connect_timeout_s: and so is a connection that is not there by then.
        reconnect_s: a database that is away is tried again at least that often.
    """

    pool_size: int = 5
    statement_timeout_s: float = 10.0
    connect_timeout_s: float = 5.0
    reconnect_s: float = 5.0


class Database:
    """One open database."""

    def __init__(self, url: str, options: DatabaseOptions | None = None, *, password: str | None = None) -> None:
        """Take the URL; nothing is opened yet.

        Args:
            url: beginning with ``sqlite+aiosqlite://`` or ``postgresql+asyncpg://``.
            options: how PostgreSQL is used, if not as usual.
            password: for PostgreSQL, in place of the one in the URL.

        Raises:
            DatabaseUrlError: the URL is not one that can be used. It is not repeated: it may hold a password.
        """
        parsed = _parse(url)
        options = options or DatabaseOptions()
        if parsed.drivername == _POSTGRES:
            parsed = parsed.set(password=password) if password is not None else parsed
            self._engine = _postgres_engine(parsed, options)
            # Migrations take as long as they take.
            self._patient = _postgres_engine(parsed, options, patient=True)
            for engine in (self._engine, self._patient):
                event.listen(engine.sync_engine, "connect", self._note_connection)
        else:
            self._engine = self._patient = _sqlite_engine(parsed)
        self._reconnect_s = options.reconnect_s
        # Whether it is away, and until when it is not tried again: else everybody would wait for a connection in vain.
        self._pause_s, self._not_before, self._away_because = 0.0, 0.0, ""
        # Whether somebody is finding out if it is there again: everybody else is refused meanwhile.
        self._is_probed = False
        # What has failed when it was last done: reading, writing, following.
        self._failing: set[str] = set()
        # The driver's connections (PostgreSQL).
        self._connections: WeakSet[Any] = WeakSet()
        # Which file it is, where it is one: changes made in one that has been deleted would be lost.
        self._inode: int | None = None
        self.description = parsed.render_as_string(hide_password=True)
        self._readers = async_sessionmaker(self._engine, expire_on_commit=False)
        writing = self._engine.execution_options(**{_WRITES: True})
        self._writers = async_sessionmaker(writing, expire_on_commit=False)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Give a session for reading.

        Raises:
            DatabaseUnavailableError: the database cannot be reached or read.
        """
        with self._errors("reading"):
            async with self._readers() as session:
                yield session

    @asynccontextmanager
    async def writing(self, *, alone: bool = False, alone_in: int | None = None) -> AsyncIterator[AsyncSession]:
        """Give a session for one transaction of changes: committed at the end, undone when anything is raised.

        Args:
            alone: let no other process do the same meanwhile. (On SQLite nobody else can write anyhow.)
            alone_in: nor do what it does with this number, such as a server's id.

        Raises:
            DatabaseUnavailableError: the database cannot be reached or written.
        """
        with self._errors("writing"):
            async with self._writers.begin() as session:
                if alone and self.is_postgres:
                    await session.execute(_ALONE)
                if alone_in is not None and self.is_postgres:
                    await session.execute(_ALONE_IN, {"place": alone_in % _LOCKS})
                yield session

    @property
    def is_postgres(self) -> bool:
        """Whether it is PostgreSQL; else it is SQLite."""
        return self._engine.dialect.name == "postgresql"

    def insert(self, row: type[Base]) -> postgresql.Insert | sqlite.Insert:
        """Begin an INSERT that may say what is done where a row is there already; both databases know the same."""
        return postgresql.insert(row) if self.is_postgres else sqlite.insert(row)

    @property
    def is_away(self) -> bool:
        """Whether it could not be reached when it was last tried."""
        return self._pause_s > 0

    @property
    def is_failing(self) -> bool:
        """Whether it could not be reached, read or written when that was last tried."""
        return self.is_away or bool(self._failing)

    async def wakes(self) -> AsyncGenerator[None]:
        """Give a sign whenever something may have been changed, by whomever; first at once, and without end.

        With PostgreSQL signs come by NOTIFY; where the connection was lost, one comes as soon as there is another:
        what was changed meanwhile has to be looked for. With SQLite one comes every quarter of a second.
        """
        if not self.is_postgres:
            while True:
                yield
                await asyncio.sleep(_LOOKS_EVERY_S)
        pause, was_cut = _FIRST_PAUSE_S, False
        while True:
            try:
                with self._errors(_FOLLOWING):
                    async for _ in self._notifications():
                        if was_cut:
                            log.warning("The line to the database is there again")
                        pause, was_cut = _FIRST_PAUSE_S, False
                        yield
            except DatabaseUnavailableError as error:
                if not was_cut:
                    log.warning("The line to the database is cut: %s", error)
                was_cut = True
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._reconnect_s)

    async def _notifications(self) -> AsyncIterator[None]:
        """Give a sign at first, at every notification, and when the line has been tried; end when it is cut."""
        woken = asyncio.Event()
        async with self._patient.connect() as connection:
            line: Any = (await connection.get_raw_connection()).driver_connection
            line.add_termination_listener(lambda *_: woken.set())
            try:
                with _as_connection_errors():
                    await line.add_listener(CHANNEL, lambda *_: woken.set())
                    self._note_well(_FOLLOWING)
                    while not line.is_closed():
                        woken.clear()
                        yield
                        try:
                            async with asyncio.timeout(_LINE_TRIED_EVERY_S):
                                await woken.wait()
                        except TimeoutError:
                            await self._try(line)
            finally:
                # To say goodbye to a server that is away may take for ever.
                line.terminate()

    async def _try(self, line: Any) -> None:  # noqa: ANN401 - the driver's own type
        try:
            await line.execute("SELECT 1", timeout=_LINE_TRIED_EVERY_S)
        except TimeoutError:
            # On the others nothing will be answered either, and whoever waits for that would wait much longer.
            self._cut()
            raise

    def _note_connection(self, connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        self._connections.add(connection.driver_connection)

    def _cut(self) -> None:
        """End all connections to PostgreSQL without a goodbye: for that the server would have to answer."""
        for connection in list(self._connections):
            connection.terminate()

    @property
    def is_to_be_made(self) -> bool:
        """Whether it is a SQLite file that is not there yet, in a folder that is; looking does not make it."""
        return self.file is not None and not self.file.exists() and self.file.parent.is_dir()

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database; None for any other."""
        file = self._engine.url.database
        return Path(file) if not self.is_postgres and file else None

    async def close(self) -> None:
        """Close all connections; those to a PostgreSQL that does not answer to that soon are cut."""
        # The pool would close them one after another, and wait for each as long as for a statement.
        goodbyes = [connection.close(timeout=_CLOSES_WITHIN_S) for connection in self._connections]
        await asyncio.gather(*goodbyes, return_exceptions=True)
        await self._engine.dispose()
        await self._patient.dispose()

    async def schema(self) -> SchemaState:
        """Tell which schema the database has.

        Raises:
            DatabaseUnavailableError: the database cannot be reached.
        """
        with self._errors():
            await self._prepare()
            async with self._engine.connect() as connection:
                return await connection.run_sync(_schema_state)

    async def upgrade(self) -> None:
        """Bring the schema up to date; an empty database gets all of it.

        Raises:
            DatabaseUnavailableError: the database cannot be reached or written.
            SchemaMismatchError: its schema is newer than this program, or it holds another program's tables.
        """
        state = await self.schema()
        if not state.is_empty and (state.is_newer or state.current is None or is_foreign(state.tables)):
            raise SchemaMismatchError(state.fault)
        await self._migrate("upgrade", "head")

    async def downgrade(self, revision: str) -> None:
        """Bring the schema back to a revision (“base”: nothing).

        Raises:
            DatabaseUnavailableError: the database cannot be reached or written.
        """
        await self._migrate("downgrade", revision)

    async def require_schema(self) -> None:
        """Make sure that the schema is the one that this program knows.

        Raises:
            DatabaseUnavailableError: the database cannot be reached.
            SchemaMismatchError: it is another one.
        """
        state = await self.schema()
        if not state.is_current:
            raise SchemaMismatchError(state.fault)

    async def require_writable(self) -> None:
        """Make sure that it can be written, without a change.

        Raises:
            DatabaseUnavailableError: it cannot.
        """
        async with self.writing() as session:
            # Of no row, but it needs the right to write, and on SQLite the place of the one who writes.
            await session.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '' WHERE 1 = 0"))  # noqa: S608

    async def drift(self) -> list[str]:
        """Tell the differences between the database's schema and the models; none when all is well.

        Raises:
            DatabaseUnavailableError: the database cannot be reached.
        """
        with self._errors():
            await self._prepare()
            async with self._engine.connect() as connection:
                return await connection.run_sync(_differences)

    async def _prepare(self) -> None:
        """Make sure that a SQLite file can be opened, and give it its write-ahead log; PostgreSQL tells by itself.

        Asked of the driver, the same failure leaves a thread behind that may outlive the event loop.
        """
        if self.file is not None:
            await asyncio.to_thread(_switch_to_wal, self.file)
            self._inode = _inode_of(self.file)

    async def _migrate(self, direction: Literal["upgrade", "downgrade"], revision: str) -> None:
        with self._errors():
            await self._prepare()
            async with self._patient.execution_options(**{_WRITES: True}).begin() as connection:
                if self.is_postgres:
                    # On SQLite the transaction itself keeps other processes out.
                    await connection.execute(_ALONE)
                await connection.run_sync(_run_migrations, direction, revision)
        log.info("The schema of the database is %s now", migrations.HEAD if revision == "head" else revision)

    @contextmanager
    def _errors(self, doing: str = "") -> Iterator[None]:
        """Turn the driver's errors into ours, whose sentence a person can be told; leave one that is away in peace."""
        if self.is_away and (self._is_probed or time.monotonic() < self._not_before):
            raise DatabaseUnavailableError(self._away_because)
        if self._inode is not None and self.file is not None and _inode_of(self.file) != self._inode:
            self._note_failing(doing)
            raise DatabaseUnavailableError(
                f"The database cannot be used: its file is gone, or is another one now ({self.description})."
            )
        probes = self._is_probed = self.is_away
        try:
            yield
        except _UNAVAILABLE as error:
            cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
            told = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
            if _is_refusal(error):
                self._note_away(None)
                raise ValueRefusedError(f"The database does not take this: {told} ({self.description}).") from error
            sentence = f"The database cannot be used: {told} ({self.description})."
            self._note_away(sentence if _is_unreached(error) else None)
            if not self.is_away:
                self._note_failing(doing)
            raise DatabaseUnavailableError(sentence) from error
        else:
            # Of the line, its end tells nothing.
            if doing != _FOLLOWING:
                self._note_well(doing)
        finally:
            if probes:
                self._is_probed = False

    def _note_well(self, doing: str) -> None:
        self._failing.discard(doing)
        self._note_away(None)

    def _note_failing(self, doing: str) -> None:
        # Of anything else nobody could tell when it is well again.
        if doing:
            self._failing.add(doing)

    def _note_away(self, because: str | None) -> None:
        """Note why it is away, or that it is not. SQLite is never left in peace: it refuses at once."""
        if because is None or not self.is_postgres:
            self._pause_s, self._is_probed = 0.0, False
        else:
            self._away_because = because
            self._pause_s = min(max(2 * self._pause_s, _FIRST_PAUSE_S), self._reconnect_s)
            self._not_before = time.monotonic() + self._pause_s


@contextmanager
def _as_connection_errors() -> Iterator[None]:
    """Turn errors of PostgreSQL's driver itself, which SQLAlchemy has not seen, into those of a lost connection."""
    import asyncpg  # noqa: PLC0415 - an extra

    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConnectionError(str(error)) from error


def _inode_of(file: Path) -> int | None:
    """Give what tells a file from another one of the same name; None where there is none."""
    try:
        return file.stat().st_ino
    except OSError:
        return None


def _switch_to_wal(file: Path) -> None:
    """Open a SQLite file and switch it to a write-ahead log, which from then on is a property of the file.

    The switch needs the file for itself, and SQLite does not wait for that, whatever its busy timeout: when two
    programs start on a new file, one of them is told “locked” at once. So it is asked again for as long.
    """
    patience = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    with closing(sqlite3.connect(file, timeout=BUSY_TIMEOUT_MS / 1000)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                    raise
                time.sleep(_ASK_AGAIN_S)
            else:
                return


def _is_refusal(error: BaseException) -> bool:
    """Tell whether the database is well and does not take a value."""
    if isinstance(error, (IntegrityError, UnicodeEncodeError)):
        return True
    return isinstance(error, DBAPIError) and _state(error).startswith(_REFUSED_STATES)


def _is_unreached(error: BaseException) -> bool:
    """Tell whether the database could not be reached, or its connection was lost; else it has refused something."""
    if not isinstance(error, DBAPIError) or error.connection_invalidated:
        return True
    return _state(error).startswith(_UNREACHED_STATES)


def _state(error: DBAPIError) -> str:
    """Give PostgreSQL's code of an error; nothing where there is none."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def password_in(url: str) -> str | None:
    """Give the password that stands in a database's URL; None where none does, or it is no URL."""
    try:
        return make_url(url).password
    except (ArgumentError, ValueError):
        return None


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlError("The database URL cannot be read.") from error
    if "password" in parsed.query:
        # Only the one before the host is known for a secret, and kept out of logs.
        raise DatabaseUrlError("The database URL must have its password before the host, not among its options.")
    if parsed.drivername not in {_SQLITE, _POSTGRES}:
        raise DatabaseUrlError(f"The database URL must begin with {_SQLITE}:// or {_POSTGRES}://.")
    if parsed.drivername == _SQLITE and (parsed.database in {None, "", _IN_MEMORY} or parsed.query):
        raise DatabaseUrlError(f"The database URL must name a file, and nothing after it: {_SQLITE}:///FILE.")
    if parsed.drivername == _POSTGRES and "@" in f"{parsed.host}{parsed.database}":
        # What follows the first one would be taken for the host, and told.
        raise DatabaseUrlError(
            "The database URL has more than one @: write that of a password as %40, or use TIANWEN_DATABASE_PASSWORD."
        )
    if parsed.drivername == _POSTGRES and not parsed.database:
        # The driver would take the one of the user's name, whatever is in it.
        raise DatabaseUrlError(f"The database URL must name a database: {_POSTGRES}://USER@HOST/DATABASE.")
    return parsed


def _postgres_engine(url: URL, options: DatabaseOptions, *, patient: bool = False) -> AsyncEngine:
    """Make the engine for PostgreSQL. A ``search_path`` in the URL's query names the schema to work in.

    Args:
        url: where it is.
        options: how many connections are kept, and how long one waits.
        patient: keep no connection, and wait for statements as long as they take.
    """
    try:
        import asyncpg  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise DatabaseUrlError("PostgreSQL needs the extra “postgres”, which “make install” brings.") from error
    settings = {key: str(value) for key, value in url.query.items() if key == "search_path"}
    url = url.difference_update_query(settings)
    known = inspect_signature(asyncpg.connect).parameters
    if unknown := sorted(set(url.query) - set(known)):
        raise DatabaseUrlError(f"The database URL has a part that is not known: {', '.join(unknown)}.")
    if url.port is not None and not 0 < url.port < _PORTS:
        raise DatabaseUrlError("The database URL names a port that does not exist.")
    arguments: dict[str, Any] = {"server_settings": settings, "timeout": options.connect_timeout_s}
    if patient:
        return create_async_engine(url, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
    longest = options.statement_timeout_s
    settings |= dict.fromkeys(("statement_timeout", "idle_in_transaction_session_timeout"), f"{longest * 1000:.0f}")
    return create_async_engine(
        url,
        # A connection that the server closed in the meantime is replaced before it is used.
        pool_pre_ping=True,
        pool_size=options.pool_size,
        max_overflow=0,
        pool_timeout=longest,
        # What people wrote has no place in an error.
        hide_parameters=True,
        connect_args=arguments | {"command_timeout": longest + _GRACE_S},
    )


def _sqlite_engine(url: URL) -> AsyncEngine:
    """Make the engine for SQLite, safe: foreign keys, whole syncs, and honest transactions."""
    try:
        engine = create_async_engine(url, hide_parameters=True)
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlError("The database URL is not one of SQLite: sqlite+aiosqlite:///FILE.") from error

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        # The driver must not begin transactions by itself: ours begin in on_begin.
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.execute("PRAGMA synchronous = FULL")
        except Exception:
            # Nobody else would: the pool has not taken the connection yet, and its thread would stay.
            connection.close()
            raise
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A transaction that will write takes its place at once: one that asks later may fail half-way.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def is_foreign(tables: Collection[str]) -> bool:
    """Tell by a database's tables whether it is another program's; Alembic's own may be anybody's."""
    others = set(tables) - {VERSION_TABLE}
    return bool(others) and _OURS.isdisjoint(others)


def _schema_state(connection: Connection) -> SchemaState:
    """Look at the tables, and read what Alembic has noted."""
    tables = set(inspect(connection).get_table_names())
    current: str | None = None
    if VERSION_TABLE in tables:
        current = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    return SchemaState(current, migrations.HEAD, frozenset(tables - {VERSION_TABLE}))


# Alembic is imported where it is needed: it takes a good part of a start that has nothing to migrate.


def _run_migrations(connection: Connection, direction: Literal["upgrade", "downgrade"], revision: str) -> None:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    step = command.upgrade if direction == "upgrade" else command.downgrade
    try:
        step(config, revision)
    except CommandError as error:
        raise SchemaMismatchError(f"The database's schema is not known to this program: {error}") from error


def _differences(connection: Connection) -> list[str]:
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return [_told(difference) for difference in compare_metadata(context, Base.metadata)]


def _told(difference: Any) -> str:  # noqa: ANN401 - tuples, or lists of them, of many kinds
    """Tell what would have to be done, and to what, such as “add table votes”."""
    what, *others = difference[0] if isinstance(difference, list) else difference
    names = (getattr(other, "name", other) for other in others)
    return " ".join([what.replace("_", " "), *(name for name in names if isinstance(name, str))])
