"""Memory and time where many servers have facts of their own.

Fills a SQLite file with so many servers, of 20 facts each in five phrasings, starts on it, and asks in servers drawn
at random: at first in a few, as on a quiet evening, then in all of them.

Usage: ``python -m benchmarks.servers [SERVERS]``.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.scale import memory_used, percentiles
from facts.database import Database
from facts.knowledge import KnowledgeBase
from facts.packs import shipped_packs

SERVERS, FACTS, FEW, ASKED = 10_000, 20, 200, 3_000
FIRST_SERVER = 2**60
STARTS = ("what is", "when does", "who may", "how do I get", "tell me about")


def fill(path: Path, servers: int, words: list[str]) -> None:
    """Write the servers' facts straight into the file: through the front door it would take an hour."""
    draw = random.Random(20210704)  # noqa: S311 - to be random, not secret
    with closing(sqlite3.connect(path)) as connection, connection:
        source = connection.execute("SELECT id FROM sources LIMIT 1").fetchone()[0]
        first = connection.execute("SELECT max(id) + 1 FROM facts").fetchone()[0]
        facts: list[tuple[object, ...]] = []
        phrasings: list[tuple[object, ...]] = []
        for server in range(servers):
            for place in range(FACTS):
                fact_id, about = first + len(facts), " ".join(draw.choices(words, k=4))
                statement = f"Here {' '.join(draw.choices(words, k=10))}."
                facts.append((fact_id, FIRST_SERVER + server, f"rule-{place}", statement, source))
                phrasings += [(fact_id, number, f"{start} {about}?") for number, start in enumerate(STARTS)]
        connection.executemany(
            "INSERT INTO facts (id, server_id, slug, topic, statement, source_id, milestone_planned, measures, edited,"
            " version, follows) VALUES (?, ?, ?, 'rules', ?, ?, 0, '[]', 0, 1, 0)",
            facts,
        )
        connection.executemany("INSERT INTO phrasings (fact_id, position, text) VALUES (?, ?, ?)", phrasings)


async def ask(knowledge: KnowledgeBase, servers: list[int]) -> tuple[list[float], list[float]]:
    """Ask once in each server; give the seconds it took to make its facts ready, and to answer."""
    ready, answered = [], []
    for server_id in servers:
        started = time.perf_counter()
        await knowledge.prepare(server_id)
        prepared = time.perf_counter()
        knowledge.ask("how long is tianhe?", server_id=server_id)
        ready.append(prepared - started)
        answered.append(time.perf_counter() - prepared)
    return ready, answered


def told(name: str, seconds: list[float]) -> str:
    return f"{name}: " + ", ".join(f"{share[:3]} {value:.1f} ms" for share, value in percentiles(seconds).items())


async def measure(servers: int) -> None:
    draw = random.Random(4)  # noqa: S311 - to be random, not secret
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "servers.db"
        database = Database(f"sqlite+aiosqlite:///{path}")
        await database.upgrade()
        packs = shipped_packs()
        await KnowledgeBase.open(database, packs)
        words = sorted({word for fact in packs[0].facts for word in fact.statement.split()})
        await asyncio.to_thread(fill, path, servers, words)
        del packs, words
        started = time.perf_counter()
        knowledge = await KnowledgeBase.open(database)
        print(f"{servers:,} servers of {FACTS} facts each; start {time.perf_counter() - started:.1f} s")
        print(f"memory after the start: {memory_used() / 1e6:.0f} MB")
        knowledge.memory.begin_learning()
        for name, among in ((f"{FEW} servers", FEW), ("all servers", servers)):
            asked = [FIRST_SERVER + draw.randrange(among) for _ in range(ASKED)]
            ready, answered = await ask(knowledge, asked)
            print(f"\n{ASKED:,} questions in {name}, one after another, as fast as they are answered:")
            print(told("made ready", ready))
            print(told("answered", answered))
            in_memory = len(knowledge.engine.servers)
            print(f"memory: {memory_used() / 1e6:.0f} MB, with the facts of {in_memory:,} servers in it")
        await knowledge.memory.end_learning()
        await database.close()


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else SERVERS))
