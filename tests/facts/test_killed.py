"""A process that is killed while it changes facts loses nothing confirmed, and leaves nothing half done."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from facts.database import Database
from facts.entities import Fact
from facts.knowledge import KnowledgeBase
from tests.facts.killed import EDITOR, IMPORT_EVERY, IMPORTED, SERVER, batch, counter

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CHANGES = 100


async def test_a_process_killed_at_random_loses_nothing_confirmed_and_leaves_nothing_half(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "killed.db"
    url = f"sqlite+aiosqlite:///{path}"
    database = Database(url)
    await database.upgrade()
    knowledge = await KnowledgeBase.open(database)
    await knowledge.add(counter(0), EDITOR, server_id=SERVER)
    await database.close()
    confirmed, kills, seeds = 0, 0, random.Random(20210704)  # noqa: S311 - to be random, not secret
    while confirmed < CHANGES:
        command = [sys.executable, "-m", "tests.facts.killed", url, str(confirmed + 1), str(seeds.getrandbits(32))]
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, cwd=request.config.rootpath)
        output, errors = await child.communicate()
        assert child.returncode == -signal.SIGKILL, errors
        kills += 1
        lines = output.decode().split()
        assert lines == [str(confirmed + place) for place in range(1, len(lines) + 1)]
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        reached = await what_is_there(url)
        # The last change may have been made and not confirmed any more.
        assert confirmed + len(lines) <= reached <= confirmed + len(lines) + 1
        confirmed = reached
    assert kills > 2


async def what_is_there(url: str) -> int:
    """Check that the store holds each change up to some number whole, and nothing of any later one; give the number."""
    database = Database(url)
    knowledge = await KnowledgeBase.open(database)
    await knowledge.prepare(SERVER)
    reached = int(knowledge.fact("counter", SERVER).statement.split()[-1].rstrip("."))
    imports = range(IMPORT_EVERY, reached + 1, IMPORT_EVERY)
    wanted = [fact for number in imports for fact in batch(number)]
    found = [entry for entry in knowledge.engine.own(SERVER) if isinstance(entry, Fact) and entry.id != "counter"]
    assert sorted(found, key=lambda fact: fact.id) == sorted(wanted, key=lambda fact: fact.id)
    assert len(found) == IMPORTED * len(imports)
    revisions = await knowledge.history("counter", server_id=SERVER)
    assert [revision.number for revision in revisions] == list(range(1, reached + 2))
    await database.close()
    return reached
