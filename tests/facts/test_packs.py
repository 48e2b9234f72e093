"""Reading article packs: what ships loads, and every fault is told, all at once, with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import facts
from facts.entities import Fact, KnownUnknown, Milestone, Name, Pack, PartialDate, Source
from facts.errors import PackError
from facts.packs import parse_pack, shipped_packs

HEAD = """\
id = "town"
version = 3

[sources.gazette]
publisher = "Harbour Gazette"
"""
LAMP = """
[[facts]]
id = "lamp-colour"
topic = "lighthouse"
statement = "The lamp is green."
source = "gazette"
questions = ["what colour is the lamp?", "is the lamp green or red?"]
"""
DEPTH = """
[[facts]]
id = "harbour-depth"
topic = "harbour"
statement = "The harbour is nine metres deep."
source = "gazette"
questions = ["how deep is the harbour?"]
"""
KEEPER = """
[[unknowns]]
id = "keeper-pay"
questions = ["what does the keeper earn?"]
"""
NAME = """
[[names]]
name = "Green Lamp"
aliases = ["the lamp"]
about = "lamp-colour"
"""
SOUND = HEAD + LAMP + DEPTH + KEEPER + NAME


def faults_of(text: str) -> tuple[str, ...]:
    with pytest.raises(PackError) as caught:
        parse_pack(text, "town.toml")
    assert caught.value.sentence.startswith("town.toml has ")
    assert all(fault in caught.value.sentence for fault in caught.value.faults)
    # Whether the line is parted from the field by a comma or a colon is all the same here.
    return tuple(re.sub(r"^(line \d+): ", r"\1, ", fault) for fault in caught.value.faults)


def line_of(text: str, part: str, nth: int = 1) -> int:
    """Give the line of the nth table that holds a part of the text."""
    lines = text.splitlines()
    found = [number for number, line in enumerate(lines, 1) if part in line][nth - 1]
    return next(number for number in range(found, 0, -1) if lines[number - 1].startswith("["))


def test_what_ships_loads_with_every_file_as_a_pack() -> None:
    files = sorted((Path(facts.__file__).parent / "articles").glob("*.toml"))
    packs = shipped_packs()
    assert len(packs) == len(files) > 0
    assert [pack.id for pack in packs] == [file.stem for file in files]
    assert len({pack.digest for pack in packs}) == len(packs)
    assert shipped_packs({pack.digest for pack in packs[1:]}) == packs[:1]
    assert shipped_packs({pack.digest for pack in packs}) == []


def test_a_sound_pack_is_read_whole() -> None:
    pack = parse_pack(SOUND, "town.toml")
    gazette = Source("gazette", "Harbour Gazette")
    questions = ("what colour is the lamp?", "is the lamp green or red?")
    assert (pack.id, pack.version, pack.sources) == ("town", 3, (gazette,))
    assert pack.facts == (
        Fact("lamp-colour", "lighthouse", "The lamp is green.", questions, gazette),
        Fact("harbour-depth", "harbour", "The harbour is nine metres deep.", ("how deep is the harbour?",), gazette),
    )
    assert pack.facts[0].source.key == "gazette"
    assert pack.unknowns == (KnownUnknown("keeper-pay", ("what does the keeper earn?",)),)
    assert pack.names == (Name("Green Lamp", ("the lamp",), "lamp-colour"),)


def test_the_digest_tells_any_two_texts_apart() -> None:
    assert parse_pack(SOUND, "a.toml").digest == parse_pack(SOUND, "b.toml").digest
    assert parse_pack(SOUND + "# more\n", "a.toml").digest != parse_pack(SOUND, "a.toml").digest


def test_a_syntax_error_is_told_with_its_line() -> None:
    (fault,) = faults_of(SOUND.replace("version = 3", "version = = 3"))
    assert fault.startswith("not valid TOML: ")
    assert "line 2" in fault


@pytest.mark.parametrize(
    ("old", "new", "where", "place"),
    [
        ('statement = "The harbour is nine metres deep."\n', "", "harbour-depth", "statement: is missing"),
        ('topic = "harbour"', 'topic = "harbour"\ncolour = 1', "harbour-depth", "colour: is not a field"),
        ('"harbour-depth"', '"Harbour depth"', "Harbour depth", "id: an id is"),
        ('"harbour-depth"', '"lamp-colour"', "how deep", "id: “lamp-colour” stands more than once"),
        ('"keeper-pay"', '"lamp-colour"', "earn", "id: “lamp-colour” stands more than once"),
        ('id = "keeper-pay"\n', "", "earn", "id: is missing"),
        (
            'source = "gazette"\nquestions = ["how',
            'source = "herald"\nquestions = ["how',
            "how deep",
            "source: must be",
        ),
        ('source = "gazette"\nquestions = ["how', 'questions = ["how', "how deep", "source: must be"),
        ('["how deep', '["HOW deep is the harbour", "how deep', "HOW", "questions: “how deep is the harbour?” stands"),
        ('["how deep', '["What colour is the lamp", "how deep', "What", "questions: “What colour is the lamp” stands"),
        ('"what does', '"what colour is the lamp", "what does', "earn", "questions: “what colour is the lamp” stands"),
        ('["how deep', '["?!", "how deep', "how deep", "questions.0: holds no word"),
        ('"harbour"', '"harbour"\nmilestone = { date = "2021-13", label = "x" }', "13", "milestone.date: "),
        ('"harbour"', '"harbour"\nmilestone = { date = "soon", label = "x" }', "soon", "milestone.date: “soon” is not"),
        ('"harbour"', '"harbour"\nas_of = "2021-02-30"', "02-30", "as_of: "),
        ('about = "lamp-colour"', 'about = "lamp-size"', "lamp-size", "about: there is no fact “lamp-size”"),
        ('about = "lamp-colour"', 'about = "keeper-pay"', "Green", "about: there is no fact “keeper-pay”"),
        ('publisher = "Harbour Gazette"', 'publisher = " "', "[sources", "publisher: "),
    ],
)
def test_one_fault_is_told_with_its_line_and_field(old: str, new: str, where: str, place: str) -> None:
    assert old in SOUND
    text = SOUND.replace(old, new, 1)
    (fault,) = faults_of(text)
    assert fault.startswith(f"line {line_of(text, where)}, {place}")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("version = 3\n", "", "version: is missing"),
        ("version = 3", "version = 0", "version: "),
        ('id = "town"', 'id = "The Town"', "id: an id is"),
        ("version = 3", "version = 3\nfacst = []", "facst: is not a field that is known here"),
    ],
)
def test_a_fault_of_the_pack_itself_is_told(old: str, new: str, fault: str) -> None:
    (told,) = faults_of(SOUND.replace(old, new, 1))
    assert told.startswith(fault)


def test_every_faulty_field_is_told_at_once() -> None:
    text = (
        HEAD
        + LAMP.replace('statement = "The lamp is green."\n', "").replace('"lamp-colour"', '"Lamp colour"')
        + DEPTH.replace('topic = "harbour"', 'topic = "harbour"\nmilestone = { date = "2021-02-30", label = "x" }')
        + KEEPER.replace("questions", "question")
        + NAME.replace('name = "Green Lamp"', 'name = ""')
    )
    lamp, depth, keeper, name = (line_of(text, part) for part in ("Lamp colour", "02-30", "keeper-pay", "aliases"))
    told = faults_of(text)
    expected = [
        f"line {lamp}, id: ",
        f"line {lamp}, statement: is missing",
        f"line {depth}, milestone.date: ",
        f"line {keeper}, questions: is missing",
        f"line {keeper}, question: is not a field that is known here",
        f"line {name}, name: ",
        # The fact whose id is faulty is not there under that id.
        f"line {name}, about: there is no fact",
    ]
    assert len(told) == len(expected)
    for fault in expected:
        assert any(line.startswith(fault) for line in told), fault


def test_every_fault_between_entries_is_told_at_once() -> None:
    text = (
        HEAD
        + LAMP
        + LAMP.replace('"gazette"', '"herald"').replace('"what colour is the lamp?"', '"…"')
        + NAME.replace('about = "lamp-colour"', 'about = "lamp-size"')
    )
    second, name = line_of(text, "[[facts]]", 2), line_of(text, "lamp-size")
    assert set(faults_of(text)) == {
        f"line {second}, id: “lamp-colour” stands more than once",
        f"line {second}, source: must be the key of one of the pack's sources (gazette)",
        f"line {second}, questions.0: holds no word",
        f"line {second}, questions: “is the lamp green or red?” stands already under “lamp-colour”",
        f"line {name}, about: there is no fact “lamp-size”",
    }


def test_faults_of_fields_do_not_hide_those_between_entries() -> None:
    text = (
        HEAD
        + LAMP
        + DEPTH.replace('topic = "harbour"\n', "")
        + LAMP.replace('"gazette"', '"herald"')
        + NAME.replace('about = "lamp-colour"', 'about = "lamp-size"')
    )
    told = "\n".join(faults_of(text))
    assert f"line {line_of(text, '[[facts]]', 2)}, topic: is missing" in told
    assert f"line {line_of(text, '[[facts]]', 3)}, id: “lamp-colour” stands more than once" in told
    assert f"line {line_of(text, '[[facts]]', 3)}, source: must be" in told
    assert "about: there is no fact “lamp-size”" in told


def test_tables_within_facts_are_read_and_leave_the_line_numbers_right() -> None:
    milestone = '\n[facts.milestone]\ndate = "2021-06"\nlabel = "Lit"\n'
    measures = '\n[[facts.measures]]\nquantity = "height"\nvalue = 3\nunit = "m"\n'
    sound = HEAD + LAMP + milestone + measures + DEPTH
    pack = parse_pack(sound, "town.toml")
    assert pack.facts[0].milestone == Milestone(PartialDate.parse("2021-06"), "Lit")
    text = sound.replace('topic = "harbour"\n', "")
    assert faults_of(text) == (f"line {line_of(text, 'harbour-depth')}, topic: is missing",)


def test_lines_are_counted_as_toml_and_editors_count_them() -> None:
    text = HEAD + LAMP.replace("green.", "green\u2028or\x85so.") + DEPTH.replace('topic = "harbour"\n', "")
    number = text[: text.index('id = "harbour-depth"')].count("\n")
    assert faults_of(text) == (f"line {number}, topic: is missing",)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("version = 1" + "1" * 5_000, id="a number of 5,000 digits"),
        pytest.param("x = " + "[" * 100_000, id="100,000 nested lists"),
        pytest.param(SOUND + "# \ud800\n", id="half of a surrogate pair in a comment"),
        pytest.param(SOUND.replace("green", "\ud800"), id="half of a surrogate pair in a text"),
        pytest.param(SOUND.replace("green", "\x00"), id="a NUL character"),
        pytest.param("\ufeff" + SOUND, id="a byte order mark"),
        pytest.param("", id="nothing"),
    ],
)
def test_text_that_no_pack_should_hold_is_a_fault_of_the_pack(text: str) -> None:
    assert faults_of(text)


def is_read_or_refused(text: str) -> None:
    try:
        pack = parse_pack(text, "fuzz.toml")
    except PackError as error:
        faults: tuple[str, ...] = error.faults
    else:
        faults = ("none",)
        assert isinstance(pack, Pack)
    assert faults
    assert all(fault.strip() for fault in faults)


@given(st.text())
@example(SOUND)
@example("facts = 1")
@example("[[facts]]\n[[facts]]")
@example("[facts]\nid = 1")
@example("[sources]\n[[sources.cnn]]")
def test_any_text_is_read_or_refused(text: str) -> None:
    is_read_or_refused(text)


def slice_of_what_ships() -> str:
    """Cut a small pack out of the one that ships: its head with a few entries of each kind."""
    file = next((Path(facts.__file__).parent / "articles").glob("*.toml"))
    head, *tables = file.read_text("utf-8").split("\n[[")
    few = [[t for t in tables if t.startswith(kind)][-3:] for kind in ("facts", "unknowns")]
    names = [t for t in tables if t.startswith("names") and "about" not in t][:1]
    return "\n[[".join([head, *few[0], *few[1], *names])


SLICE = slice_of_what_ships()


def test_the_slice_that_is_broken_below_is_whole_to_begin_with() -> None:
    pack = parse_pack(SLICE, "slice.toml")
    assert (len(pack.facts), len(pack.unknowns), len(pack.names)) == (3, 3, 1)


@given(st.data())
def test_what_ships_is_read_or_refused_however_it_is_broken(data: st.DataObject) -> None:
    text = SLICE
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 40)))
        pieces = ["\n", '"', "[", "]]", "= 1", "id = 7\n", text[start:end] * 2]
        put = data.draw(st.sampled_from(pieces) | st.text(max_size=5))
        text = text[:start] + put + text[end:]
    is_read_or_refused(text)
