"""How many questions got what, week by week, in each server: bare counts, of nobody's questions in particular."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select

from facts.entities import WeekCount
from facts.matching.decision import Outcome
from facts.models import SHARED, QuestionCountRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from facts.database import Database

# A year can be looked back on.
COUNTS_KEPT = dt.timedelta(weeks=53)
# So many counts are written at once; SQLite takes at most 32,766 values in a statement.
_BATCH = 500
_NO_ENTRY = ""


class _Key(NamedTuple):
    server_id: int
    week: dt.date
    outcome: str
    entry_slug: str


def week_of(day: dt.date) -> dt.date:
    """Give the Monday of a day's week (ISO 8601)."""
    return day - dt.timedelta(days=day.weekday())


class Tally:
    """Counts questions in memory, and keeps the counts when it is told to."""

    def __init__(self, database: Database, clock: Callable[[], dt.datetime]) -> None:
        """Keep them in this database; the clock gives the time now, aware UTC."""
        self._database = database
        self._clock = clock
        self._counted: Counter[_Key] = Counter()
        # It is held across transactions only, so that a count is either here or in the store.
        self._alone = asyncio.Lock()
        self._keeping: set[asyncio.Task[None]] = set()

    def count(self, server_id: int | None, outcome: Outcome, entry_id: str | None) -> None:
        """Count a question.

        Args:
            server_id: where; None in direct messages.
            outcome: what it got.
            entry_id: the fact that answered, or the known unknown that said that there is no answer.
        """
        week = week_of(self._clock().date())
        self._counted[_Key(server_id or SHARED, week, outcome.value, entry_id or _NO_ENTRY)] += 1

    async def keep(self) -> None:
        """Write what has been counted since; where that fails, it is still counted.

        Raises:
            DatabaseUnavailableError: the database cannot be written.
        """
        # Whoever is cancelled meanwhile leaves nothing counted twice: what was begun is done.
        keeping = asyncio.create_task(self._keep(), name="tianwen-keeping-counts")
        self._keeping.add(keeping)
        keeping.add_done_callback(self._has_kept)
        await asyncio.shield(keeping)

    def _has_kept(self, keeping: asyncio.Task[None]) -> None:
        self._keeping.discard(keeping)
        if not keeping.cancelled():
            # Whoever waits is told; where nobody does any longer, all is still counted.
            keeping.exception()

    async def _keep(self) -> None:
        async with self._alone:
            # All processes write in one order, so that none waits for another that waits for it.
            keys = sorted(self._counted)
            for begin in range(0, len(keys), _BATCH):
                batch = {key: self._counted[key] for key in keys[begin : begin + _BATCH]}
                await self._add(batch)
                # Meanwhile more may have been counted.
                self._counted -= Counter(batch)

    async def _add(self, counts: Mapping[_Key, int]) -> None:
        row = QuestionCountRow
        new = self._database.insert(row).values([key._asdict() | {"count": count} for key, count in counts.items()])
        added = new.on_conflict_do_update(
            index_elements=[row.server_id, row.week, row.outcome, row.entry_slug],
            set_={"count": row.count + new.excluded["count"]},
        )
        async with self._database.writing() as session:
            await session.execute(added)

    async def of(self, server_id: int | None, weeks: int) -> list[WeekCount]:
        """Give the counts of a server, or (None) of direct messages, in its latest weeks, the earliest first.

        Args:
            server_id: which.
            weeks: how many weeks, this one counted.

        Raises:
            DatabaseUnavailableError: the database cannot be read.
        """
        since = week_of(self._clock().date()) - dt.timedelta(weeks=weeks - 1)
        row, counts = QuestionCountRow, Counter[_Key]()
        query = select(row).where(row.server_id == (server_id or SHARED), row.week >= since)
        async with self._alone, self._database.reading() as session:
            for kept in await session.scalars(query):
                counts[_Key(kept.server_id, kept.week, kept.outcome, kept.entry_slug)] = kept.count
            for key, count in self._counted.items():
                if key.server_id == (server_id or SHARED) and key.week >= since:
                    counts[key] += count
        return [
            WeekCount(key.week, Outcome(key.outcome), key.entry_slug or None, count)
            for key, count in sorted(counts.items())
        ]

    async def forget_old(self) -> None:
        """Delete what is older than a year.

        Raises:
            DatabaseUnavailableError: the database cannot be written.
        """
        before = week_of(self._clock().date()) - COUNTS_KEPT
        async with self._database.writing() as session:
            await session.execute(delete(QuestionCountRow).where(QuestionCountRow.week < before))
