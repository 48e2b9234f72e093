"""People, faults and the whole program for as long as one likes: what must hold however long that is.

The program runs in a process of its own and joins a fake Discord; people ask, press, type and edit; every few seconds
something goes wrong: a connection is cut, a session ends, Discord refuses or limits, another writer holds the database,
the process is stopped for a while. In the end nothing that was confirmed is lost, no task is left over, no error was
unhandled, and memory is as it was.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import socket
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, mean
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.bot.fake_discord import fake_discord
from tests.bot.program import start
from tests.bot.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tests.bot.fake_discord import FakeDiscord

POSTS, CALLBACKS = r"^/channels/\d+/messages$", r"^/interactions/\d+/[^/]+/callback$"
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Soaked:
    """What a soak has shown."""

    faults: Counter[str] = field(default_factory=Counter)
    done: int = 0
    unanswered: int = 0
    confirmed: int = 0
    lost: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    # So many may be left, and so many are.
    tasks: tuple[float, float] = (0.0, 0.0)
    memory: list[tuple[float, int]] = field(default_factory=list)
    exit_status: int | None = None

    def memory_of(self, begin: float, end: float) -> float:
        """Give the mean memory within a part of the soak, in bytes; 0 is its begin, 1 its end."""
        first, last = self.memory[0][0], self.memory[-1][0]
        return mean(used for at, used in self.memory if begin <= (at - first) / (last - first) <= end)

    def rise(self, begin: float) -> float:
        """Give by which part memory rose from there to the end, along the straight line through all that was seen."""
        first, last = self.memory[0][0], self.memory[-1][0]
        seen = [(at, used) for at, used in self.memory if (at - first) / (last - first) >= begin]
        line = linear_regression(*zip(*seen, strict=True))
        at_first, at_last = (line.intercept + line.slope * seen[place][0] for place in (0, -1))
        return at_last / at_first - 1


class Soak:
    """One soak."""

    def __init__(self, folder: Path, questions: Sequence[str], *, seed: int) -> None:
        self.folder = folder
        self._questions = questions
        self._seed = seed
        self._chance = random.Random(seed)  # noqa: S311 - to be random, not secret
        self.result = Soaked()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])

    async def run(self, seconds: float, *, rate: float, fault_every: float, patience_s: float = 10.0) -> Soaked:
        """Let it go on for so long.

        Args:
            seconds: how long people do things.
            rate: how many things they do a second.
            fault_every: how many seconds apart faults are, on average.
            patience_s: how many seconds people wait for an answer.
        """
        async with fake_discord() as fake:
            people = {"servers": 10, "members": 200, "channels": 5}
            traffic = Traffic(fake, self._questions, **people, seed=self._seed, patience_s=patience_s)
            with (self.folder / "log").open("ab") as log:
                process = await start(
                    fake,
                    self.folder,
                    "run",
                    log=log,
                    TIANWEN_MONITOR_PORT=str(self._port),
                    TIANWEN_LOG_FORMAT="json",
                )
            try:
                async with asyncio.timeout(60):
                    await fake.joined.wait()
                # Each kind once, so that all that is made when first needed is there.
                await traffic.flow(rate, min(5.0, seconds / 3), time.perf_counter)
                before = await self._tasks()
                work = [self._misfortune(fake, process, fault_every), self._weigh(process.pid)]
                background = [asyncio.create_task(one) for one in work]
                await traffic.flow(rate, seconds, time.perf_counter)
                for task in background:
                    task.cancel()
                ended = await asyncio.gather(*background, return_exceptions=True)
                # An error in here is no proof of anything.
                self.result.errors += [repr(end) for end in ended if not isinstance(end, asyncio.CancelledError)]
                fake.faults.clear()
                await self._recover(traffic)
                before += traffic.forms_left
                self.result.tasks = before, await self._tasks(at_most=before)
                process.terminate()
                self.result.exit_status = await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        self._sum_up(traffic)
        return self.result

    # What goes wrong

    async def _misfortune(self, fake: FakeDiscord, process: asyncio.subprocess.Process, every: float) -> None:
        faults: dict[str, Callable[[], Awaitable[None]]] = {
            "connection cut": fake.drop,
            "connection closed": lambda: fake.drop(code=4000),
            "asked to reconnect": fake.ask_to_reconnect,
            "session to be resumed": lambda: fake.invalidate(resumable=True),
            "session ended": lambda: fake.invalidate(resumable=False),
            "short rate limits": lambda: _fail(fake, 429, POSTS, CALLBACKS, retry_after=0.2),
            # Discord does not limit answers to interactions.
            "long rate limits": lambda: _fail(fake, 429, POSTS, retry_after=60.0),
            "server errors": lambda: _fail(fake, 500, POSTS, CALLBACKS),
            "unavailable": lambda: _fail(fake, 503, POSTS, CALLBACKS),
            "database held": self._hold_database,
            "process stopped": lambda: self._stop(process),
        }
        names: list[str] = []
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / every))
            # All of them come up before any comes again.
            names = names or self._chance.sample(sorted(faults), len(faults))
            name = names.pop()
            self.result.faults[name] += 1
            await faults[name]()

    async def _hold_database(self) -> None:
        with closing(sqlite3.connect(self.folder / "tianwen.db", isolation_level=None, timeout=10)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(self._chance.uniform(0.5, 6.0))
            writer.execute("ROLLBACK")

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(self._chance.uniform(0.5, 3.0))
        finally:
            process.send_signal(signal.SIGCONT)

    # What is looked at

    async def _weigh(self, pid: int) -> None:
        while True:
            fields = Path(f"/proc/{pid}/statm").read_text("ascii")
            self.result.memory.append((time.perf_counter(), int(fields.split()[1]) * PAGE))
            await asyncio.sleep(1)

    async def _tasks(self, at_most: float | None = None) -> float:
        """Give how many tasks there are, once they are few enough or long enough has been waited."""
        tasks = 0.0
        for _ in range(100):
            tasks = await self._figure("tianwen_tasks")
            if at_most is None or tasks <= at_most:
                break
            await asyncio.sleep(0.2)
        return tasks

    async def _figure(self, name: str) -> float:
        address = f"http://127.0.0.1:{self._port}/metrics"
        async with aiohttp.ClientSession() as session, session.get(address) as response:
            found = re.search(rf"^{name} (\S+)$", await response.text(), re.MULTILINE)
        assert found is not None
        return float(found[1])

    async def _recover(self, traffic: Traffic) -> None:
        """Let people ask until they are answered again: a fault may still be mended when the last one is over."""
        for _ in range(10):
            before = traffic.measured["mention"].unanswered
            await traffic.do("mention")
            if traffic.measured["mention"].unanswered == before:
                return
        self.result.errors.append("it does not answer any more")

    def _sum_up(self, traffic: Traffic) -> None:
        self.result.done = sum(len(measured.seconds) for measured in traffic.measured.values())
        self.result.unanswered = sum(measured.unanswered for measured in traffic.measured.values())
        self.result.confirmed = len(traffic.confirmed)
        with closing(sqlite3.connect(self.folder / "tianwen.db")) as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                self.result.errors.append("the database is not whole")
            kept = {
                (str(server), slug): statement
                for server, slug, statement in connection.execute(
                    "SELECT server_id, slug, statement FROM facts WHERE server_id > 0"
                )
            }
        for key, number in traffic.confirmed.items():
            # What came after the last confirmation may have been saved, and the confirmation lost on its way.
            if kept.get(key) not in traffic.said[key][number:]:
                self.result.lost.append(f"{key}: {traffic.said[key][number]}, but there is {kept.get(key)}")
        for line in (self.folder / "log").read_text("utf-8").splitlines():
            self._judge(line)

    def _judge(self, line: str) -> None:
        """Look at a line of the log: what discord.py says of lost connections is expected, an error of ours is not."""
        try:
            told: dict[str, Any] = json.loads(line)
        except ValueError:
            self.result.errors.append(line)
            return
        if told["level"] in {"ERROR", "CRITICAL"} and not _is_expected(told):
            self.result.errors.append(line)


def _is_expected(told: dict[str, Any]) -> bool:
    if told["logger"] == "discord.shard":
        return True
    # What the person is told at the same time: that it cannot be saved just now.
    return told["logger"] == "bot.errors" and str(told["message"]).startswith("The database failed while")


async def _fail(fake: FakeDiscord, status: int, *paths: str, retry_after: float = 0.0) -> None:
    """Let the next few replies or answers to interactions meet this."""
    for path in paths:
        fake.fault("POST", path, status, times=3, retry_after=retry_after)
