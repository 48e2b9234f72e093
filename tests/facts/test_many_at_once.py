"""Many changes in one transaction, as an import makes them: all or none, and none that changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from facts.entities import Action, Author, FactChange, Origin, Revision
from facts.errors import InvalidFactError
from facts.forms import entry_to_form
from facts.models import RevisionRow
from tests.facts.town import (
    BAKER,
    CLOCK_TOWER,
    DEPTH,
    EDITOR,
    FERRY,
    GHOST,
    HERE,
    LAMP,
    PAY,
    PIRATES,
    RED_LAMP,
    THERE,
    TOWN,
    Clock,
    answer,
    count,
    on_sqlite,
    view,
    view_anew,
)

if TYPE_CHECKING:
    from facts.database import Database
    from facts.entities import Entry
    from facts.knowledge import KnowledgeBase

RICH = replace(PAY, say="The keeper is rich.")
# One that is so already, and of each kind one that is changed, one that is new, and one that was removed.
ROWS: tuple[Entry, ...] = (DEPTH, RED_LAMP, CLOCK_TOWER, FERRY, RICH, GHOST, PIRATES)
CHANGED = ROWS[1:]


@pytest.mark.parametrize("server_id", [None, HERE])
async def test_what_differs_is_added_or_changed_with_one_revision_each(
    town: KnowledgeBase, database: Database, clock: Clock, server_id: int | None
) -> None:
    for entry in (FERRY, PIRATES):
        await town.remove(entry.id, EDITOR, server_id=server_id)
    before, elsewhere = [town.entry(entry.id, server_id) for entry in CHANGED], view(town, THERE)
    told: list[FactChange] = []
    town.fact_changes.add(told.append)
    revisions, then = await count(database, RevisionRow), clock.tick()
    kept = await town.put_all(ROWS, EDITOR, server_id=server_id, reason="from a file")
    assert [one.entry for one in kept] == list(CHANGED)
    assert await count(database, RevisionRow) == revisions + len(CHANGED)
    assert told == [FactChange(was, now, server_id) for was, now in zip(before, CHANGED, strict=True)]
    assert [change.revision for change in told] == [None] * len(CHANGED)
    assert [town.entry(entry.id, server_id) for entry in ROWS] == list(ROWS)
    for entry, was in zip(CHANGED, before, strict=True):
        action = Action.ADD if entry in (CLOCK_TOWER, GHOST) else Action.EDIT
        latest = (await town.history(entry.id, server_id=server_id))[-1]
        made = Revision(
            latest.number,
            action,
            EDITOR,
            then,
            "from a file",
            entry_to_form(was) if was is not None else None,
            entry_to_form(entry),
        )
        assert latest == made
    assert (await town.history(DEPTH.id, server_id=server_id))[-1].author.origin is Origin.PACK
    assert answer(town, LAMP.canonical_question, server_id) == RED_LAMP.statement
    assert town.ask(GHOST.phrasings[0], server_id=server_id).unknown == GHOST
    if server_id is None:
        assert view(town, THERE) == view(town)
    else:
        assert view(town, THERE) == elsewhere
        assert town.removed(HERE) == []
    assert await view_anew(database, server_id) == view(town, server_id)
    # The same once more is no change.
    assert await town.put_all(ROWS, EDITOR, server_id=server_id) == []
    assert await count(database, RevisionRow) == revisions + len(CHANGED)
    assert len(told) == len(CHANGED)


@on_sqlite
async def test_a_row_that_is_refused_keeps_all_others_out(town: KnowledgeBase, database: Database) -> None:
    told: list[FactChange] = []
    town.fact_changes.add(told.append)
    before = [view(town, server_id) for server_id in (None, HERE)]
    revisions = await count(database, RevisionRow)
    for server_id in (None, HERE):
        for refused in (
            replace(BAKER, statement=" "),
            replace(BAKER, id=PAY.id),
            replace(GHOST, phrasings=()),
            replace(PAY, id=BAKER.id),
        ):
            with pytest.raises(InvalidFactError, match=refused.id):
                await town.put_all([RED_LAMP, CLOCK_TOWER, refused, GHOST], EDITOR, server_id=server_id)
    assert told == []
    assert await count(database, RevisionRow) == revisions
    assert [view(town, server_id) for server_id in (None, HERE)] == before
    assert [await view_anew(database, server_id) for server_id in (None, HERE)] == before


@on_sqlite
async def test_what_a_server_takes_in_stands_before_what_is_shared(town: KnowledgeBase, database: Database) -> None:
    operator = Author(Origin.OPERATOR)
    await town.put_all([RED_LAMP, CLOCK_TOWER], EDITOR, server_id=HERE)
    await town.put_all([replace(LAMP, statement="It is blue."), DEPTH], operator)
    assert town.fact(LAMP.id, HERE) == RED_LAMP
    assert town.fact(LAMP.id, THERE).statement == "It is blue."
    assert town.facts(HERE) == [*TOWN.facts[1:], RED_LAMP, CLOCK_TOWER]
    # What it hid comes back as it stands in the file, and is its own from then on.
    await town.remove(DEPTH.id, EDITOR, server_id=HERE)
    (kept,) = await town.put_all([DEPTH], EDITOR, server_id=HERE)
    assert not kept.follows
    assert await view_anew(database, HERE) == view(town, HERE)
    assert (await town.undo(DEPTH.id, 2, EDITOR, server_id=HERE)).removed
    assert await view_anew(database, HERE) == view(town, HERE)


@on_sqlite
async def test_what_is_put_keeps_its_edges_tidy(town: KnowledgeBase) -> None:
    padded = replace(CLOCK_TOWER, statement=f" {CLOCK_TOWER.statement}\n", phrasings=CLOCK_TOWER.phrasings * 2)
    (kept,) = await town.put_all([padded, replace(LAMP, statement=f"{LAMP.statement} ")], EDITOR)
    assert kept.entry == CLOCK_TOWER
