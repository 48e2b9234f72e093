"""A small town to test the keeping of facts with, and what somebody gets to see of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from facts.entities import Author, Fact, KnownUnknown, Measure, Milestone, Name, Origin, PartialDate, Source
from facts.knowledge import KnowledgeBase
from facts.matching.decision import Outcome
from facts.models import FactRow, RevisionRow, SourceRow
from tests.facts.making import make_fact, make_pack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from facts.database import Database

# For tests of what no database does otherwise than another.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HERE, THERE = 2**63 - 1, 2**62 + 1
EDITOR = Author(Origin.EDITOR, 2**63 - 2)
OPERATOR = Author(Origin.OPERATOR)
PACK_AUTHOR = Author(Origin.PACK)
START = dt.datetime(2021, 7, 4, 12, 0, tzinfo=dt.UTC)

LAMP = make_fact(
    "lamp-colour",
    "The lamp of the lighthouse is green.",
    "What colour is the lighthouse lamp?",
    "which colour does the lamp shine in",
    "is the lamp of the lighthouse red or green",
    topic="lighthouse",
    milestone=Milestone(PartialDate.parse("1901-05"), "Lamp first lit"),
)
DEPTH = make_fact(
    "harbour-depth",
    "The harbour is nine metres deep.",
    "How deep is the harbour?",
    "depth of the harbour in metres",
    "what is the harbour's depth",
    measures=(Measure("depth", 9.25, "m"),),
)
FERRY = make_fact(
    "ferry-morning",
    "The first ferry leaves at six.",
    "When does the first ferry leave?",
    "time of the earliest ferry",
    "what hour does the ferry sail in the morning",
    milestone=Milestone(PartialDate.parse("1888"), "First ferry"),
)
BAKER = make_fact(
    "baker-name",
    "The baker is called Otto Lund.",
    "What is the baker called?",
    "who bakes the bread in town",
    "name of the baker",
    milestone=Milestone(PartialDate.parse("2031-01-02"), "Bakery to move", planned=True),
)
PAY = KnownUnknown(
    "keeper-pay",
    ("What does the keeper earn?", "salary of the lighthouse keeper"),
    "Nobody says what the keeper earns.",
)
PIRATES = KnownUnknown(
    "pirate-gold", ("Where is the pirates' gold buried?", "where did pirates hide gold"), "Who knows."
)
NAMES = (Name("Otto Lund", ("Otto", "奥托"), "baker-name"), Name("Harbour Gazette", ("the Gazette",)))
TOWN = make_pack([LAMP, DEPTH, FERRY, BAKER], [PAY, PIRATES], NAMES)

CLOCK_TOWER = make_fact(
    "tower-height",
    "The clock tower is thirty metres high.",
    "How high is the clock tower?",
    "height of the clock tower",
    "how many metres does the tower measure",
    source=Source("almanac", "Town Almanac", url="https://almanac.example/tower"),
    milestone=Milestone(PartialDate.parse("1950"), "Clock tower built"),
)
RED_LAMP = replace(LAMP, statement="The lamp of the lighthouse is red.")
BLUE_LAMP = replace(LAMP, statement="The lamp of the lighthouse is blue.")
GHOST = KnownUnknown("tower-ghost", ("Is the tower haunted?", "does a ghost live in the tower"))

QUESTIONS = [
    *(fact.canonical_question for fact in (LAMP, DEPTH, FERRY, BAKER, CLOCK_TOWER)),
    *(unknown.phrasings[-1] for unknown in (PAY, PIRATES)),
    LAMP.phrasings[2],
    "lamp?",
    "how deep is it",
    "who is otto",
    "what colour is the tower?",
]


@dataclass
class Clock:
    """A clock that a test sets."""

    now: dt.datetime = field(default=START)

    def __call__(self) -> dt.datetime:
        return self.now

    def tick(self) -> dt.datetime:
        self.now += dt.timedelta(minutes=7, microseconds=1)
        return self.now


async def count(database: Database, table: type[RevisionRow | FactRow | SourceRow]) -> int:
    async with database.reading() as session:
        return (await session.scalars(select(func.count()).select_from(table))).one()


def answer(knowledge: KnowledgeBase, question: str, server_id: int | None = None) -> str:
    """Give the statement that a question gets, or the outcome when it gets none."""
    got = knowledge.ask(question, server_id=server_id)
    return got.facts[0].statement if got.outcome is Outcome.ANSWER else got.outcome.value


def ids(found: Iterable[Fact]) -> list[str]:
    return [fact.id for fact in found]


def view(knowledge: KnowledgeBase, server_id: int | None = None) -> dict[str, Any]:
    """Give all that somebody in a server can get to see."""
    answers = [knowledge.ask(question, server_id=server_id) for question in QUESTIONS]
    if server_id is not None:
        own = knowledge.engine.own(server_id)
        phrasings = [phrasing for entry in own for phrasing in entry.phrasings]
        assert knowledge.engine.own_size(server_id) == (len(own), sum(map(len, phrasings)))
    return {
        "facts": knowledge.facts(server_id),
        "unknowns": knowledge.engine.unknowns(server_id),
        "removed": knowledge.removed(server_id) if server_id is not None else [],
        "milestones": sorted(ids(knowledge.milestones(server_id))),
        "sources": knowledge.sources(server_id),
        "names": knowledge.names(),
        "answers": [(got.outcome, got.facts, got.say, set(ids(got.related))) for got in answers],
        "suggestions": [
            sorted(ids(knowledge.suggest(typed, server_id=server_id, limit=25))) for typed in ("", "lamp", "who")
        ],
    }


async def view_anew(database: Database, server_id: int | None = None) -> dict[str, Any]:
    """Give the same as a program sees it that has just started."""
    return view(await anew(database, server_id), server_id)


async def anew(database: Database, *server_ids: int | None) -> KnowledgeBase:
    """Give what a program knows that has just started, and has been asked in these servers, or in both of ours."""
    knowledge = await KnowledgeBase.open(database)
    for server_id in server_ids or (HERE, THERE):
        await knowledge.prepare(server_id)
    return knowledge
