"""Ask random and mutated questions: none may fail, and none may take longer than ``LONGEST`` milliseconds.

Run with ``make fuzz``. The same questions are asked each time; the slowest are printed. A failure ends the run.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from typing import TYPE_CHECKING

from facts.engine import AnswerEngine
from facts.packs import shipped_packs

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = 100_000
LONGEST = 50.0
SEED = 2021
# Letters of many scripts, digits, marks, emoji, what cannot be seen, and halves of what is no character.
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz '?",
    "天和空间站太空行走火星月球的了是",
    "ひらがなカタカナ漢字",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя ",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي ",
    "🚀👩‍🚀🛰️🌕🇨🇳😀👍🏽",
    "0123456789.,-+*/=%",
    "\x00\x01\x1b\t\n\r\u200b\u200d\u202e\ufeff\u0301\u0489",
    '<>@#&!|`*_~[](){}\\/"',
    "".join(map(chr, range(0x20, 0x250))),
)


def _text(chooser: random.Random, longest: int) -> str:
    alphabet = chooser.choice(ALPHABETS) if chooser.random() < 0.7 else "".join(ALPHABETS)
    return "".join(chooser.choice(alphabet) for _ in range(chooser.randrange(longest)))


def _mutated(chooser: random.Random, seeds: list[str]) -> str:
    text = list(chooser.choice(seeds))
    for _ in range(chooser.randrange(1, 8)):
        place = chooser.randrange(len(text) + 1)
        match chooser.randrange(5):
            case 0:
                del text[place : place + chooser.randrange(1, 4)]
            case 1:
                text.insert(place, _text(chooser, 4))
            case 2:
                text[place : place + 2] = text[place : place + 2][::-1]
            case 3:
                text[place:place] = " " + chooser.choice(seeds)
            case _:
                text = [letter.upper() for letter in text]
    return "".join(text)


def questions(number: int, seed: int = SEED) -> list[tuple[str, str | None]]:
    """Give questions, some with the one before.

    Args:
        number: how many.
        seed: the same seed gives the same questions.
    """
    chooser = random.Random(seed)  # noqa: S311 - not for secrets
    packs = list(shipped_packs())
    seeds = [phrasing for pack in packs for fact in pack.facts for phrasing in fact.phrasings]
    seeds += [phrasing for pack in packs for unknown in pack.unknowns for phrasing in unknown.phrasings]
    fixed: list[Callable[[], str]] = [
        lambda: "",
        lambda: chooser.choice("aé天я🚀?") * 4000,
        lambda: " ".join(chooser.choice(seeds) for _ in range(80))[:4000],
        lambda: _text(chooser, 4000),
        lambda: "".join(chooser.choice("astronuticlegh") for _ in range(chooser.randrange(4, 60))),
        lambda: " ".join(_text(chooser, 9) for _ in range(60)),
    ]
    made = []
    for _ in range(number):
        kind = chooser.random()
        if kind < 0.05:
            text = chooser.choice(fixed)()
        elif kind < 0.35:
            text = _text(chooser, 120)
        else:
            text = _mutated(chooser, seeds)
        made.append((text, chooser.choice(seeds) if chooser.random() < 0.2 else None))
    return made


def milliseconds(engine: AnswerEngine, question: str, context: str | None) -> float:
    """Give the time that a question takes."""
    started = time.perf_counter()
    engine.ask(question, context=context)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    engine = AnswerEngine.of_packs(shipped_packs())
    engine.learn()
    asked = questions(number)
    gc.freeze()
    times = []
    for question, context in asked:
        # The machine may be busy with something else for a moment: a slow question gets two more tries.
        tries = [milliseconds(engine, question, context)]
        while tries[-1] > LONGEST and len(tries) < 3:
            tries.append(milliseconds(engine, question, context))
        times.append(min(tries))
    print(f"{number:,} questions: median {statistics.median(times):.2f} ms, longest {max(times):.1f} ms")
    for place in sorted(range(number), key=times.__getitem__, reverse=True)[:5]:
        print(f"{times[place]:6.1f} ms  {asked[place][0][:80]!r} ({len(asked[place][0])} characters)")
    if max(times) > LONGEST:
        sys.exit(f"Longer than {LONGEST} ms.")


if __name__ == "__main__":
    main()
