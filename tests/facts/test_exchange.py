"""The exchange file: what goes out comes back in, and every fault is told, all at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from facts.entities import Fact, KnownUnknown, Name, Pack, Source
from facts.errors import PackError
from facts.exchange import Exchange, dump_exchange, parse_exchange
from facts.forms import source_key
from tests.facts.making import GAZETTE, fact_form, facts, names, sources, unknowns


def parse(**data: Any) -> Exchange:
    return parse_exchange(json.dumps(data))


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(PackError) as caught:
        parse_exchange(text, "town.json")
    assert caught.value.sentence.startswith("town.json has ")
    assert all(fault in caught.value.sentence for fault in caught.value.faults)
    return caught.value.faults


def sourceless(**changes: Any) -> dict[str, Any]:
    form = fact_form(**changes)
    del form["source"]
    return form


def several(source: st.SearchStrategy[Source] | None = None) -> st.SearchStrategy[list[Fact]]:
    return st.lists(facts(source), max_size=4, unique_by=lambda fact: fact.id)


several_unknowns = st.lists(unknowns(), max_size=3, unique_by=lambda unknown: unknown.id)


def apart(some: list[Fact], unknown: list[KnownUnknown]) -> list[KnownUnknown]:
    """Give the known unknowns whose ids no fact has."""
    return [one for one in unknown if one.id not in {fact.id for fact in some}]


several_names = st.lists(names(), max_size=3, unique_by=lambda name: name.name)


@settings(max_examples=50)
@given(several(), several_unknowns, several_names)
def test_what_is_written_reads_back_the_same(some: list[Fact], unknown: list[KnownUnknown], named: list[Name]) -> None:
    unknown = apart(some, unknown)
    back = parse_exchange(dump_exchange(some, unknown, named))
    assert back == Exchange(tuple(some), tuple(unknown), tuple(named))


@settings(max_examples=50)
@given(sources().flatmap(lambda source: several(st.just(source))))
def test_a_source_that_all_share_is_written_once(some: list[Fact]) -> None:
    text = dump_exchange(some)
    data = json.loads(text)
    assert ("source" in data) == bool(some)
    assert all("source" not in form for form in data["facts"])
    assert parse_exchange(text).facts == tuple(some)


def test_sources_that_differ_stay_with_their_facts() -> None:
    other = Source("x", "Harbour Gazette", "Another page")
    some = [
        Fact("a", "town", "A.", ("a?",), GAZETTE),
        Fact("b", "town", "B.", ("b?",), other),
        Fact("c", "town", "C.", ("c?",), GAZETTE),
    ]
    text = dump_exchange(some)
    assert "source" not in json.loads(text)
    assert [fact.source for fact in parse_exchange(text).facts] == [GAZETTE, other, GAZETTE]


def test_the_article_reads_back_from_an_exchange_file(article: Pack) -> None:
    back = parse_exchange(dump_exchange(article.facts, article.unknowns, article.names))
    assert back == Exchange(article.facts, article.unknowns, article.names)


def test_the_file_is_written_for_people_to_read() -> None:
    text = dump_exchange([Fact("lamp", "town", "天和 is “green”.", ("what is 天和?",), GAZETTE)])
    assert "天和 is “green”." in text
    assert text.endswith("}\n")


@given(sources())
def test_the_key_of_a_source_is_readable_and_fits_its_column(source: Source) -> None:
    key = source_key(source)
    assert 0 < len(key) <= 64
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_facts_without_a_source_have_that_of_the_file() -> None:
    own = {"publisher": "CNN", "title": "A report"}
    parsed = parse(
        source={"publisher": "Harbour Gazette", "url": "https://gazette.example/1"},
        facts=[sourceless(id="a"), fact_form(id="b", source=own), fact_form(id="c", source=None)],
    )
    gazette = Source("", "Harbour Gazette", url="https://gazette.example/1")
    assert [fact.source for fact in parsed.facts] == [gazette, Source("", "CNN", "A report"), gazette]


def test_a_source_may_be_a_publishers_name_alone() -> None:
    (fact,) = parse(facts=[fact_form(source=" Reuters ")]).facts
    assert fact.source == Source("", "Reuters")


def test_unknowns_and_names_may_be_left_out() -> None:
    parsed = parse(facts=[fact_form()])
    assert (len(parsed.facts), parsed.unknowns, parsed.names) == (1, (), ())


def test_unknowns_need_no_id() -> None:
    parsed = parse(facts=[], unknowns=[{"questions": ["why?"]}, {"questions": ["who?"], "say": "Nobody knows."}])
    assert [unknown.phrasings for unknown in parsed.unknowns] == [("why?",), ("who?",)]
    assert len({unknown.id for unknown in parsed.unknowns}) == 2


def test_an_id_that_is_made_for_an_unknown_is_readable_always_the_same_and_its_own() -> None:
    def made(*asked: str, **more: Any) -> list[str]:
        parsed = parse(facts=[], unknowns=[{"questions": [question, *more.get("others", [])]} for question in asked])
        return [unknown.id for unknown in parsed.unknowns]

    (first,) = made("How heavy is Tianhe?")
    assert first.startswith("how-heavy-is-tianhe-")
    assert made("Who?", "how heavy is tianhe?", "How heavy is Tianhe?")[1:] == [first, f"{first}-2"]
    assert made("How heavy is Tianhe?", others=["or not"]) == [first]
    assert made("How heavy: is Tianhe?") != [first]
    assert len({*made("多重？", "q" * 300, "q" * 299)}) == 3


def test_an_id_that_is_made_for_an_unknown_is_nobodys() -> None:
    (made,) = (unknown.id for unknown in parse(facts=[], unknowns=[{"questions": ["who?"]}]).unknowns)
    parsed = parse(facts=[fact_form(id=made)], unknowns=[{"questions": ["who?"]}])
    assert [unknown.id for unknown in parsed.unknowns] == [f"{made}-2"]


def test_unknowns_with_the_same_id_are_a_fault_as_facts_are() -> None:
    same = [{"id": "why", "questions": ["why?"]}, {"id": "why", "questions": ["who?"]}]
    (fault,) = faults_of(json.dumps({"facts": [], "unknowns": same}))
    assert fault.startswith("unknown 2, id: ")


def test_a_fact_and_an_unknown_cannot_share_an_id_nor_two_names_be_one() -> None:
    data = {
        "facts": [fact_form(id="why")],
        "unknowns": [{"id": "why", "questions": ["why?"]}],
        "names": [{"name": "Green Lamp"}, {"name": " Green Lamp "}],
    }
    assert faults_of(json.dumps(data)) == (
        "unknown 1, id: “why” stands more than once",
        "name 2, name: “Green Lamp” stands more than once",
    )


def test_every_faulty_field_is_told_at_once_with_facts_numbered_from_one() -> None:
    bad = fact_form(id="Bad Id")
    del bad["topic"]
    data = {
        "facts": [bad, fact_form(), fact_form(id="b", questions=[], colour="red")],
        "unknowns": [{"questions": ["q" * 301, "why?"]}],
        "names": [{"name": "n"}, {"aliases": []}],
        "fatcs": [],
    }
    told = faults_of(json.dumps(data))
    expected = [
        "fact 1, id: an id is",
        "fact 1, topic: is missing",
        "fact 3, questions: ",
        "fact 3, colour: is not a field that is known here",
        "unknown 1, questions.0: ",
        "name 2, name: is missing",
        "fatcs: is not a field that is known here",
    ]
    assert len(told) == len(expected)
    for fault in expected:
        assert any(line.startswith(fault) for line in told), fault


def test_every_missing_source_and_repeated_id_is_told_at_once() -> None:
    data = {"facts": [fact_form(id="a"), sourceless(id="b"), fact_form(id="a"), sourceless(id="c")]}
    assert faults_of(json.dumps(data)) == (
        "fact 2, source: is missing, and the file names none for all",
        "fact 3, id: “a” stands more than once",
        "fact 4, source: is missing, and the file names none for all",
    )


def test_an_id_that_stands_twice_without_a_source_has_both_faults() -> None:
    told = faults_of(json.dumps({"facts": [fact_form(id="a"), sourceless(id="a")]}))
    assert [fault.partition(":")[0] for fault in told] == ["fact 2, source", "fact 2, id"]


def test_faults_of_fields_do_not_hide_missing_sources() -> None:
    told = "\n".join(faults_of(json.dumps({"facts": [fact_form(id="Bad Id"), sourceless(id="b")]})))
    assert "fact 1, id: " in told
    assert "fact 2, source: is missing" in told


@pytest.mark.parametrize("text", ["", "{", "[1,]", "{'facts': []}", '{"facts": [}', "[" * 100_000])
def test_text_that_is_not_json_is_told_as_such(text: str) -> None:
    (fault,) = faults_of(text)
    assert fault.startswith("not valid JSON: ")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1" * 5_000, id="a number of 5,000 digits"),
        pytest.param('{"facts": [], "version": ' + "1" * 5_000 + "}", id="a field with 5,000 digits"),
        pytest.param('{"facts": [{"id": "\\ud800"}]}', id="half of a surrogate pair"),
        pytest.param('{"\\ud800": 1, "facts": []}', id="half of a surrogate pair as a field"),
        pytest.param("null", id="null"),
        pytest.param("[]", id="a list"),
        pytest.param("{}", id="no facts"),
        pytest.param('{"facts": {}}', id="facts that are no list"),
        pytest.param(
            json.dumps({"facts": [fact_form(measures=[{"quantity": "l", "value": 1e300, "unit": "m"}])]}).replace(
                "1e+300", "1e999"
            ),
            id="an infinite measure",
        ),
        pytest.param(
            json.dumps({"facts": [fact_form(measures=[{"quantity": "l", "value": float("nan"), "unit": "m"}])]}),
            id="a measure that is no number",
        ),
    ],
)
def test_what_no_exchange_file_should_hold_is_a_fault_of_the_file(text: str) -> None:
    assert faults_of(text)


def is_read_or_refused(text: str) -> None:
    try:
        exchange = parse_exchange(text)
    except PackError as error:
        faults: tuple[str, ...] = error.faults
    else:
        faults = ("none",)
        assert parse_exchange(dump_exchange(exchange.facts, exchange.unknowns, exchange.names)) == exchange
    assert faults
    assert all(fault.strip() for fault in faults)


@given(st.text())
@example('{"facts": [], "facts": []}')
def test_any_text_is_read_or_refused(text: str) -> None:
    is_read_or_refused(text)


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(any_json)
def test_any_json_is_read_or_refused(data: object) -> None:
    is_read_or_refused(json.dumps(data))


@given(st.data())
def test_a_sound_file_with_anything_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    whole: dict[str, Any] = {
        "source": {"publisher": "Harbour Gazette", "authors": ["A reporter"], "published": "2020-03-01"},
        "facts": [
            fact_form(
                milestone={"date": "2021-06", "label": "Lit", "planned": True},
                measures=[{"quantity": "height", "value": 3.5, "unit": "m"}],
                as_of="2020-03-01",
                locator="page 2",
            ),
            sourceless(id="b"),
        ],
        "unknowns": [{"id": "why", "questions": ["why?"], "say": "Nobody knows."}],
        "names": [{"name": "Green Lamp", "aliases": ["lamp"], "about": "b"}],
    }
    place: Any = whole
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        if data.draw(st.booleans()):
            del place[key]
        else:
            place[key] = data.draw(any_json)
        break
    is_read_or_refused(json.dumps(whole))
