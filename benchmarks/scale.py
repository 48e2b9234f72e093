"""Time and memory of the index by size of the store, beside ``extractOne`` with WRatio where that is bearable.

Run with ``python -m benchmarks.scale [PHRASINGS ...]``; ``make bench`` runs it for the sizes that take minutes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process, utils

from benchmarks.stores import entries, questions
from facts.matching.index import Index

SIZES = (1_000, 15_000, 100_000, 1_000_000)
QUESTIONS = 300
# WRatio takes seconds a question on a large store: a few questions tell.
PEER_QUESTIONS = 20
PEER_LIMIT = 15_000
CHANGES = 20
LEARNT_LIMIT = 100_000
LEARNT_SAMPLE = 500


def memory_used() -> int:
    """Give the memory that this process holds now, in bytes, as Linux tells it."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Give the 50th, 95th and 99th percentile in milliseconds."""
    p50, p95, p99 = np.percentile(np.array(seconds) * 1000, [50, 95, 99])
    return {"p50_ms": float(p50), "p95_ms": float(p95), "p99_ms": float(p99)}


def timed(times: list[float], act: object, *arguments: object) -> None:
    """Call, and note how long it took, in seconds."""
    assert callable(act)
    started = time.perf_counter()
    act(*arguments)
    times.append(time.perf_counter() - started)


def measure(size: int) -> dict[str, object]:
    """Build a store of this many phrasings and measure it."""
    store = list(entries(size))
    before = memory_used()
    started = time.perf_counter()
    index = Index()
    for key, phrasings in store:
        index.put(key, phrasings)
    built = time.perf_counter() - started
    counted = memory_used()
    # In a large store learning takes minutes in the background: it is timed on some entries, the rest learns on demand.
    taught = len(store) if size <= LEARNT_LIMIT else LEARNT_SAMPLE
    started = time.perf_counter()
    index.learn(taught)
    learnt = (time.perf_counter() - started) * len(store) / taught
    memory = memory_used()
    asked = questions(QUESTIONS)
    first: list[float] = []
    again: list[float] = []
    for question in asked:
        timed(first, lambda q: index.search(index.read(q)), question)
    for question in asked:
        timed(again, lambda q: index.search(index.read(q)), question)
    changes: list[float] = []
    for number in range(CHANGES):
        key, phrasings = store[number * len(store) // CHANGES]
        timed(changes, index.put, key, [*phrasings, f"what about the new fact number {number}"])
    figures: dict[str, object] = {
        "phrasings": len(index),
        "entries": len(store),
        "build_s": built,
        "learn_s": learnt,
        "bytes_a_phrasing": (memory - before) / len(index),
        "bytes_a_phrasing_unlearnt": (counted - before) / len(index),
        "first_time": percentiles(first),
        "question": percentiles(again),
        "change": percentiles(changes),
    }
    if size <= PEER_LIMIT:
        choices = [utils.default_process(phrasing) for _, phrasings in store for phrasing in phrasings]
        peer: list[float] = []
        for question in asked[:PEER_QUESTIONS]:
            timed(peer, lambda q: process.extractOne(utils.default_process(q), choices, scorer=fuzz.WRatio), question)
        figures["wratio"] = percentiles(peer)
    return figures


def in_own_process(size: int) -> dict[str, object]:
    """Measure one size in a process of its own, so that memory is that size's alone."""
    command = [sys.executable, "-m", "benchmarks.scale", "--here", str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, object] = json.loads(done.stdout)
    return figures


def main() -> None:
    if sys.argv[1:2] == ["--here"]:
        print(json.dumps(measure(int(sys.argv[2]))))
        return
    for size in [int(argument) for argument in sys.argv[1:]] or SIZES:
        print(json.dumps(in_own_process(size), indent=1))


if __name__ == "__main__":
    main()
