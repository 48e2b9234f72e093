"""The facts and known unknowns of one server, or those that all share, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facts.entities import Fact, KnownUnknown

if TYPE_CHECKING:
    from facts.entities import Entry
    from facts.matching.index import Index

_FACT, _UNKNOWN = "fact:", "unknown:"


def key_of(entry: Entry) -> str:
    """Give the key of an entry in an index."""
    return _kind(entry) + entry.id


def fact_key(fact_id: str) -> str:
    """Give the key of the fact with this id."""
    return _FACT + fact_id


def unknown_key(unknown_id: str) -> str:
    """Give the key of the known unknown with this id."""
    return _UNKNOWN + unknown_id


def characters_of(entry: Entry) -> int:
    """Give how long an entry's phrasings are together: about so goes the memory that it takes."""
    return sum(map(len, entry.phrasings))


def id_of(key: str) -> str:
    """Give the id of an entry from its key."""
    return key.partition(":")[2]


def _keys(entry_id: str) -> tuple[str, str]:
    """Give the keys that the entry with this id may have."""
    return fact_key(entry_id), unknown_key(entry_id)


class Shelf:
    """Entries and their index. A server's covers the shared entries of the same ids, and those that it hides.

    It does so whether they are facts or known unknowns: a newer pack may make the one of the other.
    """

    def __init__(self, index: Index) -> None:
        """Begin empty, with this index."""
        self.index = index
        self.facts: dict[str, Fact] = {}
        self.unknowns: dict[str, KnownUnknown] = {}
        # Keys of the shared entries that this server does not see.
        self.covered: set[str] = set()
        self._hidden: set[str] = set()
        self.removed: dict[str, Entry] = {}
        """What was taken out, or hidden, and can be brought back."""
        self.hidings = 0
        """How often something was hidden or shown again."""
        self.characters = 0
        """How long all phrasings are together."""
        self._positions: dict[str, int] = {}
        # The greatest position of a fact, and of a known unknown.
        self._last = {_FACT: -1, _UNKNOWN: -1}

    def copy(self) -> Shelf:
        """Give one with the same entries, in which a change can be tried."""
        copied = Shelf(self.index.copy())
        copied.facts, copied.unknowns = dict(self.facts), dict(self.unknowns)
        copied.covered, copied._hidden, copied.hidings = set(self.covered), set(self._hidden), self.hidings
        copied._positions, copied._last = dict(self._positions), dict(self._last)
        copied.removed, copied.characters = dict(self.removed), self.characters
        return copied

    def put(self, entry: Entry, position: int) -> None:
        """Add an entry, or replace it; those of a kind are listed in the order of their positions."""
        key, kind = key_of(entry), _kind(entry)
        moves = self._positions.get(key) != position and position < self._last[kind]
        self._positions[key] = position
        self._last[kind] = max(self._last[kind], position)
        self.covered.update(_keys(entry.id))
        was = self.facts.get(entry.id) if kind == _FACT else self.unknowns.get(entry.id)
        self.characters += characters_of(entry) - (characters_of(was) if was is not None else 0)
        if isinstance(entry, KnownUnknown):
            self.unknowns[entry.id] = entry
            if moves:
                self.unknowns = dict(sorted(self.unknowns.items(), key=lambda i: self._positions[unknown_key(i[0])]))
            self.index.put(key, entry.phrasings, answers=False)
            return
        self.facts[entry.id] = entry
        if moves:
            self.facts = dict(sorted(self.facts.items(), key=lambda item: self._positions[fact_key(item[0])]))
        self.index.put(key, entry.phrasings, background=entry.statement)

    def position(self, entry: Entry) -> int:
        """Give the place of an entry; that of a new one is the next."""
        return self._positions.get(key_of(entry), self._last[_kind(entry)] + 1)

    def discard(self, key: str) -> None:
        """Take an entry out, if it is there."""
        if self._positions.pop(key, None) is None:
            return
        entries: dict[str, Fact] | dict[str, KnownUnknown] = self.facts if key.startswith(_FACT) else self.unknowns
        self.characters -= characters_of(entries.pop(id_of(key)))
        self.index.discard(key)
        self._uncover(id_of(key))

    def hide(self, entry_id: str) -> None:
        """Hide the shared entry with this id."""
        self.hidings += 1
        self._hidden.add(entry_id)
        self.covered.update(_keys(entry_id))

    def unhide(self, entry_id: str) -> None:
        """Show it again, unless an entry of this shelf covers it."""
        self.hidings += 1
        self._hidden.discard(entry_id)
        self._uncover(entry_id)

    def _uncover(self, entry_id: str) -> None:
        if entry_id not in self._hidden and entry_id not in self.facts and entry_id not in self.unknowns:
            self.covered.difference_update(_keys(entry_id))


def _kind(entry: Entry) -> str:
    return _FACT if isinstance(entry, Fact) else _UNKNOWN
