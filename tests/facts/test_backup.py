"""Backups of a SQLite store: whole whatever is written meanwhile, and never trusted unseen."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

import migrations
from facts import backup
from facts.database import Database
from facts.entities import Fact
from facts.errors import BackupError, DamagedError
from facts.knowledge import KnowledgeBase
from tests.facts.making import make_fact
from tests.facts.town import (
    BLUE_LAMP,
    CLOCK_TOWER,
    EDITOR,
    HERE,
    LAMP,
    RED_LAMP,
    START,
    TOWN,
    anew,
    answer,
    on_sqlite,
    view,
)


@pytest.fixture
def path(database: Database) -> Path:
    assert database.file is not None
    return database.file


@pytest.fixture
async def other(town: KnowledgeBase, path: Path) -> AsyncIterator[KnowledgeBase]:  # noqa: ARG001 - it fills the file
    database = Database(f"sqlite+aiosqlite:///{path}")
    yield await anew(database)
    await database.close()


async def read(path: Path) -> KnowledgeBase:
    database = Database(f"sqlite+aiosqlite:///{path}")
    knowledge = await anew(database)
    await database.close()
    return knowledge


@on_sqlite
async def test_a_backup_holds_all_that_there_was_and_nothing_that_came_later(
    town: KnowledgeBase, tmp_path: Path
) -> None:
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    before = [view(town, server_id) for server_id in (None, HERE)]
    target = tmp_path / "backup.db"
    await town.back_up(target)
    await town.edit(RED_LAMP, EDITOR)
    kept = await read(target)
    assert [view(kept, server_id) for server_id in (None, HERE)] == before
    assert not list(tmp_path.glob(".*"))


@on_sqlite
async def test_a_backup_made_while_another_program_writes_is_whole(
    town: KnowledgeBase, other: KnowledgeBase, tmp_path: Path
) -> None:
    """Facts come in pairs, one transaction each: a backup holds both of a pair or none."""
    stop = asyncio.Event()
    written = 0

    async def write() -> None:
        nonlocal written
        while not stop.is_set():
            pair = [make_fact(f"pair-{written}-{side}", "One of two.", f"{side} {written}?") for side in ("a", "b")]
            await other.put_all(pair, EDITOR, server_id=HERE)
            written += 1

    writing = asyncio.create_task(write())
    counts = []
    for number in range(4):
        while written < 3 * (number + 1):  # noqa: ASYNC110 - another task brings it about
            await asyncio.sleep(0.001)
        target = tmp_path / f"backup-{number}.db"
        await town.back_up(target)
        kept = await read(target)
        ids = {fact.id for fact in kept.engine.own(HERE) if isinstance(fact, Fact)}
        assert len(ids) % 2 == 0
        assert {i[:-1] + "b" for i in ids if i.endswith("a")} == {i for i in ids if i.endswith("b")}
        counts.append(len(ids))
    stop.set()
    await writing
    assert counts == sorted(counts)
    assert counts[0] > 0


@on_sqlite
async def test_a_backup_takes_the_place_of_a_database_in_use_and_its_users_learn_of_it(
    town: KnowledgeBase, other: KnowledgeBase, path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "facts")
    target = tmp_path / "backup.db"
    await town.back_up(target)
    unchanged = target.read_bytes()
    await town.edit(RED_LAMP, EDITOR)
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    await other.memory.catch_up()
    before = tmp_path / "before.db"
    assert await backup.restore(target, path, before) is None
    backup.check(before)
    assert target.read_bytes() == unchanged
    for knowledge in (town, other):
        await knowledge.memory.catch_up()
        assert answer(knowledge, LAMP.canonical_question) == LAMP.statement
        assert knowledge.facts(HERE) == list(TOWN.facts)
    assert caplog.text.count("The store has been replaced") == 2
    # And both go on with it.
    await town.edit(BLUE_LAMP, EDITOR)
    await other.memory.catch_up()
    assert answer(other, LAMP.canonical_question) == BLUE_LAMP.statement
    assert not list(path.parent.glob(".*"))


@on_sqlite
async def test_an_older_backup_is_brought_up_to_date(database: Database, path: Path, tmp_path: Path) -> None:
    knowledge = await KnowledgeBase.open(database, [TOWN])
    await database.downgrade("0004")
    target = tmp_path / "old.db"
    await knowledge.back_up(target)
    await database.upgrade()
    await backup.restore(target, path, tmp_path / "before.db")
    assert (await database.schema()).is_current
    assert (await KnowledgeBase.open(database)).facts() == list(TOWN.facts)


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(4096, len(data), 4096):
        data[place : place + 64] = b"\xff" * 64
    path.write_bytes(data)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def lose_sources(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM sources")


def lose_a_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE votes")


def lose_a_table_of_an_earlier_schema(path: Path) -> None:
    lose_a_table(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE forgotten_people")
        connection.execute("UPDATE alembic_version SET version_num = '0007'")


def lose_the_schema(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM alembic_version")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("id,topic,statement\n" * 500)


@on_sqlite
@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (damage, "damaged|not a backup"),
        (newer, "schema that this program does not know"),
        (lose_sources, "damaged"),
        (lose_a_table, "the table votes is missing"),
        (lose_a_table_of_an_earlier_schema, "the table votes is missing"),
        (lose_the_schema, "is empty"),
        (empty, "not a database"),
        (text, "not a backup"),
        (Path.unlink, "There is no file"),
    ],
)
async def test_what_is_no_whole_backup_is_refused_in_one_line_and_changes_nothing(
    town: KnowledgeBase, database: Database, path: Path, tmp_path: Path, harm: object, told: str
) -> None:
    target = tmp_path / "backup.db"
    await town.back_up(target)
    assert callable(harm)
    harm(target)
    await town.edit(RED_LAMP, EDITOR)
    with pytest.raises(BackupError, match=told) as caught:
        await backup.restore(target, path, tmp_path / "before.db")
    assert not (tmp_path / "before.db").exists()
    assert "\n" not in caught.value.sentence
    assert answer(await anew(database), LAMP.canonical_question) == RED_LAMP.statement
    assert (await database.schema()).current == migrations.HEAD


@on_sqlite
@pytest.mark.parametrize("harm", [damage, lose_sources, lose_a_table, empty, text])
async def test_what_is_damaged_is_told_from_what_could_not_be_read(
    town: KnowledgeBase, database: Database, path: Path, tmp_path: Path, harm: object
) -> None:
    await town.edit(RED_LAMP, EDITOR)
    await database.close()
    backup.look_through(path)
    assert callable(harm)
    harm(path)
    with pytest.raises(DamagedError):
        backup.look_through(path)
    with pytest.raises(DamagedError):
        backup.back_up(path, tmp_path / "backup.db")
    assert not list(tmp_path.glob("*backup.db*"))


@on_sqlite
@pytest.mark.parametrize("harm", [damage, text])
async def test_where_a_damaged_database_cannot_be_replaced_it_stays_where_it_was(
    town: KnowledgeBase,
    database: Database,
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[Path], None],
) -> None:
    target, before = tmp_path / "backup.db", tmp_path / "before.db"
    await town.back_up(target)
    await database.close()
    harm(path)
    spoilt = path.read_bytes()
    real = backup._copy

    def full(source: Path, to: Path) -> None:
        if not to.name.endswith(".unfinished"):
            to.write_bytes(b"begun")
            raise OSError("No space left on device")
        real(source, to)

    monkeypatch.setattr(backup, "_copy", full)
    with pytest.raises(BackupError, match="No space left"):
        await backup.restore(target, path, before)
    with pytest.raises(BackupError, match="No space left"):
        await backup.restore(target, path.with_name("new.db"), before)
    assert not path.with_name("new.db").exists()
    assert path.read_bytes() == spoilt
    assert not before.exists()
    monkeypatch.undo()
    assert isinstance(await backup.restore(target, path, before), DamagedError)
    assert before.read_bytes() == spoilt
    backup.check(path)


@on_sqlite
async def test_another_programs_file_is_not_replaced(town: KnowledgeBase, tmp_path: Path) -> None:
    target, other = tmp_path / "backup.db", tmp_path / "orders.db"
    await town.back_up(target)
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    before = other.read_bytes()
    with pytest.raises(BackupError, match="another program's tables"):
        await backup.restore(target, other, tmp_path / "before.db")
    assert other.read_bytes() == before


@on_sqlite
async def test_a_restore_that_fails_leaves_nothing_beside_and_no_file_is_its_own_backup(
    town: KnowledgeBase, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "backup.db"
    await town.back_up(target)
    real = backup._copy

    def refuse(source: Path, to: Path) -> None:
        if to == path:
            raise sqlite3.OperationalError("attempt to write a readonly database")
        real(source, to)

    monkeypatch.setattr(backup, "_copy", refuse)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BackupError, match="readonly"):
        await backup.restore(target, path, tmp_path / "before.db")
    with pytest.raises(BackupError, match="is the database itself"):
        await backup.restore(path, path, tmp_path / "before.db")
    assert sorted(tmp_path.iterdir()) == before


@on_sqlite
async def test_a_backup_takes_no_files_place_and_leaves_nothing_unfinished(
    town: KnowledgeBase, path: Path, tmp_path: Path
) -> None:
    taken = tmp_path / "mine.txt"
    taken.write_text("keep me")
    with pytest.raises(BackupError, match="there already"):
        await town.back_up(taken)
    assert taken.read_text() == "keep me"
    with pytest.raises(BackupError, match="could not be made"):
        await town.back_up(tmp_path / "no" / "such" / "folder.db")
    with pytest.raises(BackupError, match="There is no database"):
        backup.back_up(tmp_path / "nothing.db", tmp_path / "b.db")
    assert not (tmp_path / "nothing.db").exists()
    assert not list(path.parent.glob(".*"))


def test_of_the_backups_in_a_folder_the_newest_stay_and_so_does_everything_else(tmp_path: Path) -> None:
    times = [START + dt.timedelta(days=day) for day in (3, 0, 9, 6)]
    for at in times:
        (tmp_path / backup.backup_name(at)).touch()
    others = {
        "tianwen.db",
        "notes.txt",
        "tianwen-20210704T120000Z.db.old",
        "before-restore-" + backup.backup_name(START),
    }
    for name in others:
        (tmp_path / name).touch()
    begun, left = (tmp_path / f".{backup.backup_name(at)}.unfinished" for at in times[:2])
    for path in (begun, left):
        path.touch()
    long_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(left, (long_ago, long_ago))
    others.add(begun.name)
    (tmp_path / "tianwen-20219999T999999Z.db").touch()
    assert backup.newest(tmp_path) == times[2]
    (tmp_path / "tianwen-20219999T999999Z.db").unlink()
    assert len(backup.prune(tmp_path, 2)) == 2
    kept = {backup.backup_name(START + dt.timedelta(days=day)) for day in (6, 9)}
    assert {file.name for file in tmp_path.iterdir()} == kept | others
    assert backup.prune(tmp_path, 2) == []


async def test_postgresql_is_referred_to_pg_dump(postgres_url: str, tmp_path: Path) -> None:
    database = Database(postgres_url)
    await database.upgrade()
    with pytest.raises(BackupError, match="pg_dump"):
        await (await KnowledgeBase.open(database)).back_up(tmp_path / "b.db")
    await database.close()
