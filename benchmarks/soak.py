"""A long soak with faults at random (``tests/bot/soak.py``): ``python -m benchmarks.soak [MINUTES]``, 30 without it.

It exits 1 unless nothing confirmed was lost, no error was unhandled, no task was left over, and memory was flat.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.load import questions
from tests.bot.soak import Soak

MINUTES = 30.0
# Things that people do a second, and seconds between faults.
RATE, FAULT_EVERY = 15.0, 10.0
# By then everything has been needed once, and what is kept for a while is as much as it will be.
WARM = 0.5
FLAT = 0.05
SEED = 20210704


async def measure(minutes: float) -> int:
    with tempfile.TemporaryDirectory() as folder:
        soaked = await Soak(Path(folder), questions(), seed=SEED).run(60 * minutes, rate=RATE, fault_every=FAULT_EVERY)
    rise = soaked.rise(WARM)
    print(f"{minutes:g} minutes: {soaked.done:,} things done, {soaked.unanswered:,} of them without a reply")
    print("faults:", ", ".join(f"{name} {count}" for name, count in sorted(soaked.faults.items())))
    print(f"facts whose edits were confirmed: {soaked.confirmed}, lost: {len(soaked.lost)}")
    print(f"unhandled errors: {len(soaked.errors)}, exit status {soaked.exit_status}")
    print(f"tasks: {soaked.tasks[1]:.0f} at the end, of {soaked.tasks[0]:.0f} that may be left")
    steps = [soaked.memory_of(part / 10, (part + 1) / 10) / 1e6 for part in range(10)]
    print("memory, MB, in tenths of the time:", " ".join(f"{step:.0f}" for step in steps))
    print(f"memory rose by {100 * rise:.1f} % in the last {1 - WARM:.0%} of the time (along a straight line)")
    for told in [*soaked.lost, *soaked.errors][:20]:
        print(told[:2_000])
    is_well = not soaked.lost and not soaked.errors and soaked.exit_status == 0
    return int(not (is_well and soaked.tasks[1] <= soaked.tasks[0] and rise <= FLAT))


if __name__ == "__main__":
    sys.exit(asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)))
