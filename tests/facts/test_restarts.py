"""PostgreSQL is stopped, started and crashes while the facts are asked and changed: nothing confirmed is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Self

import asyncpg
import pytest
from sqlalchemy import make_url

from facts.database import Database, DatabaseOptions
from facts.entities import Author, Doubt, Origin, QueuedQuestion
from facts.errors import DatabaseUnavailableError, FactExistsError
from facts.knowledge import KnowledgeBase
from tests.cluster import Cluster, binaries
from tests.conftest import POSTGRES
from tests.facts.making import make_fact
from tests.facts.town import HERE, LAMP, START, TOWN, answer

EDITOR = Author(Origin.EDITOR, 7)
pytestmark = [
    pytest.mark.skipif(not os.environ.get(POSTGRES), reason=f"{POSTGRES} is not set"),
    pytest.mark.skipif(binaries() is None, reason="PostgreSQL's programs are not there to be started"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as cluster:
        yield cluster


@pytest.fixture
async def both(cluster: Cluster) -> AsyncIterator[tuple[KnowledgeBase, KnowledgeBase]]:
    """What two processes know that share this server, each following the other."""
    options = DatabaseOptions(reconnect_s=0.2)
    databases = [Database(cluster.url, options) for _ in range(2)]
    await databases[0].upgrade()
    known = [await KnowledgeBase.open(database, [TOWN]) for database in databases]
    for knowledge in known:
        await knowledge.prepare(HERE)
        knowledge.memory.begin_following()
    yield known[0], known[1]
    for knowledge in known:
        await knowledge.memory.end_following()
    for database in databases:
        await database.close()


async def confirmed(knowledge: KnowledgeBase, number: int) -> None:
    """Add a fact as an editor does who tries until it is confirmed."""
    fact = make_fact(f"room-{number}", f"Room {number} is red.", f"what colour is room {number}?")
    while knowledge.entry(fact.id, HERE) != fact:
        try:
            await knowledge.add(fact, EDITOR, server_id=HERE)
        except DatabaseUnavailableError:
            await asyncio.sleep(0.02)
        except FactExistsError:
            # Its commit was on its way when the server stopped: it is made, and memory learns of it.
            await knowledge.memory.catch_up()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_that_restarts_under_load_loses_nothing_confirmed_and_both_processes_know_it_all(
    cluster: Cluster, both: tuple[KnowledgeBase, KnowledgeBase], mode: str
) -> None:
    one, other = both
    first = 0 if mode == "fast" else 1000
    restarting = None
    for number in range(first, first + 30):
        if number == first + 10:
            await asyncio.to_thread(cluster.stop, mode)
            # Meanwhile answers come from memory, also of what was added just before.
            assert answer(one, LAMP.canonical_question, HERE) == LAMP.statement
            assert one.fact(f"room-{number - 1}", HERE).statement == f"Room {number - 1} is red."
            with pytest.raises(DatabaseUnavailableError):
                await one.remove(LAMP.id, EDITOR, server_id=HERE)
            restarting = asyncio.create_task(asyncio.to_thread(cluster.start))
        await confirmed(one, number)
    assert restarting is not None
    await restarting
    wanted = {f"room-{number}" for number in range(first, first + 30)}
    async with asyncio.timeout(20):
        while not wanted <= {fact.id for fact in other.facts(HERE)}:  # noqa: ASYNC110 - another task brings it about
            await asyncio.sleep(0.01)
    for knowledge in both:
        assert {fact.id for fact in knowledge.facts(HERE)} >= wanted
    assert len(await other.history(f"room-{first}", server_id=HERE)) == 1


async def test_while_it_is_away_an_editor_is_refused_at_once_and_bookkeeping_costs_no_answer(
    cluster: Cluster, both: tuple[KnowledgeBase, KnowledgeBase]
) -> None:
    one, _ = both
    await asyncio.to_thread(cluster.stop)
    try:
        with pytest.raises(DatabaseUnavailableError) as caught:
            await one.remove(LAMP.id, EDITOR, server_id=HERE)
        assert "\n" not in caught.value.sentence
        question = QueuedQuestion(HERE, "any mice?", Doubt.UNANSWERED, None, START)
        async with asyncio.timeout(5):
            outcomes = await asyncio.gather(
                *(one.bookkeeping.queue(question, n) for n in range(200)), return_exceptions=True
            )
        assert {type(outcome) for outcome in outcomes} == {DatabaseUnavailableError}
        assert answer(one, LAMP.canonical_question, HERE) == LAMP.statement
    finally:
        await asyncio.to_thread(cluster.start)
    async with asyncio.timeout(20):
        while True:
            try:
                await one.bookkeeping.queue(question, 7)
            except DatabaseUnavailableError:
                await asyncio.sleep(0.05)
            else:
                break
    assert [queued.question for queued in await one.bookkeeping.queued(HERE)] == ["any mice?"]


class Tunnel:
    """A way to the server that can fall silent, as a network does that drops everything: nothing tells of its end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._carries = asyncio.Event()
        self._carries.set()
        self._ways: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_closed = False
        self.holds = asyncio.Event()
        """Whether something is on its way that is not carried."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    def resets(self) -> None:
        """End all that is carried, so that either side gets a reset, and take nobody for now."""
        self._is_closed = True
        for writer in self._writers:
            writer.transport.abort()

    def takes_again(self) -> None:
        self._is_closed = False

    def falls_silent(self) -> None:
        self._carries.clear()
        self.holds.clear()

    def carries_again(self) -> None:
        self._carries.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_closed:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, back}
        for source, target in ((reader, back), (there, writer)):
            way = asyncio.create_task(self._carry(source, target))
            self._ways.add(way)
            way.add_done_callback(self._ways.discard)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                while some := await source.read(2**16):
                    if not self._carries.is_set():
                        self.holds.set()
                    await self._carries.wait()
                    target.write(some)
        finally:
            target.close()


@pytest.fixture
async def tunnelled(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Tunnel, Database, KnowledgeBase]]:
    """What a process knows that reaches the server through a tunnel; only its end is in any hurry."""
    monkeypatch.setattr("facts.database._LINE_TRIED_EVERY_S", 0.2)
    monkeypatch.setattr("facts.database._CLOSES_WITHIN_S", 0.2)
    async with Tunnel(cluster.port) as tunnel:
        url = cluster.url.replace(str(cluster.port), str(tunnel.port)) + "?ssl=disable"
        database = Database(url, DatabaseOptions(reconnect_s=0.2, connect_timeout_s=60, statement_timeout_s=60))
        await database.upgrade()
        knowledge = await KnowledgeBase.open(database, [TOWN])
        await knowledge.prepare(HERE)
        before = knowledge.memory.checked_at
        knowledge.memory.begin_following()
        # Then the line is there.
        await until(lambda: knowledge.memory.checked_at > before)
        yield tunnel, database, knowledge
        await knowledge.memory.end_following()
        await database.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 - another task brings it about
            await asyncio.sleep(0.01)


async def test_when_it_falls_silent_everybody_after_is_refused_at_once_until_it_is_back(
    tunnelled: tuple[Tunnel, Database, KnowledgeBase], caplog: pytest.LogCaptureFixture
) -> None:
    tunnel, database, knowledge = tunnelled
    tunnel.falls_silent()
    waiting = asyncio.create_task(knowledge.remove(LAMP.id, EDITOR, server_id=HERE))
    await until(lambda: database.is_away)
    # A statement and a connection would have a minute each.
    async with asyncio.timeout(30):
        for _ in range(20):
            with pytest.raises(DatabaseUnavailableError):
                await knowledge.bookkeeping.queued(HERE)
    assert answer(knowledge, LAMP.canonical_question, HERE) == LAMP.statement
    tunnel.carries_again()
    # They have a minute for a connection, and it came in time.
    await waiting
    await until(lambda: "there again" in caplog.text)
    assert not database.is_failing
    await knowledge.restore(LAMP.id, EDITOR, server_id=HERE)


async def test_a_line_that_is_reset_while_it_is_tried_comes_back(
    tunnelled: tuple[Tunnel, Database, KnowledgeBase], cluster: Cluster
) -> None:
    tunnel, database, knowledge = tunnelled
    for _ in range(3):
        # First what is asked is on its way, then the connection is gone.
        tunnel.falls_silent()
        await tunnel.holds.wait()
        tunnel.resets()
        await until(lambda: database.is_failing)
        tunnel.takes_again()
        tunnel.carries_again()
        await until(lambda: not database.is_failing)
    other = Database(cluster.url)
    changing = await KnowledgeBase.open(other)
    await changing.add(make_fact("noticed", "It is noticed.", "is it noticed?"), EDITOR)
    await until(lambda: knowledge.entry("noticed", HERE) is not None)
    await other.close()


async def test_who_is_told_to_end_while_it_is_silent_waits_for_no_goodbye(
    tunnelled: tuple[Tunnel, Database, KnowledgeBase],
) -> None:
    tunnel, database, knowledge = tunnelled
    await asyncio.gather(*(knowledge.bookkeeping.queued(HERE) for _ in range(5)))
    tunnel.falls_silent()
    # Each connection would wait a minute for its goodbye.
    async with asyncio.timeout(30):
        await knowledge.memory.end_following()
        await database.close()


async def test_a_server_that_lets_nobody_in_any_more_counts_as_failing_until_it_does(
    cluster: Cluster, both: tuple[KnowledgeBase, KnowledgeBase]
) -> None:
    one, _ = both
    url = make_url(cluster.url)
    inside = await asyncpg.connect(host=url.host, port=url.port, user=url.username, database="template1")
    try:
        await inside.execute(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS false')
        await inside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", url.database)
        # Nobody asks for anything that would need it.
        await until(lambda: one.memory.is_store_failing)
        assert answer(one, LAMP.canonical_question, HERE) == LAMP.statement
    finally:
        await inside.execute(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS true')
        await inside.close()
    await until(lambda: not one.memory.is_store_failing)
