"""The database itself, SQLite and PostgreSQL alike: schema, transactions, and what it says when it cannot be used."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sqlite3
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import inspect, make_url, select, text
from sqlalchemy.exc import IntegrityError, StatementError

import migrations
from facts.database import BUSY_TIMEOUT_MS, Database
from facts.engine import AnswerEngine
from facts.entities import Author, Doubt, KnownUnknown, Origin, QueuedQuestion, SavedTest, ServerSettings
from facts.errors import DatabaseUnavailableError, SchemaMismatchError, ValueRefusedError
from facts.knowledge import KnowledgeBase, utc_now
from facts.models import Base, CommandTreeRow, FactRow, PackRow, SourceRow, UtcDateTime
from tests.conftest import POSTGRES
from tests.facts.making import make_fact, make_pack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncSession

NOON = dt.datetime(2021, 7, 4, 12, 0, 0, 123456, tzinfo=dt.UTC)
SECRET = "hunter2"  # noqa: S105 - of no database  # pragma: allowlist secret
PACK = make_pack([make_fact("mayor", "Ada Holm is the mayor.", "who is the mayor?", "name of the mayor")])


def pack_row(pack_id: str = "town", version: int = 1) -> PackRow:
    return PackRow(id=pack_id, version=version, digest="d", loaded_at=NOON)


async def tables(database: Database) -> set[str]:
    async with database.reading() as session:
        connection = await session.connection()
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def count(session: AsyncSession, table: type[Base]) -> int:
    return len(list(await session.scalars(select(table))))


def sqlite_path(url: str) -> str:
    path = make_url(url).database
    assert path is not None
    return path


@pytest.fixture
async def empty(bare_url: str) -> AsyncIterator[Database]:
    """A database with nothing in it, of each kind in turn."""
    database = Database(bare_url)
    yield database
    await database.close()


@pytest.fixture
async def on_sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    database = Database(sqlite_url)
    await database.upgrade()
    yield database
    await database.close()


# The schema


async def test_an_empty_database_gets_the_whole_schema_without_drift(empty: Database) -> None:
    assert (await empty.schema()).current is None
    assert not (await empty.schema()).is_current
    await empty.upgrade()
    state = await empty.schema()
    assert state.is_current
    assert state.current == state.needed
    assert await empty.drift() == []
    assert await tables(empty) == {*Base.metadata.tables, "alembic_version"}
    await empty.require_schema()


async def test_upgrading_what_is_up_to_date_changes_nothing(database: Database) -> None:
    await KnowledgeBase.open(database, [PACK])
    await database.upgrade()
    assert (await KnowledgeBase.open(database)).facts() == list(PACK.facts)
    assert await database.drift() == []


async def test_the_schema_goes_down_and_up_again_with_data_in_it(database: Database) -> None:
    knowledge = await KnowledgeBase.open(database, [PACK])
    await knowledge.add(make_fact("bakery", "The bakery is old.", "how old is the bakery?"), Author(Origin.EDITOR, 7))
    await database.downgrade("base")
    assert await tables(database) <= {"alembic_version"}
    assert (await database.schema()).current is None
    await database.upgrade()
    assert (await database.schema()).is_current
    assert await database.drift() == []
    again = await KnowledgeBase.open(database, [PACK])
    assert again.facts() == list(PACK.facts)


async def test_a_store_from_before_editors_kept_facts_comes_up_with_all_that_it_has(database: Database) -> None:
    bakery, ghost = make_fact("bakery", "It is old.", "how old is the bakery?"), KnownUnknown("ghost", ("any ghosts?",))
    knowledge = await KnowledgeBase.open(database, [PACK])
    await knowledge.add(bakery, Author(Origin.EDITOR, 7), server_id=5)
    await knowledge.remove("mayor", Author(Origin.OPERATOR))
    await knowledge.add(ghost, Author(Origin.OPERATOR))
    await knowledge.set_server_settings(5, ServerSettings(wait_s=30))
    await database.downgrade("0003")
    async with database.writing() as session:
        columns = set((await session.execute(text("SELECT * FROM facts"))).keys())
        assert columns.isdisjoint({"follows", "review_by", "superseded_by"})
        await session.execute(text("INSERT INTO server_settings (server_id, cooldown_s) VALUES (6, 90)"))
        hidden = "INSERT INTO shared_fact_overrides (server_id, fact_id) SELECT 5, min(id) FROM facts"
        await session.execute(text(hidden))
    await database.upgrade()
    assert await database.drift() == []
    again = await KnowledgeBase.open(database)
    await again.prepare(5)
    assert again.facts(5) == [bakery]
    assert again.engine.unknowns(5) == [ghost]
    kept = [await again.stored(entry_id, server_id=5) for entry_id in ("bakery", "ghost")]
    assert [(one.entry, one.removed, one.follows) for one in kept] == [(bakery, False, False), (ghost, False, False)]
    assert [r.follows for r in await again.history("mayor")] == [False, False]
    assert again.server_settings(5) == ServerSettings(wait_s=30)
    assert again.server_settings(6) == ServerSettings(cooldown_s=90)
    assert again.server_settings(6).queue_days == 30
    # And editors can go on with it.
    await again.restore("mayor", Author(Origin.OPERATOR))
    assert (await again.undo("bakery", 1, Author(Origin.EDITOR, 7), server_id=5)).removed
    assert again.facts(5) == list(PACK.facts)


async def test_ids_that_buttons_carry_are_not_given_again_also_in_a_store_from_before(database: Database) -> None:
    await database.downgrade("0004")
    knowledge = KnowledgeBase(database, AnswerEngine(), utc_now)
    books = knowledge.bookkeeping
    await books.queue(QueuedQuestion(5, "any ghosts?", Doubt.UNANSWERED, None, NOON), 7)
    await knowledge.keep_test(SavedTest(5, "any ghosts?", None))
    await database.upgrade()
    assert await database.drift() == []
    (queued,), (saved,) = await books.queued(5), await knowledge.saved_tests(5)
    assert queued.question == saved.question == "any ghosts?"
    assert (queued.id, saved.id) != (None, None)
    assert await books.settle(5, [queued.id or 0]) == 1
    assert await knowledge.drop_tests(5, [saved.id or 0]) == 1
    await books.queue(QueuedQuestion(5, "any mice?", Doubt.UNANSWERED, None, NOON), 7)
    await knowledge.keep_test(SavedTest(5, "any mice?", None))
    assert [await books.settle(5, [queued.id or 0]), await knowledge.drop_tests(5, [saved.id or 0])] == [0, 0]


async def test_drift_is_seen(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(text("ALTER TABLE packs ADD COLUMN colour VARCHAR(9)"))
    assert await database.drift() != []


def test_the_needed_revision_is_the_newest_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]


async def test_a_database_without_the_schema_is_refused_in_one_line(empty: Database) -> None:
    with pytest.raises(SchemaMismatchError, match=r"none.*tianwen db upgrade") as caught:
        await empty.require_schema()
    assert "\n" not in caught.value.sentence


async def test_a_database_from_the_future_is_refused_in_one_line_and_left_alone(database: Database) -> None:
    await KnowledgeBase.open(database, [PACK])
    async with database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999_from_the_future'"))
    assert (await database.schema()).current == "9999_from_the_future"
    for attempt in (database.require_schema(), database.upgrade(), database.downgrade("base")):
        with pytest.raises(SchemaMismatchError, match="9999_from_the_future") as caught:
            await attempt
        assert "\n" not in caught.value.sentence
    assert (await database.schema()).current == "9999_from_the_future"
    assert (await KnowledgeBase.open(database)).facts() == list(PACK.facts)


async def test_a_migration_that_fails_half_way_leaves_nothing_behind(empty: Database) -> None:
    async with empty.writing() as session:
        # Of no table, which another program's database would have, but in a table's place.
        await session.execute(text("CREATE VIEW revisions AS SELECT 1 AS id"))
    with pytest.raises(DatabaseUnavailableError):
        await empty.upgrade()
    assert await tables(empty) == set()
    assert (await empty.schema()).current is None


async def test_another_programs_database_is_left_alone(empty: Database) -> None:
    async with empty.writing() as session:
        await session.execute(text("CREATE TABLE orders (id INTEGER)"))
    with pytest.raises(SchemaMismatchError, match="another program's tables, such as “orders”"):
        await empty.upgrade()
    assert await tables(empty) == {"orders"}


# A process that waits for a line before it brings the schema up, so that two of them begin together.
UPGRADE = """
import asyncio, sys
from facts.database import Database

async def main():
    database = Database(sys.argv[1])
    from alembic import command
    print("ready", flush=True)
    sys.stdin.readline()
    await database.upgrade()
    await database.close()

asyncio.run(main())
"""


async def test_two_programs_that_start_on_an_empty_database_both_get_the_schema(empty: Database, bare_url: str) -> None:
    pipe = asyncio.subprocess.PIPE
    programs = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", UPGRADE, bare_url, stdin=pipe, stdout=pipe, stderr=pipe
        )
        for _ in range(2)
    ]
    for program in programs:
        assert program.stdout is not None
        assert await program.stdout.readline() == b"ready\n"
    told = await asyncio.gather(*(program.communicate(b"go\n") for program in programs))
    assert [errors.decode()[-300:] for _, errors in told] == ["", ""]
    assert [program.returncode for program in programs] == [0, 0]
    assert await empty.drift() == []


def test_every_constraint_and_index_of_the_models_has_a_name() -> None:
    parts: list[Any] = [
        part for table in Base.metadata.tables.values() for part in (*table.constraints, *table.indexes)
    ]
    assert len(parts) > len(Base.metadata.tables)
    assert [part for part in parts if not part.name] == []


async def test_the_database_has_every_constraint_under_the_name_that_the_models_give(database: Database) -> None:
    def named(connection: Connection) -> dict[str, set[str | None]]:
        look = inspect(connection)
        return {
            table: {
                *(found["name"] for found in look.get_unique_constraints(table)),
                *(found["name"] for found in look.get_check_constraints(table)),
                *(found["name"] for found in look.get_foreign_keys(table)),
                look.get_pk_constraint(table)["name"],
            }
            for table in Base.metadata.tables
        }

    async with database.reading() as session:
        connection = await session.connection()
        found = await connection.run_sync(named)
    wanted: dict[str, set[str | None]] = {}
    for name, table in Base.metadata.tables.items():
        wanted[name] = {str(constraint.name) for constraint in table.constraints}
        if connection.dialect.name == "sqlite" and table.kwargs.get("sqlite_autoincrement"):
            # AUTOINCREMENT stands in the column itself, which has no room for the name of its primary key.
            wanted[name] = {*wanted[name], None} - {str(table.primary_key.name)}
    assert found == wanted


# What is refused


async def test_a_fact_without_a_row_for_its_source_is_refused(database: Database) -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        async with database.writing() as session:
            session.add(FactRow(slug="a", topic="t", statement="s", source_id=99, measures=[]))
    assert isinstance(caught.value.__cause__, IntegrityError)
    async with database.reading() as session:
        assert await count(session, FactRow) == 0


async def is_refused(database: Database, statement: str) -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        async with database.writing() as session:
            await session.execute(text(statement))
    assert isinstance(caught.value.__cause__, IntegrityError)


async def test_phrasings_and_revisions_of_nothing_are_refused(database: Database, subtests: pytest.Subtests) -> None:
    rows = {
        "phrasings": "(position, text, fact_id, unknown_id) VALUES (0, 'who?', {})",
        "revisions": "(number, action, origin, at, fact_id, unknown_id) VALUES (1, 'add', 'pack', '2021-07-04', {})",
    }
    for table, row in rows.items():
        for owners in ("99, NULL", "NULL, 99", "NULL, NULL"):
            with subtests.test(table=table, owners=owners):
                await is_refused(database, f"INSERT INTO {table} {row.format(owners)}")


async def test_an_error_of_the_database_tells_nothing_of_what_was_written(database: Database) -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        async with database.writing() as session:
            await session.execute(text("INSERT INTO jobs (name, at) VALUES (:name, NULL)"), {"name": "hush-hush"})
    chain = [caught.value, caught.value.__cause__]
    assert all("hush-hush" not in str(error).partition("DETAIL")[0] for error in chain)


async def test_what_others_lean_on_cannot_be_deleted(database: Database, subtests: pytest.Subtests) -> None:
    await KnowledgeBase.open(database, [PACK])
    for table in ("facts", "sources"):
        with subtests.test(table=table):
            await is_refused(database, f"DELETE FROM {table}")  # noqa: S608 - our own text
    assert (await KnowledgeBase.open(database)).facts() == list(PACK.facts)


async def test_half_a_fact_is_refused(database: Database, subtests: pytest.Subtests) -> None:
    await KnowledgeBase.open(database, [PACK])
    for change in (
        "milestone_date = '2021-07-04'",
        "milestone_label = 'half a milestone'",
        "milestone_precision = 'day'",
        "milestone_date = '2021-07-04', milestone_label = 'x', milestone_precision = 'hour'",
        "slug = NULL",
        "statement = NULL",
    ):
        with subtests.test(change=change):
            await is_refused(database, f"UPDATE facts SET {change}")  # noqa: S608 - our own text


async def test_two_facts_of_one_id_are_refused_in_one_scope_and_allowed_in_two(database: Database) -> None:
    async with database.writing() as session:
        source = SourceRow(key="k", publisher="p", authors=[])
        session.add_all(
            FactRow(slug="a", server_id=scope, topic="t", statement="s", source=source, measures=[]) for scope in (0, 1)
        )
    await is_refused(database, "UPDATE facts SET server_id = 1 WHERE server_id = 0")


# Times


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a time zone"):
        async with database.writing() as session:
            session.add(PackRow(id="a", version=1, digest="d", loaded_at=NOON.replace(tzinfo=None)))
    async with database.reading() as session:
        assert await count(session, PackRow) == 0


async def test_times_come_back_as_the_same_moment_in_utc(database: Database) -> None:
    zones = [dt.UTC, dt.timezone(dt.timedelta(hours=9)), dt.timezone(-dt.timedelta(hours=3, minutes=30))]
    async with database.writing() as session:
        session.add_all(
            CommandTreeRow(application_id=number, digest="d", synced_at=NOON.astimezone(zone))
            for number, zone in enumerate(zones)
        )
    async with database.reading() as session:
        times = list(await session.scalars(select(CommandTreeRow.synced_at)))
    assert [time.isoformat() for time in times] == [NOON.isoformat()] * 3
    assert [time.utcoffset() for time in times] == [dt.timedelta(0)] * 3


def test_every_time_of_the_models_is_of_the_aware_kind() -> None:
    kinds = {
        f"{table.name}.{column.name}": type(column.type)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_at") or column.name == "at"
    }
    assert len(kinds) >= 4
    assert set(kinds.values()) == {UtcDateTime}


# Transactions


async def test_a_transaction_is_kept_at_its_end(database: Database) -> None:
    async with database.writing() as session:
        session.add(pack_row())
    async with database.reading() as session:
        assert await count(session, PackRow) == 1


async def test_whatever_is_raised_within_a_transaction_undoes_it(database: Database) -> None:
    async def fail() -> None:
        async with database.writing() as session:
            session.add(pack_row())
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.reading() as session:
        assert await count(session, PackRow) == 0


async def test_a_cancelled_transaction_is_undone_and_holds_up_nobody(database: Database) -> None:
    begun = asyncio.Event()

    async def write_for_ever() -> None:
        async with database.writing() as session:
            session.add(pack_row())
            await session.flush()
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_for_ever())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.writing() as session:
        assert await count(session, PackRow) == 0
        session.add(pack_row("other"))


async def test_a_failed_transaction_leaves_the_database_usable(database: Database) -> None:
    for _ in range(20):
        with pytest.raises(DatabaseUnavailableError):
            async with database.writing() as session:
                await session.execute(text("INSERT INTO no_such_table VALUES (1)"))
    async with database.writing() as session:
        session.add(pack_row())
    async with database.reading() as session:
        assert await count(session, PackRow) == 1


async def test_a_reader_sees_whole_transactions_only_and_is_not_held_up(database: Database) -> None:
    async with database.writing() as writer:
        writer.add(pack_row())
        await writer.flush()
        async with database.reading() as reader:
            assert await count(reader, PackRow) == 0
    async with database.reading() as reader:
        assert await count(reader, PackRow) == 1


async def test_reading_keeps_nothing(database: Database) -> None:
    async with database.reading() as session:
        session.add(pack_row())
        await session.flush()
    async with database.reading() as session:
        assert await count(session, PackRow) == 0


# SQLite's own


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("foreign_keys", 1), ("journal_mode", "wal"), ("synchronous", 2), ("busy_timeout", BUSY_TIMEOUT_MS)],
)
async def test_every_connection_to_sqlite_is_set_up_to_be_safe(on_sqlite: Database, pragma: str, value: object) -> None:
    async with on_sqlite.reading() as one, on_sqlite.reading() as two, on_sqlite.writing() as three:
        for session in (one, two, three):
            assert await session.scalar(text(f"PRAGMA {pragma}")) == value


async def test_a_new_file_that_another_program_holds_just_then_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("facts.database.time.sleep", lambda _seconds: other.close())
    database = Database(f"sqlite+aiosqlite:///{file}")
    try:
        await database.upgrade()
        assert (await database.schema()).is_current
    finally:
        await database.close()
        other.close()


async def test_a_writing_transaction_takes_its_place_before_it_writes(on_sqlite: Database, sqlite_url: str) -> None:
    other = sqlite3.connect(sqlite_path(sqlite_url), timeout=0, isolation_level=None)
    try:
        async with on_sqlite.writing() as session:
            assert await count(session, PackRow) == 0
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    finally:
        other.close()


async def test_a_reading_transaction_leaves_the_place_to_a_writer(on_sqlite: Database, sqlite_url: str) -> None:
    other = sqlite3.connect(sqlite_path(sqlite_url), timeout=0, isolation_level=None)
    try:
        async with on_sqlite.reading() as session:
            assert await count(session, PackRow) == 0
            other.execute("BEGIN IMMEDIATE")
            other.execute("INSERT INTO packs VALUES ('a', 1, 'd', '2021-07-04 12:00:00')")
            other.execute("COMMIT")
            # What was there when the reader began is what it goes on to see.
            assert await count(session, PackRow) == 0
    finally:
        other.close()


async def test_writers_wait_for_one_another_and_lose_no_update(on_sqlite: Database, sqlite_url: str) -> None:
    async with on_sqlite.writing() as session:
        session.add(pack_row(version=0))
    databases = [Database(sqlite_url) for _ in range(4)]

    async def count_up(database: Database) -> None:
        async with database.writing() as session:
            row = (await session.scalars(select(PackRow))).one()
            row.version += 1

    try:
        await asyncio.gather(*(count_up(database) for database in databases * 5))
    finally:
        for database in databases:
            await database.close()
    async with on_sqlite.reading() as session:
        assert (await session.scalars(select(PackRow.version))).one() == 20


async def test_a_writer_that_waited_too_long_is_told_so(
    on_sqlite: Database, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facts.database.BUSY_TIMEOUT_MS", 0)
    hurried = Database(sqlite_url)
    try:
        async with on_sqlite.writing() as session:
            assert await count(session, PackRow) == 0
            with pytest.raises(DatabaseUnavailableError, match="locked"):
                async with hurried.writing() as other:
                    other.add(pack_row())
        async with hurried.writing() as other:
            other.add(pack_row())
    finally:
        await hurried.close()


async def test_what_is_in_the_file_survives_closing(sqlite_url: str) -> None:
    for version in (1, 2):
        database = Database(sqlite_url)
        await database.upgrade()
        async with database.writing() as session:
            assert await count(session, PackRow) == version - 1
            session.add(pack_row(str(version)))
        await database.close()


# What cannot be used


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        "tianwen.db",
        "sqlite:///tianwen.db",
        f"postgresql://bot:{SECRET}@db.example/tianwen",
        f"postgres://bot:{SECRET}@db.example/tianwen",
        f"postgresql+psycopg://bot:{SECRET}@db.example/tianwen",
        f"mysql+aiomysql://bot:{SECRET}@db.example/tianwen",
        f"nonsense://bot:{SECRET}@db.example/tianwen",
        f"sqlite+aiosqlite://bot:{SECRET}@db.example/tianwen",
        f"postgresql+asyncpg://bot:{SECRET}@db.example:port/tianwen",
        f"postgresql+asyncpg://bot:{SECRET}@[::1/tianwen",
        f"postgresql+asyncpg:bot:{SECRET}@db.example",
        f"{SECRET}://",
        "sqlite+aiosqlite:///tianwen.db?timeout=soon",
        "sqlite+aiosqlite:///file:tianwen.db?mode=ro&uri=true",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///",
        "sqlite+aiosqlite:///:memory:",
        f"postgresql+asyncpg://bot:12@{SECRET}@db.example/tianwen",
        f"postgresql+asyncpg://bot:12@34/{SECRET}@db.example/tianwen",
        f"postgresql+asyncpg://bot:{SECRET}@db.example",
        f"postgresql+asyncpg://bot:{SECRET}@db.example/",
        f"postgresql+asyncpg://bot:{SECRET}@127.0.0.1:70000/tianwen",
        f"postgresql+asyncpg://bot:{SECRET}@127.0.0.1:1/tianwen?colour=green",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(DatabaseUnavailableError) as caught:
        Database(url)
    assert "\n" not in caught.value.sentence
    assert "URL" in caught.value.sentence
    assert SECRET not in caught.value.sentence
    assert SECRET not in str(caught.value.__cause__)


@given(
    st.text()
    | st.builds(
        "{}{}@{}:{}/{}".format,
        st.sampled_from(["postgresql+asyncpg://", "sqlite+aiosqlite://", "sqlite+aiosqlite:///", "x://"]),
        st.text(max_size=8),
        st.text(max_size=8),
        st.text(max_size=5),
        st.text("abc?&=/%", max_size=8),
    )
)
@example("sqlite+aiosqlite:///%00")
@example("postgresql+asyncpg://h:99999999999/x")
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_any_url_is_taken_or_refused(url: str) -> None:
    try:
        told = Database(url).description
    except DatabaseUnavailableError as error:
        told = error.sentence
    assert told.startswith(("sqlite+aiosqlite:", "postgresql+asyncpg:", "The database URL "))


def test_the_description_hides_the_password() -> None:
    database = Database(f"postgresql+asyncpg://bot:{SECRET}@db.example/tianwen")
    assert database.description == "postgresql+asyncpg://bot:***@db.example/tianwen"


async def is_unavailable(url: str) -> str:
    """Make sure that a database is refused in one line, whatever is done first, and let go of; give the line."""
    threads_before = set(threading.enumerate())
    database = Database(url)
    sentences = set()
    try:
        for attempt in (database.schema, database.upgrade, database.require_schema, database.drift):
            with pytest.raises(DatabaseUnavailableError) as caught:
                await attempt()
            sentences.add(caught.value.sentence)
        for session in (database.reading, database.writing):
            with pytest.raises(DatabaseUnavailableError) as caught:
                async with session() as opened:
                    await opened.execute(text("SELECT 1"))
            sentences.add(caught.value.sentence)
    finally:
        await database.close()
    # A connection to SQLite is a thread, which lasts until the connection is closed.
    for thread in set(threading.enumerate()) - threads_before:
        if thread.name.startswith("asyncio"):
            continue  # of the loop's pool, which looks up host names
        thread.join(timeout=1)
        assert not thread.is_alive(), f"{thread.name} holds a connection that nobody closed"
    (sentence,) = sentences
    assert "\n" not in sentence
    assert SECRET not in sentence
    return sentence


async def test_a_file_that_is_deleted_or_exchanged_while_it_is_used_takes_no_change_and_is_not_made_anew(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database(sqlite_url)
    await database.upgrade()
    async with database.writing() as session:
        await session.execute(text("INSERT INTO jobs (name, at) VALUES ('sweep', '2026-01-01')"))
    path = tmp_path / "test.db"
    path.rename(tmp_path / "elsewhere.db")
    for other in (False, True):
        if other:
            path.write_bytes(b"")
        with pytest.raises(DatabaseUnavailableError, match="its file is gone, or is another one"):
            async with database.writing():
                raise AssertionError("it must not come so far")
        with pytest.raises(DatabaseUnavailableError, match="its file is gone, or is another one"):
            await database.require_schema()
        assert database.is_failing
        assert path.exists() == other
    (tmp_path / "elsewhere.db").replace(path)
    async with database.writing() as session:
        assert (await session.scalars(text("SELECT name FROM jobs"))).all() == ["sweep"]
    assert not database.is_failing
    await database.require_schema()
    await database.close()


async def test_whether_it_fails_is_known_apart_for_reading_and_writing(on_sqlite: Database) -> None:
    def fails() -> bool:
        return on_sqlite.is_failing

    await on_sqlite.require_schema()
    assert not fails()
    with pytest.raises(DatabaseUnavailableError):
        async with on_sqlite.writing() as session:
            await session.execute(text("INSERT INTO no_such_table VALUES (1)"))
    async with on_sqlite.reading() as session:
        await session.execute(text("SELECT 1"))
    assert fails()
    async with on_sqlite.writing():
        pass
    assert not fails()
    # A row that is refused is no failure of the database.
    with pytest.raises(DatabaseUnavailableError):
        async with on_sqlite.writing() as session:
            await session.execute(text("INSERT INTO jobs (name, at) VALUES (NULL, NULL)"))
    assert not fails()


async def test_a_value_that_is_not_taken_is_told_apart_from_a_failing_database(database: Database) -> None:
    for values in ("(NULL, NULL)", "(:name, NULL)"):
        with pytest.raises(ValueRefusedError):
            async with database.writing() as session:
                await session.execute(text(f"INSERT INTO jobs (name, at) VALUES {values}"), {"name": "\ud800"})  # noqa: S608
    assert not database.is_failing


async def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'nowhere' / 'tianwen.db'}"
    assert "unable to open database file" in await is_unavailable(url)


async def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    assert "unable to open database file" in await is_unavailable(f"sqlite+aiosqlite:///{tmp_path}")


async def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Buy milk, eggs and a space station.\n" * 99, "utf-8")
    before = path.read_bytes()
    assert "not a database" in await is_unavailable(f"sqlite+aiosqlite:///{path}")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "place",
    [
        "127.0.0.1:1/tianwen",
        "no-such-host.invalid/tianwen",
    ],
)
async def test_a_server_that_cannot_be_reached_is_told_without_the_password(place: str) -> None:
    await is_unavailable(f"postgresql+asyncpg://bot:{SECRET}@{place}")


async def test_a_postgresql_database_or_user_that_does_not_exist_is_told_without_the_password(
    postgres_url: str,
) -> None:
    url = make_url(postgres_url).set(password=SECRET)
    missing = url.set(database="tianwen_no_such_database").render_as_string(hide_password=False)
    assert "tianwen_no_such_database" in await is_unavailable(missing)
    stranger = url.set(username="tianwen_no_such_user").render_as_string(hide_password=False)
    assert "tianwen_no_such_user" in await is_unavailable(stranger)


async def test_a_connection_that_postgresql_closed_costs_no_later_transaction(postgres_url: str) -> None:
    database = Database(postgres_url)
    other = Database(postgres_url)
    try:
        await database.upgrade()
        async with database.reading() as session:
            backend = await session.scalar(text("SELECT pg_backend_pid()"))
        async with other.writing() as session:
            assert await session.scalar(text(f"SELECT pg_terminate_backend({backend})"))
        async with database.writing() as session:
            session.add(pack_row())
        async with database.reading() as session:
            assert await count(session, PackRow) == 1
            assert await session.scalar(text("SELECT pg_backend_pid()")) != backend
    finally:
        await database.close()
        await other.close()


def test_postgresql_takes_part_where_it_is_asked_to() -> None:
    url = os.environ.get(POSTGRES)
    if url is None:
        pytest.skip(f"{POSTGRES} is not set")
    assert make_url(url).drivername == "postgresql+asyncpg"
