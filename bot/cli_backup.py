"""The commands ``tianwen backup`` and ``tianwen restore``, for SQLite."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.runtime import CommandError, be_quiet, open_database
from bot.settings import load_settings
from facts import backup as backups
from facts.errors import BackupError, DamagedError
from facts.knowledge import utc_now

if TYPE_CHECKING:
    from bot.settings import Settings


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``tianwen``."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[
        Path | None, typer.Argument(help="Where to; without it, into TIANWEN_BACKUP_FOLDER or this folder.")
    ] = None,
) -> None:
    """Copy the SQLite database into a file, whole and looked through, while it is used."""
    settings = load_settings()
    be_quiet(settings)
    target = file or (settings.backup_folder or Path()) / backups.backup_name(utc_now())
    if file is None:
        target.parent.mkdir(parents=True, exist_ok=True)
    elif not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}.")
    backups.back_up(asyncio.run(_file(settings, "pg_dump")), target)
    print(f"The backup is {target}: {target.stat().st_size:,} bytes, looked through and whole.")  # noqa: T201


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put a backup in the place of the SQLite database, after looking it through; what was there is kept beside."""
    settings = load_settings()
    be_quiet(settings)
    database = asyncio.run(_file(settings, "pg_restore"))
    backups.check(file)
    damage = ""
    try:
        if database.exists():
            backups.look_through(database)
    except DamagedError as error:
        damage = f" ({error.sentence} It is moved aside as it is.)"
    if not yes and not sys.stdin.isatty():
        raise CommandError("Nothing has been changed: where nobody can be asked, --yes is needed.")
    if not (yes or typer.confirm(f"{file} is whole. Put it in the place of {database}?{damage}")):
        raise CommandError("Nothing has been changed.")
    before = database.with_name(f"before-restore-{backups.backup_name(utc_now())}")
    moved = asyncio.run(backups.restore(file, database, before))
    if moved is not None:
        print(f"{moved.sentence} As it was, it is now {before}; if the bot runs, start it anew.")  # noqa: T201
    elif before.exists():
        print(f"What was there is kept in {before}.")  # noqa: T201
    print(f"{database} is as in {file} again.")  # noqa: T201


async def _file(settings: Settings, instead: str) -> Path:
    async with open_database(settings) as database:
        if database.file is None:
            raise BackupError(f"This is for SQLite alone; for PostgreSQL use {instead} (docs/operating.md).")
        return database.file
