"""The one door to the knowledge, on SQLite and PostgreSQL alike: every change, its record, and its answer at once."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, make_url, select, text

from facts.database import Database
from facts.entities import (
    Action,
    Author,
    Entry,
    Fact,
    FactChange,
    KnownUnknown,
    Measure,
    Milestone,
    Name,
    Origin,
    Pack,
    PartialDate,
    Revision,
    ServerSettings,
    Source,
)
from facts.errors import (
    DatabaseUnavailableError,
    EditConflictError,
    FactExistsError,
    FactNotFoundError,
    InvalidFactError,
    TianwenError,
)
from facts.forms import FactForm, SourceForm, fact_to_form
from facts.knowledge import KnowledgeBase
from facts.matching.decision import Outcome
from facts.models import FactRow, RevisionRow, SourceRow
from facts.store import LoadResult
from tests.facts.making import GAZETTE, facts, make_fact, make_pack
from tests.facts.town import (
    BAKER,
    CLOCK_TOWER,
    DEPTH,
    EDITOR,
    FERRY,
    HERE,
    LAMP,
    NAMES,
    PACK_AUTHOR,
    PAY,
    PIRATES,
    QUESTIONS,
    RED_LAMP,
    START,
    THERE,
    TOWN,
    Clock,
    anew,
    answer,
    count,
    ids,
    view,
    view_anew,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path


def whole(form: dict[str, Any] | None) -> Fact:
    """Read a fact as a revision keeps it."""
    assert form is not None
    read = FactForm.model_validate(form)
    assert isinstance(read.source, SourceForm)
    return read.entity(read.source.entity("any"))


# Opening, and article packs


async def test_opening_loads_a_pack_whole(database: Database) -> None:
    for knowledge in (await KnowledgeBase.open(database, [TOWN]), await anew(database)):
        assert knowledge.facts() == list(TOWN.facts)
        assert knowledge.engine.unknowns() == list(TOWN.unknowns)
        assert knowledge.names() == TOWN.names
        assert knowledge.sources() == {GAZETTE: 4}
        assert {fact.source.key for fact in knowledge.facts()} == {"gazette"}
        assert [answer(knowledge, fact.canonical_question) for fact in TOWN.facts] == [f.statement for f in TOWN.facts]
        unknown = knowledge.ask(PAY.phrasings[0])
        assert (unknown.outcome, unknown.say) == (Outcome.UNKNOWN, PAY.say)


async def test_a_pack_writes_one_revision_for_each_of_its_entries(town: KnowledgeBase, database: Database) -> None:
    assert await count(database, RevisionRow) == len(TOWN.facts) + len(TOWN.unknowns)
    for fact in TOWN.facts:
        added = Revision(1, Action.ADD, PACK_AUTHOR, START, "town version 1", None, fact_to_form(fact))
        assert await town.history(fact.id) == [added]
        stored = await town.stored(fact.id)
        assert (stored.entry, stored.version, stored.removed) == (fact, 1, False)


async def test_loading_a_pack_twice_changes_nothing(town: KnowledgeBase, database: Database, clock: Clock) -> None:
    before = [await count(database, table) for table in (RevisionRow, FactRow, SourceRow)]
    clock.tick()
    assert await town.load_pack(TOWN) is None
    await KnowledgeBase.open(database, [TOWN], clock=clock)
    assert [await count(database, table) for table in (RevisionRow, FactRow, SourceRow)] == before
    assert await view_anew(database) == view(town)


async def test_loading_the_article_twice_changes_nothing(article_database: Database, article: Pack) -> None:
    knowledge = await KnowledgeBase.open(article_database, [article])
    assert knowledge.facts() == list(article.facts)
    assert knowledge.engine.unknowns() == list(article.unknowns)
    assert knowledge.names() == article.names
    assert await knowledge.load_pack(article) is None
    assert await count(article_database, RevisionRow) == len(article.facts) + len(article.unknowns)


async def test_a_pack_that_is_written_differently_but_says_the_same_changes_nothing(
    town: KnowledgeBase, database: Database
) -> None:
    revisions = await count(database, RevisionRow)
    assert await town.load_pack(replace(TOWN, digest="another")) == LoadResult("town")
    assert await count(database, RevisionRow) == revisions


async def test_a_newer_pack_adds_updates_and_removes(town: KnowledgeBase, database: Database, clock: Clock) -> None:
    newer = make_pack([RED_LAMP, DEPTH, BAKER, CLOCK_TOWER], [PAY], NAMES, version=2)
    then = clock.tick()
    assert await town.load_pack(newer) == LoadResult("town", added=1, updated=1, removed=2)
    await town.refresh()
    assert set(town.facts()) == set(newer.facts)
    assert answer(town, LAMP.canonical_question) == RED_LAMP.statement
    assert answer(town, CLOCK_TOWER.canonical_question) == CLOCK_TOWER.statement
    assert answer(town, FERRY.canonical_question) != FERRY.statement
    assert town.engine.unknowns() == [PAY]
    why = "town version 2"
    assert (await town.history("lamp-colour"))[1:] == [
        Revision(2, Action.EDIT, PACK_AUTHOR, then, why, fact_to_form(LAMP), fact_to_form(RED_LAMP))
    ]
    assert await town.history("tower-height") == [
        Revision(1, Action.ADD, PACK_AUTHOR, then, why, None, fact_to_form(CLOCK_TOWER))
    ]
    assert (await town.history("ferry-morning"))[1:] == [
        Revision(2, Action.REMOVE, PACK_AUTHOR, then, why, fact_to_form(FERRY), None)
    ]
    assert len(await town.history("harbour-depth")) == 1
    assert await view_anew(database) == view(town)


async def test_known_unknowns_follow_the_pack_with_revisions_too(town: KnowledgeBase, database: Database) -> None:
    asked = replace(PAY, phrasings=(*PAY.phrasings, "how much money does the keeper get"), say="The report is silent.")
    await town.load_pack(make_pack(TOWN.facts, [asked], NAMES, version=2))
    await town.load_pack(make_pack(TOWN.facts, [asked, PIRATES], NAMES, version=3))
    await town.refresh()
    assert town.engine.unknowns() == [asked, PIRATES]
    async with database.reading() as session:
        rows = await session.scalars(
            select(RevisionRow).where(RevisionRow.unknown_id.is_not(None)).order_by(RevisionRow.id)
        )
        found = [(row.number, row.action, row.before is None, row.after is None) for row in rows]
    assert sorted(found) == [
        (1, "add", True, False),
        (1, "add", True, False),
        (2, "edit", False, False),
        (2, "remove", False, True),
        (3, "restore", True, False),
    ]


async def test_names_follow_the_pack(town: KnowledgeBase, database: Database) -> None:
    newer = (Name("Town Almanac"), Name("Otto Lund", ("奥托", "the baker"), "baker-name"))
    await town.load_pack(make_pack(TOWN.facts, TOWN.unknowns, newer, version=2))
    await town.refresh()
    assert town.names() == newer
    assert (await anew(database)).names() == newer


async def test_a_fact_that_comes_back_in_a_later_pack_is_restored(town: KnowledgeBase, clock: Clock) -> None:
    await town.load_pack(make_pack([LAMP, DEPTH, BAKER], version=2))
    then = clock.tick()
    assert await town.load_pack(make_pack([LAMP, DEPTH, FERRY, BAKER], version=3)) == LoadResult("town", updated=1)
    await town.refresh()
    assert set(town.facts()) == set(TOWN.facts)
    assert (await town.history("ferry-morning"))[-1] == Revision(
        3, Action.RESTORE, PACK_AUTHOR, then, "town version 3", None, fact_to_form(FERRY)
    )


async def test_a_newer_pack_never_touches_what_an_editor_changed(town: KnowledgeBase, database: Database) -> None:
    edited = replace(LAMP, statement="The lamp of the lighthouse is blue.", phrasings=("What colour is the lamp?",))
    await town.edit(edited, EDITOR)
    await town.remove("harbour-depth", EDITOR)
    await town.edit(replace(FERRY, statement="The first ferry leaves at seven."), EDITOR)
    own = make_fact("tower-height", "The tower is forty metres high.", "how high is the tower?")
    await town.add(own, EDITOR)
    histories = [await town.history(fact_id) for fact_id in ("lamp-colour", "harbour-depth", "tower-height")]
    newer = make_pack([RED_LAMP, replace(DEPTH, statement="The harbour is deep."), BAKER, CLOCK_TOWER], version=2)
    assert await town.load_pack(newer) == LoadResult("town", kept=3, removed=2)
    await town.refresh()
    assert town.fact("lamp-colour") == edited
    assert town.fact("tower-height") == own
    assert town.fact("ferry-morning").statement == "The first ferry leaves at seven."
    with pytest.raises(FactNotFoundError):
        town.fact("harbour-depth")
    assert [await town.history(fact_id) for fact_id in ("lamp-colour", "harbour-depth", "tower-height")] == histories
    await town.restore("harbour-depth", EDITOR)
    assert town.fact("harbour-depth") == DEPTH
    assert await view_anew(database) == view(town)


async def test_an_older_pack_changes_nothing(town: KnowledgeBase, database: Database) -> None:
    await town.load_pack(make_pack([RED_LAMP, CLOCK_TOWER], version=2))
    before, revisions = await view_anew(database), await count(database, RevisionRow)
    assert await town.load_pack(TOWN) == LoadResult("town")
    assert await view_anew(database) == before
    assert await count(database, RevisionRow) == revisions


async def test_packs_leave_each_others_entries_alone(town: KnowledgeBase, database: Database) -> None:
    tower = make_pack([CLOCK_TOWER, RED_LAMP], names=[Name("Tower")], pack_id="tower")
    assert await town.load_pack(tower) == LoadResult("tower", added=1, kept=1)
    await town.load_pack(make_pack([LAMP], version=2))
    await town.refresh()
    assert town.facts() == [LAMP, CLOCK_TOWER]
    assert town.names() == (Name("Tower"),)
    assert await view_anew(database) == view(town)


async def test_two_programs_that_start_at_once_load_a_pack_once(database: Database, database_url: str) -> None:
    other = Database(database_url)
    try:
        opened = await asyncio.gather(
            KnowledgeBase.open(database, [TOWN]), KnowledgeBase.open(other, [TOWN]), return_exceptions=True
        )
        assert [knowledge for knowledge in opened if isinstance(knowledge, BaseException)] == []
        assert await count(database, RevisionRow) == len(TOWN.facts) + len(TOWN.unknowns)
    finally:
        await other.close()


# Changes: each with one revision, and an answer at once


async def test_an_added_fact_answers_at_once(town: KnowledgeBase, database: Database, clock: Clock) -> None:
    assert answer(town, CLOCK_TOWER.canonical_question) != CLOCK_TOWER.statement
    then = clock.tick()
    await town.add(CLOCK_TOWER, EDITOR, reason="It was forgotten.")
    assert answer(town, CLOCK_TOWER.canonical_question) == CLOCK_TOWER.statement
    assert town.fact("tower-height") == CLOCK_TOWER
    assert town.sources() == {GAZETTE: 4, CLOCK_TOWER.source: 1}
    assert await town.history("tower-height") == [
        Revision(1, Action.ADD, EDITOR, then, "It was forgotten.", None, fact_to_form(CLOCK_TOWER))
    ]
    assert await view_anew(database) == view(town)


async def test_an_edited_fact_answers_at_once(town: KnowledgeBase, database: Database, clock: Clock) -> None:
    changed = replace(
        LAMP,
        statement="The lamp of the lighthouse is violet.",
        phrasings=("Which light has the beacon?",),
        topic="lights",
        source=CLOCK_TOWER.source,
        locator=None,
        as_of=None,
        milestone=None,
        measures=(Measure("power", 0.1, "kW"),),
    )
    then = clock.tick()
    await town.edit(changed, EDITOR, seen=LAMP, reason="Repainted.")
    assert answer(town, "Which light has the beacon?") == changed.statement
    assert town.fact("lamp-colour") == changed
    assert town.facts(topic="lights") == [changed]
    assert town.facts(topic="lighthouse") == []
    assert "lamp-colour" not in ids(town.milestones())
    assert (await town.history("lamp-colour"))[1:] == [
        Revision(2, Action.EDIT, EDITOR, then, "Repainted.", fact_to_form(LAMP), fact_to_form(changed))
    ]
    assert town.fact("harbour-depth").source == GAZETTE
    assert await view_anew(database) == view(town)


async def test_a_removed_fact_no_longer_answers_and_a_restored_one_does(
    town: KnowledgeBase, database: Database, clock: Clock
) -> None:
    then = clock.tick()
    await town.remove("lamp-colour", EDITOR, reason="It is gone.")
    assert answer(town, LAMP.canonical_question) != LAMP.statement
    assert "lamp-colour" not in ids([*town.facts(), *town.milestones(), *town.suggest("lamp", limit=9)])
    with pytest.raises(FactNotFoundError):
        town.fact("lamp-colour")
    stored = await town.stored("lamp-colour")
    assert (stored.entry, stored.version, stored.removed) == (LAMP, 2, True)
    assert await view_anew(database) == view(town)
    later = clock.tick()
    await town.restore("lamp-colour", EDITOR, reason="It is back.")
    assert answer(town, LAMP.canonical_question) == LAMP.statement
    assert (await town.history("lamp-colour"))[1:] == [
        Revision(2, Action.REMOVE, EDITOR, then, "It is gone.", fact_to_form(LAMP), None),
        Revision(3, Action.RESTORE, EDITOR, later, "It is back.", None, fact_to_form(LAMP)),
    ]
    assert await view_anew(database) == view(town)


async def test_a_restored_fact_has_its_old_place_in_lists_at_once(town: KnowledgeBase, database: Database) -> None:
    await town.remove("lamp-colour", EDITOR)
    await town.restore("lamp-colour", EDITOR)
    assert ids(town.facts()) == ids((await anew(database)).facts())


async def test_removing_what_is_removed_and_restoring_what_is_there_is_no_change(
    town: KnowledgeBase, database: Database
) -> None:
    await town.restore("lamp-colour", EDITOR)
    assert len(await town.history("lamp-colour")) == 1
    await town.remove("lamp-colour", EDITOR)
    await town.remove("lamp-colour", EDITOR)
    assert [revision.action for revision in await town.history("lamp-colour")] == [Action.ADD, Action.REMOVE]
    assert await view_anew(database) == view(town)


async def test_a_reverted_fact_is_again_as_it_was(town: KnowledgeBase, database: Database, clock: Clock) -> None:
    await town.edit(RED_LAMP, EDITOR)
    then = clock.tick()
    kept = await town.revert("lamp-colour", 1, EDITOR, reason="It was green.")
    assert kept is not None
    assert kept.entry == LAMP
    assert answer(town, LAMP.canonical_question) == LAMP.statement
    assert (await town.history("lamp-colour"))[2:] == [
        Revision(3, Action.REVERT, EDITOR, then, "It was green.", fact_to_form(RED_LAMP), fact_to_form(LAMP))
    ]
    kept = await town.revert("lamp-colour", 2, EDITOR)
    assert kept is not None
    assert kept.entry == RED_LAMP
    assert (await town.history("lamp-colour"))[3].reason == "back to revision 2"
    assert await view_anew(database) == view(town)


async def test_reverting_brings_a_removed_fact_back(town: KnowledgeBase, database: Database) -> None:
    await town.remove("lamp-colour", EDITOR)
    await town.revert("lamp-colour", 1, EDITOR)
    assert answer(town, LAMP.canonical_question) == LAMP.statement
    assert not (await town.stored("lamp-colour")).removed
    assert await view_anew(database) == view(town)


@pytest.mark.parametrize("number", [2, 3])
async def test_there_is_no_way_back_to_a_removal_or_to_a_revision_that_is_not_there(
    town: KnowledgeBase, number: int
) -> None:
    await town.remove("lamp-colour", EDITOR)
    with pytest.raises(InvalidFactError, match=f"revision {number} "):
        await town.revert("lamp-colour", number, EDITOR)
    assert len(await town.history("lamp-colour")) == 2
    with pytest.raises(FactNotFoundError):
        town.fact("lamp-colour")


async def test_history_tells_what_each_revision_was_made_from(town: KnowledgeBase) -> None:
    await town.edit(RED_LAMP, EDITOR)
    await town.remove("lamp-colour", Author(Origin.OPERATOR))
    await town.revert("lamp-colour", 1, EDITOR)
    await town.edit(RED_LAMP, EDITOR)
    history = await town.history("lamp-colour")
    assert [revision.number for revision in history] == [1, 2, 3, 4, 5]
    for earlier, later in pairwise(history):
        assert later.before == earlier.after, later.action
    assert history[2].author == Author(Origin.OPERATOR)


async def test_every_change_is_one_revision_and_no_more(town: KnowledgeBase, database: Database) -> None:
    changes: list[Callable[[], Awaitable[object]]] = [
        lambda: town.add(CLOCK_TOWER, EDITOR),
        lambda: town.edit(RED_LAMP, EDITOR),
        lambda: town.remove("harbour-depth", EDITOR),
        lambda: town.restore("harbour-depth", EDITOR),
        lambda: town.revert("lamp-colour", 1, EDITOR),
    ]
    for change in changes:
        before = await count(database, RevisionRow)
        await change()
        assert await count(database, RevisionRow) == before + 1


async def test_a_source_is_kept_once_and_told_apart_by_what_it_says(town: KnowledgeBase, database: Database) -> None:
    other = replace(GAZETTE, title="Another page")
    await town.add(make_fact("one", "One.", "first of all?", source=other), EDITOR)
    await town.add(make_fact("two", "Two.", "second of all?", source=replace(other, key="x")), EDITOR)
    assert await count(database, SourceRow) == 2
    assert town.sources() == {GAZETTE: 4, other: 2}
    assert (await anew(database)).sources() == town.sources()


async def test_sources_with_long_names_that_begin_alike_are_all_kept(town: KnowledgeBase, database: Database) -> None:
    long = "the proceedings of the royal society for the history of harbours and lighthouses"
    alike = [
        make_fact(
            f"long-{number}", f"Fact {number}.", f"number {number}?", source=Source("k" * 64, long, f"Part {number}")
        )
        for number in range(12)
    ]
    for fact in alike:
        await town.add(fact, EDITOR)
    assert await count(database, SourceRow) == 13
    assert (await anew(database)).sources() == town.sources()


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(facts(), min_size=1, max_size=4, unique_by=lambda fact: fact.id))
async def test_any_fact_comes_back_from_the_store_as_it_went_in(database: Database, some: list[Fact]) -> None:
    knowledge = await anew(database)
    server_id = await count(database, RevisionRow) + 1
    for fact in some:
        await knowledge.add(fact, EDITOR, server_id=server_id)
        assert (await knowledge.stored(fact.id, server_id=server_id)).entry == fact
        assert whole((await knowledge.history(fact.id, server_id=server_id))[0].after) == fact
    await knowledge.refresh()
    assert knowledge.facts(server_id) == some


# What is refused


async def test_an_id_that_is_taken_is_refused(town: KnowledgeBase, database: Database) -> None:
    await town.remove("harbour-depth", EDITOR)
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    before = view(town, HERE)
    for fact_id, server_id in [
        ("lamp-colour", None),
        ("harbour-depth", None),
        ("lamp-colour", HERE),
        ("harbour-depth", HERE),
        ("tower-height", HERE),
    ]:
        with pytest.raises(FactExistsError, match=fact_id):
            await town.add(make_fact(fact_id, "Something else.", "what else?"), EDITOR, server_id=server_id)
    assert view(town, HERE) == before == await view_anew(database, HERE)
    await town.add(make_fact("tower-height", "Something else.", "what else?"), EDITOR, server_id=THERE)
    assert town.fact("tower-height", HERE) == CLOCK_TOWER


async def test_a_shared_fact_does_not_stand_twice_where_a_server_had_the_id_before(
    town: KnowledgeBase, database: Database
) -> None:
    own = make_fact("tower-height", "Our tower is tiny.", "how high is our tower?")
    await town.add(own, EDITOR, server_id=HERE)
    await town.add(CLOCK_TOWER, EDITOR)
    for knowledge in (town, await anew(database)):
        assert [fact for fact in knowledge.facts(HERE) if fact.id == own.id] == [own]
        assert answer(knowledge, own.canonical_question, HERE) == own.statement
        assert CLOCK_TOWER.source not in knowledge.sources(HERE)
        assert CLOCK_TOWER.id not in ids(knowledge.milestones(HERE))
        assert answer(knowledge, CLOCK_TOWER.canonical_question, THERE) == CLOCK_TOWER.statement


async def test_of_two_programs_that_add_one_id_the_second_is_told_that_it_is_taken(
    town: KnowledgeBase, database: Database, database_url: str
) -> None:
    other = Database(database_url)
    try:
        second = await KnowledgeBase.open(other)
        for number in range(5):
            fact = make_fact(f"race-{number}", "It is so.", f"who wins race {number}?")
            results = await asyncio.gather(town.add(fact, EDITOR), second.add(fact, EDITOR), return_exceptions=True)
            assert sorted(type(result).__name__ for result in results) == ["FactExistsError", "Kept"]
            assert len(await town.history(fact.id)) == 1
    finally:
        await other.close()
    assert await count(database, RevisionRow) == len(TOWN.facts) + len(TOWN.unknowns) + 5


async def test_an_edit_of_another_version_than_the_editor_saw_is_refused(
    town: KnowledgeBase, database: Database
) -> None:
    await town.edit(RED_LAMP, EDITOR, seen=LAMP)
    before = view(town)
    with pytest.raises(EditConflictError, match="was changed in the meantime") as caught:
        await town.edit(replace(LAMP, statement="It is blue."), EDITOR, seen=LAMP)
    assert (caught.value.seen, caught.value.now) == (LAMP, RED_LAMP)
    assert len(await town.history("lamp-colour")) == 2
    assert view(town) == before == await view_anew(database)
    await town.edit(replace(LAMP, statement="It is blue."), EDITOR, seen=RED_LAMP)
    assert town.fact("lamp-colour").statement == "It is blue."


async def test_of_two_programs_that_edit_one_version_the_second_is_told_of_the_conflict(
    town: KnowledgeBase, database_url: str
) -> None:
    other = Database(database_url)
    try:
        second = await KnowledgeBase.open(other)
        for version in range(1, 5):
            seen = (await town.stored(LAMP.id)).entry
            results = await asyncio.gather(
                town.edit(replace(LAMP, statement=f"First, {version}."), EDITOR, seen=seen),
                second.edit(replace(LAMP, statement=f"Second, {version}."), EDITOR, seen=seen),
                return_exceptions=True,
            )
            assert sorted(type(result).__name__ for result in results) == ["EditConflictError", "Kept"]
        assert [revision.number for revision in await town.history("lamp-colour")] == [1, 2, 3, 4, 5]
    finally:
        await other.close()


async def test_many_changes_at_once_leave_store_and_memory_in_step(town: KnowledgeBase, database: Database) -> None:
    await asyncio.gather(
        *(town.edit(replace(LAMP, statement=f"Colour {number}."), EDITOR) for number in range(5)),
        *(town.add(make_fact(f"new-{number}", "New.", f"what is new {number}?"), EDITOR) for number in range(5)),
        town.refresh(),
        town.remove("harbour-depth", EDITOR),
        town.refresh(),
    )
    assert [revision.number for revision in await town.history("lamp-colour")] == [1, 2, 3, 4, 5, 6]
    assert await view_anew(database) == view(town)


def broken(**changes: Any) -> Fact:
    return replace(CLOCK_TOWER, **changes)


BROKEN = [
    (broken(source=Source("x", "")), "publisher"),
    (broken(source=Source("x", "  ")), "publisher"),
    (broken(statement=" "), "statement"),
    (broken(statement="s" * 2_001), "statement"),
    (broken(statement="a\x00b"), "statement"),
    (broken(topic=""), "topic"),
    (broken(topic="t" * 41), "topic"),
    (broken(phrasings=()), "questions"),
    (broken(phrasings=("fine?", "q" * 301)), "questions.1"),
    (broken(phrasings=("fine?", " ")), "questions.1"),
    (broken(id="Tower Height"), "id"),
    (broken(id="t" * 65), "id"),
    (broken(id=""), "id"),
    (broken(locator="l" * 101), "locator"),
    (broken(measures=(Measure("height", float("nan"), "m"),)), "value"),
    (broken(measures=(Measure("height", float("inf"), "m"),)), "value"),
    (broken(milestone=Milestone(PartialDate.parse("2021"), " ")), "label"),
]


async def test_a_fact_that_breaks_the_rules_is_refused_with_the_reason(
    town: KnowledgeBase, database: Database, subtests: pytest.Subtests
) -> None:
    for number, (fact, place) in enumerate(BROKEN):
        with subtests.test(place=place, number=number):
            before = town.facts()
            with pytest.raises(InvalidFactError, match=place) as caught:
                await town.add(fact, EDITOR)
            assert "\n" not in caught.value.sentence
            with pytest.raises(InvalidFactError, match=place):
                await town.edit(fact if place == "id" else replace(fact, id="lamp-colour"), EDITOR)
            assert town.facts() == before
    assert await view_anew(database) == view(town)
    assert len(await town.history("lamp-colour")) == 1


async def test_a_refusal_tells_every_fault_at_once(town: KnowledgeBase) -> None:
    with pytest.raises(InvalidFactError) as caught:
        await town.add(broken(id="Bad Id", topic="", phrasings=()), EDITOR)
    for place in ("id: ", "topic: ", "questions: "):
        assert place in caught.value.sentence


async def test_white_space_around_a_text_is_kept_nowhere(town: KnowledgeBase) -> None:
    padded = replace(
        CLOCK_TOWER,
        statement=f"  {CLOCK_TOWER.statement}\n",
        topic=" town " + " " * 40,
        locator=" ",
        phrasings=(f" {CLOCK_TOWER.phrasings[0]} ", *CLOCK_TOWER.phrasings),
    )
    clean = replace(CLOCK_TOWER, locator=None)
    await town.add(padded, EDITOR)
    assert whole((await town.history("tower-height"))[0].after) == clean
    assert (await town.stored("tower-height")).entry == clean
    assert town.fact("tower-height") == clean


@pytest.mark.parametrize("server_id", [None, THERE])
async def test_what_is_not_there_for_this_server_cannot_be_changed_or_seen(
    town: KnowledgeBase, server_id: int | None
) -> None:
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    attempts: list[Callable[[], Awaitable[object]]] = [
        lambda: town.edit(CLOCK_TOWER, EDITOR, server_id=server_id),
        lambda: town.remove("tower-height", EDITOR, server_id=server_id),
        lambda: town.restore("tower-height", EDITOR, server_id=server_id),
        lambda: town.revert("tower-height", 1, EDITOR, server_id=server_id),
        lambda: town.history("tower-height", server_id=server_id),
        lambda: town.stored("tower-height", server_id=server_id),
        lambda: town.undo("tower-height", 1, EDITOR, server_id=server_id),
    ]
    for attempt in attempts:
        with pytest.raises(FactNotFoundError, match="tower-height"):
            await attempt()
    assert town.fact("lamp-colour", server_id or 1) == LAMP
    assert [revision.action for revision in await town.history("tower-height", server_id=HERE)] == [Action.ADD]
    assert town.fact("tower-height", HERE) == CLOCK_TOWER


# Servers


async def test_a_servers_own_fact_is_seen_there_alone(town: KnowledgeBase, database: Database) -> None:
    shared = view(town)
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    for knowledge in (town, await anew(database)):
        assert answer(knowledge, CLOCK_TOWER.canonical_question, HERE) == CLOCK_TOWER.statement
        assert knowledge.facts(HERE) == [*TOWN.facts, CLOCK_TOWER]
        assert knowledge.sources(HERE) == {GAZETTE: 4, CLOCK_TOWER.source: 1}
        assert ids(knowledge.suggest("tower", server_id=HERE, limit=9)) == ["tower-height"]
        assert ids(knowledge.milestones(HERE)) == ["ferry-morning", "lamp-colour", "tower-height", "baker-name"]
        assert view(knowledge, THERE) == view(knowledge) == shared


async def test_a_servers_own_fact_is_changed_with_a_history_of_its_own(town: KnowledgeBase, database: Database) -> None:
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    await town.add(replace(CLOCK_TOWER, statement="Theirs is low."), EDITOR, server_id=THERE)
    taller = replace(CLOCK_TOWER, statement="The clock tower grew.")
    await town.edit(taller, EDITOR, server_id=HERE, seen=CLOCK_TOWER)
    await town.remove("tower-height", EDITOR, server_id=HERE)
    await town.restore("tower-height", EDITOR, server_id=HERE)
    await town.revert("tower-height", 1, EDITOR, server_id=HERE)
    history = await town.history("tower-height", server_id=HERE)
    assert [r.action.value for r in history] == ["add", "edit", "remove", "restore", "revert"]
    assert len(await town.history("tower-height", server_id=THERE)) == 1
    assert town.fact("tower-height", HERE) == CLOCK_TOWER
    assert answer(town, CLOCK_TOWER.canonical_question, THERE) == "Theirs is low."
    assert await view_anew(database, HERE) == view(town, HERE)
    assert await view_anew(database, THERE) == view(town, THERE)


async def test_a_hidden_shared_fact_is_gone_in_that_server_alone(town: KnowledgeBase, database: Database) -> None:
    shared = view(town)
    await town.remove("lamp-colour", EDITOR, server_id=HERE)
    for knowledge in (town, await anew(database)):
        assert answer(knowledge, LAMP.canonical_question, HERE) != LAMP.statement
        seen = [
            *knowledge.facts(HERE),
            *knowledge.milestones(HERE),
            *knowledge.suggest("lamp", server_id=HERE, limit=9),
            *knowledge.suggest("", server_id=HERE, limit=9),
            *(f for q in QUESTIONS for a in [knowledge.ask(q, server_id=HERE)] for f in (*a.facts, *a.related)),
        ]
        assert LAMP not in seen
        assert seen
        assert knowledge.sources(HERE) == {GAZETTE: 3}
        with pytest.raises(FactNotFoundError):
            knowledge.fact("lamp-colour", HERE)
        assert view(knowledge, THERE) == view(knowledge) == shared


async def test_hiding_twice_and_showing_again_leave_all_as_it_was(town: KnowledgeBase, database: Database) -> None:
    before = view(town, HERE)
    await town.restore("lamp-colour", EDITOR, server_id=HERE)
    await town.remove("lamp-colour", EDITOR, server_id=HERE)
    await town.remove("lamp-colour", EDITOR, server_id=HERE)
    await town.remove("lamp-colour", EDITOR, server_id=THERE)
    await town.restore("lamp-colour", EDITOR, server_id=HERE)
    assert view(town, HERE) == before == await view_anew(database, HERE)
    assert LAMP not in town.facts(THERE)
    assert LAMP not in (await anew(database)).facts(THERE)


async def test_a_replaced_shared_fact_answers_with_the_servers_own(town: KnowledgeBase, database: Database) -> None:
    shared = view(town)
    own = replace(RED_LAMP, id="our-lamp")
    await town.add(own, EDITOR, server_id=HERE)
    await town.remove("lamp-colour", EDITOR, server_id=HERE)
    for knowledge in (town, await anew(database)):
        assert answer(knowledge, LAMP.canonical_question, HERE) == own.statement
        assert set(ids(knowledge.facts(HERE))) == {"harbour-depth", "ferry-morning", "baker-name", "our-lamp"}
        assert view(knowledge, THERE) == view(knowledge) == shared
    await town.restore("lamp-colour", EDITOR, server_id=HERE)
    assert LAMP in town.facts(HERE)


async def test_a_hidden_fact_stays_hidden_through_edits_and_packs(town: KnowledgeBase, database: Database) -> None:
    await town.remove("lamp-colour", EDITOR, server_id=HERE)
    await town.edit(RED_LAMP, EDITOR)
    await town.remove("lamp-colour", EDITOR)
    await town.restore("lamp-colour", EDITOR)
    await town.load_pack(make_pack([LAMP, DEPTH, CLOCK_TOWER], version=2))
    await town.refresh()
    assert "lamp-colour" not in ids(town.facts(HERE))
    assert town.fact("lamp-colour") == RED_LAMP
    assert await view_anew(database, HERE) == view(town, HERE)


# Memory and store in step

OUR_LAMP = replace(CLOCK_TOWER, id="our-lamp", statement="It is ours.")
OUR_GHOST = KnownUnknown("our-ghost", ("Is the tower haunted?", "does a ghost live in the tower"), "Nobody has looked.")
EVERYWHERE = (None, HERE, THERE)
# What is done, with which entry, where, and whether it is undone at once.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "edit", "remove", "restore", "revert", "undo", "import"]),
        st.sampled_from([LAMP, CLOCK_TOWER, OUR_LAMP, PAY, OUR_GHOST]),
        st.sampled_from(EVERYWHERE),
        st.booleans(),
    ),
    max_size=10,
)


async def take_step(knowledge: KnowledgeBase, step: str, entry: Entry, server_id: int | None) -> object:
    """Take a step; give what has changed, if anything."""
    others: list[Entry] = [replace(FERRY, statement=entry.phrasings[0]), replace(PIRATES, say=entry.phrasings[0])]
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "add": lambda: knowledge.add(entry, EDITOR, server_id=server_id),
        "edit": lambda: knowledge.edit(entry, EDITOR, server_id=server_id),
        "remove": lambda: knowledge.remove(entry.id, EDITOR, server_id=server_id),
        "restore": lambda: knowledge.restore(entry.id, EDITOR, server_id=server_id),
        "revert": lambda: knowledge.revert(entry.id, 1, EDITOR, server_id=server_id),
        "undo": lambda: undo_latest(knowledge, entry.id, server_id),
        "import": lambda: knowledge.put_all([entry, *others], EDITOR, server_id=server_id),
    }
    return await steps[step]()


async def undo_latest(knowledge: KnowledgeBase, entry_id: str, server_id: int | None) -> object:
    latest = (await knowledge.history(entry_id, server_id=server_id))[-1].number
    return await knowledge.undo(entry_id, latest, EDITOR, server_id=server_id)


def altered(entry: Entry, number: int) -> Entry:
    """Give an entry with other words in it, which are asked for a little otherwise."""
    phrasings = entry.phrasings[number % 2 :]
    if isinstance(entry, Fact):
        return replace(entry, statement=f"{entry.statement} ({number})", phrasings=phrasings)
    return replace(entry, say=f"{entry.say} ({number})", phrasings=phrasings)


def listed(knowledge: KnowledgeBase) -> list[object]:
    """Give all that is there, and all that is not any more, for everyone and in two servers."""
    seen = [(knowledge.facts(server), knowledge.engine.unknowns(server)) for server in EVERYWHERE]
    return [*seen, knowledge.removed(HERE), knowledge.removed(THERE)]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(STEPS)
async def test_whatever_is_changed_memory_is_what_a_fresh_start_would_read(
    town_file: Path, steps: list[tuple[str, Entry, int | None, bool]]
) -> None:
    path = town_file.with_name("steps.db")
    shutil.copy(town_file, path)
    database = Database(f"sqlite+aiosqlite:///{path}")
    try:
        knowledge = await anew(database)
        for number, (step, entry, server_id, undone) in enumerate(steps):
            before = listed(knowledge)
            seen = [knowledge.entry(entry.id, server) for server in EVERYWHERE]
            try:
                changed = await take_step(knowledge, step, altered(entry, number), server_id)
            except TianwenError:
                assert listed(knowledge) == before
                continue
            if changed and undone:
                await undo_latest(knowledge, entry.id, server_id)
                assert [knowledge.entry(entry.id, server) for server in EVERYWHERE] == seen
        fresh = await anew(database)
        live = [view(knowledge, server) for server in EVERYWHERE]
        assert live == [view(fresh, server) for server in EVERYWHERE]
        await knowledge.refresh()
        assert [view(knowledge, server) for server in EVERYWHERE] == live
    finally:
        await database.close()


async def test_a_change_by_another_program_is_seen_after_a_refresh(
    town: KnowledgeBase, database: Database, database_url: str
) -> None:
    other = Database(database_url)
    try:
        second = await KnowledgeBase.open(other)
        await second.edit(RED_LAMP, EDITOR)
        assert answer(town, LAMP.canonical_question) == LAMP.statement
        await town.refresh()
        assert answer(town, LAMP.canonical_question) == RED_LAMP.statement
        assert view(town) == view(second) == await view_anew(database)
    finally:
        await other.close()


# A database that fails


def changes_of(knowledge: KnowledgeBase) -> dict[str, Callable[[], Awaitable[object]]]:
    """Give one change of each kind; “harbour-depth” must be removed, and “ferry-morning” hidden, before."""
    return {
        "add": lambda: knowledge.add(CLOCK_TOWER, EDITOR),
        "add to a server": lambda: knowledge.add(CLOCK_TOWER, EDITOR, server_id=THERE),
        "edit": lambda: knowledge.edit(replace(LAMP, statement="It is blue."), EDITOR),
        "remove": lambda: knowledge.remove("lamp-colour", EDITOR),
        "restore": lambda: knowledge.restore("harbour-depth", EDITOR),
        "revert": lambda: knowledge.revert("lamp-colour", 1, EDITOR),
        "edit in a server": lambda: knowledge.edit(replace(LAMP, statement="It is blue."), EDITOR, server_id=HERE),
        "hide": lambda: knowledge.remove("baker-name", EDITOR, server_id=HERE),
        "show again": lambda: knowledge.restore("ferry-morning", EDITOR, server_id=HERE),
        "undo": lambda: knowledge.undo("lamp-colour", 2, EDITOR),
        "import": lambda: knowledge.put_all([CLOCK_TOWER, RED_LAMP], EDITOR, server_id=THERE),
        "import for all": lambda: knowledge.put_all([CLOCK_TOWER, LAMP], EDITOR),
    }


async def made_ready(knowledge: KnowledgeBase) -> None:
    await knowledge.edit(RED_LAMP, EDITOR)
    await knowledge.remove("harbour-depth", EDITOR)
    await knowledge.remove("ferry-morning", EDITOR, server_id=HERE)


@pytest.fixture
async def unwritable(town: KnowledgeBase, database: Database, database_url: str) -> AsyncIterator[Database]:
    """The town's database, opened so that it cannot be written."""
    await made_ready(town)
    url = make_url(database_url)
    if url.drivername.startswith("sqlite"):
        opened = Database(database_url)

        @event.listens_for(opened._engine.sync_engine, "connect")
        def only_read(connection: Any, _record: object) -> None:
            connection.cursor().execute("PRAGMA query_only = ON")

        yield opened
        await opened.close()
        return
    role = f"tianwen_reader_{uuid.uuid4().hex[:12]}"
    async with database.writing() as session:
        schema = await session.scalar(text("SELECT current_schema()"))
        await session.execute(text(f"CREATE ROLE {role} LOGIN"))
        await session.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {role}"))
        await session.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"))
    opened = Database(url.set(username=role).render_as_string(hide_password=False))
    yield opened
    await opened.close()
    async with database.writing() as session:
        await session.execute(text(f"DROP OWNED BY {role}"))
        await session.execute(text(f"DROP ROLE {role}"))


async def test_a_change_that_cannot_be_written_is_refused_and_the_answers_still_come(
    unwritable: Database, database: Database
) -> None:
    knowledge = await anew(unwritable)
    before = [view(knowledge, server) for server in (None, HERE, THERE)]
    revisions = await count(database, RevisionRow)
    for name, change in changes_of(knowledge).items():
        with pytest.raises(DatabaseUnavailableError) as caught:
            await change()
        assert "\n" not in caught.value.sentence, name
        assert [view(knowledge, server) for server in (None, HERE, THERE)] == before, name
    with pytest.raises(DatabaseUnavailableError):
        await knowledge.set_server_settings(HERE, ServerSettings(1, 2, 3))
    with pytest.raises(DatabaseUnavailableError):
        await knowledge.set_command_tree_digest(1, "d")
    assert await count(database, RevisionRow) == revisions
    assert [await view_anew(database, server) for server in (None, HERE, THERE)] == before


async def refuse_revisions(database: Database, which: str) -> None:
    """Let the database refuse revisions that are to come; what they are about is written before them."""
    async with database.writing() as session:
        if session.get_bind().dialect.name == "sqlite":
            refusal = (
                f"CREATE TRIGGER no_more BEFORE INSERT ON revisions WHEN NEW.{which}"
                " BEGIN SELECT RAISE(ABORT, 'no more'); END"
            )
        else:
            refusal = f"ALTER TABLE revisions ADD CONSTRAINT no_more CHECK (NOT {which}) NOT VALID"
        await session.execute(text(refusal))


async def test_without_its_revision_a_change_is_not_made(
    town: KnowledgeBase, database: Database, subtests: pytest.Subtests
) -> None:
    await made_ready(town)
    before = [view(town, server) for server in (None, HERE, THERE)]
    stored = [await town.stored(fact.id) for fact in TOWN.facts]
    await refuse_revisions(database, "number > 0")
    changes = changes_of(town)
    for name in changes:
        with subtests.test(change=name):
            with pytest.raises(DatabaseUnavailableError):
                await changes[name]()
            assert [view(town, server) for server in (None, HERE, THERE)] == before
            assert [await view_anew(database, server) for server in (None, HERE, THERE)] == before
            assert [await town.stored(fact.id) for fact in TOWN.facts] == stored
            assert await count(database, FactRow) == len(TOWN.facts) + 1


async def test_a_pack_that_fails_half_way_is_not_loaded_at_all(town: KnowledgeBase, database: Database) -> None:
    newer = make_pack([RED_LAMP, DEPTH, FERRY, BAKER, CLOCK_TOWER], names=[Name("Tower")], version=2)
    revisions = await count(database, RevisionRow)
    # The changed lamp may have its second revision; the new tower not its first.
    await refuse_revisions(database, "number = 1")
    with pytest.raises(DatabaseUnavailableError):
        await town.load_pack(newer)
    assert await count(database, RevisionRow) == revisions
    await town.refresh()
    assert town.facts() == list(TOWN.facts)
    assert town.names() == TOWN.names
    assert await town.load_pack(TOWN) is None


async def test_a_database_that_is_gone_is_told_and_the_answers_still_come(
    town: KnowledgeBase, database: Database
) -> None:
    before = view(town)
    async with database.writing() as session:
        for table in ("revisions", "phrasings", "facts"):
            await session.execute(text(f"DROP TABLE {table}"))
    reads: list[Callable[[], Awaitable[object]]] = [town.refresh, lambda: town.history("lamp-colour")]
    for attempt in (*changes_of(town).values(), *reads):
        with pytest.raises(DatabaseUnavailableError):
            await attempt()
    assert view(town) == before


# What else is kept


async def test_settings_are_kept_for_each_server(town: KnowledgeBase, database: Database) -> None:
    assert town.server_settings(HERE) == town.server_settings(None) == ServerSettings()
    wanted = ServerSettings(
        editor_role_id=2**63 - 1,
        log_channel_id=2**63 - 3,
        queue_channel_id=1,
        listening_channel_ids=(2**63 - 1, 7),
        cooldown_s=0,
        wait_s=30,
        votes_shown=False,
    )
    await town.set_server_settings(HERE, wanted)
    await town.set_server_settings(THERE, ServerSettings(log_channel_id=5))
    assert town.server_settings(HERE) == wanted
    other = await anew(database)
    assert other.server_settings(HERE) == wanted
    assert other.server_settings(THERE) == ServerSettings(log_channel_id=5)
    await town.set_server_settings(HERE, ServerSettings(queue_channel_id=8))
    assert town.server_settings(HERE) == ServerSettings(queue_channel_id=8)
    await other.refresh()
    assert other.server_settings(HERE) == ServerSettings(queue_channel_id=8)
    assert view(other, HERE) == view(other)


async def test_those_who_listen_are_told_of_each_change_as_it_was_and_as_it_is(town: KnowledgeBase) -> None:
    told: list[FactChange] = []
    town.fact_changes.add(told.append)
    before = town.fact("lamp-colour")
    edited = replace(before, statement="The lamp is violet.")
    await town.edit(edited, EDITOR)
    await town.remove("lamp-colour", EDITOR)
    await town.restore("lamp-colour", EDITOR)
    await town.revert("lamp-colour", 1, EDITOR)
    own = make_fact("lamp-owner", "The lamp is the baker's.", "whose is the lamp?")
    await town.add(own, EDITOR, server_id=HERE)
    assert told == [
        FactChange(before, edited, None),
        FactChange(edited, None, None),
        FactChange(None, edited, None),
        FactChange(edited, before, None),
        FactChange(None, own, HERE),
    ]
    with pytest.raises(FactNotFoundError):
        await town.remove("no-such", EDITOR)
    assert len(told) == 5


async def test_the_digest_of_the_command_tree_is_kept_for_each_application(
    town: KnowledgeBase, database: Database
) -> None:
    assert await town.command_tree_digest(2**63 - 1) is None
    await town.set_command_tree_digest(2**63 - 1, "a" * 64)
    await town.set_command_tree_digest(7, "b" * 64)
    await town.set_command_tree_digest(2**63 - 1, "c" * 64)
    other = await anew(database)
    assert await other.command_tree_digest(2**63 - 1) == "c" * 64
    assert await other.command_tree_digest(7) == "b" * 64
    assert await other.command_tree_digest(8) is None


@pytest.mark.parametrize("snowflake", [2**53 + 1, 2**63 - 1])
async def test_snowflakes_of_64_bits_come_back_as_they_were(
    town: KnowledgeBase, database: Database, snowflake: int
) -> None:
    author = Author(Origin.EDITOR, snowflake)
    await town.add(CLOCK_TOWER, author, server_id=snowflake)
    await town.remove("lamp-colour", EDITOR, server_id=snowflake)
    other = await anew(database, snowflake)
    assert other.fact("tower-height", snowflake) == CLOCK_TOWER
    assert "lamp-colour" not in ids(other.facts(snowflake))
    assert [r.author for r in await other.history("tower-height", server_id=snowflake)] == [author]
    assert view(other, snowflake - 1) == view(other, snowflake + 1) == view(other)


async def test_milestones_are_in_the_order_of_time(town: KnowledgeBase) -> None:
    await town.add(CLOCK_TOWER, EDITOR)
    assert [str(fact.milestone.when) for fact in town.milestones() if fact.milestone] == [
        "1888",
        "May 1901",
        "1950",
        "2 January 2031",
    ]


async def test_facts_learn_in_the_background_from_the_start_and_after_a_change(
    database: Database, clock: Clock
) -> None:
    knowledge = await KnowledgeBase.open(database, clock=clock)
    knowledge.memory.begin_learning()
    await knowledge.add(LAMP, EDITOR)
    await knowledge.add(replace(LAMP, id="lamp-age", phrasings=("How old is the lamp?", "age of the lamp")), EDITOR)
    engine = knowledge.engine
    while engine.learn():
        pass
    await knowledge.memory.end_learning()
    assert engine.learn() == 0
    await knowledge.add(
        replace(LAMP, id="lamp-cost", phrasings=("What did the lamp cost?", "price of the lamp")), EDITOR
    )
    assert engine.learn() > 0, "after the end, nobody does it"
    await knowledge.memory.end_learning()


async def test_settings_changed_at_once_are_all_kept(town: KnowledgeBase) -> None:
    await asyncio.gather(
        town.change_server_settings(HERE, wait_s=20), town.change_server_settings(HERE, cooldown_s=300)
    )
    assert town.server_settings(HERE) == ServerSettings(wait_s=20, cooldown_s=300)
