"""Known unknowns: kept as facts are, and told from questions that nobody has looked at yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from facts.engine import AnswerEngine
from facts.entities import Action, KnownUnknown, Revision
from facts.errors import FactExistsError, FactNotFoundError, InvalidFactError
from facts.forms import unknown_to_form
from facts.matching.decision import Outcome
from tests.facts.making import make_fact
from tests.facts.town import (
    CLOCK_TOWER,
    DEPTH,
    EDITOR,
    HERE,
    LAMP,
    PAY,
    PIRATES,
    START,
    THERE,
    TOWN,
    answer,
    on_sqlite,
    view,
    view_anew,
)

if TYPE_CHECKING:
    from facts.database import Database
    from facts.entities import Entry
    from facts.knowledge import KnowledgeBase

GHOST = KnownUnknown("tower-ghost", ("Is the tower haunted?", "does a ghost live in the tower"), "Nobody has looked.")
MUTE = replace(GHOST, say=None)


@pytest.mark.parametrize("server_id", [None, HERE])
async def test_a_known_unknown_is_changed_with_a_history_as_a_fact_is(
    town: KnowledgeBase, database: Database, server_id: int | None
) -> None:
    def heard() -> tuple[Outcome, str | None, bool]:
        got = town.ask(GHOST.phrasings[0], server_id=server_id)
        return got.outcome, got.say, got.is_open

    unheard = heard()
    assert unheard[1:] == (None, True)
    added = await town.add(GHOST, EDITOR, server_id=server_id, reason="They ask again and again.")
    assert added.entry == GHOST
    assert heard() == (Outcome.UNKNOWN, GHOST.say, False)
    await town.edit(MUTE, EDITOR, server_id=server_id, seen=GHOST)
    assert heard() == (Outcome.UNKNOWN, None, False)
    await town.remove(GHOST.id, EDITOR, server_id=server_id)
    assert heard() == unheard
    await town.restore(GHOST.id, EDITOR, server_id=server_id)
    assert heard() == (Outcome.UNKNOWN, None, False)
    await town.revert(GHOST.id, 1, EDITOR, server_id=server_id)
    assert heard() == (Outcome.UNKNOWN, GHOST.say, False)
    await town.undo(GHOST.id, 5, EDITOR, server_id=server_id)
    assert town.entry(GHOST.id, server_id) == MUTE
    full, mute = unknown_to_form(GHOST), unknown_to_form(MUTE)
    assert await town.history(GHOST.id, server_id=server_id) == [
        Revision(1, Action.ADD, EDITOR, START, "They ask again and again.", None, full),
        Revision(2, Action.EDIT, EDITOR, START, None, full, mute),
        Revision(3, Action.REMOVE, EDITOR, START, None, mute, None),
        Revision(4, Action.RESTORE, EDITOR, START, None, None, mute),
        Revision(5, Action.REVERT, EDITOR, START, "back to revision 1", mute, full),
        Revision(6, Action.REVERT, EDITOR, START, "revision 5 undone", full, mute),
    ]
    stored = await town.stored(GHOST.id, server_id=server_id)
    assert (stored.entry, stored.version, stored.removed) == (MUTE, 6, False)
    assert GHOST.id not in [fact.id for fact in town.facts(server_id)]
    with pytest.raises(FactNotFoundError):
        town.fact(GHOST.id, server_id)
    if server_id is not None:
        assert town.engine.unknowns(THERE) == town.engine.unknowns() == list(TOWN.unknowns)
    assert await view_anew(database, server_id) == view(town, server_id)


@on_sqlite
async def test_one_id_is_a_fact_or_a_known_unknown_and_never_both(town: KnowledgeBase, database: Database) -> None:
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    await town.add(GHOST, EDITOR, server_id=HERE)
    await town.remove(PIRATES.id, EDITOR)
    before = view(town, HERE)
    for entry, server_id in (
        (LAMP, None),
        (LAMP, HERE),
        (CLOCK_TOWER, HERE),
        (PAY, None),
        (PIRATES, None),
        (GHOST, HERE),
    ):
        is_fact = entry not in (PAY, PIRATES, GHOST)
        other: Entry = (
            KnownUnknown(entry.id, ("Who asks?",)) if is_fact else make_fact(entry.id, "It is so.", "Who asks?")
        )
        with pytest.raises(FactExistsError, match=entry.id):
            await town.add(other, EDITOR, server_id=server_id)
        with pytest.raises(InvalidFactError, match="both"):
            await town.edit(other, EDITOR, server_id=server_id)
        with pytest.raises(InvalidFactError, match="both"):
            await town.put_all([DEPTH, other], EDITOR, server_id=server_id)
    assert view(town, HERE) == before == await view_anew(database, HERE)


@on_sqlite
async def test_an_editor_may_answer_in_a_server_what_the_pack_does_not(town: KnowledgeBase) -> None:
    wage = make_fact("keeper-wage", "The keeper earns forty crowns.", *PAY.phrasings, "what is the keeper paid")
    await town.remove(PAY.id, EDITOR, server_id=HERE)
    await town.add(wage, EDITOR, server_id=HERE)
    assert answer(town, PAY.phrasings[0], HERE) == wage.statement
    assert town.ask(PAY.phrasings[0], server_id=THERE).unknown == PAY


def test_a_question_is_open_until_somebody_has_said_that_there_is_no_answer() -> None:
    engine = AnswerEngine.of([LAMP, DEPTH], [PAY, MUTE])
    said, unsaid = engine.ask(PAY.phrasings[0]), engine.ask(MUTE.phrasings[0])
    assert (said.unknown, said.say, said.is_open) == (PAY, PAY.say, False)
    assert (unsaid.unknown, unsaid.say, unsaid.is_open) == (MUTE, None, False)
    unheard = engine.ask("How many cats has the mayor?")
    assert (unheard.outcome, unheard.unknown, unheard.say, unheard.is_open) == (Outcome.UNKNOWN, None, None, True)
    known = engine.ask(LAMP.canonical_question)
    assert (known.outcome, known.unknown, known.is_open) == (Outcome.ANSWER, None, False)
    silent = engine.ask("How many cats has the mayor?", addressed=False)
    assert (silent.outcome, silent.is_open) == (Outcome.IGNORED, False)
