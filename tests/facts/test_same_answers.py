"""The same questions get the same answers whichever database holds the facts, to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli import answer_json
from facts.database import Database
from facts.knowledge import KnowledgeBase
from tests.conftest import Schema
from tests.facts.town import CLOCK_TOWER, EDITOR, HERE

if TYPE_CHECKING:
    from facts.entities import Pack

QUESTIONS = [
    json.loads(line)["question"]
    for name in ("held", "languages")
    for line in (Path(__file__).parents[1] / "questions" / f"{name}.jsonl").read_text("utf-8").splitlines()
]
# Some of each kind are enough, for either place.
EVERY = 12


async def replies(database: Database, packs: list[Pack]) -> list[str]:
    knowledge = await KnowledgeBase.open(database, packs)
    await knowledge.add(CLOCK_TOWER, EDITOR, server_id=HERE)
    await knowledge.remove("tianhe-length", EDITOR, server_id=HERE)
    # As a program knows it that starts on what is there.
    knowledge = await KnowledgeBase.open(database, packs)
    await knowledge.prepare(HERE)
    return [
        json.dumps(answer_json(knowledge.ask(question, server_id=server_id)), ensure_ascii=False)
        for server_id in (None, HERE)
        for question in [*QUESTIONS[::EVERY], *CLOCK_TOWER.phrasings, "how long is tianhe?"]
    ]


async def test_answers_are_the_same_on_both_databases(
    packs: list[Pack], migrated_sqlite_url: str, postgres_schema: Schema
) -> None:
    await postgres_schema.make_empty()
    got = []
    for url in (migrated_sqlite_url, postgres_schema.url):
        database = Database(url)
        got.append(await replies(database, packs))
        await database.close()
    assert len(got[0]) > 400
    assert got[0] == got[1]
