"""A busy evening over a real connection: how soon replies come, what that costs, and how many a second are too many.

The whole program runs in a process of its own and joins a fake Discord on the loopback. People mention it, use
commands, press buttons, type, and edit facts. A reply's time goes from the sending of the event to its arrival.

Usage: ``python -m benchmarks.load [MINUTES]``; 10 minutes without it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from facts.evaluation import read_questions
from facts.packs import shipped_tests
from tests.bot.fake_discord import FakeDiscord, fake_discord
from tests.bot.program import start
from tests.bot.traffic import PATIENCE_S, Measured, Traffic

SERVERS, MEMBERS = 20, 200
# A busy evening: everybody does something every half a minute.
EVENING_RATE, MINUTES = 7.0, 10.0
# Each step of the climb: so many more a second, for so long.
STEP, STEP_S, MOST = 10, 15.0, 200
TOO_LATE_S = 0.25
SETS = Path(__file__).parents[1] / "tests" / "questions"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Cost(NamedTuple):
    """What a process has used: CPU seconds by now, and bytes of memory now."""

    cpu_s: float
    memory: int

    @classmethod
    def of(cls, pid: int) -> Cost:
        """Read it from the system."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return cls((int(fields[11]) + int(fields[12])) / TICKS, int(fields[21]) * PAGE)


def questions() -> list[str]:
    """Give what people ask."""
    asked = [question.question for path in SETS.glob("*.jsonl") for question in read_questions(path.read_text("utf-8"))]
    return [*asked, *(test.question for test in shipped_tests())]


def told(name: str, measured: Measured) -> str:
    """Give a distribution in milliseconds."""
    if len(measured.seconds) < 2:
        return f"{name:8} {len(measured.seconds):6}"
    cut = quantiles(measured.seconds, n=1000, method="inclusive")
    shares = (cut[499], cut[949], cut[989], max(measured.seconds))
    figures = " ".join(f"{1000 * value:8.1f}" for value in shares)
    return f"{name:8} {len(measured.seconds):6} {figures} {measured.unanswered:6}"


def all_of(traffic: Traffic) -> Measured:
    """Give all that was measured together."""
    together = Measured()
    for measured in traffic.measured.values():
        together.seconds += measured.seconds
        together.unanswered += measured.unanswered
    return together


async def evening(minutes: float, folder: Path) -> None:
    """Let the evening pass."""
    async with fake_discord() as fake:
        traffic = Traffic(fake, questions(), servers=SERVERS, members=MEMBERS, channels=3, seed=1)
        process = await run(fake, folder)
        await traffic.flow(EVENING_RATE, 20, time.perf_counter)
        traffic.measured.clear()
        before, began = Cost.of(process.pid), time.perf_counter()
        await traffic.flow(EVENING_RATE, 60 * minutes, time.perf_counter)
        after, seconds = Cost.of(process.pid), time.perf_counter() - began
        print(f"{SERVERS} servers, {MEMBERS} members, {seconds:.0f} s; times in ms")
        print(f"{'':8} {'done':>6} {'p50':>8} {'p95':>8} {'p99':>8} {'most':>8} {'none':>6}")
        for kind, measured in sorted(traffic.measured.items()):
            print(told(kind, measured))
        print(told("all", all_of(traffic)))
        cpu = 100 * (after.cpu_s - before.cpu_s) / seconds
        print(f"CPU {cpu:.0f} % of a core, memory {before.memory / 1e6:.0f} MB then {after.memory / 1e6:.0f} MB")
        print(f"edits confirmed: {len(traffic.confirmed)} facts, refused: {dict(traffic.refused)}")
        process.terminate()
        await process.wait()


async def climb(folder: Path) -> None:
    """Ask more and more a second, until the 95th percentile is too late."""
    async with fake_discord() as fake:
        traffic = Traffic(fake, questions(), servers=SERVERS, members=4_000, channels=40, seed=2)
        process = await run(fake, folder)
        await traffic.flow(STEP, 10, time.perf_counter)
        for rate in range(STEP, MOST + 1, STEP):
            traffic.measured.clear()
            before, began = Cost.of(process.pid), time.perf_counter()
            await traffic.flow(rate, STEP_S, time.perf_counter)
            cpu = 100 * (Cost.of(process.pid).cpu_s - before.cpu_s) / (time.perf_counter() - began)
            together = all_of(traffic)
            waited = together.seconds + together.unanswered * [PATIENCE_S]
            p95 = quantiles(waited, n=100, method="inclusive")[94]
            print(f"{rate:4} a second: p95 {1000 * p95:7.1f} ms, CPU {cpu:3.0f} %, unanswered {together.unanswered}")
            if p95 > TOO_LATE_S:
                break
        process.terminate()
        await process.wait()


async def run(fake: FakeDiscord, folder: Path) -> asyncio.subprocess.Process:
    """Start the program, and wait until it has joined."""
    with (folder / "log").open("ab") as log:
        process = await start(fake, folder, "run", log=log)
    await fake.joined.wait()
    await asyncio.sleep(15)  # All is learnt by then.
    return process


async def measure(minutes: float) -> None:
    for work in (lambda folder: evening(minutes, folder), climb):
        with tempfile.TemporaryDirectory() as folder:
            await work(Path(folder))


if __name__ == "__main__":
    asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES))
