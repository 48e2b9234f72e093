"""Fixtures for tests of facts: the town, in a database of each kind in turn."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from facts.database import Database
from facts.knowledge import KnowledgeBase
from tests.facts.town import TOWN, Clock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file, built by the migrations and holding the town."""
    path = tmp_path_factory.mktemp("town") / "town.db"

    async def build() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await database.upgrade()
        await KnowledgeBase.open(database, [TOWN], clock=Clock())
        await database.close()

    asyncio.run(build())
    return path


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a file: a copy of the town where a test asks for it, which is quicker than to build it anew."""
    path = tmp_path / "test.db"
    if "town" in request.fixturenames:
        shutil.copy(request.getfixturevalue("town_file"), path)
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def town(database: Database, clock: Clock) -> KnowledgeBase:
    """The knowledge of a small town, in a database of each kind in turn."""
    return await KnowledgeBase.open(database, [TOWN], clock=clock)
