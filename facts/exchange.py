"""The exchange file: facts, known unknowns and names as JSON, in and out."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from facts.errors import PackError
from facts.forms import (
    FactForm,
    Fault,
    SourceForm,
    fact_to_form,
    name_to_form,
    raw_texts,
    read_file,
    source_key,
    source_to_form,
    unknown_to_form,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from facts.entities import Fact, KnownUnknown, Name

# The lists of a file, and what one item of each is called.
_KINDS = {"facts": "fact", "unknowns": "unknown", "names": "name"}


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


def parse_exchange(text: str, file_name: str = "The exchange file") -> Exchange:
    """Read an exchange file.

    Args:
        text: the JSON text.
        file_name: what to call the file in faults.

    Raises:
        PackError: with all faults; facts are numbered from 1.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PackError(file_name, [f"not valid JSON: {error}"]) from error
    if not isinstance(data, dict):
        raise PackError(file_name, ["must be an object with a list of facts"])
    head, facts, unknowns, names, faults = read_file(ExchangeForm, data)
    faults += _cross_faults(data)
    if faults or head is None:
        order = list(_KINDS)
        faults.sort(key=lambda fault: (order.index(str(fault[0][0])), fault[0][1]) if _in_list(fault[0]) else (-1, 0))
        raise PackError(file_name, [f"{_place(where)}{what}" for where, what in faults])
    taken = {unknown.id for unknown in unknowns if unknown}
    free = (name for number in itertools.count(1) if (name := f"unknown-{number}") not in taken)
    return Exchange(
        tuple(_fact(fact, head.source) for fact in facts if fact),
        tuple(unknown.entity(unknown.id or next(free)) for unknown in unknowns if unknown),
        tuple(name.entity() for name in names if name),
    )


def _fact(form: FactForm, default: SourceForm | None) -> Fact:
    """Give the fact, with its own source or the file's."""
    source = SourceForm(publisher=form.source) if isinstance(form.source, str) else form.source or default
    if source is None:
        raise AssertionError("a fact without a source is a fault, which was found before")
    return form.entity(source.entity(source_key(source)))


def _cross_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """Find what only shows when entries are seen together, also among entries with faults of their own."""
    for table in ("facts", "unknowns"):
        seen: set[str] = set()
        items = data.get(table)
        for index, item in enumerate(items if isinstance(items, list) else []):
            if table == "facts" and isinstance(item, dict) and not (item.get("source") or data.get("source")):
                yield (table, index, "source"), "is missing, and the file names none for all"
            for entry_id in raw_texts(item, "id"):
                if entry_id in seen:
                    yield (table, index, "id"), f"“{entry_id}” stands more than once"
                seen.add(entry_id)


def _in_list(where: tuple[int | str, ...]) -> bool:
    return len(where) > 1 and where[0] in _KINDS and isinstance(where[1], int)


def _place(where: tuple[int | str, ...]) -> str:
    """Give “fact 2, statement: ” for the place of a fault."""
    if _in_list(where):
        parts = [f"{_KINDS[str(where[0])]} {int(where[1]) + 1}", ".".join(str(part) for part in where[2:])]
    else:
        parts = [".".join(str(part) for part in where)]
    return ", ".join(part for part in parts if part) + ": " if any(parts) else ""


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
