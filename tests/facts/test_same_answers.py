"""The same questions get the same answers whichever database holds the facts, to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli import answer_json
from facts.database import Database
from facts.knowledge import KnowledgeBase
from tests.conftest import Schema

if TYPE_CHECKING:
    from facts.engine import AnswerEngine
    from facts.entities import Pack

# Of our own questions every fifth, in all languages.
QUESTIONS = [
    json.loads(line)["question"]
    for name in ("held", "languages")
    for line in (Path(__file__).parents[1] / "questions" / f"{name}.jsonl").read_text("utf-8").splitlines()
][::5]


def replies(engine: AnswerEngine) -> list[str]:
    return [json.dumps(answer_json(engine.ask(question)), ensure_ascii=False) for question in QUESTIONS]


async def test_answers_are_the_same_on_both_databases(
    engine: AnswerEngine, packs: list[Pack], postgres_schema: Schema
) -> None:
    """The engine was read from SQLite."""
    await postgres_schema.make_empty()
    database = Database(postgres_schema.url)
    knowledge = await KnowledgeBase.open(database, packs)
    await database.close()
    assert len(QUESTIONS) > 300
    assert replies(knowledge.engine) == replies(engine)
