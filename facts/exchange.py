"""The exchange file: facts, known unknowns and names as JSON, in and out."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from facts.entities import Fact, KnownUnknown
from facts.errors import ExchangeError, PackError
from facts.forms import (
    FactForm,
    Fault,
    FormT,
    SourceForm,
    Where,
    fact_to_form,
    is_id,
    name_to_form,
    raw_texts,
    read_file,
    source_key,
    source_to_form,
    unknown_to_form,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facts.entities import Entry, Name

# A file that is imported has at most so many facts and known unknowns.
FILE_MAX_ROWS = 5_000
# The lists of a file, and what one item of each is called.
_KINDS = {"facts": "fact", "unknowns": "unknown", "names": "name"}
# An id that is made from a question has so many characters of its words, and so many of a digest.
_WORDS_IN_ID, _DIGEST_IN_ID = 40, 8


class ExchangeForm(BaseModel):
    """An exchange file; its facts, known unknowns and names are read one by one."""

    model_config = ConfigDict(extra="forbid")

    source: SourceForm | None = None
    facts: list[Any]
    unknowns: list[Any] = []
    names: list[Any] = []


@dataclass(frozen=True, slots=True)
class Exchange:
    """What an exchange file holds."""

    facts: tuple[Fact, ...]
    unknowns: tuple[KnownUnknown, ...] = ()
    names: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """What a file holds, by where it stands there (list and index).

    Attributes:
        entries: the sound facts and known unknowns.
        names: the sound names.
        ids: the ids of facts and known unknowns, faulty or not.
        faults: of all others, and of the file itself, in the order of the file.
    """

    entries: dict[Where, Entry]
    names: dict[Where, Name]
    ids: dict[Where, str]
    faults: list[Fault]


def parse_exchange(text: str, file_name: str = "The exchange file") -> Exchange:
    """Read an exchange file.

    Args:
        text: the JSON text.
        file_name: what to call the file in faults.

    Raises:
        PackError: with all faults; facts are numbered from 1.
    """
    try:
        items = read_items(load_json(text))
    except ValueError as error:
        raise PackError(file_name, [str(error)]) from error
    if items.faults:
        raise PackError(file_name, [_told(where, what) for where, what in items.faults])
    return Exchange(
        tuple(entry for entry in items.entries.values() if isinstance(entry, Fact)),
        tuple(entry for entry in items.entries.values() if isinstance(entry, KnownUnknown)),
        tuple(items.names.values()),
    )


def load_json(text: str) -> dict[str, Any]:
    """Read the text of an exchange file as JSON.

    Raises:
        ValueError: it is none, or no object.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not valid JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError("must be an object with a list of facts")  # noqa: TRY004 - the text is wrong, not a type
    return data


def read_items(data: dict[str, Any]) -> Items:
    """Read what an exchange file holds, each item by itself, so that no fault hides another."""
    head, facts, unknowns, names, faults = read_file(ExchangeForm, data)
    faults += _cross_faults(data)
    order = list(_KINDS)
    faults.sort(key=lambda fault: (order.index(str(fault[0][0])), fault[0][1]) if in_list(fault[0]) else (-1, 0))
    faulty = {where[:2] for where, _ in faults}

    def sound(table: str, forms: list[FormT | None]) -> Iterator[tuple[Where, FormT]]:
        for index, form in enumerate(forms):
            if form is not None and head is not None and (table, index) not in faulty:
                yield (table, index), form

    ids = {where: text for where, item in _entry_items(data) for text in raw_texts(item, "id") if is_id(text)}
    taken = set(ids.values())
    entries: dict[Where, Entry] = {
        where: _fact(fact, head.source if head is not None else None) for where, fact in sound("facts", facts)
    }
    for where, unknown in sound("unknowns", unknowns):
        entries[where] = unknown.entity(_free_id(unknown.questions[0], taken))
        taken.add(entries[where].id)
    return Items(entries, {where: name.entity() for where, name in sound("names", names)}, ids, faults)


def too_many_rows(file_name: str) -> ExchangeError:
    """Give the refusal of a file with more rows than are imported at once."""
    return ExchangeError(f"{file_name} has more than {FILE_MAX_ROWS:,} rows; split it into smaller files.")


def _fact(form: FactForm, default: SourceForm | None) -> Fact:
    """Give the fact, with its own source or the file's."""
    source = SourceForm(publisher=form.source) if isinstance(form.source, str) else form.source or default
    if source is None:
        raise AssertionError("a fact without a source is a fault, which was found before")
    return form.entity(source.entity(source_key(source)))


def _free_id(question: str, taken: set[str]) -> str:
    """Give an id for a known unknown without one.

    It is always the same for the same first question, so that the file can be imported again, and never that of
    something else, so that it takes nobody's place.
    """
    words = "-".join(re.findall(r"[a-z0-9]+", question.casefold()))[:_WORDS_IN_ID].strip("-") or "unknown"
    made = f"{words}-{hashlib.sha256(question.casefold().encode()).hexdigest()[:_DIGEST_IN_ID]}"
    others = (f"{made}-{number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([made], others) if free not in taken)


def _entry_items(data: dict[str, Any]) -> Iterator[tuple[Where, object]]:
    """Give the facts and known unknowns as they stand in the file; they share their ids."""
    for table in ("facts", "unknowns"):
        items = data.get(table)
        for index, item in enumerate(items if isinstance(items, list) else []):
            yield (table, index), item


def _cross_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """Find what only shows when entries are seen together, also among entries with faults of their own."""
    seen: set[str] = set()
    for where, item in _entry_items(data):
        if where[0] == "facts" and isinstance(item, dict) and not (item.get("source") or data.get("source")):
            yield (*where, "source"), "is missing, and the file names none for all"
        for entry_id in raw_texts(item, "id"):
            if entry_id in seen:
                yield (*where, "id"), f"“{entry_id}” stands more than once"
            seen.add(entry_id)
    names = data.get("names")
    known: set[str] = set()
    for index, item in enumerate(names if isinstance(names, list) else []):
        for name in raw_texts(item, "name"):
            if name.strip() in known:
                yield ("names", index, "name"), f"“{name.strip()}” stands more than once"
            known.add(name.strip())


def in_list(where: Where) -> bool:
    """Tell whether this is a place in one of a file's lists."""
    return len(where) > 1 and where[0] in _KINDS and isinstance(where[1], int)


def item_name(where: Where) -> str:
    """Give “fact 2” for the place of an item in one of the lists."""
    return f"{_KINDS[str(where[0])]} {int(where[1]) + 1}"


def field_name(path: Where) -> str:
    """Give “milestone.date” for a field of an item, or of the file; nothing for the whole."""
    return ".".join(str(part) for part in path)


def _told(where: Where, what: str) -> str:
    """Give “fact 2, statement: is missing” for a fault."""
    parts = [item_name(where), field_name(where[2:])] if in_list(where) else [field_name(where)]
    place = ", ".join(part for part in parts if part)
    return f"{place}: {what}" if place else what


def dump_exchange(facts: Iterable[Fact], unknowns: Iterable[KnownUnknown] = (), names: Iterable[Name] = ()) -> str:
    """Write an exchange file. A source that all facts share is written once, for the file."""
    facts = list(facts)
    data: dict[str, Any] = {}
    shared = facts[0].source if len({fact.source for fact in facts}) == 1 else None
    if shared is not None:
        data["source"] = source_to_form(shared)
    data["facts"] = [fact_to_form(fact) for fact in facts]
    if shared is not None:
        for form in data["facts"]:
            del form["source"]
    data["unknowns"] = [unknown_to_form(unknown) for unknown in unknowns]
    data["names"] = [name_to_form(name) for name in names]
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
