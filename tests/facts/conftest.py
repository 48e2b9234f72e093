"""Fixtures for tests of facts: the town, in a database of each kind in turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from facts.database import Database
from facts.knowledge import KnowledgeBase
from tests.conftest import MadeOnce
from tests.facts.town import TOWN, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def town_file(made_once: MadeOnce) -> Path:
    """A SQLite file, built by the migrations and holding the town."""
    return made_once.store("town.db", [TOWN], clock=Clock())


@pytest.fixture
def first_store(request: pytest.FixtureRequest, empty_store: Path) -> Path:
    """The SQLite file with which a test begins: with the town in it where the test asks for that."""
    town_file: Path = request.getfixturevalue("town_file") if "town" in request.fixturenames else empty_store
    return town_file


@pytest.fixture
async def town(database: Database, clock: Clock) -> KnowledgeBase:
    """The knowledge of a small town, in a database of each kind in turn."""
    return await KnowledgeBase.open(database, [TOWN], clock=clock)
