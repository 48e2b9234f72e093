"""Stores of any size for measuring time and memory: the article's facts over and over, each time about other things."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from facts.matching.normalise import normalise
from facts.matching.wordlists import FUNCTION_WORDS
from facts.packs import shipped_packs

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu".split()
# So many phrasings a fact, as in the trial pack of the design (section 8).
PHRASINGS = 16
# This share of the content words is other in each copy; the rest stays common to all, as in real stores.
_CHANGED = 0.5


def entries(phrasings: int) -> Iterator[tuple[str, list[str]]]:
    """Give keys with phrasings, about this many phrasings in all; the same ones each time.

    The first copy is the article as it is. In each further one half of the content words are other, made-up ones, so
    that the vocabulary grows with the store while common words stand in more and more entries.
    """
    facts = [(fact.id, fact.phrasings[:PHRASINGS]) for pack in shipped_packs() for fact in pack.facts]
    given = copy = 0
    while given < phrasings:
        swap = _swap(copy) if copy else {}
        for fact_id, questions in facts:
            if given >= phrasings:
                return
            given += len(questions)
            yield f"{fact_id}-{copy}", [_swapped(question, swap) for question in questions]
        copy += 1


def questions(number: int) -> list[str]:
    """Give questions on the article for timing: phrasings that the stores do not hold, some with a letter missing."""
    rest = [question for pack in shipped_packs() for fact in pack.facts for question in fact.phrasings[PHRASINGS:]]
    rest += [question for pack in shipped_packs() for unknown in pack.unknowns for question in unknown.phrasings]
    chooser = random.Random(7)  # noqa: S311 - not for secrets
    chosen = [chooser.choice(rest) for _ in range(number)]
    return [text[:9] + text[10:] if place % 5 == 0 else text for place, text in enumerate(chosen)]


def _swap(copy: int) -> dict[str, str]:
    chooser = random.Random(copy)  # noqa: S311 - not for secrets
    words = {
        word for pack in shipped_packs() for fact in pack.facts for q in fact.phrasings for word in normalise(q).words
    }
    content = sorted(word for word in words if word not in FUNCTION_WORDS)
    return {
        word: "".join(chooser.choice(_SYLLABLES) for _ in range(3)) for word in content if chooser.random() < _CHANGED
    }


def _swapped(question: str, swap: dict[str, str]) -> str:
    return re.sub(r"[^\W\d_]+", lambda found: swap.get(found[0].lower(), found[0]), question)
