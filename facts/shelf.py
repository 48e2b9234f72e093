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
    return (_FACT if isinstance(entry, Fact) else _UNKNOWN) + entry.id


def fact_key(fact_id: str) -> str:
    """Give the key of the fact with this id."""
    return _FACT + fact_id


def unknown_key(unknown_id: str) -> str:
    """Give the key of the known unknown with this id."""
    return _UNKNOWN + unknown_id


def id_of(key: str) -> str:
    """Give the id of an entry from its key."""
    return key.partition(":")[2]


class Shelf:
    """Entries and their index. A server's covers the shared entries of the same ids, and those that it hides."""

    def __init__(self, index: Index) -> None:
        """Begin empty, with this index."""
        self.index = index
        self.facts: dict[str, Fact] = {}
        self.unknowns: dict[str, KnownUnknown] = {}
        # Keys of the shared entries that this server does not see.
        self.covered: set[str] = set()
        self._hidden: set[str] = set()
        self._positions: dict[str, int] = {}
        self._last = -1

    def copy(self) -> Shelf:
        """Give one with the same entries, in which a change can be tried."""
        copied = Shelf(self.index.copy())
        copied.facts, copied.unknowns = dict(self.facts), dict(self.unknowns)
        copied.covered, copied._hidden = set(self.covered), set(self._hidden)
        copied._positions, copied._last = dict(self._positions), self._last
        return copied

    def put(self, entry: Entry, position: int) -> None:
        """Add an entry, or replace it; facts are listed in the order of their positions."""
        key = key_of(entry)
        moves = self._positions.get(key) != position and position < self._last
        self._positions[key] = position
        self._last = max(self._last, position)
        self.covered.add(key)
        if isinstance(entry, KnownUnknown):
            self.unknowns[entry.id] = entry
            self.index.put(key, entry.phrasings, answers=False)
            return
        self.facts[entry.id] = entry
        if moves:
            self.facts = dict(sorted(self.facts.items(), key=lambda item: self._positions[fact_key(item[0])]))
        self.index.put(key, entry.phrasings, background=entry.statement)

    def position(self, key: str) -> int:
        """Give the place of an entry; that of a new one is the next."""
        return self._positions.get(key, self._last + 1)

    def discard(self, key: str) -> None:
        """Take an entry out, if it is there."""
        if self._positions.pop(key, None) is None:
            return
        entries: dict[str, Fact] | dict[str, KnownUnknown] = self.facts if key.startswith(_FACT) else self.unknowns
        del entries[id_of(key)]
        self.index.discard(key)
        if key not in self._hidden:
            self.covered.discard(key)

    def hide(self, key: str) -> None:
        """Hide the shared entry with this key."""
        self._hidden.add(key)
        self.covered.add(key)

    def unhide(self, key: str) -> None:
        """Show it again, unless an entry of this shelf covers it."""
        self._hidden.discard(key)
        if key not in self._positions:
            self.covered.discard(key)
