"""Counting questions week by week, on every database."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
from typing import TYPE_CHECKING

import pytest

from facts.database import Database
from facts.entities import WeekCount
from facts.errors import DatabaseUnavailableError
from facts.matching.decision import Outcome
from facts.tally import COUNTS_KEPT, Tally, week_of

if TYPE_CHECKING:
    from tests.facts.town import Clock

HERE, THERE = 2**63 - 1, 7
MONDAY = dt.date(2021, 7, 5)


@pytest.fixture
def tally(database: Database, clock: Clock) -> Tally:
    clock.now = dt.datetime(2021, 7, 7, 12, tzinfo=dt.UTC)
    return Tally(database, clock)


def answered(count: int, entry_id: str | None = "lamp", week: dt.date = MONDAY) -> WeekCount:
    return WeekCount(week, Outcome.ANSWER, entry_id, count)


def test_a_week_begins_on_monday() -> None:
    days = [MONDAY + dt.timedelta(days=day) for day in range(-1, 8)]
    assert [week_of(day) for day in days] == [
        MONDAY - dt.timedelta(weeks=1),
        *[MONDAY] * 7,
        MONDAY + dt.timedelta(weeks=1),
    ]


async def test_counts_are_the_same_before_and_after_they_are_kept_and_add_up(tally: Tally, database: Database) -> None:
    tally.count(HERE, Outcome.ANSWER, "lamp")
    tally.count(HERE, Outcome.ANSWER, "lamp")
    tally.count(HERE, Outcome.UNKNOWN, None)
    tally.count(THERE, Outcome.CHOICES, None)
    tally.count(None, Outcome.ANSWER, "lamp")
    expected = [answered(2), WeekCount(MONDAY, Outcome.UNKNOWN, None, 1)]
    assert await tally.of(HERE, 1) == expected
    await tally.keep()
    await tally.keep()
    assert await tally.of(HERE, 1) == expected
    # Another process counts in the same row.
    other = Tally(database, lambda: dt.datetime(2021, 7, 11, 23, 59, tzinfo=dt.UTC))
    other.count(HERE, Outcome.ANSWER, "lamp")
    await other.keep()
    tally.count(HERE, Outcome.ANSWER, "lamp")
    await tally.keep()
    assert await tally.of(HERE, 1) == [answered(4), expected[1]]
    assert await tally.of(None, 1) == [answered(1)]
    assert await tally.of(THERE, 1) == [WeekCount(MONDAY, Outcome.CHOICES, None, 1)]


async def test_as_many_weeks_are_told_as_are_asked_for(tally: Tally, clock: Clock) -> None:
    for week in range(3):
        tally.count(HERE, Outcome.ANSWER, f"of-week-{week}")
        await tally.keep()
        clock.now += dt.timedelta(weeks=1)
    # This week there is nothing yet.
    found = [(await tally.of(HERE, weeks)) for weeks in (1, 2, 3, 9)]
    assert [len(counts) for counts in found] == [0, 1, 2, 3]
    assert [count.week for count in found[-1]] == [MONDAY + dt.timedelta(weeks=week) for week in range(3)]


async def test_what_is_older_than_a_year_is_forgotten(tally: Tally, clock: Clock) -> None:
    tally.count(HERE, Outcome.ANSWER, "lamp")
    await tally.keep()
    clock.now += COUNTS_KEPT
    await tally.forget_old()
    assert await tally.of(HERE, 100) == [answered(1)]
    clock.now += dt.timedelta(weeks=1)
    await tally.forget_old()
    assert await tally.of(HERE, 100) == []


async def test_a_thousand_counts_are_kept_at_once_and_none_while_it_is_kept_is_lost(
    tally: Tally, database: Database
) -> None:
    names = [f"fact-{number}" for number in range(1_234)]
    for name in names:
        tally.count(HERE, Outcome.ANSWER, name)
    keeping = asyncio.create_task(tally.keep())
    more = 0
    while not keeping.done():
        tally.count(HERE, Outcome.ANSWER, names[0])
        more += 1
        await asyncio.sleep(0)
    await keeping
    await tally.keep()
    counts = {count.entry_id: count.count for count in await Tally(database, tally._clock).of(HERE, 1)}
    assert counts == dict.fromkeys(names, 1) | {names[0]: 1 + more}


async def test_what_cannot_be_kept_is_still_counted_and_kept_later(
    tally: Tally, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tally.count(HERE, Outcome.ANSWER, "lamp")
    gone = Database(f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('gone')}/none/at/all.db")
    tally._database = gone
    with pytest.raises(DatabaseUnavailableError):
        await tally.keep()
    tally.count(HERE, Outcome.ANSWER, "lamp")
    tally._database = database
    await tally.keep()
    assert await Tally(database, tally._clock).of(HERE, 1) == [answered(2)]
    await gone.close()


async def test_whoever_stops_waiting_leaves_no_error_behind(tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def fail(_counts: object) -> None:
        begun.set()
        await end.wait()
        raise DatabaseUnavailableError("It is locked.")

    monkeypatch.setattr(tally, "_add", fail)
    unhandled: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))
    tally.count(HERE, Outcome.ANSWER, "lamp")
    keeping = asyncio.create_task(tally.keep())
    await begun.wait()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    end.set()
    while tally._keeping:  # noqa: ASYNC110 - nothing tells of its end
        await asyncio.sleep(0)
    gc.collect()
    assert unhandled == []
