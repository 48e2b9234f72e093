"""The written form of facts: what it accepts, what it refuses, and that nothing is lost on the way."""

from __future__ import annotations

import json
import re
import string
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from facts.entities import (
    FACT_ID_MAX,
    LOCATOR_MAX,
    NAME_MAX,
    PHRASING_MAX,
    PHRASINGS_MAX,
    STATEMENT_MAX,
    TOPIC_MAX,
    Fact,
    KnownUnknown,
    Name,
    Source,
)
from facts.forms import (
    FactForm,
    NameForm,
    SourceForm,
    UnknownForm,
    describe_faults,
    fact_to_form,
    name_to_form,
    source_to_form,
    unknown_to_form,
)
from tests.facts.making import fact_form, facts, ids, names, sources, unknowns

ID_CHARACTERS = string.ascii_lowercase + string.digits


def may_be_an_id(text: str) -> bool:
    parts = re.split("[-_]", text)
    return len(text) <= FACT_ID_MAX and all(part and set(part) <= set(ID_CHARACTERS) for part in parts)


def faults_of(form: dict[str, Any]) -> dict[str, str]:
    """Give the faults of a fact's form, by place."""
    with pytest.raises(ValidationError) as caught:
        FactForm.model_validate(form)
    return {".".join(map(str, where)): what for where, what in describe_faults(caught.value)}


@given(ids())
def test_words_parted_by_hyphens_are_an_id(fact_id: str) -> None:
    assert FactForm.model_validate(fact_form(id=fact_id)).id == fact_id


@given(st.text() | st.text(ID_CHARACTERS + "-_ AÄ.\n", max_size=70))
@example("")
@example("-a")
@example("a-")
@example("a--b")
@example("a-_b")
@example("tianhe_length")
@example("Tianhe")
@example("tianhe length")
@example("tianhe\n")
@example("天和")
@example("１２")
@example("a" * FACT_ID_MAX)
@example("a" * (FACT_ID_MAX + 1))
def test_only_lower_case_words_are_an_id(text: str) -> None:
    if may_be_an_id(text):
        assert FactForm.model_validate(fact_form(id=text)).id == text
    else:
        assert set(faults_of(fact_form(id=text))) == {"id"}


def test_the_refusal_of_an_id_tells_all_that_is_allowed() -> None:
    assert FactForm.model_validate(fact_form(id="a_b-c"))
    told = faults_of(fact_form(id="A b"))["id"]
    assert "hyphen" in told
    assert "underscore" in told


@given(facts())
def test_a_fact_reads_back_from_its_written_form(fact: Fact) -> None:
    form = FactForm.model_validate(json.loads(json.dumps(fact_to_form(fact))))
    assert isinstance(form.source, SourceForm)
    assert form.entity(form.source.entity("any")) == fact


@given(sources())
def test_a_source_reads_back_and_what_is_unknown_is_not_written(source: Source) -> None:
    written = source_to_form(source)
    assert SourceForm.model_validate(json.loads(json.dumps(written))).entity("any") == source
    assert None not in written.values()


@given(unknowns())
def test_a_known_unknown_reads_back_from_its_written_form(unknown: KnownUnknown) -> None:
    form = UnknownForm.model_validate(json.loads(json.dumps(unknown_to_form(unknown))))
    assert form.entity("not this") == unknown


@given(names())
def test_a_name_reads_back_from_its_written_form(name: Name) -> None:
    assert NameForm.model_validate(json.loads(json.dumps(name_to_form(name)))).entity() == name


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u3000", None])
def test_blank_optional_fields_are_unknown(blank: str | None) -> None:
    source = {"publisher": "Harbour Gazette", "title": blank, "published": blank, "url": blank}
    form = FactForm.model_validate(fact_form(source=source, locator=blank, as_of=blank))
    assert form.locator is None
    assert form.as_of is None
    assert form.source == SourceForm(publisher="Harbour Gazette")
    assert UnknownForm.model_validate({"questions": ["why?"], "say": blank}).say is None


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u3000"])
@pytest.mark.parametrize("field", ["topic", "statement", "questions.0", "source.publisher"])
def test_a_blank_required_field_is_refused(field: str, blank: str) -> None:
    value: Any = {"questions.0": [blank], "source.publisher": {"publisher": blank}}.get(field, blank)
    faults = faults_of(fact_form(**{field.partition(".")[0]: value}))
    assert any(place.startswith(field.partition(".")[0]) for place in faults)


@pytest.mark.parametrize("field", ["id", "topic", "statement", "questions"])
def test_a_missing_field_is_told_as_missing(field: str) -> None:
    form = fact_form()
    del form[field]
    assert faults_of(form) == {field: "is missing"}


def test_a_field_that_is_not_known_is_refused() -> None:
    assert faults_of(fact_form(colour="green")) == {"colour": "is not a field that is known here"}


def test_a_fact_nobody_can_ask_for_is_refused() -> None:
    assert set(faults_of(fact_form(questions=[]))) == {"questions"}


@pytest.mark.parametrize(
    ("field", "limit"), [("topic", TOPIC_MAX), ("statement", STATEMENT_MAX), ("locator", LOCATOR_MAX)]
)
def test_a_text_may_be_as_long_as_its_limit_and_no_longer(field: str, limit: int) -> None:
    longest = "天" * limit
    assert getattr(FactForm.model_validate(fact_form(**{field: f"  {longest} "})), field) == longest
    assert set(faults_of(fact_form(**{field: longest + "x"}))) == {field}


def test_a_phrasing_may_be_as_long_as_its_limit_and_no_longer() -> None:
    longest = "q" * PHRASING_MAX
    assert FactForm.model_validate(fact_form(questions=[longest])).questions == (longest,)
    assert set(faults_of(fact_form(questions=["fine?", longest + "q"]))) == {"questions.1"}


def test_a_fact_has_no_more_phrasings_than_it_may_learn_from() -> None:
    asked = [f"q {number}?" for number in range(PHRASINGS_MAX + 1)]
    assert FactForm.model_validate(fact_form(questions=asked[1:]))
    assert faults_of(fact_form(questions=asked)) == {"questions": "are more than 500"}


@pytest.mark.parametrize("over", [0, 1])
def test_names_and_aliases_and_sentences_have_limits_too(over: int) -> None:
    forms: list[tuple[type[NameForm | UnknownForm], dict[str, Any]]] = [
        (NameForm, {"name": "n" * (NAME_MAX + over)}),
        (NameForm, {"name": "n", "aliases": ["a" * (NAME_MAX + over)]}),
        (UnknownForm, {"questions": ["q" * (PHRASING_MAX + over)]}),
        (UnknownForm, {"questions": ["q"], "say": "s" * (STATEMENT_MAX + over)}),
    ]
    for form, data in forms:
        if over:
            with pytest.raises(ValidationError, match="at most"):
                form.model_validate(data)
        else:
            assert form.model_validate(data)


def test_phrasings_and_aliases_that_stand_twice_are_kept_once_and_in_order() -> None:
    form = FactForm.model_validate(fact_form(questions=["b?", "a?", " b? ", "a?"]))
    assert form.entity(Source("s", "S")).phrasings == ("b?", "a?")
    name = NameForm.model_validate({"name": "n", "aliases": ["b", "a", "b"]})
    assert name.entity().aliases == ("b", "a")


@pytest.mark.parametrize("date", ["2021-02-30", "soon", "", "2021-7"])
def test_a_bad_milestone_date_is_refused(date: str) -> None:
    assert set(faults_of(fact_form(milestone={"date": date, "label": "x"}))) == {"milestone.date"}


@pytest.mark.parametrize("as_of", ["2021-02-30", "soon", "2021", "July 2021"])
def test_a_bad_as_of_date_is_refused(as_of: str) -> None:
    assert set(faults_of(fact_form(as_of=as_of))) == {"as_of"}


@pytest.mark.parametrize("as_of", ["86400", 86400, 0, "0"])
def test_a_number_is_not_taken_for_a_date(as_of: object) -> None:
    assert set(faults_of(fact_form(as_of=as_of))) == {"as_of"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_measure_is_a_number_that_can_be_written(value: float) -> None:
    measures = [{"quantity": "length", "value": value, "unit": "m"}]
    assert set(faults_of(fact_form(measures=measures))) == {"measures.0.value"}


@pytest.mark.parametrize("field", ["topic", "statement", "locator"])
def test_a_nul_character_which_postgresql_cannot_keep_is_refused(field: str) -> None:
    assert set(faults_of(fact_form(**{field: "a\x00b"}))) == {field}


@pytest.mark.parametrize("source", [{"title": "No publisher"}, 7, ["CNN"], "  "])
def test_a_faulty_source_is_told_in_words_for_the_person_who_wrote_it(source: object) -> None:
    told = " ".join(f"{where}: {what}" for where, what in faults_of(fact_form(source=source)).items())
    assert told.startswith("source")
    for internal in ("SourceForm", "constrained-str", "function-"):
        assert internal not in told


def test_what_stands_on_one_line_is_put_on_one() -> None:
    milestone = {"date": "2021", "label": " The lamp\n is \t lit "}
    source = {"publisher": "Harbour\nGazette", "title": "A\r\ntitle", "authors": ["A\nreporter"]}
    form = FactForm.model_validate(fact_form(milestone=milestone, source=source, locator="page\n2"))
    assert isinstance(form.source, SourceForm)
    assert form.milestone is not None
    assert (form.milestone.label, form.locator) == ("The lamp is lit", "page 2")
    assert (form.source.publisher, form.source.title, form.source.authors) == (
        "Harbour Gazette",
        "A title",
        ("A reporter",),
    )
    assert faults_of(fact_form(source={"publisher": "\n \x1c"}))
