"""Facts to test with: made by hand, and found by Hypothesis."""

from __future__ import annotations

import datetime as dt
import hashlib
import string
import unicodedata
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from facts.entities import (
    FACT_ID_MAX,
    LOCATOR_MAX,
    NAME_MAX,
    PHRASING_MAX,
    STATEMENT_MAX,
    TOPIC_MAX,
    Fact,
    KnownUnknown,
    Measure,
    Milestone,
    Name,
    Pack,
    PartialDate,
    Precision,
    Source,
)
from facts.forms import SourceForm, source_key

if TYPE_CHECKING:
    from collections.abc import Iterable

GAZETTE = Source("gazette", "Harbour Gazette", "The town in figures", ("A reporter",), dt.date(2020, 3, 1))

# Any character that can be stored everywhere: PostgreSQL keeps no NUL, and lone surrogates are no characters.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
# What tests of text tend to forget: right-to-left, composed, astral, zero-width and full-width characters.
ODD = st.sampled_from(
    ["天和", "e\u0301", "שלום", "🧑‍🚀", "\u200b", "ＡＢＣ", "ß", "İ", "\u202e", "𝔸", '"', "\\", "\n", "\t"]
)


def texts(max_size: int) -> st.SearchStrategy[str]:
    """Texts as a form keeps them: with something to see, without white space around."""
    whole = st.lists(st.one_of(st.text(CHARACTERS, max_size=8), ODD), min_size=1, max_size=8).map("".join)
    return whole.map(lambda text: text[:max_size].strip()).filter(_is_seen)


def _is_seen(text: str) -> bool:
    return any(
        unicodedata.category(char)[0] not in "CMZ" and char not in "\u115f\u1160\u2800\u3164\uffa0" for char in text
    )


def lines(max_size: int) -> st.SearchStrategy[str]:
    """Texts as a form keeps them where they stand on one line."""
    return texts(max_size).map(lambda text: " ".join(text.split()))


def ids() -> st.SearchStrategy[str]:
    word = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
    return st.lists(word, min_size=1, max_size=5).map("-".join).filter(lambda text: len(text) <= FACT_ID_MAX)


def partial_dates() -> st.SearchStrategy[PartialDate]:
    def cut(date: dt.date, precision: Precision) -> PartialDate:
        if precision is Precision.YEAR:
            date = date.replace(month=1, day=1)
        elif precision is Precision.MONTH:
            date = date.replace(day=1)
        return PartialDate(date, precision)

    return st.builds(cut, st.dates(), st.sampled_from(Precision))


def sources() -> st.SearchStrategy[Source]:
    def named(form: SourceForm) -> Source:
        return form.entity(source_key(form))

    return st.builds(
        SourceForm,
        publisher=lines(40),
        title=st.none() | lines(60),
        authors=st.lists(lines(20), max_size=3).map(tuple),
        published=st.none() | st.dates(),
        url=st.none() | st.from_regex(r"https?://[a-z0-9.-]{1,20}(?:/[!#-;=?-~]{0,30})?", fullmatch=True),
    ).map(named)


def phrasings() -> st.SearchStrategy[tuple[str, ...]]:
    asking = lines(PHRASING_MAX - 4).map(lambda text: f"who {text}")
    return st.lists(asking, min_size=1, max_size=4, unique=True).map(tuple)


def facts(source: st.SearchStrategy[Source] | None = None) -> st.SearchStrategy[Fact]:
    finite = st.floats(allow_nan=False, allow_infinity=False)
    return st.builds(
        Fact,
        id=ids(),
        topic=texts(TOPIC_MAX),
        statement=texts(STATEMENT_MAX),
        phrasings=phrasings(),
        source=sources() if source is None else source,
        locator=st.none() | lines(LOCATOR_MAX),
        as_of=st.none() | st.dates(),
        milestone=st.none() | st.builds(Milestone, partial_dates(), lines(40), st.booleans()),
        measures=st.lists(st.builds(Measure, lines(10), finite, lines(10)), max_size=2).map(tuple),
        review_by=st.none() | st.dates(),
        superseded_by=st.none() | ids().map(lambda other: f"{other[: FACT_ID_MAX - 6]}-newer"),
    )


def unknowns() -> st.SearchStrategy[KnownUnknown]:
    return st.builds(KnownUnknown, ids(), phrasings(), st.none() | texts(STATEMENT_MAX))


def names() -> st.SearchStrategy[Name]:
    aliases = st.lists(texts(NAME_MAX), max_size=3, unique=True).map(tuple)
    return st.builds(Name, texts(NAME_MAX), aliases, st.none() | ids())


def fact_form(**changes: Any) -> dict[str, Any]:
    """Give the written form of a small sound fact, with these changes."""
    form: dict[str, Any] = {
        "id": "lamp-colour",
        "topic": "lighthouse",
        "statement": "The lamp is green.",
        "questions": ["what colour is the lamp?"],
        "source": {"publisher": "Harbour Gazette"},
    }
    return form | changes


def make_fact(fact_id: str, statement: str, *questions: str, **changes: Any) -> Fact:
    """Make a fact; what is not said is about the town."""
    fields: dict[str, Any] = {"topic": "town", "source": GAZETTE, "locator": "page 2", "as_of": dt.date(2020, 3, 1)}
    return Fact(id=fact_id, statement=statement, phrasings=questions, **(fields | changes))


def make_pack(
    facts: Iterable[Fact],
    unknowns: Iterable[KnownUnknown] = (),
    names: Iterable[Name] = (),
    *,
    version: int = 1,
    pack_id: str = "town",
) -> Pack:
    """Make a pack as the loader would."""
    facts, unknowns, names = tuple(facts), tuple(unknowns), tuple(names)
    sources = tuple(dict.fromkeys(fact.source for fact in facts))
    digest = hashlib.sha256(repr((version, facts, unknowns, names)).encode()).hexdigest()
    return Pack(pack_id, version, sources, facts, unknowns, names, digest)
