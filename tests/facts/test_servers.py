"""What servers do with shared facts and known unknowns, each for itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from facts.engine import AnswerEngine
from facts.entities import Action, KnownUnknown, Revision
from facts.errors import EditConflictError, InvalidFactError, ServerFullError
from facts.forms import entry_to_form, fact_to_form
from facts.knowledge import KnowledgeBase
from tests.facts.making import make_fact, make_pack
from tests.facts.town import (
    BAKER,
    BLUE_LAMP,
    CLOCK_TOWER,
    DEPTH,
    EDITOR,
    FERRY,
    HERE,
    LAMP,
    NAMES,
    OPERATOR,
    PAY,
    PIRATES,
    RED_LAMP,
    THERE,
    TOWN,
    Clock,
    anew,
    answer,
    on_sqlite,
    view,
    view_anew,
)

if TYPE_CHECKING:
    from facts.database import Database
    from facts.entities import Entry, Fact

OUR_PAY = replace(PAY, say="The keeper will not tell us.")
# What a newer pack has found out about the known unknown of the same id.
WAGE = make_fact(PAY.id, "The keeper earns forty crowns a month.", *PAY.phrasings, "what is the keeper paid")


async def load(knowledge: KnowledgeBase, *changed: Fact | KnownUnknown, version: int = 2) -> None:
    """Load a newer pack of the town, with these entries in the place of those of the same ids."""
    ids = {entry.id for entry in changed}
    before: tuple[Entry, ...] = (*TOWN.facts, *TOWN.unknowns)
    entries = [*(entry for entry in before if entry.id not in ids), *changed]
    unknowns = [entry for entry in entries if isinstance(entry, KnownUnknown)]
    facts = [entry for entry in entries if not isinstance(entry, KnownUnknown)]
    await knowledge.load_pack(make_pack(facts, unknowns, NAMES, version=version))
    await knowledge.refresh()


async def test_what_a_server_writes_anew_is_seen_there_alone(
    town: KnowledgeBase, database: Database, clock: Clock
) -> None:
    shared = view(town)
    then = clock.tick()
    kept = await town.edit(RED_LAMP, EDITOR, server_id=HERE, seen=LAMP, reason="Ours is red.")
    await town.edit(OUR_PAY, EDITOR, server_id=HERE, seen=PAY)
    assert kept is not None
    assert (kept.entry, kept.version, kept.removed, kept.follows) == (RED_LAMP, 1, False, False)
    edited = Revision(1, Action.EDIT, EDITOR, then, "Ours is red.", fact_to_form(LAMP), fact_to_form(RED_LAMP))
    assert await town.history(LAMP.id, server_id=HERE) == [edited]
    assert kept.revision == edited
    assert [r.action for r in await town.history(LAMP.id, server_id=THERE)] == [Action.ADD]
    for knowledge in (town, await anew(database)):
        assert answer(knowledge, LAMP.canonical_question, HERE) == RED_LAMP.statement
        assert knowledge.facts(HERE) == [DEPTH, FERRY, BAKER, RED_LAMP]
        assert knowledge.engine.own(HERE) == [RED_LAMP, OUR_PAY]
        assert knowledge.ask(PAY.phrasings[0], server_id=HERE).say == OUR_PAY.say
        assert view(knowledge, THERE) == view(knowledge) == shared
    assert await view_anew(database, HERE) == view(town, HERE)


@on_sqlite
async def test_what_the_pack_and_the_operator_change_later_leaves_what_a_server_wrote(
    town: KnowledgeBase, database: Database
) -> None:
    await town.edit(RED_LAMP, EDITOR, server_id=HERE)
    await load(town, BLUE_LAMP)
    await town.edit(replace(LAMP, statement="It is violet."), OPERATOR)
    assert town.fact(LAMP.id, HERE) == RED_LAMP
    assert town.fact(LAMP.id, THERE) == town.fact(LAMP.id) == replace(LAMP, statement="It is violet.")
    await town.remove(LAMP.id, OPERATOR)
    assert town.find(LAMP.id, THERE) is town.find(LAMP.id) is None
    assert answer(town, LAMP.canonical_question, HERE) == RED_LAMP.statement
    assert await view_anew(database, HERE) == view(town, HERE)


@on_sqlite
async def test_what_a_server_brings_back_follows_what_is_shared_again(
    town: KnowledgeBase, database: Database, clock: Clock
) -> None:
    await town.remove(LAMP.id, EDITOR, server_id=HERE)
    await town.remove(PAY.id, EDITOR, server_id=HERE)
    assert town.removed(HERE) == (await anew(database)).removed(HERE) == [PAY, LAMP]
    assert town.ask(PAY.phrasings[0], server_id=HERE).is_open
    await load(town, RED_LAMP)
    assert town.find(LAMP.id, HERE) is None
    then = clock.tick()
    kept = await town.restore(LAMP.id, EDITOR, server_id=HERE)
    await town.restore(PAY.id, EDITOR, server_id=HERE)
    assert kept is not None
    assert kept.follows
    assert (await town.history(LAMP.id, server_id=HERE))[1:] == [
        Revision(2, Action.RESTORE, EDITOR, then, None, None, fact_to_form(RED_LAMP), follows=True)
    ]
    assert town.removed(HERE) == []
    assert view(town, HERE) == view(town)
    await town.edit(BLUE_LAMP, OPERATOR)
    await load(town, replace(PAY, say="It is a secret."), version=3)
    assert answer(town, LAMP.canonical_question, HERE) == BLUE_LAMP.statement
    assert town.ask(PAY.phrasings[0], server_id=HERE).say == "It is a secret."
    assert view(town, HERE) == view(town) == await view_anew(database, HERE)


@on_sqlite
async def test_a_server_that_removes_what_it_replaced_sees_neither_and_gets_its_own_back(
    town: KnowledgeBase, database: Database
) -> None:
    await town.edit(RED_LAMP, EDITOR, server_id=HERE)
    before = view(town, HERE)
    kept = await town.remove(LAMP.id, EDITOR, server_id=HERE)
    assert kept is not None
    assert (kept.removed, kept.follows) == (True, False)
    for knowledge in (town, await anew(database)):
        assert knowledge.entry(LAMP.id, HERE) is None
        assert knowledge.removed(HERE) == [RED_LAMP]
        assert knowledge.facts(HERE) == [DEPTH, FERRY, BAKER]
        assert answer(knowledge, LAMP.canonical_question, HERE) not in {LAMP.statement, RED_LAMP.statement}
    await town.restore(LAMP.id, EDITOR, server_id=HERE)
    assert view(town, HERE) == before == await view_anew(database, HERE)


async def test_an_edit_of_what_is_shared_is_refused_when_it_has_changed_meanwhile(
    town: KnowledgeBase, database: Database
) -> None:
    # Another program has loaded a newer pack; this one has not heard of it yet.
    await town.load_pack(make_pack([RED_LAMP, *TOWN.facts[1:]], TOWN.unknowns, NAMES, version=2))
    with pytest.raises(EditConflictError) as caught:
        await town.edit(BLUE_LAMP, EDITOR, server_id=HERE, seen=town.fact(LAMP.id, HERE))
    assert (caught.value.seen, caught.value.now) == (LAMP, RED_LAMP)
    await town.refresh()
    assert town.engine.own(HERE) == []
    await town.edit(BLUE_LAMP, EDITOR, server_id=HERE, seen=RED_LAMP)
    # From now on, only what the server itself does is in the way.
    await town.edit(LAMP, OPERATOR)
    await town.edit(RED_LAMP, EDITOR, server_id=HERE, seen=BLUE_LAMP)
    await town.remove(LAMP.id, EDITOR, server_id=HERE)
    with pytest.raises(EditConflictError) as caught:
        await town.edit(BLUE_LAMP, EDITOR, server_id=HERE, seen=RED_LAMP)
    assert caught.value.now is None
    assert len(await town.history(LAMP.id, server_id=HERE)) == 3
    assert await view_anew(database, HERE) == view(town, HERE)


@on_sqlite
async def test_what_a_pack_makes_of_a_known_unknown_stays_hidden_or_replaced_where_it_was(
    town: KnowledgeBase, database: Database
) -> None:
    await town.remove(PAY.id, EDITOR, server_id=HERE)
    await town.edit(OUR_PAY, EDITOR, server_id=THERE)
    await load(town, WAGE)
    for knowledge in (town, await anew(database)):
        assert knowledge.entry(PAY.id) == WAGE
        assert answer(knowledge, PAY.phrasings[0]) == WAGE.statement
        assert knowledge.entry(PAY.id, HERE) is None
        assert WAGE not in knowledge.facts(HERE)
        assert WAGE not in [
            fact for question in WAGE.phrasings for fact in knowledge.ask(question, server_id=HERE).facts
        ]
        assert knowledge.entry(PAY.id, THERE) == OUR_PAY
        assert WAGE not in knowledge.facts(THERE)
        assert knowledge.ask(PAY.phrasings[0], server_id=THERE).unknown == OUR_PAY
    with pytest.raises(InvalidFactError, match="both"):
        await town.edit(WAGE, EDITOR, server_id=THERE)
    await town.restore(PAY.id, EDITOR, server_id=HERE)
    await town.undo(PAY.id, 1, EDITOR, server_id=THERE)
    assert [(await town.stored(PAY.id, server_id=server_id)).entry for server_id in (HERE, THERE)] == [PAY, OUR_PAY]
    for server_id in (HERE, THERE):
        assert view(town, server_id) == view(town) == await view_anew(database, server_id)
        assert (await town.history(PAY.id, server_id=server_id))[-1].after == entry_to_form(WAGE)
    # It was not so: the newest pack knows nothing again.
    await load(town, PAY, version=3)
    assert [r.action.value for r in await town.history(PAY.id)] == ["add", "remove", "restore"]
    for server_id in (HERE, THERE):
        assert view(town, server_id) == view(town) == await view_anew(database, server_id)
    await town.edit(OUR_PAY, EDITOR, server_id=HERE, seen=PAY)
    assert town.ask(PAY.phrasings[0], server_id=HERE).unknown == OUR_PAY


def test_of_two_kinds_under_one_id_a_server_sees_its_own() -> None:
    engine = AnswerEngine.of([LAMP, DEPTH], [PAY])
    ours = KnownUnknown(LAMP.id, LAMP.phrasings, "Nobody looks at it.")
    engine.put(ours, 7, HERE)
    engine.put(WAGE, 8, HERE)
    assert (engine.facts(HERE), engine.unknowns(HERE)) == ([DEPTH, WAGE], [ours])
    assert engine.ask(LAMP.canonical_question, server_id=HERE).unknown == ours
    assert engine.ask(PAY.phrasings[0], server_id=HERE).facts == (WAGE,)
    assert engine.ask(PAY.phrasings[0], server_id=THERE).unknown == PAY
    engine.discard(ours, HERE)
    engine.hide(WAGE, HERE)
    engine.discard(WAGE, HERE)
    assert (engine.facts(HERE), engine.unknowns(HERE)) == ([LAMP, DEPTH], [])
    engine.unhide(WAGE, HERE)
    assert engine.unknowns(HERE) == [PAY]


def test_entries_of_each_kind_are_listed_in_the_order_of_their_positions() -> None:
    engine = AnswerEngine.of([LAMP, DEPTH, FERRY], [PAY, PIRATES])
    engine.discard(DEPTH)
    engine.discard(PAY)
    assert (engine.facts(), engine.unknowns()) == ([LAMP, FERRY], [PIRATES])
    engine.put(DEPTH, 1)
    engine.put(PAY, 0)
    assert (engine.facts(), engine.unknowns()) == ([LAMP, DEPTH, FERRY], [PAY, PIRATES])
    places = [engine.position(entry) for entry in (DEPTH, CLOCK_TOWER, PAY, replace(PAY, id="another"))]
    assert places == [1, 3, 0, 2]


@on_sqlite
async def test_a_server_has_only_so_much_of_its_own_and_nothing_changes_where_more_is_put(
    town: KnowledgeBase, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    monkeypatch.setattr("facts.memory.SERVER_ENTRIES_MAX", 2)
    monkeypatch.setattr("facts.memory.SERVER_CHARACTERS_MAX", sum(map(len, CLOCK_TOWER.phrasings)) + 40)
    tower = replace(CLOCK_TOWER, statement="It is forty metres high.", phrasings=("Tower?",))
    long_one = replace(LAMP, phrasings=("Which colour has the lamp of the lighthouse at night?",))
    before = await view_anew(database, HERE)
    for attempt in (
        town.edit(long_one, EDITOR, server_id=HERE),
        town.put_all([BLUE_LAMP, make_fact("one", "One.", "first?"), tower], EDITOR, server_id=HERE),
        town.add(make_fact("long", "Long.", "how long is the long pier of the old harbour?"), EDITOR, server_id=HERE),
        town.preview([make_fact(word, "So.", f"{word}?") for word in "abc"], server_id=HERE, questions=(), render=str),
    ):
        with pytest.raises(ServerFullError, match="at most 2 facts"):
            await attempt
    assert await view_anew(database, HERE) == view(town, HERE) == before
    # What makes less of it is always let in, and elsewhere there is room.
    await town.put_all([tower, make_fact("one", "One.", "first?")], EDITOR, server_id=HERE)
    await town.remove("one", EDITOR, server_id=HERE)
    await town.add(make_fact("two", "Two.", "second?"), EDITOR, server_id=HERE)
    with pytest.raises(ServerFullError):
        await town.restore("one", EDITOR, server_id=HERE)
    monkeypatch.setattr("facts.memory.SERVER_CHARACTERS_MAX", 0)
    await town.edit(replace(tower, phrasings=("High?",)), EDITOR, server_id=HERE)
    await town.remove(FERRY.id, EDITOR, server_id=HERE)
    await town.put_all([make_fact(word, "So.", f"{word} and so on?") for word in "abc"], EDITOR)
