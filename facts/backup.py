"""Backups of a SQLite store: made while it is used, and looked through before anybody relies on them."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import re
import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import migrations
from facts import feed
from facts.database import VERSION_TABLE, Database, SchemaState, is_foreign
from facts.errors import BackupError, DamagedError, DatabaseError
from facts.models import Base

if TYPE_CHECKING:
    from pathlib import Path

# How long a copy waits for somebody who writes.
_PATIENCE_S = 30.0
_NAME = re.compile(r"tianwen-(\d{8}T\d{6})Z\.db")
_TIME = "%Y%m%dT%H%M%S"
# What SQLite has beside a database, and the database itself last.
_PARTS = ("-wal", "-shm", "-journal", "")
# What a program that was killed has left is deleted once nobody can be at it any more.
_LEFT_FOR_S = 24 * 60 * 60.0


def backup_name(at: dt.datetime) -> str:
    """Give the name of the file of a backup that is made at this time; names sort as times do."""
    return f"tianwen-{at.astimezone(dt.UTC):{_TIME}}Z.db"


def back_up(database: Path, target: Path) -> None:
    """Copy a database into a file, whole and as of one moment, however much is written meanwhile; takes a while.

    The file has its name only once it has been looked through.

    Raises:
        BackupError: there is no such database, or the file is there already or cannot be written.
        DamagedError: the database is not whole.
    """
    if not database.is_file():
        raise BackupError(f"There is no database {database}.")
    if target.exists():
        raise BackupError(f"{target} is there already.")
    unfinished = _beside(target)
    try:
        _copy(database, unfinished)
        with closing(sqlite3.connect(unfinished)) as connection:
            # Whoever looks at it then leaves no other files beside it.
            connection.execute("PRAGMA journal_mode = DELETE")
        _look_through(unfinished, database)
        _settle(unfinished)
        unfinished.rename(target)
    except (sqlite3.OperationalError, OSError) as error:
        # A full disk or a file that somebody else holds says nothing of the database.
        raise BackupError(f"The backup {target} could not be made: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise DamagedError(f"{database} is damaged: {error}.") from error
    finally:
        _remove(unfinished)


def check(backup: Path) -> None:
    """Look a backup through: whether it is whole, and of a program that this one understands.

    Raises:
        BackupError: it is not, or there is no such file.
    """
    if not backup.is_file():
        raise BackupError(f"There is no file {backup}.")
    try:
        revision = _look_through(backup, backup)
    except sqlite3.Error as error:
        raise BackupError(f"{backup} is not a backup of Tianwen's: {error}.") from error
    if SchemaState(revision, migrations.HEAD).is_newer:
        raise BackupError(f"{backup} has a schema that this program does not know; use the program that belongs to it.")


def look_through(database: Path) -> None:
    """Look a database through that may be in use: whether it is whole. Takes a while.

    Raises:
        BackupError: it cannot be read.
        DamagedError: it is not whole.
    """
    try:
        _look_through(database, database)
    except sqlite3.OperationalError as error:
        raise BackupError(f"{database} cannot be looked through: {error}.") from error
    except sqlite3.DatabaseError as error:
        raise DamagedError(f"{database} is damaged: {error}.") from error


async def restore(backup: Path, database: Path, before: Path) -> DamagedError | None:
    """Put a backup in the place of a database, which may be in use; its schema is brought up to date first.

    It is one transaction: whoever uses the database sees the one or the other. Programs that follow its changes read
    everything anew. The backup stays as it is.

    Args:
        backup: the backup.
        database: the file that it replaces; it need not be there.
        before: where what is there now is kept; no file yet.

    Returns:
        What is the matter with what was there, if it is too damaged to be copied: then it has been moved as it is, and
        programs that have it open go on with the old one. None where all is well.

    Raises:
        BackupError: the backup is not whole, or the database cannot be kept or written; nothing has changed.
    """
    await asyncio.to_thread(_check_for, backup, database)
    unfinished = _beside(database)
    try:
        await asyncio.to_thread(_copy, backup, unfinished)
        copy = Database(f"sqlite+aiosqlite:///{unfinished}")
        try:
            await copy.upgrade()
            async with copy.writing() as session:
                await feed.begin_epoch(session)
        finally:
            await copy.close()
        # One of an earlier schema could only now be compared with what there is to be.
        await asyncio.to_thread(_look_through, unfinished, backup)
        return await asyncio.to_thread(_replace, database, unfinished, before)
    except (sqlite3.Error, OSError, DatabaseError) as error:
        raise BackupError(f"{database} could not be replaced: {error}") from error
    finally:
        # What cannot be removed could not be made either.
        with suppress(OSError):
            await asyncio.to_thread(_remove, unfinished)


def _check_for(backup: Path, database: Path) -> None:
    check(backup)
    if database.exists() and database.samefile(backup):
        raise BackupError(f"{backup} is the database itself.")
    with suppress(sqlite3.Error), closing(_opened_for_reading(database)) as connection:
        if is_foreign(_tables(connection)):
            raise BackupError(f"{database} holds another program's tables, and is left alone.")


def _replace(database: Path, copy: Path, before: Path) -> DamagedError | None:
    """Keep a database, and put the copy in its place; see ``restore``."""
    damage = None
    try:
        if database.exists():
            back_up(database, before)
    except DamagedError as error:
        damage = error
        _move(database, before)
    try:
        _copy(copy, database)
    except BaseException:
        # What was whole is as it was: the copying is one transaction.
        if damage is not None or not before.exists():
            _remove(database)
        if damage is not None:
            _move(before, database)
        else:
            _remove_if_needless(before, database)
        raise
    return damage


def _remove_if_needless(before: Path, database: Path) -> None:
    """Remove the copy of a database that is as it was; where that cannot be told, nobody shall miss it."""
    with suppress(BackupError):
        look_through(database)
        _remove(before)


def _move(database: Path, target: Path) -> None:
    """Move a database as it is, with what stands beside it."""
    for ending in _PARTS:
        part = database.with_name(database.name + ending)
        if part.exists():
            part.rename(target.with_name(target.name + ending))


def newest(folder: Path) -> dt.datetime | None:
    """Give when the newest backup in a folder was made, by its name; None where there is none.

    Raises:
        OSError: the folder cannot be read.
    """
    times = [found[1] for path in folder.iterdir() if (found := _NAME.fullmatch(path.name))]
    for time_ in sorted(times, reverse=True):
        # A name may look like a time and be none.
        with suppress(ValueError):
            return dt.datetime.strptime(time_, _TIME).replace(tzinfo=dt.UTC)
    return None


def prune(folder: Path, keep: int) -> list[Path]:
    """Delete all backups of a folder but the newest so many, and what was never finished; other files stay.

    Returns:
        The backups that are gone.

    Raises:
        OSError: one cannot be deleted.
    """
    backups = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    gone = backups[: max(0, len(backups) - keep)]
    for path in gone:
        path.unlink()
    for path in folder.glob(_beside(folder / "tianwen-*Z.db").name + "*"):
        if time.time() - path.stat().st_mtime > _LEFT_FOR_S:
            path.unlink()
    return gone


def _opened_for_reading(file: Path) -> sqlite3.Connection:
    # To look at a file must not change it, nor make it.
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def _tables(connection: sqlite3.Connection) -> set[str]:
    # SQLite's own are no program's.
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
    return {row[0] for row in connection.execute(query)}


def _look_through(file: Path, name: Path) -> str:
    """Give the revision of a file's schema if it is whole; else say so of the file of this name."""
    with closing(_opened_for_reading(file)) as connection:
        faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        lost = connection.execute("PRAGMA foreign_key_check")
        faults += [f"a row of {row[0]} leans on one that is not there" for row in lost]
        if faults:
            raise DamagedError(f"{name} is damaged: {faults[0]}.")
        there = _tables(connection)
        if VERSION_TABLE not in there or is_foreign(there):
            raise DamagedError(f"{name} is not a database of Tianwen's.")
        revision = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608 - a constant
        if revision is None:
            raise DamagedError(f"{name} is empty.")
        missing = sorted(set(Base.metadata.tables) - there) if revision[0] == migrations.HEAD else []
        if missing:
            raise DamagedError(f"{name} is damaged: the table {missing[0]} is missing.")
    return str(revision[0])


def _copy(source: Path, target: Path) -> None:
    """Copy one database over another. In one step: step by step, whoever writes meanwhile would make it begin anew."""
    with (
        closing(sqlite3.connect(source, timeout=_PATIENCE_S)) as reader,
        closing(sqlite3.connect(target, timeout=_PATIENCE_S)) as writer,
    ):
        reader.backup(writer)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.unfinished")


def _settle(path: Path) -> None:
    """See that what was written survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    for ending in _PARTS:
        path.with_name(path.name + ending).unlink(missing_ok=True)
