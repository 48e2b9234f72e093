"""Several processes on one store: each learns what the others change, and some things only one of them does."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from facts import feed, store
from facts.bookkeeping import Bookkeeping
from facts.database import Database
from facts.entities import (
    AnswerAlert,
    Doubt,
    Draft,
    FactChange,
    Name,
    QueuedQuestion,
    QueueMessage,
    SentReply,
    ServerSettings,
    Share,
)
from facts.errors import DatabaseUnavailableError, TianwenError
from facts.knowledge import KnowledgeBase
from facts.memory import Memory
from facts.models import JobRow
from tests.facts.making import make_fact, make_pack
from tests.facts.test_knowledge import EVERYWHERE, STEPS, altered, take_step
from tests.facts.town import (
    BLUE_LAMP,
    CLOCK_TOWER,
    EDITOR,
    FERRY,
    GHOST,
    HERE,
    LAMP,
    OPERATOR,
    RED_LAMP,
    THERE,
    TOWN,
    Clock,
    anew,
    answer,
    on_sqlite,
    view,
)

if TYPE_CHECKING:
    from facts.entities import Entry

MINUTES = dt.timedelta(minutes=1)


@pytest.fixture
async def other(town: KnowledgeBase, database_url: str, clock: Clock) -> AsyncIterator[KnowledgeBase]:
    """What another process knows that has started after the first one, and has been asked in both servers."""
    database = Database(database_url)
    knowledge = await KnowledgeBase.open(database, clock=clock)
    for server_id in (HERE, THERE):
        await knowledge.prepare(server_id)
        await town.prepare(server_id)
    yield knowledge
    await database.close()


def noted(knowledge: KnowledgeBase) -> list[FactChange]:
    """Give a list that gets all changes that are told from now on."""
    told: list[FactChange] = []
    knowledge.fact_changes.add(told.append)
    return told


# What another process has changed


@pytest.mark.parametrize("server_id", [None, HERE])
async def test_a_change_made_elsewhere_answers_after_one_look_and_is_told_with_its_record(
    town: KnowledgeBase, other: KnowledgeBase, server_id: int | None
) -> None:
    told, own = noted(town), noted(other)
    await other.edit(RED_LAMP, EDITOR, server_id=server_id, reason="painted")
    await other.add(CLOCK_TOWER, EDITOR, server_id=server_id)
    await other.add(GHOST, EDITOR, server_id=server_id)
    await other.remove(FERRY.id, EDITOR, server_id=server_id)
    assert view(town, server_id) != view(other, server_id)
    for knowledge in (town, other):
        await knowledge.memory.catch_up()
        await knowledge.memory.catch_up()
    assert [view(town, where) for where in EVERYWHERE] == [view(other, where) for where in EVERYWHERE]
    assert told == own
    assert told == [
        FactChange(LAMP, RED_LAMP, server_id),
        FactChange(None, CLOCK_TOWER, server_id),
        FactChange(None, GHOST, server_id),
        FactChange(FERRY, None, server_id),
    ]
    assert [change.revision for change in told] == [change.revision for change in own]
    assert told[0].revision is not None
    assert told[0].revision.reason == "painted"


async def test_two_changes_of_one_fact_between_two_looks_are_told_one_by_one(
    town: KnowledgeBase, other: KnowledgeBase
) -> None:
    told = noted(town)
    await other.edit(RED_LAMP, EDITOR)
    await other.edit(BLUE_LAMP, EDITOR)
    await town.memory.catch_up()
    assert told == [FactChange(LAMP, RED_LAMP, None), FactChange(RED_LAMP, BLUE_LAMP, None)]
    assert answer(town, LAMP.canonical_question) == BLUE_LAMP.statement


async def test_own_changes_among_those_of_others_are_told_once(town: KnowledgeBase, other: KnowledgeBase) -> None:
    told = noted(town)
    await other.edit(RED_LAMP, EDITOR)
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    await other.edit(RED_LAMP, EDITOR, server_id=HERE)
    await town.remove(FERRY.id, EDITOR)
    await town.memory.catch_up()
    await other.memory.catch_up()
    changes = [(change.before, change.after, change.server_id) for change in told]
    assert len(changes) == 3
    assert (LAMP, RED_LAMP, None) in changes
    assert [view(town, where) for where in EVERYWHERE] == [view(other, where) for where in EVERYWHERE]


async def test_looking_where_nothing_has_changed_changes_nothing(town: KnowledgeBase, other: KnowledgeBase) -> None:
    engine, told = town.engine, noted(town)
    for knowledge in (town, other):
        await knowledge.memory.catch_up()
    assert town.engine is engine
    assert told == []


async def test_a_fact_that_changes_is_not_the_whole_index_built_anew(town: KnowledgeBase, other: KnowledgeBase) -> None:
    engine = town.engine
    for server_id in EVERYWHERE:
        await other.edit(RED_LAMP, EDITOR, server_id=server_id)
    await town.memory.catch_up()
    assert town.engine is engine
    assert town.fact(LAMP.id, HERE) == RED_LAMP


@pytest.mark.parametrize("server_id", [None, HERE])
async def test_many_changes_at_once_are_taken_over_whole_and_told_in_one(
    town: KnowledgeBase, other: KnowledgeBase, server_id: int | None
) -> None:
    told = noted(town)
    rooms = [make_fact(f"room-{n}", f"Room {n} is red.", f"what colour is room {n}?") for n in range(150)]
    await other.put_all(rooms, EDITOR, server_id=server_id)
    await other.edit(RED_LAMP, EDITOR, server_id=THERE)
    await town.memory.catch_up()
    assert told == [FactChange(None, None, server_id), FactChange(LAMP, RED_LAMP, THERE)]
    for where in (HERE, THERE):
        await town.prepare(where)
    assert [view(town, where) for where in EVERYWHERE] == [view(other, where) for where in EVERYWHERE]


async def test_a_few_changes_at_once_come_without_their_records(town: KnowledgeBase, other: KnowledgeBase) -> None:
    told = noted(town)
    await other.put_all([RED_LAMP, CLOCK_TOWER], EDITOR, server_id=HERE)
    await town.memory.catch_up()
    assert [(change.after, change.revision) for change in told] == [(RED_LAMP, None), (CLOCK_TOWER, None)]


async def test_names_and_packs_of_another_process_are_taken_over(town: KnowledgeBase, other: KnowledgeBase) -> None:
    tower = Name("clock tower", ("big clock",), CLOCK_TOWER.id)
    await other.put_all([CLOCK_TOWER], OPERATOR, names=[tower])
    await town.memory.catch_up()
    assert tower in town.names()
    assert answer(town, "how high is the big clock?") == CLOCK_TOWER.statement
    await other.load_pack(make_pack([*TOWN.facts, GHOST_TOUR], version=9))
    await other.refresh()
    await town.memory.catch_up()
    assert answer(town, GHOST_TOUR.canonical_question) == GHOST_TOUR.statement
    assert view(town) == view(other)


GHOST_TOUR = make_fact("ghost-tour", "The tour starts at nine.", "When does the ghost tour start?")


async def test_what_a_server_has_set_elsewhere_counts_here(town: KnowledgeBase, other: KnowledgeBase) -> None:
    told: list[int] = []
    town.settings_changes.add(told.append)
    await other.set_server_settings(HERE, ServerSettings(wait_s=30))
    await town.memory.catch_up()
    assert town.server_settings(HERE) == ServerSettings(wait_s=30)
    assert told == [HERE]


async def test_the_request_to_be_forgotten_reaches_every_process(
    town: KnowledgeBase, other: KnowledgeBase, clock: Clock
) -> None:
    people: list[Callable[[int], bool]] = []
    queues: list[int | None] = []
    town.memory.people_forgotten.add(people.append)
    town.bookkeeping.queue_changes.add(queues.append)
    await other.bookkeeping.queue(QueuedQuestion(HERE, "any mice?", Doubt.UNANSWERED, None, clock()), 7)
    await other.forget_person(7)
    await town.memory.catch_up()
    assert [[is_theirs(one) for one in (6, 7, 8)] for is_theirs in people] == [[False, True, False]]
    assert queues == [HERE]
    await other.bookkeeping.queue(QueuedQuestion(THERE, "any cats?", Doubt.UNANSWERED, None, clock()), 8)
    clock.now += dt.timedelta(days=40)
    await other.bookkeeping.forget_old(lambda _: 30)
    await town.memory.catch_up()
    assert queues == [HERE, THERE]
    assert len(people) == 1


async def test_who_is_forgotten_here_is_not_told_here_nor_told_twice_elsewhere(
    town: KnowledgeBase, other: KnowledgeBase
) -> None:
    here: list[Callable[[int], bool]] = []
    elsewhere: list[Callable[[int], bool]] = []
    town.memory.people_forgotten.add(here.append)
    other.memory.people_forgotten.add(elsewhere.append)
    # Both at once: each has changes of the other before its own.
    await other.forget_person(7)
    await town.forget_person(8)
    await other.forget_person(9)
    for knowledge in (town, other, town, other):
        await knowledge.memory.catch_up()
    assert [[is_theirs(one) for one in (7, 8, 9)] for is_theirs in here] == [[True, False, True]]
    assert [[is_theirs(one) for one in (7, 8, 9)] for is_theirs in elsewhere] == [[False, True, False]]


async def test_marks_that_an_older_program_makes_are_passed_over(
    town: KnowledgeBase, other: KnowledgeBase, database: Database
) -> None:
    async with database.writing() as session:
        await session.execute(text("INSERT INTO change_marks (kind, server_id, change) VALUES ('people', 0, 3)"))
    await other.edit(RED_LAMP, EDITOR)
    await other.edit(BLUE_LAMP, EDITOR)
    await town.memory.catch_up()
    assert answer(town, LAMP.canonical_question) == BLUE_LAMP.statement


async def test_what_happens_while_all_is_read_anew_is_told_at_the_next_look(
    town: KnowledgeBase, other: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    people: list[Callable[[int], bool]] = []
    town.memory.people_forgotten.add(people.append)
    refresh = Memory._refresh

    async def overtaken(self: Memory) -> None:
        await other.forget_person(7)
        await refresh(self)

    await other.put_all([CLOCK_TOWER], OPERATOR, names=[Name("clock tower", ("big clock",), CLOCK_TOWER.id)])
    monkeypatch.setattr(Memory, "_refresh", overtaken)
    await town.memory.catch_up()
    monkeypatch.undo()
    await town.memory.catch_up()
    assert [is_theirs(7) for is_theirs in people] == [True]


async def test_whom_nobody_can_have_in_memory_any_more_is_no_longer_noted(
    town: KnowledgeBase, clock: Clock, database: Database
) -> None:
    async def noted() -> int:
        async with database.reading() as session:
            return int((await session.scalars(text("SELECT count(*) FROM forgotten_people"))).one())

    await town.forget_person(7)
    clock.now += dt.timedelta(hours=23)
    await town.bookkeeping.forget_old(lambda _: 30)
    assert await noted() == 1
    clock.now += dt.timedelta(hours=2)
    await town.bookkeeping.forget_old(lambda _: 30)
    assert await noted() == 0


async def test_another_store_in_the_place_of_this_one_is_read_anew(
    town: KnowledgeBase, other: KnowledgeBase, database: Database
) -> None:
    await other.edit(RED_LAMP, EDITOR)
    await town.memory.catch_up()
    async with database.writing() as session:
        # As a backup does that is restored: everything is as it was, also the number of the last change.
        await session.execute(text("UPDATE facts SET statement = 'It is dark.' WHERE slug = 'lamp-colour'"))
        await feed.begin_epoch(session)
    told = noted(town)
    await town.memory.catch_up()
    assert answer(town, LAMP.canonical_question) == "It is dark."
    # Whoever looks after a change at what waits looks everywhere.
    assert told == [FactChange(None, None, None)]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS, st.lists(st.booleans(), min_size=10, max_size=10), st.lists(st.booleans(), min_size=10, max_size=10))
async def test_whatever_two_processes_change_both_know_what_a_fresh_one_would_read(
    town_file: Path, steps: list[tuple[str, Entry, int | None, bool]], who: list[bool], looks: list[bool]
) -> None:
    path = town_file.with_name("two.db")
    shutil.copy(town_file, path)
    databases = [Database(f"sqlite+aiosqlite:///{path}") for _ in range(3)]
    try:
        one, two = [await anew(database) for database in databases[:2]]
        for number, (step, entry, server_id, _) in enumerate(steps):
            try:
                await take_step(one if who[number] else two, step, altered(entry, number), server_id)
            except TianwenError:
                continue
            if looks[number]:
                await one.memory.catch_up()
        for knowledge in (one, two):
            await knowledge.memory.catch_up()
            for server_id in (HERE, THERE):
                await knowledge.prepare(server_id)
        fresh = await anew(databases[2])
        wanted = [view(fresh, server_id) for server_id in EVERYWHERE]
        assert [view(one, server_id) for server_id in EVERYWHERE] == wanted
        assert [view(two, server_id) for server_id in EVERYWHERE] == wanted
    finally:
        for database in databases:
            await database.close()


# Following


@asynccontextmanager
async def following(knowledge: KnowledgeBase) -> AsyncIterator[None]:
    knowledge.memory.begin_following()
    try:
        yield
    finally:
        await knowledge.memory.end_following()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so that another task brings about."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - what it waits for is told by many means
            await asyncio.sleep(0.005)


async def test_whoever_follows_answers_with_what_another_process_has_changed(
    town: KnowledgeBase, other: KnowledgeBase
) -> None:
    told = noted(town)
    async with following(town):
        for number, fact in enumerate((RED_LAMP, BLUE_LAMP, RED_LAMP)):
            await other.edit(fact, EDITOR, server_id=HERE)
            await until(lambda so_far=number: len(told) > so_far)  # type: ignore[misc]
            assert answer(town, LAMP.canonical_question, HERE) == fact.statement


async def test_what_is_changed_while_the_line_is_cut_is_looked_for_afterwards(
    town: KnowledgeBase, other: KnowledgeBase, database: Database
) -> None:
    if not database.is_postgres:
        pytest.skip("SQLite has no line")
    told = noted(town)
    async with following(town):
        await other.edit(RED_LAMP, EDITOR)
        await until(lambda: len(told) == 1)
        cut = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND query ILIKE '%tianwen_changes%'"
        )
        async with database.writing() as session:
            await session.execute(cut)
        await other.edit(BLUE_LAMP, EDITOR)
        await until(lambda: len(told) == 2)
        await other.edit(RED_LAMP, EDITOR)
        await until(lambda: len(told) == 3)
    assert answer(town, LAMP.canonical_question) == RED_LAMP.statement


async def test_a_change_that_cannot_be_taken_over_is_logged_and_the_next_is_taken_over(
    town: KnowledgeBase, other: KnowledgeBase, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[FactChange] = []

    def fail_once(change: FactChange) -> None:
        told.append(change)
        if len(told) == 1:
            raise ZeroDivisionError

    town.fact_changes.add(fail_once)
    async with following(town):
        await other.edit(RED_LAMP, EDITOR)
        await until(lambda: len(told) == 1)
        await other.edit(BLUE_LAMP, EDITOR)
        await until(lambda: len(told) == 2)
    assert "could not be taken over" in caplog.text


# What a server has of its own is in memory only while it is needed


async def test_what_a_server_has_of_its_own_is_read_when_it_is_needed(
    town: KnowledgeBase, database: Database, clock: Clock
) -> None:
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    await town.remove(FERRY.id, EDITOR, server_id=HERE)
    fresh = await KnowledgeBase.open(database, clock=clock)
    assert fresh.engine.servers == frozenset()
    # What has not been read is never taken for nothing.
    with pytest.raises(LookupError):
        fresh.ask("how high is the tower?", server_id=HERE)
    assert view(fresh, THERE) == view(town, THERE)
    await asyncio.gather(*(fresh.prepare(HERE) for _ in range(5)))
    assert view(fresh, HERE) == view(town, HERE)
    assert fresh.engine.servers == {HERE}


async def test_what_is_not_needed_for_a_while_leaves_memory_and_comes_back(town: KnowledgeBase, clock: Clock) -> None:
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    await town.add(GHOST, EDITOR, server_id=THERE)
    before = [view(town, server_id) for server_id in EVERYWHERE]
    for _ in range(4):
        clock.now += 5 * MINUTES
        await town.prepare(THERE)
    assert town.engine.servers == {THERE}
    await town.prepare(HERE)
    assert [view(town, server_id) for server_id in EVERYWHERE] == before


@on_sqlite
async def test_where_servers_have_too_much_in_memory_what_was_needed_longest_ago_leaves_it(
    town: KnowledgeBase, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facts.memory.MOST_OWN_CHARACTERS", 2 * sum(map(len, CLOCK_TOWER.phrasings)))
    for server_id in (1, 2, 3):
        await town.add(CLOCK_TOWER, EDITOR, server_id=server_id)
    clock.now += 2 * MINUTES
    await town.prepare(2)
    assert town.engine.servers == {2, 3}
    await town.prepare(1)
    assert town.engine.servers == {1, 2}


@on_sqlite
async def test_while_the_database_fails_all_stays_in_memory(
    town: KnowledgeBase, database: Database, clock: Clock, tmp_path: Path
) -> None:
    # From here on it knows which file it is.
    await database.require_schema()
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    (tmp_path / "test.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(DatabaseUnavailableError):
        await town.memory.catch_up()
    clock.now += 60 * MINUTES
    await town.prepare(THERE)
    assert answer(town, CLOCK_TOWER.canonical_question, HERE) == CLOCK_TOWER.statement


@on_sqlite
async def test_a_change_made_while_a_server_is_read_is_not_lost(
    town: KnowledgeBase, other: KnowledgeBase, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    clock.now += 60 * MINUTES
    await town.prepare(THERE)
    assert HERE not in town.engine.servers
    real = asyncio.to_thread
    meddled: list[bool] = []

    async def meddle(function: Callable[..., object], *arguments: object) -> object:
        done = await real(function, *arguments)
        if not meddled:
            meddled.append(True)
            await other.memory.catch_up()
            await other.remove(CLOCK_TOWER.id, EDITOR, server_id=HERE)
            await town.memory.catch_up()
        return done

    monkeypatch.setattr("facts.memory.asyncio.to_thread", meddle)
    await town.prepare(HERE)
    assert town.removed(HERE) == [CLOCK_TOWER]


async def test_a_change_waits_until_what_was_put_away_meanwhile_is_back(town: KnowledgeBase) -> None:
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    told = noted(town)
    async with town.memory.changing:
        adding = asyncio.create_task(town.add(GHOST, EDITOR, server_id=HERE))
        putting = asyncio.create_task(town.put_all([RED_LAMP], EDITOR, server_id=HERE))
        await asyncio.sleep(0)
        town.engine.put_away(HERE)
    await asyncio.gather(adding, putting)
    assert town.entry(GHOST.id, HERE) == GHOST
    assert town.fact(LAMP.id, HERE) == RED_LAMP
    assert town.fact(CLOCK_TOWER.id, HERE) == CLOCK_TOWER
    assert {change.after for change in told} == {GHOST, RED_LAMP}


async def test_what_is_changed_while_one_looks_is_left_for_the_next_look(
    town: KnowledgeBase, other: KnowledgeBase, database: Database
) -> None:
    """PostgreSQL shows it to the later ones of a look's queries already."""
    async with database.reading() as session:
        first = (await feed.position(session)).number
    await other.edit(RED_LAMP, EDITOR)
    await other.set_server_settings(HERE, ServerSettings(wait_s=1))
    await other.edit(BLUE_LAMP, EDITOR)
    await other.set_server_settings(HERE, ServerSettings(wait_s=2))
    async with database.reading() as session:
        news = await store.changed_between(session, first, first + 2, most=9)
        assert [change.revision.number for change in news.changes] == [2]
        assert [kept.entry for _, kept in news.kept] == [BLUE_LAMP]
        assert await feed.marks_between(session, first, first + 2) == []
        assert await feed.marks_between(session, first + 2, first + 4) == [(feed.Mark.SETTINGS, HERE)]
    await town.memory.catch_up()
    assert answer(town, LAMP.canonical_question) == BLUE_LAMP.statement


@on_sqlite
async def test_shared_words_that_come_later_count_for_what_a_server_had_before(
    town: KnowledgeBase, database: Database
) -> None:
    """The overlay calls words by numbers of its own until what all share has them, too."""
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    await town.add(replace(GHOST, phrasings=("is the belfry haunted?",)), EDITOR, server_id=HERE)
    town.engine.learn()
    belfry = make_fact("belfry", "The belfry has four bells.", "how many bells hang in the belfry of the clock tower?")
    await town.add(belfry, EDITOR)
    fresh = await anew(database)
    for knowledge in (town, fresh):
        knowledge.engine.learn()
    questions = ["how high is the tower", "bells in the belfry?", "is the belfry of the tower haunted", "the clock"]
    for question in questions:
        scores = []
        for knowledge in (town, fresh):
            got = knowledge.ask(question, server_id=HERE)
            scores.append([(one.id, round(one.score, 4)) for reason in got.why for one in reason.considered])
        assert scores[0] == scores[1], question


# A database that is away


async def test_a_database_that_does_not_answer_is_left_in_peace_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("facts.database.time.monotonic", lambda: now[0])
    tries = []

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.append(now[0])
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    database = Database(f"postgresql+asyncpg://nobody@127.0.0.1:{port}/none?ssl=disable")
    try:
        for passes in (0.0, 0.05, 0.1, 0.1, 0.15, 0.3, 0.2, 100.0, 4.9, 0.2):
            now[0] += passes
            with pytest.raises(DatabaseUnavailableError):
                async with database.reading() as session:
                    await session.execute(text("SELECT 1"))
        assert database.is_away
        # The longer it is away, the longer the pause; at most five seconds.
        assert [round(tried - 1000.0, 2) for tried in tries] == [0.0, 0.15, 0.4, 0.9, 100.9, 105.8]
    finally:
        await database.close()
        server.close()
        await server.wait_closed()


# What only one process does


async def passes(time: dt.timedelta, clock: Clock, database: Database) -> None:
    """Let time pass for the jobs: on PostgreSQL, whose clock nobody sets, they were done earlier."""
    clock.now += time
    if database.is_postgres:
        async with database.writing() as session:
            for job in await session.scalars(select(JobRow)):
                job.at -= time


async def test_a_job_is_done_by_one_process_and_again_when_its_time_has_come(
    town: KnowledgeBase, other: KnowledgeBase, clock: Clock, database: Database
) -> None:
    every = dt.timedelta(hours=1)
    claims = await asyncio.gather(*(one.bookkeeping.claim("sweep", every) for one in (town, other, town, other)))
    assert sorted(claims) == [False, False, False, True]
    await passes(every - MINUTES, clock, database)
    assert not await town.bookkeeping.claim("sweep", every)
    assert await other.bookkeeping.claim("dust", every)
    await passes(MINUTES, clock, database)
    claims = await asyncio.gather(*(one.bookkeeping.claim("sweep", every) for one in (town, other)))
    assert sorted(claims) == [False, True]


async def test_a_clock_that_was_put_back_keeps_no_job_and_no_turn_from_coming(
    town: KnowledgeBase, clock: Clock, database: Database
) -> None:
    every = dt.timedelta(hours=1)
    assert await town.bookkeeping.claim("sweep", every)
    await town.bookkeeping.take_turn("identify", every)
    await passes(-dt.timedelta(days=400), clock, database)
    assert await town.bookkeeping.claim("sweep", every)
    assert not await town.bookkeeping.claim("sweep", every)
    assert await town.bookkeeping.take_turn("identify", every) == 0 * every
    assert nearly(await town.bookkeeping.take_turn("identify", every), every)


def nearly(wait: dt.timedelta, wanted: dt.timedelta) -> bool:
    """Tell whether a wait is as wanted but for the moments that a clock goes on which nobody stops."""
    return dt.timedelta() <= wanted - wait < 0.2 * wanted or wait == wanted


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_machines_whose_clocks_differ_agree_on_what_is_due(
    town: KnowledgeBase, database: Database, clock: Clock
) -> None:
    every = dt.timedelta(hours=1)
    ahead = Bookkeeping(database, lambda: clock() + 3 * every)
    assert await ahead.claim("sweep", every)
    assert not await town.bookkeeping.claim("sweep", every)
    assert not await ahead.claim("sweep", every)
    assert await ahead.take_turn("identify", every) == 0 * every
    assert nearly(await town.bookkeeping.take_turn("identify", every), every)


async def test_turns_are_taken_one_after_another_by_all_processes(
    town: KnowledgeBase, other: KnowledgeBase, clock: Clock, database: Database
) -> None:
    every = dt.timedelta(hours=1)
    waits = await asyncio.gather(*(one.bookkeeping.take_turn("identify", every) for one in (town, other, town)))
    for wait, turns in zip(sorted(waits), range(3), strict=True):
        assert nearly(wait, turns * every)
    assert await other.bookkeeping.take_turn("other", every) == 0 * every
    await passes(2.5 * every, clock, database)
    assert nearly(await other.bookkeeping.take_turn("identify", every), 0.5 * every)
    await passes(10 * every, clock, database)
    assert await town.bookkeeping.take_turn("identify", every) == 0 * every


@pytest.mark.parametrize("shards", [1, 3, 16])
async def test_each_server_belongs_to_one_process_also_in_the_database(
    database: Database, clock: Clock, shards: int
) -> None:
    books = Bookkeeping(database, clock)
    servers = [None, 1 << 22, HERE, THERE, 1_234_567_890_123_456_789]
    for number, server_id in enumerate(servers):
        reply = SentReply(number + 1, 5, server_id, None, 7, "who?", None, (), addressed=True, at=clock())
        await books.keep_reply(reply)
        await books.keep_alert(AnswerAlert(server_id, "who?", 7, clock()))
        if server_id is not None:
            await books.keep_draft(Draft(str(number), server_id, 7, {}, clock()))
            await books.keep_queue_message(QueueMessage(server_id, 5, number))
    shares = [Share(shards, frozenset(range(first, shards, 2))) for first in (0, 1)]
    for share in shares:
        held = [server_id for server_id in servers if share.holds(server_id)]
        assert {reply.server_id for reply in await books.replies(99, share)} == set(held)
        assert {alert.server_id for alert in await books.alerts(everywhere=share)} == set(held)
        assert {draft.server_id for draft in await books.drafts(99, share)} == set(held) - {None}
        assert {one.server_id for one in await books.queue_messages(share=share)} == set(held) - {None}
    assert all(sum(share.holds(server_id) for share in shares) == 1 for server_id in servers)


async def test_programs_that_start_together_on_an_empty_database_bring_it_up_once(bare_url: str) -> None:
    databases = [Database(bare_url) for _ in range(3)]

    async def start(database: Database) -> KnowledgeBase:
        if not (await database.schema()).is_current:
            await database.upgrade()
        return await KnowledgeBase.open(database, [TOWN])

    try:
        started = await asyncio.gather(*map(start, databases))
        assert [view(knowledge) for knowledge in started] == [view(started[0])] * 3
        assert len(await started[0].history(LAMP.id)) == 1
    finally:
        for database in databases:
            await database.close()
