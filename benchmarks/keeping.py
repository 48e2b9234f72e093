"""How long a change takes to its confirmation by the size of the store: adding, editing, taking back, previewing.

A plan is what an import shows before it is done, of as many facts as a file may hold.

Run with ``python -m benchmarks.keeping [FACTS ...]``. Beside each, the same in a store of a thousand facts: the ratio
tells how it grows.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.stores import entries
from bot.ui.text import answer_text
from facts.database import Database
from facts.entities import Author, Fact, Origin, Source
from facts.exchange import FILE_MAX_ROWS
from facts.knowledge import KnowledgeBase
from facts.packs import shipped_packs, shipped_tests

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SIZES = (1_000, 50_000)
# So many phrasings a fact, so many changes of each kind.
PHRASINGS, CHANGES = 4, 15
SERVER = 2**62
EDITOR = Author(Origin.EDITOR, 7)
SOURCE = Source("gazette", "Space Gazette")


def facts(count: int) -> list[Fact]:
    """Give so many facts of one server."""
    found = []
    for key, phrasings in entries(20 * count):
        found.append(Fact(f"x-{key}"[:60], "t", phrasings[0], tuple(phrasings[:PHRASINGS]), SOURCE))
        if len(found) == count:
            return found
    raise AssertionError("there are enough")


async def timed(act: Callable[[int], Awaitable[object]]) -> float:
    """Give the median time of an act, in seconds."""
    times = []
    for number in range(CHANGES):
        started = time.perf_counter()
        await act(number)
        times.append(time.perf_counter() - started)
    return median(times)


async def measure(count: int, folder: Path) -> dict[str, float]:
    """Give how long each change takes in a server with so many facts of its own, in seconds."""
    database = Database(f"sqlite+aiosqlite:///{folder / f'{count}.db'}")
    await database.upgrade()
    knowledge = await KnowledgeBase.open(database, shipped_packs())
    stored = facts(count)
    tests = shipped_tests()
    # As in the running bot, which learns in the background.
    knowledge.engine.learn()
    knowledge.engine.leave_learning()
    started = time.perf_counter()
    await knowledge.preview(stored[:FILE_MAX_ROWS], server_id=SERVER, questions=tests, render=answer_text)
    figures = {"plan": time.perf_counter() - started}
    started = time.perf_counter()
    await knowledge.put_all(stored, EDITOR, server_id=SERVER)
    figures["import"] = time.perf_counter() - started
    new = [replace(stored[n], id=f"new-{n}", phrasings=(f"what is the new thing number {n}?",)) for n in range(CHANGES)]
    figures["add"] = await timed(lambda n: knowledge.add(new[n], EDITOR, server_id=SERVER))
    changed = [replace(fact, statement=f"{fact.statement} Now.") for fact in stored[:: count // CHANGES][:CHANGES]]
    figures["edit"] = await timed(lambda n: knowledge.edit(changed[n], EDITOR, server_id=SERVER))
    figures["revert"] = await timed(lambda n: knowledge.revert(changed[n].id, 1, EDITOR, server_id=SERVER))
    figures["undo"] = await timed(lambda n: knowledge.undo(changed[n].id, 3, EDITOR, server_id=SERVER))
    figures["remove"] = await timed(lambda n: knowledge.remove(changed[n].id, EDITOR, server_id=SERVER))
    figures["preview"] = await timed(
        lambda n: knowledge.preview(new[n], server_id=SERVER, questions=tests, render=answer_text)
    )
    await database.close()
    return figures


async def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or list(SIZES)
    with tempfile.TemporaryDirectory() as folder:
        figures = {size: await measure(size, Path(folder)) for size in sizes}
    print("facts   " + "".join(f"{name:>12}" for name in figures[sizes[0]]))
    for size in sizes:
        print(f"{size:<8,}" + "".join(f"{1000 * seconds:9,.1f} ms" for seconds in figures[size].values()))
    print("ratio   " + "".join(f"{figures[sizes[-1]][n] / figures[sizes[0]][n]:12.1f}" for n in figures[sizes[0]]))


if __name__ == "__main__":
    asyncio.run(main())
