"""How the bot is: its connection to Discord, its database, and whether the facts in memory are those of the store."""

from __future__ import annotations

import datetime as dt
import enum
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.client import Tianwen

# A shard that has been without a connection for so long will hardly get one by itself.
LONGEST_WITHOUT_GATEWAY_S = 180.0
# Memory is compared with the store every five seconds at least: after so long something is the matter.
LONGEST_UNCHECKED = dt.timedelta(seconds=30)


class Status(enum.StrEnum):
    """How something is.

    Well; not well, but people get their answers and nobody need do anything; or so that a new start may help.
    """

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: its name, how it is, that in a sentence, and its figures."""

    name: str
    status: Status
    sentence: str
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Health:
    """How the bot is."""

    checks: tuple[Check, ...]

    @property
    def status(self) -> Status:
        """How the worst of all is."""
        return max((check.status for check in self.checks), key=list(Status).index)

    def as_json(self) -> dict[str, Any]:
        """Give it for programs."""
        checks = {
            check.name: {"status": check.status.value, "sentence": check.sentence} | check.figures
            for check in self.checks
        }
        return {"status": self.status.value, "version": __version__, "checks": checks}


class Gateway:
    """Which shards have a connection to Discord, and since when the others have none."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with no shard known, so that a start that takes too long is seen, too.

        Args:
            clock: gives seconds since any time; it never jumps.
        """
        self._clock = clock
        self._begun_at = clock()
        # Shards without a connection that had one, and since when.
        self._lost: dict[int, float] = {}
        self._connected: set[int] = set()
        self._gained_at = self._begun_at

    @property
    def connected(self) -> frozenset[int]:
        """The shards that have a connection."""
        return frozenset(self._connected)

    def gained(self, shard_id: int) -> None:
        """Note that a shard has a session."""
        self._connected.add(shard_id)
        self._gained_at = self._clock()
        self._lost.pop(shard_id, None)

    def lost(self, shard_id: int) -> bool:
        """Note that a shard has lost its connection; tell whether it had one."""
        if shard_id not in self._connected:
            return False
        self._connected.discard(shard_id)
        self._lost[shard_id] = self._clock()
        return True

    def check(self, latencies: dict[int, float], expected: Sequence[int] = ()) -> Check:
        """Tell how it is.

        Args:
            latencies: of each shard, how long Discord takes to answer, in seconds.
            expected: the shards that there are to be, where that is known.
        """
        lost = sorted(self._lost)
        # Until Discord has answered for the first time, they are infinite.
        known = [latencies[shard_id] for shard_id in self._connected & latencies.keys()]
        known = list(filter(math.isfinite, known))
        missing = sorted(set(expected) - self._connected - self._lost.keys())
        figures = {
            "connected": sorted(self._connected),
            "lost": lost,
            "missing": missing,
            "latency_ms": round(1000 * max(known)) if known else None,
        }
        if not self._connected:
            without_s = self._clock() - max(self._lost.values(), default=self._begun_at)
            if without_s > LONGEST_WITHOUT_GATEWAY_S:
                return Check("gateway", Status.FAILING, f"No connection to Discord for {without_s:.0f} s.", figures)
            if not lost:
                return Check("gateway", Status.DEGRADED, "Not connected to Discord yet.", figures)
        if lost:
            # A new start would take the others their connections.
            longest_s = self._clock() - min(self._lost.values())
            shards = ", ".join(map(str, lost))
            sentence = f"Shards without a connection, for {longest_s:.0f} s at most: {shards}."
            return Check("gateway", Status.DEGRADED, sentence, figures)
        count = len(self._connected)
        if missing:
            # Many shards take minutes to begin, one after another; and again, a new start would cost the others theirs.
            waits_s = self._clock() - self._gained_at
            sentence = f"Connected with {count} of {len(expected)} shards so far, the last one {waits_s:.0f} s ago."
            return Check("gateway", Status.DEGRADED, sentence, figures)
        sentence = f"Connected to Discord with {count} {'shard' if count == 1 else 'shards'}."
        return Check("gateway", Status.OK, sentence, figures)


def health_of(bot: Tianwen) -> Health:
    """Tell how a bot is, from memory: no database is asked."""
    return Health((bot.gateway.check(dict(bot.latencies), shards_of(bot)), _database(bot), _facts(bot)))


def shards_of(bot: Tianwen) -> Sequence[int]:
    """Give the shards that a process is to run; none as long as Discord has not said how many there are."""
    return bot.shard_ids if bot.shard_ids is not None else range(bot.shard_count or 0)


def _database(bot: Tianwen) -> Check:
    if bot.knowledge.memory.is_store_failing:
        sentence = "The database cannot be used just now. Questions are answered from memory, changes are refused."
        return Check("database", Status.DEGRADED, sentence, {})
    return Check("database", Status.OK, "The database answers.", {})


def _facts(bot: Tianwen) -> Check:
    memory = bot.knowledge.memory
    age = memory.unchecked_for
    shared, own = memory.engine.size(), sum(map(memory.engine.size, memory.engine.servers))
    figures = {
        "age_s": round(age.total_seconds(), 1),
        "phrasings": shared,
        "own_phrasings": own,
        "servers_in_memory": len(memory.engine.servers),
    }
    told = f"In memory: {shared:,} shared phrasings, {own:,} of the own of {len(memory.engine.servers):,} servers"
    if age > LONGEST_UNCHECKED:
        sentence = f"{told}, last compared with the store {age.total_seconds():.0f} s ago."
        return Check("facts", Status.DEGRADED, sentence, figures)
    return Check("facts", Status.OK, f"{told}, as in the store.", figures)
