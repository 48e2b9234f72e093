"""PostgreSQL is stopped, started and crashes while the facts are asked and changed: nothing confirmed is lost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import pytest

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
