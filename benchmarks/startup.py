"""How long it takes from the start of a process until it could join Discord or answer in the terminal.

Run with ``make bench``. Each run is a new process (imports, database open, schema check, index built), as an
operator starts it; the first on an empty folder also creates the store and loads the article. Figures are compared
with a Python process that only imports discord.py, since the machine's speed varies.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 7
# What ``tianwen run`` does with a token before it connects.
READY = """
import asyncio
from bot.client import Tianwen
from bot.runtime import open_knowledge
from bot.settings import load_settings

async def main():
    async with open_knowledge(load_settings()) as knowledge, Tianwen(knowledge):
        assert knowledge.ask("How long is the Tianhe module?").facts[0].id == "tianhe-length"

asyncio.run(main())
"""
IMPORT_ONLY = "import discord"


def seconds(code: str, folder: str) -> float:
    """Give the wall time, in seconds, of a Python process that runs this code in this folder."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        first = seconds(READY, folder)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        ready, imports = [], []
        for _ in range(RUNS):
            imports.append(seconds(IMPORT_ONLY, folder))
            ready.append(seconds(READY, folder))
    ratio = statistics.median(a / b for a, b in zip(ready, imports, strict=True))
    print(f"Python {platform.python_version()} on {platform.machine()}, median of {RUNS} processes")
    print(f"first start, empty folder   {first:6.2f} s  (store of {size / 1e6:.1f} MB made)")
    print(f"start to ready              {statistics.median(ready):6.2f} s  (from {min(ready):.2f} to {max(ready):.2f})")
    print(f"import discord, nothing more{statistics.median(imports):6.2f} s")
    print(f"ratio                       {ratio:6.2f}")


if __name__ == "__main__":
    main()
