"""Taking back the latest change, and going back to earlier ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from facts.entities import Action, Entry, Revision
from facts.errors import EditConflictError, FactNotFoundError
from facts.forms import entry_to_form
from facts.knowledge import KnowledgeBase
from tests.facts.making import make_pack
from tests.facts.town import (
    BLUE_LAMP,
    CLOCK_TOWER,
    EDITOR,
    GHOST,
    HERE,
    LAMP,
    NAMES,
    OPERATOR,
    PAY,
    RED_LAMP,
    THERE,
    TOWN,
    Clock,
    answer,
    on_sqlite,
    view,
    view_anew,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from facts.database import Database


async def undo_latest(knowledge: KnowledgeBase, entry_id: str, server_id: int | None) -> Revision:
    """Undo the latest change; give the record of that."""
    latest = (await knowledge.history(entry_id, server_id=server_id))[-1]
    kept = await knowledge.undo(entry_id, latest.number, EDITOR, server_id=server_id)
    assert kept.revision is not None
    assert (kept.revision.number, kept.revision.action) == (kept.version, Action.REVERT)
    assert kept.revision.reason == f"revision {latest.number} undone"
    return kept.revision


async def test_what_has_changed_since_it_was_seen_is_not_removed(town: KnowledgeBase) -> None:
    await town.edit(RED_LAMP, EDITOR, server_id=HERE)
    with pytest.raises(EditConflictError) as caught:
        await town.remove(LAMP.id, EDITOR, server_id=HERE, seen=LAMP)
    assert (caught.value.seen, caught.value.now) == (LAMP, RED_LAMP)
    assert town.entry(LAMP.id, HERE) == RED_LAMP
    assert await town.remove(LAMP.id, EDITOR, server_id=HERE, seen=RED_LAMP)
    assert await town.remove(LAMP.id, EDITOR, server_id=HERE, seen=RED_LAMP) is None


async def test_going_back_to_following_what_is_followed_already_writes_nothing(town: KnowledgeBase) -> None:
    await town.edit(RED_LAMP, EDITOR, server_id=HERE)
    await undo_latest(town, LAMP.id, HERE)
    await town.edit(BLUE_LAMP, OPERATOR)
    assert town.entry(LAMP.id, HERE) == BLUE_LAMP
    assert await town.revert(LAMP.id, 2, EDITOR, server_id=HERE) is None
    assert len(await town.history(LAMP.id, server_id=HERE)) == 2


@pytest.mark.parametrize("server_id", [None, HERE])
async def test_every_change_can_be_undone_and_so_can_that(
    town: KnowledgeBase, database: Database, server_id: int | None
) -> None:
    def again(entry: Entry) -> Entry:
        return replace(entry, phrasings=(*entry.phrasings, "how is it there in town"))

    for entry in (CLOCK_TOWER, GHOST):
        changes: list[Callable[[Entry], Awaitable[object]]] = [
            lambda entry: town.add(entry, EDITOR, server_id=server_id),
            lambda entry: town.edit(again(entry), EDITOR, server_id=server_id),
            lambda entry: town.remove(entry.id, EDITOR, server_id=server_id),
            lambda entry: town.restore(entry.id, EDITOR, server_id=server_id),
            lambda entry: town.revert(entry.id, 1, EDITOR, server_id=server_id),
        ]
        for change in changes:
            before = town.entry(entry.id, server_id)
            await change(entry)
            after = town.entry(entry.id, server_id)
            assert after != before
            undone = await undo_latest(town, entry.id, server_id)
            assert town.entry(entry.id, server_id) == before
            assert undone.before == (entry_to_form(after) if after else None)
            assert undone.after == (entry_to_form(before) if before else None)
            await undo_latest(town, entry.id, server_id)
            assert town.entry(entry.id, server_id) == after
        assert town.entry(entry.id, THERE) == (entry if server_id is None else None)
        # Three revisions for each change, and each made from what the one before it had left.
        history = await town.history(entry.id, server_id=server_id)
        assert [revision.number for revision in history] == list(range(1, 3 * len(changes) + 1))
        assert [revision.before for revision in history[1:]] == [revision.after for revision in history[:-1]]
    assert await view_anew(database, server_id) == view(town, server_id)


@on_sqlite
async def test_an_added_fact_that_was_undone_can_be_brought_back(town: KnowledgeBase, database: Database) -> None:
    before = view(town, HERE)
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    kept = await town.undo(CLOCK_TOWER.id, 1, EDITOR, server_id=HERE)
    assert (kept.entry, kept.removed, kept.follows) == (CLOCK_TOWER, True, False)
    assert town.removed(HERE) == [CLOCK_TOWER]
    assert view(town, HERE) == before | {"removed": [CLOCK_TOWER]} == await view_anew(database, HERE)
    await town.restore(CLOCK_TOWER.id, EDITOR, server_id=HERE)
    assert answer(town, CLOCK_TOWER.canonical_question, HERE) == CLOCK_TOWER.statement


async def test_undoing_the_first_edit_of_what_is_shared_follows_it_again(
    town: KnowledgeBase, database: Database, clock: Clock
) -> None:
    for entry in (RED_LAMP, replace(PAY, say="Ours is rich.")):
        await town.edit(entry, EDITOR, server_id=HERE)
        then = clock.tick()
        kept = await town.undo(entry.id, 1, EDITOR, server_id=HERE)
        shared = town.entry(entry.id)
        assert shared is not None
        assert kept.follows
        assert kept.revision == Revision(
            2,
            Action.REVERT,
            EDITOR,
            then,
            "revision 1 undone",
            entry_to_form(entry),
            entry_to_form(shared),
            follows=True,
        )
    assert town.engine.own(HERE) == []
    assert view(town, HERE) == view(town)
    await town.edit(BLUE_LAMP, OPERATOR)
    assert answer(town, LAMP.canonical_question, HERE) == BLUE_LAMP.statement
    assert view(town, HERE) == view(town) == await view_anew(database, HERE)


@on_sqlite
async def test_going_back_to_what_followed_the_shared_one_follows_it_as_it_is_now(
    town: KnowledgeBase, database: Database
) -> None:
    await town.edit(RED_LAMP, EDITOR, server_id=HERE)
    await town.undo(LAMP.id, 1, EDITOR, server_id=HERE)
    await town.edit(RED_LAMP, EDITOR, server_id=HERE)
    await town.edit(BLUE_LAMP, OPERATOR)
    kept = await town.revert(LAMP.id, 2, EDITOR, server_id=HERE)
    assert kept is not None
    assert kept.follows
    assert town.fact(LAMP.id, HERE) == BLUE_LAMP
    await town.edit(LAMP, OPERATOR)
    assert town.fact(LAMP.id, HERE) == LAMP
    kept = await town.revert(LAMP.id, 3, EDITOR, server_id=HERE)
    assert kept is not None
    assert not kept.follows
    assert town.fact(LAMP.id, HERE) == RED_LAMP
    # Where the shared one has gone, there is only its text to go back to.
    await town.remove(LAMP.id, OPERATOR)
    kept = await town.revert(LAMP.id, 2, EDITOR, server_id=HERE)
    assert kept is not None
    assert not kept.follows
    assert town.fact(LAMP.id, HERE) == LAMP
    assert await view_anew(database, HERE) == view(town, HERE)


@on_sqlite
async def test_only_the_latest_change_can_be_undone(town: KnowledgeBase, database: Database) -> None:
    await town.edit(RED_LAMP, EDITOR)
    await town.edit(BLUE_LAMP, EDITOR, server_id=HERE)
    before = [view(town, server_id) for server_id in (None, HERE)]
    for number, server_id in ((1, None), (3, None), (0, None), (2, HERE)):
        with pytest.raises(EditConflictError, match=LAMP.id) as caught:
            await town.undo(LAMP.id, number, EDITOR, server_id=server_id)
        assert caught.value.now == town.fact(LAMP.id, server_id)
    with pytest.raises(FactNotFoundError):
        await town.undo("no-such", 1, EDITOR)
    assert len(await town.history(LAMP.id)) == 2
    assert len(await town.history(LAMP.id, server_id=HERE)) == 1
    assert [view(town, server_id) for server_id in (None, HERE)] == before
    assert [await view_anew(database, server_id) for server_id in (None, HERE)] == before


@on_sqlite
async def test_a_server_may_undo_for_itself_what_others_did_to_the_shared_facts(
    town: KnowledgeBase, database: Database
) -> None:
    shared = view(town)
    # That the pack has it at all: it is hidden, and follows the pack when it is brought back.
    await town.undo(LAMP.id, 1, EDITOR, server_id=HERE)
    assert town.find(LAMP.id, HERE) is None
    await town.restore(LAMP.id, EDITOR, server_id=HERE)
    assert view(town, HERE) == view(town) == shared
    await town.load_pack(make_pack([RED_LAMP, *TOWN.facts[1:]], TOWN.unknowns, NAMES, version=2))
    await town.refresh()
    assert town.fact(LAMP.id, HERE) == RED_LAMP
    # That the pack has changed it: as it was, it is the server's own.
    assert not (await town.undo(LAMP.id, 2, EDITOR, server_id=THERE)).follows
    assert (town.fact(LAMP.id, THERE), town.fact(LAMP.id, HERE), town.fact(LAMP.id)) == (LAMP, RED_LAMP, RED_LAMP)
    assert await view_anew(database, THERE) == view(town, THERE)


@on_sqlite
async def test_undoing_what_brought_an_entry_back_takes_it_away_though_its_text_stood_there(
    town: KnowledgeBase, database: Database
) -> None:
    await town.remove(LAMP.id, EDITOR, server_id=HERE)
    await town.restore(LAMP.id, EDITOR, server_id=HERE)
    await town.remove(LAMP.id, OPERATOR)
    assert town.find(LAMP.id, HERE) is None
    await town.edit(RED_LAMP, EDITOR, server_id=HERE)
    assert town.fact(LAMP.id, HERE) == RED_LAMP
    await undo_latest(town, LAMP.id, HERE)
    assert town.find(LAMP.id, HERE) is None
    assert await view_anew(database, HERE) == view(town, HERE)


async def test_a_change_to_what_is_there_already_is_none(town: KnowledgeBase, database: Database) -> None:
    assert await town.edit(LAMP, EDITOR, server_id=HERE, seen=LAMP) is None
    assert await town.revert(LAMP.id, 1, EDITOR, server_id=HERE) is None
    assert await town.revert(LAMP.id, 1, EDITOR) is None
    assert not town.is_own(LAMP.id, HERE)
    # So what the operator corrects is seen there, too.
    await town.edit(BLUE_LAMP, OPERATOR)
    assert town.fact(LAMP.id, HERE) == BLUE_LAMP
    await town.edit(RED_LAMP, EDITOR, server_id=HERE)
    assert await town.edit(RED_LAMP, EDITOR, server_id=HERE) is None
    assert await town.revert(LAMP.id, 1, EDITOR, server_id=HERE) is None
    assert len(await town.history(LAMP.id, server_id=HERE)) == 1
    assert await view_anew(database, HERE) == view(town, HERE)
