"""Article packs: the TOML files that ship with the program, read with every fault told at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from facts.entities import Pack
from facts.errors import PackError
from facts.evaluation import read_questions
from facts.forms import (
    FactId,
    Fault,
    SourceForm,
    raw_texts,
    read_file,
)
from facts.matching.normalise import normalise_kept

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from importlib.resources.abc import Traversable

    from facts.evaluation import Question

_LIST_ITEM = re.compile(r"\s*\[\[\s*([A-Za-z]+)\s*\]\]")
_TABLE = re.compile(r"\s*\[\s*([A-Za-z]+)\.([\w-]+)\s*\]")


class PackForm(BaseModel):
    """A pack as it stands in the file; its facts, known unknowns and names are read one by one."""

    model_config = ConfigDict(extra="forbid")

    id: FactId
    version: Annotated[int, Field(ge=1)]
    sources: dict[str, SourceForm]
    facts: list[Any]
    unknowns: list[Any] = []
    names: list[Any] = []


def shipped_packs(known: Collection[str] = ()) -> list[Pack]:
    """Read the packs that ship with the program, in the order of their file names.

    Args:
        known: digests of packs to leave out: reading one takes most of a second.

    Raises:
        PackError: a pack has faults.
    """
    texts = [(file.read_text("utf-8"), file.name) for file in _shipped(".toml")]
    return [parse_pack(text, name) for text, name in texts if _digest(text) not in known]


def shipped_tests() -> list[Question]:
    """Read the questions that ship with the packs: what every change of the facts is tried on.

    Raises:
        QuestionSetError: a set has faults.
    """
    return [question for file in _shipped(".jsonl") for question in read_questions(file.read_text("utf-8"))]


def _shipped(ending: str) -> list[Traversable]:
    folder = resources.files("facts") / "articles"
    return sorted((file for file in folder.iterdir() if file.name.endswith(ending)), key=lambda file: file.name)


def parse_pack(text: str, file_name: str) -> Pack:
    """Read one pack.

    Args:
        text: the TOML text.
        file_name: what to call the file in faults.

    Raises:
        PackError: with all faults, each with its line number where the file gives one.
    """
    try:
        digest, data = _digest(text), tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PackError(file_name, [f"not valid TOML: {error}"]) from error
    head, facts, unknowns, names, faults = read_file(PackForm, data)
    faults += _cross_faults(data)
    if faults or head is None:
        lines = _Lines(text)
        faults.sort(key=lambda fault: lines.number(fault[0]) or 0)
        raise PackError(file_name, [f"{lines.place(where)}{what}" for where, what in faults])
    sources = {key: source.entity(key) for key, source in head.sources.items()}
    return Pack(
        id=head.id,
        version=head.version,
        sources=tuple(sources.values()),
        facts=tuple(fact.entity(sources[str(fact.source)]) for fact in facts if fact),
        unknowns=tuple(unknown.entity("") for unknown in unknowns if unknown),
        names=tuple(name.entity() for name in names if name),
        digest=digest,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Lines:
    """Where each table of the file begins, for faults that can be looked up."""

    def __init__(self, text: str) -> None:
        self._starts: dict[tuple[str, int | str], int] = {}
        counts: dict[str, int] = {}
        # Only a line feed ends a line, in TOML as in editors.
        for number, line in enumerate(text.split("\n"), 1):
            if match := _LIST_ITEM.match(line):
                index = counts.get(match[1], 0)
                counts[match[1]] = index + 1
                self._starts[match[1], index] = number
            elif match := _TABLE.match(line):
                self._starts[match[1], match[2]] = number

    def number(self, where: tuple[int | str, ...]) -> int | None:
        """Give the line in which the table with a fault begins, or None when it has none of its own."""
        return self._starts.get((str(where[0]), where[1])) if len(where) > 1 else None

    def place(self, where: tuple[int | str, ...]) -> str:
        """Give “line 12, statement: ” for the place of a fault, as far as it is known."""
        line = self.number(where)
        parts = [f"line {line}"] if line is not None else []
        if path := where[2:] if line is not None else where:
            parts.append(".".join(str(part) for part in path))
        return ", ".join(parts) + ": " if parts else ""


def _cross_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """Find the faults that only show when entries are seen together, also among entries with faults of their own."""
    entries = [*_items(data, "facts"), *_items(data, "unknowns")]
    sources = data.get("sources")
    source_keys = list(sources) if isinstance(sources, dict) else []
    seen: set[str] = set()
    for where, item in entries:
        if where[0] == "unknowns" and "id" not in item:
            yield (*where, "id"), "is missing"
        for entry_id in raw_texts(item, "id"):
            if entry_id in seen:
                yield (*where, "id"), f"“{entry_id}” stands more than once"
            seen.add(entry_id)
        if where[0] == "facts" and item.get("source") not in source_keys:
            yield (*where, "source"), f"must be the key of one of the pack's sources ({', '.join(source_keys)})"
    yield from _phrasing_faults(entries)
    fact_ids = {fact_id for _, item in _items(data, "facts") for fact_id in raw_texts(item, "id")}
    for where, item in _items(data, "names"):
        for about in raw_texts(item, "about"):
            if about not in fact_ids:
                yield (*where, "about"), f"there is no fact “{about}”"


def _phrasing_faults(entries: list[tuple[tuple[str, int], dict[str, Any]]]) -> Iterator[Fault]:
    """Find the phrasings that say what another one says."""
    owners: dict[tuple[str, ...], str] = {}
    for where, item in entries:
        for phrasing in raw_texts(item, "questions"):
            words = normalise_kept(phrasing).words
            if words in owners:
                yield (*where, "questions"), f"“{phrasing}” stands already under “{owners[words]}”"
            elif words:
                owners[words] = "".join(raw_texts(item, "id"))


def _items(data: dict[str, Any], table: str) -> list[tuple[tuple[str, int], dict[str, Any]]]:
    """Give the items of a list that are tables, each with its place."""
    items = data.get(table)
    return [
        ((table, index), item)
        for index, item in enumerate(items if isinstance(items, list) else [])
        if isinstance(item, dict)
    ]
