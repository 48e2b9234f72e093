"""The article that ships: every fact is held to the rules."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from facts.entities import Fact, KnownUnknown, Measure, Pack, Precision
from facts.matching.normalise import normalise, normalise_kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from facts.engine import AnswerEngine

TOPICS = {"crew", "modules", "milestones", "spacewalk", "station", "programme", "people", "article"}
LEAST_FACTS = 60
LEAST_PHRASINGS = 12
LEAST_UNKNOWNS = 25
LEAST_UNKNOWN_PHRASINGS = 3
COPIED_RUN = 7
REPORTED = dt.date(2021, 7, 4)
ARTICLE = Path(__file__).parents[3] / "shared" / "article.txt"


def fact(article: Pack, fact_id: str) -> Fact:
    return next(fact for fact in article.facts if fact.id == fact_id)


def texts(article: Pack) -> Iterator[tuple[str, str]]:
    """Give every text that people may read or be shown, each with the id of its entry."""
    for entry in article.facts:
        yield entry.id, entry.statement
        yield from ((entry.id, phrasing) for phrasing in entry.phrasings)
    for unknown in article.unknowns:
        yield unknown.id, unknown.say or ""
        yield from ((unknown.id, phrasing) for phrasing in unknown.phrasings)


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+(?:['-]\w+)*", text.casefold().replace("’", "'"))
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def test_there_are_facts_and_known_unknowns_enough(article: Pack) -> None:
    assert len(article.facts) >= LEAST_FACTS
    assert len(article.unknowns) >= LEAST_UNKNOWNS


def test_every_fact_is_held_to_the_rules(article: Pack) -> None:
    broken = [
        f"{fact.id}: {rule}"
        for fact in article.facts
        for rule, kept in {
            "a known topic": fact.topic in TOPICS,
            "a statement that is a sentence": re.fullmatch(r"[A-Z“].*\.", fact.statement) is not None,
            "a place in the source": bool(fact.locator),
            "the day of the report": fact.as_of == REPORTED,
            "phrasings enough": len(fact.phrasings) >= LEAST_PHRASINGS,
            "a source of the pack": fact.source in article.sources,
        }.items()
        if not kept
    ]
    assert broken == []


def test_no_topic_is_empty(article: Pack) -> None:
    with_facts = {fact.topic for fact in article.facts}
    assert with_facts == TOPICS


def test_a_place_in_the_source_is_one_that_the_report_has(article: Pack) -> None:
    odd = [
        (fact.id, fact.locator)
        for fact in article.facts
        if not re.fullmatch(
            r"dateline|paragraphs? (?:[1-9]|1[0-2])(?:(?:, | and | to )(?:[1-9]|1[0-2]))*", str(fact.locator)
        )
    ]
    assert odd == []


def test_phrasings_of_an_entry_differ_in_words_and_not_only_in_their_order(article: Pack) -> None:
    entries: list[Fact | KnownUnknown] = [*article.facts, *article.unknowns]
    alike: list[tuple[str, str, str]] = []
    for entry in entries:
        seen: dict[frozenset[str], str] = {}
        for phrasing in entry.phrasings:
            words = frozenset(normalise(phrasing).words)
            if words in seen:
                alike.append((entry.id, seen[words], phrasing))
            seen[words] = phrasing
    assert alike == []


def test_canonical_questions_are_written_out_as_questions_and_tell_facts_apart(article: Pack) -> None:
    questions = [fact.canonical_question for fact in article.facts]
    assert [question for question in questions if not re.fullmatch(r"[A-Z].+\?", question)] == []
    assert len(set(questions)) == len(questions)


def test_every_known_unknown_has_a_sentence_and_phrasings_enough(article: Pack) -> None:
    broken = [
        unknown.id
        for unknown in article.unknowns
        if not (unknown.say and unknown.say.endswith(".") and len(unknown.phrasings) >= LEAST_UNKNOWN_PHRASINGS)
    ]
    assert broken == []


def test_milestones_are_known_to_the_day_the_month_or_the_year(article: Pack) -> None:
    dated = [fact.milestone for fact in article.facts if fact.milestone]
    assert {milestone.when.precision for milestone in dated} == set(Precision)
    assert all(milestone.label for milestone in dated)
    assert {m.planned for m in dated} == {True, False}
    for milestone in dated:
        assert milestone.planned == (milestone.when.date > REPORTED), milestone.label


def test_milestones_are_those_of_the_report(article: Pack) -> None:
    dated = {str(fact.milestone.when) for fact in article.facts if fact.milestone}
    assert dated == {
        "2008",
        "December 2020",
        "29 April 2021",
        "May 2021",
        "June 2021",
        "4 July 2021",
        "December 2022",
        "2030",
    }


def test_tianhe_is_measured(article: Pack) -> None:
    length, volume = fact(article, "tianhe-length"), fact(article, "tianhe-volume")
    assert [m for m in length.measures if m.unit == "m"] == [Measure("length", 16.6, "m")]
    assert [(m.value, m.unit) for m in volume.measures if m.unit == "m³"] == [(50, "m³")]
    assert "16.6" in length.statement
    assert "50" in volume.statement


@pytest.mark.parametrize(
    ("name", "chinese"),
    [("Nie Haisheng", "聂海胜"), ("Liu Boming", "刘伯明"), ("Tang Hongbo", "汤洪波"), ("Tianhe", "天和")],
)
def test_crew_and_modules_are_known_by_their_chinese_names_too(article: Pack, name: str, chinese: str) -> None:
    (known,) = [known for known in article.names if known.name == name]
    assert chinese in known.aliases


def test_nothing_is_invented_about_the_source(article: Pack) -> None:
    (source,) = article.sources
    assert (source.publisher, source.title, source.published, source.url) == ("CNN", None, None, None)
    assert set(source.authors) == {"Lily Lee", "Amy Woodyatt", "Ben Westcott", "Yong Xiong"}


def test_every_name_is_about_a_fact_that_exists_and_stands_once(article: Pack) -> None:
    ids = {fact.id for fact in article.facts}
    assert [name for name in article.names if name.about not in {None, *ids}] == []
    spellings = [text.casefold() for name in article.names for text in (name.name, *name.aliases)]
    assert sorted({text for text in spellings if spellings.count(text) > 1}) == []


def test_nothing_is_copied_from_the_article(article: Pack) -> None:
    if not ARTICLE.exists():
        pytest.skip("the article's text is not beside the repository: it is not ours to ship")
    original = runs(ARTICLE.read_text("utf-8"), COPIED_RUN)
    assert original
    copied = [(entry_id, text) for entry_id, text in texts(article) if runs(text, COPIED_RUN) & original]
    assert copied == []


def test_while_somebody_types_a_name_what_is_about_it_comes_first(engine: AnswerEngine) -> None:
    for typed in ("tia", "tianhe"):
        suggested = [fact.canonical_question for fact in engine.suggest(typed, limit=4)]
        assert all("Tia" in question for question in suggested), typed
    begins = engine.suggest("How long is", limit=1)[0].canonical_question
    assert begins.startswith("How long is")


def test_what_people_ask_is_not_remembered(engine: AnswerEngine) -> None:
    before = normalise_kept.cache_info()
    engine.ask("does my neighbour Zorblax know how long tianhe is?")
    after = normalise_kept.cache_info()
    assert (after.currsize, after.misses) == (before.currsize, before.misses)


@pytest.mark.parametrize("said", ["nonsense", "that is nonsense", "/nonsense"])
def test_scorn_is_no_question_about_a_sense(engine: AnswerEngine, said: str) -> None:
    assert not engine.ask(said).shown
