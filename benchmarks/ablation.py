"""What each part of the matching brings: the questions asked with that part taken out.

Run with ``python -m benchmarks.ablation [QUESTIONS.jsonl ...]``; without files, on our own sets. Prints the table of
``docs/matching.md``.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from bot.ui.text import answer_text
from facts.engine import AnswerEngine
from facts.evaluation import Question, QuestionClass, Verdict, evaluate, read_questions
from facts.matching import index, learning, lexicon
from facts.matching.matcher import Matcher
from facts.packs import shipped_packs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETS = (Path("tests/questions/tune.jsonl"), Path("tests/questions/held.jsonl"))
_JOINED = index._joined  # noqa: SLF001 - called with no letters


def _no_pairs(_terms: tuple[str, ...]) -> Iterator[str]:
    return iter(())


# What is replaced by what.
PARTS: dict[str, list[tuple[object, str, Any]]] = {
    "as it is": [],
    "counted score alone": [(AnswerEngine, "learn", lambda engine, _limit=None: engine.leave_learning())],
    "learnt score alone": [(index, "_COUNTED_SHARE", 0.0)],
    "no pairs of words": [(index, "pairs", _no_pairs)],
    "no letter runs": [(index, "_joined", lambda ids, weights, _letters: _JOINED(ids, weights, []))],
    "no typo correction": [(lexicon.Speller, "nearest", lambda _self, _word: None)],
    "no names, aliases and other words": [(lexicon.Aliases, "add", lambda *_, **__: None)],
    "no kinds of answer": [(index, "question_kind", lambda _words: None)],
    "no parts, no shortening": [
        (Matcher, "_in_parts", lambda *_: ([], [])),
        (Matcher, "_coordinated", lambda *_: ()),
        (Matcher, "_shortened", lambda _self, _question, whole: whole),
    ],
    "every own phrasing costs the same": [(learning, "_LEAST_OWN_COST", 6.0), (learning, "_MOST_OWN_COST", 6.0)],
    "no known unknowns": [],
}


def engine(*, unknowns: bool) -> AnswerEngine:
    """Make the article's engine, with or without its known unknowns."""
    packs = list(shipped_packs())
    return AnswerEngine.of(
        [fact for pack in packs for fact in pack.facts],
        [unknown for pack in packs for unknown in pack.unknowns if unknowns],
        [name for pack in packs for name in pack.names],
    )


def figures(made: AnswerEngine, questions: list[Question], render: Callable[..., str]) -> str:
    """Give the shares of one set: answerable right and wrong, and near misses answered."""
    report = evaluate(made, questions, render)
    shares = [
        report.share(QuestionClass.ANSWERABLE, Verdict.CORRECT),
        report.share(QuestionClass.ANSWERABLE, Verdict.WRONG),
        report.share(QuestionClass.NEAR_MISS, Verdict.WRONG),
    ]
    return " / ".join(f"{share * 100:.0f}" for share in shares)


def main() -> None:
    paths = [Path(argument) for argument in sys.argv[1:]] or list(SETS)
    sets = {path.stem: read_questions(path.read_text("utf-8")) for path in paths}
    print(f"| right / wrong / near misses answered, % | {' | '.join(sets)} |")
    print("| --- |" + " --- |" * len(sets))
    for name, replaced in PARTS.items():
        with ExitStack() as stack:
            for owner, attribute, other in replaced:
                stack.enter_context(patch.object(owner, attribute, other))
            made = engine(unknowns=name != "no known unknowns")
            made.learn()
            print(f"| {name} | {' | '.join(figures(made, questions, answer_text) for questions in sets.values())} |")


if __name__ == "__main__":
    main()
