"""Which questions on the review queue ask alike, so that an editor deals with them once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.engine import AnswerEngine
from facts.entities import KnownUnknown, Name
from facts.likeness import Asked, group_alike
from tests.facts.making import make_fact

# What they ask is not known here, but the names are.
STATION = AnswerEngine.of(
    [
        make_fact(
            "tianhe-launch", "It was launched in April.", "When was Tianhe launched?", "launch of the module Tianhe"
        ),
        make_fact("night", "The night is dark there.", "how dark is the night on the station", "night on board"),
        make_fact("light", "The light is dim.", "how bright is the light on the station", "light on board"),
        make_fact("agency", "It runs the station.", "Who is the space agency?", "what does the space agency do"),
    ],
    [KnownUnknown("food", ("What do they eat?", "food on board"))],
    [
        Name("Tianhe", ("天和", "Harmony of the Heavens"), "tianhe-launch"),
        Name("China Manned Space Agency", ("CMSA",), "agency"),
    ],
)

WORDS = st.sampled_from(
    "how heavy who when is the tianhe wentian night light 天和 cmsa xylophones xylophomes ? 9".split()
)
QUESTIONS = st.lists(st.lists(WORDS, max_size=6).map(" ".join) | st.text(max_size=12), max_size=12)


def groups(*questions: str) -> list[list[str]]:
    return [[questions[place] for place in places] for places in STATION.group_alike(questions)]


@given(QUESTIONS)
def test_every_question_is_in_one_group_in_its_order(questions: list[str]) -> None:
    found = STATION.group_alike(questions)
    assert sorted(place for places in found for place in places) == list(range(len(questions)))
    assert all(places == sorted(places) for places in found)
    assert [places[0] for places in found] == sorted(places[0] for places in found)
    group_of = {place: number for number, places in enumerate(found) for place in places}
    assert all(
        group_of[one] == group_of[other] for one in group_of for other in group_of if questions[one] == questions[other]
    )
    # What comes later changes nothing about what was there.
    half = len(questions) // 2
    kept = [[place for place in places if place < half] for places in found]
    assert STATION.group_alike(questions[:half]) == [places for places in kept if places]


@pytest.mark.parametrize(
    "alike",
    [
        ["how heavy is tianhe", "How heavy is Tianhe?", "how heavy is tianhe", "HOW HEAVY IS TIANHE"],
        ["how heavy is tianhe", "hwo heavy is tiahne", "how heavvy is tinahe?"],
        ["how heavy is tianhe", "how heavy is 天和", "how heavy is the Harmony of the Heavens"],
        ["tianhe how heavy", "how heavy tianhe", "heavy tianhe how", "is tianhe heavy"],
        ["how heavy is tianhe", "hey bot, could you please tell me how heavy tianhe actually is, thanks"],
        ["who pays the china manned space agency", "who pays CMSA?"],
        ["what about the xylophones", "what about xylophomes"],
        # Some ask with words that say nothing else.
        ["what is it", "WHAT IS IT??"],
    ],
)
def test_what_is_asked_in_nearly_the_same_words_is_one_group(alike: list[str]) -> None:
    assert groups(*alike) == [alike]
    assert groups(*reversed(alike)) == [alike[::-1]]


def test_what_is_asked_of_another_thing_or_for_another_kind_of_answer_is_not() -> None:
    apart = [
        "how heavy is tianhe",
        "how long is tianhe",
        "how heavy is wentian",
        "where is tianhe",
        "who built tianhe",
        "when was tianhe built",
        "what is tianhe",
        "tianhe 2",
        # Words that the facts know are not misspelt, however near they are to others.
        "is the night bright",
        "is the light bright",
        "model 2020",
        "model 2021",
        "a1234567890",  # pragma: allowlist secret
        "a1234567891",  # pragma: allowlist secret
        "🚀",
        "",
    ]
    assert groups(*apart) == [[question] for question in apart]


def test_questions_are_told_apart_where_nothing_is_known_yet() -> None:
    nothing = AnswerEngine()
    questions = ["how heavy is tianhe", "how long is tianhe", "hey, how heavy is Tianhe?", "how long is the tianhe"]
    assert nothing.group_alike(questions) == [[0, 2], [1, 3]]


def test_each_server_weighs_words_by_what_it_knows() -> None:
    engine = AnswerEngine.of([make_fact("lamp", "It is green.", "what colour is the lamp")])
    engine.put(make_fact("night", "It is dark.", "is the night dark"), 0, 7)
    engine.put(make_fact("light", "It is dim.", "is the light dim"), 1, 7)
    questions = ["do they like the night", "do they like the light"]
    assert engine.group_alike(questions, 7) == [[0], [1]]
    assert engine.group_alike(questions) == [[0, 1]]


def test_words_of_little_weight_do_not_part_questions() -> None:
    def read(question: str) -> Asked:
        kind, *words = question.split()
        return kind, {word: 0.1 if word == "um" else 1.0 for word in words}

    def known(_word: str) -> bool:
        return True

    questions = ["who a b", "who b a um", "who a c", "how a b", "who um"]
    assert group_alike(questions, read, known) == [[0, 1], [2], [3], [4]]
    assert group_alike([], read, known) == []
