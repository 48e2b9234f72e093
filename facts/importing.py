"""Files that people import, CSV or JSON: reading them row by row, telling what they would change, and writing them."""

from __future__ import annotations

import codecs
import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facts.csv_exchange import column_name, dump_csv, read_csv
from facts.entities import Fact
from facts.errors import ExchangeError
from facts.exchange import (
    FILE_MAX_ROWS,
    dump_exchange,
    field_name,
    in_list,
    item_name,
    load_json,
    read_items,
    too_many_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from facts.entities import Entry, KnownUnknown, Name
    from facts.exchange import Items
    from facts.forms import Fault, Where

# What somebody may upload: more is refused unread.
FILE_MAX_BYTES = 1_048_576
# The encodings that begin with a mark of their own; the longer marks first, since one begins like another.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_BYTES_OF_A_CHARACTER = 4
# Of a row's faults so many are told, each in so many characters: what is amiss may repeat a whole cell.
_MOST_REASONS, _REASON_SHOWN = 10, 200


class FileKind(enum.StrEnum):
    """What a file of facts is written in."""

    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class FaultyRow:
    """A row that is not imported.

    Attributes:
        place: where it stands, in words: “row 7” of a table, “fact 3”, “unknown 2” or “name 1” of JSON.
        id: the id of the fact or known unknown, where it has a readable one.
        reasons: all that is amiss, in words.
    """

    place: str
    id: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportFile:
    """What a file holds: sound entries with where they stand, sound names, and the rows that are faulty."""

    entries: tuple[tuple[str, Entry], ...]
    names: tuple[Name, ...]
    faulty: tuple[FaultyRow, ...]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What importing a file would do.

    Attributes:
        new: what is not there yet, with where it stands in the file.
        changed: what is there and would be another, or was removed and would come back.
        same: what is there already.
        faulty: what is left out.
        names: those that are new or would be changed.
    """

    new: tuple[tuple[str, Entry], ...]
    changed: tuple[tuple[str, Entry], ...]
    same: tuple[tuple[str, Entry], ...]
    faulty: tuple[FaultyRow, ...]
    names: tuple[Name, ...]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(map(len, (self.new, self.changed, self.same, self.faulty)))

    @property
    def to_put(self) -> list[Entry]:
        """What is to be added or written anew."""
        return [entry for _, entry in (*self.new, *self.changed)]


def read_import(data: bytes, file_name: str, *, max_bytes: int | None = FILE_MAX_BYTES) -> ImportFile:
    """Read a file of facts. It may take a second: a thread may do it.

    Args:
        data: the file, CSV or JSON, in UTF-8 or any encoding with a byte-order mark.
        file_name: its name, as people know it.
        max_bytes: it is refused when it is larger; None reads it whatever its size.

    Raises:
        ExchangeError: it cannot be used at all.
    """
    if max_bytes is not None and len(data) > max_bytes:
        raise ExchangeError(f"{file_name} is larger than {max_bytes / 2**20:g} MiB; split it into smaller files.")
    text = _decoded(data, file_name)
    if not text.strip():
        raise ExchangeError(f"{file_name} is empty.")
    if file_name.casefold().endswith(f".{FileKind.JSON}") or text.lstrip().startswith("{"):
        return _read_json(text, file_name)
    table = read_csv(text, file_name)
    items = read_items(table.data)
    places = {where: f"row {number}" for where, number in table.rows.items()}
    return _import_file(items, places, [*table.faults, *items.faults], column_name)


def _decoded(data: bytes, file_name: str) -> str:
    mark, encoding = next((known for known in _MARKS if data.startswith(known[0])), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ExchangeError(_not_text(file_name, f" (see its line {line})" if encoding == "utf-8" else "")) from error
    if "\0" in text[:_BYTES_OF_A_CHARACTER]:
        # UTF-16 or UTF-32 without a mark is UTF-8 with many NULs.
        raise ExchangeError(_not_text(file_name))
    return text


def _not_text(file_name: str, where: str = "") -> str:
    return f"{file_name} is not text in UTF-8{where}; in a spreadsheet, save it as “CSV UTF-8”."


def _read_json(text: str, file_name: str) -> ImportFile:
    try:
        data = load_json(text)
    except ValueError as error:
        raise ExchangeError(f"{file_name} cannot be used: {error}.") from error
    if sum(len(items) for name in ("facts", "unknowns") if isinstance(items := data.get(name), list)) > FILE_MAX_ROWS:
        raise too_many_rows(file_name)
    items = read_items(data)
    whole = [(where, what) for where, what in items.faults if not in_list(where)]
    if whole:
        told = "; ".join(_cut(f"{field_name(where)}: {what}") for where, what in whole[:_MOST_REASONS])
        raise ExchangeError(f"{file_name} cannot be used: {told}.")
    found = (*items.entries, *items.names, *(where[:2] for where, _ in items.faults))
    return _import_file(items, {where: item_name(where) for where in found}, items.faults, field_name)


def _import_file(
    items: Items, places: dict[Where, str], faults: Iterable[Fault], name_of: Callable[[Where], str]
) -> ImportFile:
    """Part the sound rows from the faulty ones, in the order of their places.

    Args:
        items: what was read.
        places: the words for where each item stands.
        faults: all that is amiss.
        name_of: gives the words for a field of an item.
    """
    reasons: dict[Where, list[str]] = {}
    for where, what in faults:
        field = name_of(where[2:])
        reasons.setdefault(where[:2], []).append(f"{field}: {what}" if field else what)
    return ImportFile(
        tuple(
            (place, items.entries[where])
            for where, place in places.items()
            if where in items.entries and where not in reasons
        ),
        tuple(items.names.values()),
        tuple(
            FaultyRow(place, items.ids.get(where), _most(reasons[where]))
            for where, place in places.items()
            if where in reasons
        ),
    )


def _most(reasons: list[str]) -> tuple[str, ...]:
    told = [_cut(reason) for reason in reasons[:_MOST_REASONS]]
    if len(reasons) > _MOST_REASONS:
        told.append(f"and {len(reasons) - _MOST_REASONS:,} more faults")
    return tuple(told)


def _cut(reason: str) -> str:
    shown = reason if len(reason) <= _REASON_SHOWN else reason[: _REASON_SHOWN - 1] + "…"
    return " ".join(shown.split())


def plan_import(
    file: ImportFile,
    now: Callable[[str], Entry | None],
    removed: Callable[[str], Entry | None],
    names: Iterable[Name] | None = None,
) -> ImportPlan:
    """Tell what importing a file would do.

    Args:
        file: what was read.
        now: gives what there is under an id, if anything.
        removed: gives what was removed under an id, if anything: an import brings it back.
        names: the names that there are; None where names cannot be imported.
    """
    new, changed, same, faulty = [], [], [], list(file.faulty)
    for place, entry in file.entries:
        before = now(entry.id)
        known = before or removed(entry.id)
        if known is None:
            new.append((place, entry))
        elif before == entry:
            same.append((place, entry))
        elif type(known) is type(entry):
            changed.append((place if before else f"{place}, removed until now", entry))
        else:
            kind = "a fact" if isinstance(known, Fact) else "a known unknown"
            reason = f"id: here it is that of {kind}; choose another one"
            faulty.append(FaultyRow(place, entry.id, (reason,)))
    if file.names and names is None:
        reason = "names are the same in all servers, and only the bot's operator imports them"
        faulty.append(FaultyRow("names", None, (reason,)))
    there = set(names) if names is not None else set(file.names)
    wanted = tuple(name for name in file.names if name not in there)
    faulty.sort(key=lambda row: (re.sub(r"\d+", "", row.place), [int(n) for n in re.findall(r"\d+", row.place)]))
    return ImportPlan(tuple(new), tuple(changed), tuple(same), tuple(faulty), wanted)


def dump_file(
    kind: FileKind, facts: Iterable[Fact], unknowns: Iterable[KnownUnknown] = (), names: Iterable[Name] = ()
) -> bytes:
    """Write a file that ``read_import`` reads. A table holds no names."""
    if kind is FileKind.JSON:
        return dump_exchange(facts, unknowns, names).encode()
    # Spreadsheets take a table for UTF-8 only when it begins with a byte-order mark.
    return dump_csv(facts, unknowns).encode("utf-8-sig")
