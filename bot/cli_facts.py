"""The commands ``tianwen facts``: files of facts, in and out."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import fields
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli_history import OPERATOR, ServerId
from bot.cli_history import add_to as add_history_commands
from bot.runtime import CommandError, be_quiet, open_knowledge
from bot.settings import Settings, load_settings
from bot.ui import limits
from facts.entities import Fact, KnownUnknown
from facts.importing import FILE_MAX_BYTES, FileKind, dump_file, plan_import, read_import

if TYPE_CHECKING:
    from collections.abc import Iterable

    from facts.entities import Entry
    from facts.importing import FaultyRow, ImportFile, ImportPlan
    from facts.knowledge import KnowledgeBase

facts = typer.Typer(help="Bring facts in from files, write them to files, and take changes back.", no_args_is_help=True)
add_history_commands(facts)

# The exit code that tells that all was imported but the faulty rows.
_ROWS_LEFT_OUT = 3
# A script gets each row of a table on one line; of a statement so much is shown.
_WIDE, _SHOWN = 400, 80


@facts.command(name="import")
def import_command(
    file: Annotated[Path, typer.Argument(help="CSV or JSON; docs/facts.md tells what it holds.")],
    *,
    server: ServerId = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Show what a file would change, and ask before it is changed; faulty rows are left out (exit code 3)."""
    settings = load_settings()
    be_quiet(settings)
    # The operator's own file may be of any size: what all servers share is more than may be uploaded.
    read = read_import(_bytes_of(file), file.name, max_bytes=None if server is None else FILE_MAX_BYTES)
    if asyncio.run(_import(settings, read, file.name, server, yes=yes)).faulty:
        raise typer.Exit(_ROWS_LEFT_OUT)


@facts.command(name="export")
def export_command(
    file: Annotated[Path | None, typer.Argument(help="Where to; standard output without it.")] = None,
    *,
    server: Annotated[
        int | None, typer.Option(min=1, max=2**63 - 1, metavar="ID", help="What this server sees.")
    ] = None,
    own: Annotated[bool, typer.Option("--own", help="Of that, only what is the server's own.")] = False,
    kind: Annotated[
        FileKind | None, typer.Option("--format", help="Else the file's ending tells; JSON without a file.")
    ] = None,
) -> None:
    """Write the shared facts, or a server's, to a file that can be imported again."""
    if own and server is None:
        raise CommandError("--own needs --server: only a server has facts of its own.")
    kind = kind or _kind_of(file)
    settings = load_settings()
    be_quiet(settings)
    data = asyncio.run(_export(settings, kind, server, own=own))
    if kind is FileKind.CSV and server is None:
        print("A table holds no names; JSON does.", file=sys.stderr)  # noqa: T201
    if file is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    try:
        file.write_bytes(data)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from error


@facts.command()
def validate(file: Annotated[Path, typer.Argument(help="CSV or JSON.")]) -> None:
    """Check a file without importing it, and tell every faulty row."""
    data = _bytes_of(file)
    read = read_import(data, file.name, max_bytes=None)
    _print_rows(_faulty(read.faulty))
    counts = [
        _count(sum(isinstance(entry, Fact) for _, entry in read.entries), "sound fact"),
        _count(sum(isinstance(entry, KnownUnknown) for _, entry in read.entries), "known unknown"),
        _count(len(read.names), "name"),
    ]
    print(f"{file.name}: {', '.join(counts)}; {len(read.faulty):,} faulty.")  # noqa: T201
    if len(data) > FILE_MAX_BYTES:
        print("It is larger than what a server imports: split it, or import it for all servers here.")  # noqa: T201
    if read.faulty:
        raise typer.Exit(1)


async def _import(
    settings: Settings, read: ImportFile, file_name: str, server_id: int | None, *, yes: bool
) -> ImportPlan:
    """Show what a file would do, ask, and do it.

    Raises:
        CommandError: it is not to be done; nothing has changed.
    """
    async with open_knowledge(settings) as knowledge:
        await knowledge.prepare(server_id)
        names = knowledge.names() if server_id is None else None
        plan = plan_import(
            read,
            lambda entry_id: knowledge.entry(entry_id, server_id),
            lambda entry_id: knowledge.removed_entry(entry_id, server_id),
            names,
        )
        _print_rows([*_planned(plan, knowledge, server_id), *_faulty(plan.faulty)])
        counts = {"new": plan.new, "changed": plan.changed, "same": plan.same, "faulty": plan.faulty}
        print(f"{file_name}: {', '.join(f'{len(rows):,} {what}' for what, rows in counts.items())}.")  # noqa: T201
        if plan.names:
            verb = "is" if len(plan.names) == 1 else "are"
            print(f"{_count(len(plan.names), 'name')} {verb} new or changed.")  # noqa: T201
        if not (plan.to_put or plan.names):
            print("There is nothing to change.")  # noqa: T201
            return plan
        if not yes and not sys.stdin.isatty():
            raise CommandError("Nothing has been changed: where nobody can be asked, --yes is needed.")
        if not (yes or typer.confirm("Make these changes?")):
            raise CommandError("Nothing has been changed.")
        reason = f"imported from {file_name}"
        kept = await knowledge.put_all(plan.to_put, OPERATOR, names=plan.names, server_id=server_id, reason=reason)
    print(f"Done: {len(kept):,} written.")  # noqa: T201
    return plan


async def _export(settings: Settings, kind: FileKind, server_id: int | None, *, own: bool) -> bytes:
    async with open_knowledge(settings) as knowledge:
        await knowledge.prepare(server_id)
        entries: list[Entry] = [*knowledge.facts(server_id), *knowledge.engine.unknowns(server_id)]
        if own and server_id is not None:
            entries = knowledge.engine.own(server_id)
        return dump_file(
            kind,
            [entry for entry in entries if isinstance(entry, Fact)],
            [entry for entry in entries if isinstance(entry, KnownUnknown)],
            knowledge.names() if server_id is None else (),
        )


def _kind_of(file: Path | None) -> FileKind:
    """Tell from a file's ending what it is to be written in; JSON, which holds all, without a file."""
    if file is None:
        return FileKind.JSON
    try:
        return FileKind(file.suffix.casefold().removeprefix("."))
    except ValueError as error:
        raise CommandError(f"{file} ends neither in .csv nor in .json: give --format.") from error


def _planned(plan: ImportPlan, knowledge: KnowledgeBase, server_id: int | None) -> Iterable[tuple[str, ...]]:
    """Give a row for each entry that is new or changes: where it stands, its id, which it is, what it is about."""
    for place, entry in plan.new:
        yield place, entry.id, "new", _text_of(entry)
    for place, entry in plan.changed:
        before = knowledge.entry(entry.id, server_id)
        others = [f.name for f in fields(entry) if getattr(before, f.name) != getattr(entry, f.name)]
        yield place, entry.id, "changed", ", ".join(others)


def _faulty(rows: Iterable[FaultyRow]) -> Iterable[tuple[str, ...]]:
    """Give a row for each fault."""
    for row in rows:
        for reason in row.reasons:
            yield row.place, row.id or "", "faulty", reason


def _text_of(entry: Entry) -> str:
    text = entry.statement if isinstance(entry, Fact) else entry.say or entry.phrasings[0]
    return limits.cut(text, _SHOWN)


def _print_rows(rows: Iterable[tuple[str, ...]]) -> None:
    table = Table("where", "id", "is", "what")
    for row in rows:
        # What stands in a file must not command the terminal.
        table.add_row(*(Text("".join(c if c.isprintable() else " " for c in cell)) for cell in row))
    if table.row_count:
        Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error}") from error
