"""A clock that jumps: nobody is kept waiting by it, and what has its time comes all the same."""

from __future__ import annotations

import datetime as dt

import discord
import pytest

from bot.cooldowns import PERSON, Cooldowns

PERSON_ID, CHANNEL_ID = 7, 8
DAY = dt.timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(discord.utils, "utcnow", clock)
    return clock


@pytest.mark.parametrize("jump", [-400 * DAY, -DAY, -dt.timedelta(seconds=PERSON[1] + 1), DAY, 400 * DAY])
def test_somebody_who_has_to_wait_waits_no_longer_however_the_clock_jumps(clock: Clock, jump: dt.timedelta) -> None:
    cooldowns = Cooldowns()
    for _ in range(PERSON[0]):
        assert cooldowns.take_addressed(PERSON_ID, CHANNEL_ID) == 0
    assert 0 < cooldowns.take_addressed(PERSON_ID, CHANNEL_ID) <= PERSON[1]
    clock.now += jump
    for _ in range(PERSON[0]):
        assert cooldowns.take_addressed(PERSON_ID, CHANNEL_ID) == 0
    # From then on it counts as before.
    assert 0 < cooldowns.take_addressed(PERSON_ID, CHANNEL_ID) <= PERSON[1]


def test_a_clock_that_goes_back_a_little_makes_nobody_wait_longer_than_they_ever_would(clock: Clock) -> None:
    cooldowns = Cooldowns()
    for _ in range(PERSON[0]):
        cooldowns.take_addressed(PERSON_ID, CHANNEL_ID)
    for _ in range(30):
        clock.now -= dt.timedelta(seconds=1)
        assert cooldowns.take_addressed(PERSON_ID, CHANNEL_ID) <= PERSON[1]
