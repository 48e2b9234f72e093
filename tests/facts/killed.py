"""A program that changes facts without end, until it kills itself at a random moment; ``test_killed`` runs it.

Usage: ``python -m tests.facts.killed DATABASE_URL FIRST SEED``; it prints the number of each change once confirmed.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import sys
import threading
from dataclasses import replace

from facts.database import Database
from facts.entities import Author, Fact, Origin, Source
from facts.knowledge import KnowledgeBase

SERVER = 2**62
EDITOR = Author(Origin.EDITOR, 7)
# Every so many changes one is an import, of so many facts.
IMPORT_EVERY, IMPORTED = 4, 5
# It kills itself within so many seconds of its first change.
LONGEST_LIFE = 1.0


def counter(number: int) -> Fact:
    """Give the fact that counts the changes."""
    return Fact("counter", "t", f"It is {number}.", ("what is the count?",), Source("g", "Gazette"))


def batch(number: int) -> list[Fact]:
    """Give the facts of one import."""
    return [
        replace(counter(number), id=f"batch-{number}-{place}", phrasings=(f"what is in batch {number} at {place}?",))
        for place in range(IMPORTED)
    ]


async def work(url: str, first: int, seed: int) -> None:
    database = Database(url)
    knowledge = await KnowledgeBase.open(database)
    await knowledge.prepare(SERVER)
    life = random.Random(seed).uniform(0.0, LONGEST_LIFE)  # noqa: S311 - to be random, not secret
    threading.Timer(life, os.kill, (os.getpid(), signal.SIGKILL)).start()
    for number in itertools.count(first):
        if number % IMPORT_EVERY:
            await knowledge.edit(counter(number), EDITOR, server_id=SERVER)
        else:
            await knowledge.put_all([*batch(number), counter(number)], EDITOR, server_id=SERVER)
        print(number, flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
