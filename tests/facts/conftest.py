"""Fixtures for tests of facts: the town, in a database of each kind in turn."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import asyncpg
import pytest
from sqlalchemy import make_url

from facts.database import Database
from facts.knowledge import KnowledgeBase
from tests.conftest import POSTGRES
from tests.facts.town import TOWN, Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def build_town(url: str) -> None:
    """Let the migrations build a database, and put the town into it."""
    database = Database(url)
    await database.upgrade()
    await KnowledgeBase.open(database, [TOWN], clock=Clock())
    await database.close()


@pytest.fixture(scope="session")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds the town."""
    path = tmp_path_factory.mktemp("town") / "town.db"
    asyncio.run(build_town(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a file: a copy of the town where a test asks for it, which is quicker than to build it anew."""
    path = tmp_path / "test.db"
    if "town" in request.fixturenames:
        shutil.copy(request.getfixturevalue("town_file"), path)
    return f"sqlite+aiosqlite:///{path}"


def on_postgres(url: URL, statement: str) -> None:
    async def execute() -> None:
        plain = url.set(drivername="postgresql").difference_update_query(["search_path"])
        connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
        await connection.execute(statement)
        await connection.close()

    asyncio.run(execute())


@contextmanager
def postgres_database(url: URL, template: str) -> Iterator[URL]:
    """Make a PostgreSQL database from another one, for a while."""
    name = f"tianwen_{uuid.uuid4().hex[:12]}"
    on_postgres(url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield url.set(database=name).difference_update_query(["search_path"])
    on_postgres(url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def town_template() -> Iterator[str]:
    """The name of a PostgreSQL database that holds the town."""
    with postgres_database(make_url(os.environ[POSTGRES]), "template0") as url:
        asyncio.run(build_town(url.render_as_string(hide_password=False)))
        yield str(url.database)


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[str]:
    """The URL of a schema of this test's own; of a copy of the town, as on SQLite, where a test asks for it."""
    if "town" not in request.fixturenames:
        yield postgres_url
        return
    with postgres_database(make_url(postgres_url), request.getfixturevalue("town_template")) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
async def town(database: Database, clock: Clock) -> KnowledgeBase:
    """The knowledge of a small town, in a database of each kind in turn."""
    return await KnowledgeBase.open(database, [TOWN], clock=clock)
