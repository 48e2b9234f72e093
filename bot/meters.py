"""What is counted for Prometheus: questions, how long a reply takes, what fails, and the connection to Discord.

Names follow https://prometheus.io/docs/practices/naming/. No label holds an id of a server or a person.
"""

from __future__ import annotations

import enum
import logging
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, ProcessCollector

if TYPE_CHECKING:
    from facts.matching.decision import Outcome

# From an answer out of memory to what Discord lets an interaction wait, in seconds.
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 10.0)
# When what is going on was taken up, on the clock of ``time.perf_counter``.
_taken_up: ContextVar[float | None] = ContextVar("taken_up", default=None)


class Way(enum.StrEnum):
    """How a question came: by a message to the bot, by one that it answers unasked, by a command, menu or button."""

    MESSAGE = "message"
    UNASKED = "unasked"
    INTERACTION = "interaction"


class Failing(enum.StrEnum):
    """Why something that a person began failed.

    They do too much at once; they may not, or what they want is not possible; the database is away; Discord refuses
    it; or nobody expected it.
    """

    TOO_FAST = "too_fast"
    REFUSED = "refused"
    DATABASE = "database"
    DISCORD = "discord"
    UNEXPECTED = "unexpected"


def take_up() -> None:
    """Note that something a person began is taken up now: the time to the reply counts from here."""
    _taken_up.set(time.perf_counter())


def seconds_since_taken_up() -> float | None:
    """Give how long ago what goes on here was taken up; None where nothing was."""
    began = _taken_up.get()
    return time.perf_counter() - began if began is not None else None


class Meters:
    """The counts of one bot, in a registry of its own."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.registry = CollectorRegistry()
        self._questions = Counter(
            "tianwen_questions", "Questions that got a reply.", ["way", "outcome"], registry=self.registry
        )
        self._replies = Histogram(
            "tianwen_reply_seconds",
            "From a question's arrival to Discord's having taken the reply.",
            ["way"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._failures = Counter(
            "tianwen_failures", "Commands, buttons, forms and messages that failed.", ["why"], registry=self.registry
        )
        self._sessions = Counter(
            "tianwen_gateway_sessions", "Sessions with Discord, begun anew or resumed.", ["how"], registry=self.registry
        )
        self._disconnections = Counter(
            "tianwen_gateway_disconnections", "Lost connections to Discord.", registry=self.registry
        )
        self._records = Counter("tianwen_log_records", "What was logged.", ["level"], registry=self.registry)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        # Known from the start, so that a rise from nothing can be seen.
        for failing in Failing:
            self._failures.labels(failing.value)
        for how in ("begun", "resumed"):
            self._sessions.labels(how)

    def replied(self, way: Way, outcome: Outcome) -> float | None:
        """Count a question that has got its reply.

        Returns:
            How many seconds that took; None where it is not known.
        """
        self._questions.labels(way.value, outcome.value).inc()
        seconds = seconds_since_taken_up()
        if seconds is not None:
            self._replies.labels(way.value).observe(seconds)
        return seconds

    def failed(self, why: Failing) -> None:
        """Count what failed."""
        self._failures.labels(why.value).inc()

    def session(self, *, resumed: bool) -> None:
        """Count a session with Discord."""
        self._sessions.labels("resumed" if resumed else "begun").inc()

    def disconnected(self) -> None:
        """Count a lost connection."""
        self._disconnections.inc()

    def log_handler(self) -> logging.Handler:
        """Give a handler that counts warnings and errors."""
        return _CountingHandler(self._records)


class _CountingHandler(logging.Handler):
    """Counts what is logged."""

    def __init__(self, records: Counter) -> None:
        super().__init__(logging.WARNING)
        self._records = records
        for level in (logging.WARNING, logging.ERROR, logging.CRITICAL):
            records.labels(logging.getLevelName(level).lower())

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record."""
        self._records.labels(record.levelname.lower()).inc()
