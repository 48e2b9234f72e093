"""Facts and known unknowns as a table, for spreadsheets: CSV in and out.

A row is turned into what an exchange file in JSON holds, and read by the same rules.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facts.entities import Fact
from facts.errors import ExchangeError
from facts.exchange import FILE_MAX_ROWS, too_many_rows
from facts.forms import entry_to_form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from facts.entities import Entry, KnownUnknown
    from facts.forms import Fault, Where

# The columns, and where in the form of a fact each stands.
COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "topic": ("topic",),
    "statement": ("statement",),
    "questions": ("questions",),
    "source": ("source", "publisher"),
    "source_title": ("source", "title"),
    "source_authors": ("source", "authors"),
    "source_published": ("source", "published"),
    "source_url": ("source", "url"),
    "locator": ("locator",),
    "as_of": ("as_of",),
    "review_by": ("review_by",),
    "superseded_by": ("superseded_by",),
    "milestone_date": ("milestone", "date"),
    "milestone_label": ("milestone", "label"),
    "milestone_planned": ("milestone", "planned"),
    "measures": ("measures",),
}
_KIND, _FACT, _UNKNOWN = "kind", "fact", "unknown"
_NEEDED = ("id", "topic", "statement", "questions", "source")
_OF_UNKNOWNS = {"id", "statement", "questions"}
_QUOTATION_MARKS = (
    "its quotation marks do not match, here or below: one within a cell is doubled, and the cell stands between two"
)
# So many names of columns, and so much of each, are repeated to people.
_NAMES_SHOWN, _NAME_SHOWN = 5, 40
# A spreadsheet takes a cell that begins like this for a formula. Apostrophes before it keep it from that: one more is
# written, and one is taken away when it is read.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
# The limit is the whole process's. Files are refused by their size, and their texts by the rules of forms.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class CsvItems:
    """The rows of a table as the items of an exchange file.

    Attributes:
        data: what the exchange file would hold.
        rows: for each item, and each row that could not be read, its number as a spreadsheet shows it.
        faults: what is amiss with the cells themselves.
    """

    data: dict[str, list[dict[str, Any]]]
    rows: dict[Where, int]
    faults: list[Fault]


def read_csv(text: str, file_name: str) -> CsvItems:
    """Read a table. Its columns are parted by commas, semicolons or tabs, whichever fits the first row.

    Raises:
        ExchangeError: the columns are not those that are needed; the sentence names them.
    """
    records = _records(text)
    columns = _columns(next((cells for _, cells in records if cells and any(cells)), []), file_name)
    table = CsvItems({"facts": [], "unknowns": []}, {}, [])
    for number, cells in records:
        if cells is None:
            table.rows["rows", number] = number
            table.faults.append((("rows", number), _QUOTATION_MARKS))
        elif any(cells):
            _add_row(table, number, columns, cells)
        if len(table.rows) > FILE_MAX_ROWS:
            raise too_many_rows(file_name)
    return table


def _records(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """Give each row with its number: its cells, without white space around, or None where it cannot be read."""
    header = next((line for line in io.StringIO(text, newline="") if line.strip(" \t\r\n,;")), "")
    mark = max(",;\t", key=lambda mark: len(COLUMNS.keys() & set(_names(next(csv.reader([header], delimiter=mark))))))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    for number in itertools.count(1):
        try:
            yield number, [cell.strip() for cell in next(reader)]
        except csv.Error:
            yield number, None
        except StopIteration:
            return


def _names(header: Iterable[str]) -> list[str]:
    return [cell.strip().casefold() for cell in header]


def _columns(header: list[str], file_name: str) -> list[str]:
    """Give the names of the columns, “” for one without a name."""
    names = _names(header)
    if not COLUMNS.keys() & set(names):
        raise ExchangeError(
            f"{file_name} is neither JSON nor a table (CSV) whose first row names the columns: {', '.join(_NEEDED)}."
        )
    lacking = [name for name in _NEEDED if name not in names]
    counts = Counter(name for name in names if name)
    strange = [name for name in counts if name not in COLUMNS and name != _KIND]
    twice = [name for name, count in counts.items() if count > 1]
    faults = [
        f"{what}: {', '.join(f'“{name[:_NAME_SHOWN]}”' for name in found[:_NAMES_SHOWN])}"
        for what, found in (("missing", lacking), ("not known", strange), ("there twice", twice))
        if found
    ]
    if faults:
        known = ", ".join((_KIND, *COLUMNS))
        raise ExchangeError(f"The columns of {file_name} are not right; {'; '.join(faults)}. Known are: {known}.")
    return names


def _add_row(table: CsvItems, number: int, columns: list[str], row: list[str]) -> None:
    """Add a row to the items, with what is amiss with its cells."""
    cells = {name: _unguarded(cell) for name, cell in zip(columns, row, strict=False) if name and cell}
    kind = cells.pop(_KIND, _FACT).casefold()
    items = table.data["unknowns" if kind == _UNKNOWN else "facts"]
    where = ("unknowns" if kind == _UNKNOWN else "facts", len(items))
    table.rows[where] = number
    if any(cell for name, cell in itertools.zip_longest(columns, row) if not name):
        table.faults.append((where, "has a cell in a column without a name"))
    if kind not in {_FACT, _UNKNOWN}:
        table.faults.append(((*where, _KIND), f"is neither “{_FACT}” nor “{_UNKNOWN}”"))
    if kind != _UNKNOWN:
        # It has no other source than that of its row: an empty one is a fault.
        items.append(_item({"source": "", **cells}, where, table.faults))
        return
    strange = [name for name in cells if name not in _OF_UNKNOWNS]
    table.faults.extend(((*where, *COLUMNS[name]), "must be empty for a known unknown") for name in strange)
    item = _item({name: cell for name, cell in cells.items() if name in _OF_UNKNOWNS}, where, table.faults)
    items.append({"say" if name == "statement" else name: value for name, value in item.items()})


def _item(cells: dict[str, str], where: Where, faults: list[Fault]) -> dict[str, Any]:
    """Turn the cells of a row into what stands in the form of a fact."""
    item: dict[str, Any] = {}
    for column, cell in cells.items():
        *outer, field = COLUMNS[column]
        form = item.setdefault(outer[0], {}) if outer else item
        try:
            form[field] = _READERS.get(column, str)(cell)
        except ValueError as error:
            faults.append(((*where, *COLUMNS[column]), str(error)))
    return item


def _guarded(cell: str) -> str:
    return "'" + cell if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _lines(cell: str) -> list[str]:
    return [line for line in cell.splitlines() if line.strip()]


def _json(cell: str) -> object:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise ValueError('is not JSON like [{"quantity": "length", "value": 16.6, "unit": "m"}]') from error


_READERS: dict[str, Callable[[str], object]] = {"questions": _lines, "source_authors": _lines, "measures": _json}
_WRITERS: dict[str, Callable[[Any], str]] = {
    "questions": "\n".join,
    "source_authors": "\n".join,
    "measures": lambda measures: json.dumps(measures, ensure_ascii=False),
    "milestone_planned": lambda planned: str(planned).lower(),
}


def column_name(path: Where) -> str:
    """Give “questions, number 3” for a field of an item: the column in which it stands, and where in the cell."""
    path = ("statement", *path[1:]) if path[:1] == ("say",) else path
    for name, known in COLUMNS.items():
        if path[: len(known)] == known:
            inner = (f"number {part + 1}" if isinstance(part, int) else part for part in path[len(known) :])
            return ", ".join((name, *inner))
    return ".".join(str(part) for part in path)


def dump_csv(facts: Iterable[Fact], unknowns: Iterable[KnownUnknown] = ()) -> str:
    """Write facts and known unknowns as a table that spreadsheets read, and take no cell of for a formula."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow((_KIND, *COLUMNS))
    entries: list[Entry] = [*facts, *unknowns]
    for entry in entries:
        form = entry_to_form(entry)
        if not isinstance(entry, Fact):
            form["statement"] = form.pop("say", "")
        cells = (_cell(form, name) for name in COLUMNS)
        writer.writerow((_FACT if isinstance(entry, Fact) else _UNKNOWN, *cells))
    return written.getvalue()


def _cell(form: dict[str, Any], name: str) -> str:
    """Write what a column holds of a form; nothing where it has none."""
    value: Any = form
    for part in COLUMNS[name]:
        value = value.get(part, {})
    return _guarded(_WRITERS.get(name, str)(value)) if value else ""
