"""Files that people import: whatever stands in them is read, or refused in words, and comes back as it went out."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from facts.csv_exchange import COLUMNS
from facts.database import Database
from facts.entities import (
    STATEMENT_MAX,
    Action,
    Entry,
    Fact,
    KnownUnknown,
    Measure,
    Milestone,
    Name,
    PartialDate,
    Source,
)
from facts.errors import ExchangeError, InvalidFactError
from facts.importing import (
    FILE_MAX_BYTES,
    FaultyRow,
    FileKind,
    ImportFile,
    dump_file,
    plan_import,
    read_import,
)
from facts.knowledge import KnowledgeBase
from facts.models import RevisionRow, SourceRow
from tests.facts.making import GAZETTE, fact_form, facts, make_fact, make_pack, names, unknowns
from tests.facts.town import (
    BAKER,
    CLOCK_TOWER,
    DEPTH,
    EDITOR,
    FERRY,
    HERE,
    LAMP,
    NAMES,
    OPERATOR,
    PAY,
    RED_LAMP,
    TOWN,
    Clock,
    anew,
    answer,
    count,
    view,
    view_anew,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


HEADER = "id,topic,statement,questions,source\n"
ROW = "lamp,town,The lamp is green.,what colour is the lamp?,Harbour Gazette\n"
NO_ID = "an id is lower-case letters and digits, parted by single hyphens or underscores, at most 64 characters"
PLAIN = make_fact("lamp", "The lamp is green.", "what colour is the lamp?", source=Source("", "Harbour Gazette"))
PLAIN = replace(PLAIN, locator=None, as_of=None)
FULL = make_fact(
    "tower-height",
    "The tower is 30 metres high.",
    "How high is the tower?",
    "height of the tower",
    source=Source("", "Town Almanac", "Towers", ("A. Writer", "B. Writer"), dt.date(2020, 3, 1), "https://a.example"),
    milestone=Milestone(PartialDate.parse("2031-05"), "Tower to be built", planned=True),
    measures=(Measure("height", 30.5, "m"), Measure("width", 4.0, "m")),
    review_by=dt.date(2031, 5, 1),
    superseded_by="tower-height-now",
)


def read(text: str, name: str = "town.csv") -> ImportFile:
    return read_import(text.encode(), name)


def entries_of(file: ImportFile) -> list[Entry]:
    return [entry for _, entry in file.entries]


def faults_of(file: ImportFile) -> list[tuple[str, str]]:
    return [(row.place, reason) for row in file.faulty for reason in row.reasons]


def table(*rows: Sequence[str], header: Sequence[str] = tuple(COLUMNS), **options: Any) -> str:
    """Write a table as a spreadsheet would."""
    written = io.StringIO(newline="")
    csv.writer(written, **options).writerows([header, *rows])
    return written.getvalue()


def row(**cells: str) -> list[str]:
    """Give the cells of the row of a sound fact, with these changes."""
    sound = {
        "id": "lamp",
        "topic": "town",
        "statement": "The lamp is green.",
        "questions": "what colour is the lamp?",
        "source": "Harbour Gazette",
    }
    return [(sound | cells).get(name, "") for name in COLUMNS]


@st.composite
def stores(draw: st.DrawFn) -> tuple[list[Fact], list[KnownUnknown], list[Name]]:
    some = draw(st.lists(facts(), max_size=4, unique_by=lambda fact: fact.id))
    unknown = draw(st.lists(unknowns(), max_size=3, unique_by=lambda one: one.id))
    taken = {fact.id for fact in some}
    named = draw(st.lists(names(), max_size=3, unique_by=lambda name: name.name))
    return some, [one for one in unknown if one.id not in taken], named


# Out and in again


@settings(max_examples=50)
@given(stores(), st.sampled_from(FileKind))
def test_what_is_written_reads_back_the_same(
    store: tuple[list[Fact], list[KnownUnknown], list[Name]], kind: FileKind
) -> None:
    some, unknown, named = store
    back = read_import(dump_file(kind, some, unknown, named), f"town.{kind}")
    assert entries_of(back) == [*some, *unknown]
    assert back.names == (tuple(named) if kind is FileKind.JSON else ())
    assert back.faulty == ()


STARTS = ["=1+1", "+1", "-1", "@SUM(A1)", "'", "''", "'=1", "''=1", "＝1", "＋1", "'a", '"', '"=1"', ";=1", ",=1"]


@given(
    st.lists(st.sampled_from(STARTS), min_size=1, max_size=3).map("".join), st.sampled_from(["\n", "\r", "\r\n", "\t"])
)
def test_no_cell_is_a_formula_and_all_come_back_the_same(text: str, between: str) -> None:
    fact = make_fact(
        "lamp",
        f"{text}{between}{text}",
        f"{text} who",
        topic=text,
        source=Source("", text, text, (text,), None, "https://gazette.example/=1"),
        locator=text,
        milestone=Milestone(PartialDate.parse("2021"), text),
        measures=(Measure(text, -1.5, text),),
    )
    unknown = KnownUnknown("why", (f"{text} why",), f"{text}{between}{text}")
    written = dump_file(FileKind.CSV, [fact], [unknown])
    for cells in csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")):
        assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r\n＝＋－＠") - {""}]
    assert entries_of(read_import(written, "town.csv")) == [fact, unknown]


def nothing(_entry_id: str) -> None:
    return None


def test_a_table_is_written_for_spreadsheets() -> None:
    written = dump_file(FileKind.CSV, [FULL], [PAY])
    assert written.startswith(b"\xef\xbb\xbfkind,id,")
    header, fact, unknown = csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))
    cells = dict(zip(header, fact, strict=True))
    assert (cells["kind"], cells["questions"]) == ("fact", "How high is the tower?\nheight of the tower")
    assert (cells["source"], cells["source_authors"]) == ("Town Almanac", "A. Writer\nB. Writer")
    assert (cells["milestone_date"], cells["milestone_planned"]) == ("2031-05", "true")
    assert json.loads(cells["measures"])[0] == {"quantity": "height", "value": 30.5, "unit": "m"}
    cells = dict(zip(header, unknown, strict=True))
    assert (cells["kind"], cells["statement"], cells["source"]) == ("unknown", PAY.say, "")


# What is understood


@pytest.mark.parametrize("kind", FileKind)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"])
def test_utf_8_and_every_encoding_with_a_mark_are_read(tmp_path: Path, kind: FileKind, encoding: str) -> None:
    fact = replace(PLAIN, statement="天和 is 16.6 m long – “é”.")
    mark = "\ufeff" if encoding == "gb18030" else ""
    path = tmp_path / f"town.{kind}"
    path.write_bytes((mark + dump_file(kind, [fact]).decode("utf-8-sig")).encode(encoding))
    assert entries_of(read_import(path.read_bytes(), path.name)) == [fact]


@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("width", ["16", "32"])
def test_marks_of_both_byte_orders_are_known(width: str, order: str) -> None:
    assert entries_of(read_import(f"\ufeff{HEADER}{ROW}".encode(f"utf-{width}-{order}"), "a.csv")) == [PLAIN]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_columns_may_be_parted_as_spreadsheets_do(mark: str, end: str) -> None:
    fact = replace(FULL, statement="One, two; three\tfour.\nFive.")
    (header, cells) = csv.reader(io.StringIO(dump_file(FileKind.CSV, [fact]).decode("utf-8-sig"), newline=""))
    text = table(cells, header=header, delimiter=mark, lineterminator=end, quoting=csv.QUOTE_ALL)
    assert entries_of(read(text)) == [fact]


def test_a_header_may_be_written_in_any_case_and_order_with_blank_columns_and_rows_around() -> None:
    header = " Source ;STATEMENT;;Questions;Topic;ID"
    cells = "Harbour Gazette;The lamp is green.;;what colour is the lamp?;town;lamp"
    text = f";;\n\n{header}\n;;;;;\n{cells}\n\n"
    file = read(text)
    assert file.entries == (("row 5", PLAIN),)
    assert file.faulty == ()


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    text = table(row(id="a", statement="Of\nthree\r\nlines."), [], row(id="B"), ["", " "], row(id="c"))
    file = read(text)
    assert [(place, entry.id) for place, entry in file.entries] == [("row 2", "a"), ("row 6", "c")]
    assert [place for place, _ in faults_of(file)] == ["row 4"]


def test_json_is_known_by_its_ending_or_its_first_character() -> None:
    text = json.dumps({"facts": [fact_form()], "unknowns": [{"questions": ["why?"]}]})
    for name in ("town.json", "TOWN.JSON", "town.txt"):
        assert [place for place, _ in read(f"\n {text}", name).entries] == ["fact 1", "unknown 1"]


def test_a_planned_milestone_may_be_written_as_spreadsheets_do() -> None:
    for written, planned in {"TRUE": True, "yes": True, "false": False, "0": False, "": False}.items():
        file = read(table(row(milestone_date="2031", milestone_label="Lit", milestone_planned=written)))
        assert [entry.milestone for entry in entries_of(file) if isinstance(entry, Fact)] == [
            Milestone(PartialDate.parse("2031"), "Lit", planned)
        ]


# What is refused as a whole


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.json", b"\xef\xbb\xbf \r\n\t", "is empty"),
        ("latin.csv", f"{HEADER}a,town,Café.,q,G\n".encode("latin-1"), "not text in UTF-8 (see its line 2)"),
        ("utf-16-without-mark.csv", (HEADER + ROW).encode("utf-16-le"), "not text in UTF-8"),
        ("utf-16-without-mark.json", b"\0{\0}", "not text in UTF-8"),
        ("half.csv", "\ufeffid".encode("utf-16-le") + b"\0\xd8", "not text in UTF-8"),
        ("sheet.xlsx", b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00\xb5\x55", "save it as “CSV UTF-8”"),
        ("large.csv", HEADER.encode() + b"x" * (2 * FILE_MAX_BYTES), "larger than 1 MiB"),
        ("rows.csv", (HEADER + "a,b,c,d,e\n" * 5_001).encode(), "more than 5,000 rows"),
        ("rows.json", json.dumps({"facts": [{}] * 5_000, "unknowns": [{}]}).encode(), "more than 5,000 rows"),
        ("note.txt", b"Dear Tianwen, the lamp is green.", "neither JSON nor a table (CSV)"),
        ("marks.csv", b'"id,topic,statement\n', "neither JSON nor a table (CSV)"),
        (
            "columns.csv",
            b"id;topik;statement;colour;statement;;\n",
            "missing: “topic”, “questions”, “source”; not known: “topik”, “colour”; there twice: “statement”",
        ),
        ("many-columns.csv", ",".join(["id", "id", *map(str, range(100_000))]).encode(), "not known: “0”, “1”, “2”"),
        ("broken.json", b'{"facts": [', "not valid JSON"),
        ("deep.json", b"[" * 100_000, "not valid JSON"),
        ("list.json", b"[]", "an object with a list of facts"),
        (
            "fields.json",
            b'{"fatcs": [], "source": {}}',
            "source.publisher: is missing; facts: is missing; fatcs: is not",
        ),
        ("wrong.json", b'{"facts": {}}', "facts: is not a list"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(
    tmp_path: Path, name: str, data: bytes, told: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ExchangeError) as caught:
        read_import(path.read_bytes(), path.name)
    assert told in caught.value.sentence
    assert caught.value.sentence.startswith(f"{name} ") or "columns.csv" in name
    assert len(caught.value.sentence) < 600
    assert "\n" not in caught.value.sentence


def test_a_file_may_be_as_large_as_the_limits_and_the_operators_larger() -> None:
    rows = "".join(f"lamp-{number},town,The lamp is green.,what colour?,G\n" for number in range(5_000))
    file = read((HEADER + rows).ljust(FILE_MAX_BYTES))
    assert (len(file.entries), file.faulty) == (5_000, ())
    with pytest.raises(ExchangeError):
        read((HEADER + ROW).ljust(FILE_MAX_BYTES + 1))
    assert read_import((HEADER + ROW).ljust(FILE_MAX_BYTES + 1).encode(), "a.csv", max_bytes=None).entries


# What is refused row by row


def test_every_fault_of_every_row_is_told_with_its_row_and_column() -> None:
    text = table(
        row(id="Bad Id", topic="", source="", source_title="Towers"),
        row(statement="", questions="fine?\n\n!\n" + "q" * 301, as_of="4 July 2021", superseded_by="no id"),
        row(locator="x" * 101, milestone_label="Lit", milestone_planned="perhaps", source_authors="A\n" + "b" * 301),
        row(id="a", measures="16.6 m"),
        row(id="b", measures='[{"quantity": "", "value": "long"}]'),
        row(id="c", superseded_by="c"),
        [*row(id="d"), "", "beside"],
        row(id="e"),
    )
    file = read(text)
    assert [entry.id for entry in entries_of(file)] == ["e"]
    assert faults_of(file) == [
        (
            "row 2",
            f"id: {NO_ID}",
        ),
        ("row 2", "topic: is missing"),
        ("row 2", "source: is empty"),
        ("row 3", "statement: is missing"),
        ("row 3", "questions, number 2: holds no word"),
        ("row 3", "questions, number 3: is longer than 300 characters"),
        ("row 3", "as_of: is not a whole date like 2021-07-04"),
        (
            "row 3",
            f"superseded_by: {NO_ID}",
        ),
        ("row 4", "source_authors, number 2: is longer than 300 characters"),
        ("row 4", "locator: is longer than 100 characters"),
        ("row 4", "milestone_date: is missing"),
        ("row 4", "milestone_planned: is neither true nor false"),
        ("row 4", "id: “lamp” stands more than once"),
        ("row 5", 'measures: is not JSON like [{"quantity": "length", "value": 16.6, "unit": "m"}]'),
        ("row 6", "measures, number 1, quantity: is empty"),
        ("row 6", "measures, number 1, value: is not a number"),
        ("row 6", "measures, number 1, unit: is missing"),
        ("row 7", "a fact cannot be superseded by itself"),
        ("row 8", "has a cell in a column without a name"),
    ]
    assert [faulty.id for faulty in file.faulty] == [None, "lamp", "lamp", "a", "b", "c", "d"]


def test_rows_of_known_unknowns_are_held_to_their_own_rules() -> None:
    header = ("kind", *COLUMNS)
    text = table(
        ["unknown", "why", "", "Nobody knows.", "why?"],
        ["UNKNOWN", "", "", "", "who?\nwho is it?"],
        ["unknown", "lamp", "town", "", "", "Harbour Gazette"],
        ["riddle", *row(id="a")],
        ["", *row(id="lamp")],
        ["fact", *row(id="b")],
        header=header,
    )
    file = read(text)
    assert [type(entry) for entry in entries_of(file)] == [KnownUnknown, KnownUnknown, Fact, Fact]
    assert [entry.say for entry in entries_of(file) if isinstance(entry, KnownUnknown)] == ["Nobody knows.", None]
    assert faults_of(file) == [
        ("row 4", "topic: must be empty for a known unknown"),
        ("row 4", "source: must be empty for a known unknown"),
        ("row 4", "questions: is missing"),
        ("row 4", "id: “lamp” stands more than once"),
        ("row 5", "kind: is neither “fact” nor “unknown”"),
    ]


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("cell", ["x" * 1_000_000, "x\n" * 500_000, "a\0b", '"' * 1_000_000, "=" * 1_000_000])
def test_no_cell_is_too_much(name: str, cell: str) -> None:
    file = read_import(table(row(**{name: cell}), row(id="sound")).encode(), "town.csv", max_bytes=None)
    assert [entry.id for entry in entries_of(file)][-1] == "sound"
    if name not in {"questions", "source_authors"} or "\n" not in cell:
        assert [faulty.place for faulty in file.faulty] == ["row 2"]
    assert all(len(reason) <= 200 for faulty in file.faulty for reason in faulty.reasons)
    assert all(len(faulty.reasons) <= 11 for faulty in file.faulty)


def test_quotation_marks_that_do_not_match_are_the_fault_of_their_row() -> None:
    file = read(
        f'{HEADER}a,town,"The "lamp" is green.",q,G\n{ROW}b,town,A 5" lamp.,q,G\nc,town,"Open,q,G\nd,town,s,q,G\n'
    )
    assert [(place, entry.id) for place, entry in file.entries] == [("row 3", "lamp"), ("row 4", "b")]
    assert [(place, reason.partition(",")[0]) for place, reason in faults_of(file)] == [
        ("row 2", "its quotation marks do not match"),
        ("row 5", "its quotation marks do not match"),
    ]


def test_faulty_items_of_json_are_told_and_the_others_read() -> None:
    data = {
        "source": {"publisher": "Harbour Gazette"},
        "facts": [fact_form(id="a", statement="s" * (STATEMENT_MAX + 1)), fact_form(id="b"), 7],
        "unknowns": [{"id": "b", "questions": ["why?"]}, {"questions": ["who?"]}],
        "names": [{"name": "Lamp"}, {"name": ""}],
    }
    file = read(json.dumps(data), "town.json")
    assert [place for place, _ in file.entries] == ["fact 2", "unknown 2"]
    assert file.names == (Name("Lamp"),)
    assert [(faulty.place, faulty.id) for faulty in file.faulty] == [
        ("fact 1", "a"),
        ("fact 3", None),
        ("unknown 1", "b"),
        ("name 2", None),
    ]
    assert faults_of(file)[0] == ("fact 1", "statement: is longer than 2,000 characters")


@given(st.binary() | st.text().map(str.encode), st.sampled_from(["a.csv", "a.json"]))
@example(b"\xff\xfe\x00", "a.csv")
@example(b"\xff\xfe\x00\x00", "a.csv")
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    is_read_or_refused(data, name)


CELLS = st.text(max_size=8) | st.sampled_from(["unknown", "2021", "[]", "true", "'=", "lamp", "é", "\r\n", '"'])


@given(st.lists(st.lists(CELLS, max_size=20), max_size=5), st.sampled_from(",;\t"))
def test_any_cells_are_read_or_refused(rows: list[list[str]], mark: str) -> None:
    text = table(*rows, header=("kind", *COLUMNS), delimiter=mark)
    is_read_or_refused(text.encode(errors="replace"), "a.csv")


def is_read_or_refused(data: bytes, name: str) -> None:
    try:
        file = read_import(data, name)
    except ExchangeError as error:
        assert error.sentence.startswith((name, "The columns"))  # noqa: PT017
        return
    assert all(faulty.place and faulty.reasons for faulty in file.faulty)
    some = [entry for entry in entries_of(file) if isinstance(entry, Fact)]
    unknown = [entry for entry in entries_of(file) if isinstance(entry, KnownUnknown)]
    for kind in FileKind:
        back = read_import(dump_file(kind, some, unknown, file.names), f"a.{kind}")
        assert entries_of(back) == [*some, *unknown]


# What it would change


def test_a_plan_tells_what_is_new_changed_the_same_and_faulty() -> None:
    other = replace(LAMP, statement="It is blue.")
    file = ImportFile(
        (("row 2", LAMP), ("row 3", other), ("row 4", FULL), ("row 5", KnownUnknown("baker-name", ("who?",)))),
        (*NAMES, Name("Green Lamp")),
        (FaultyRow("row 6", None, ("source: is empty",)),),
    )
    known: dict[str, Entry] = {fact.id: fact for fact in TOWN.facts}
    file = replace(file, entries=(*file.entries[1:], ("row 9", known["harbour-depth"])))
    plan = plan_import(file, known.get, nothing, NAMES)
    assert (plan.new, plan.changed) == ((("row 4", FULL),), (("row 3", other),))
    assert [entry.id for _, entry in plan.same] == ["harbour-depth"]
    assert [(faulty.place, faulty.id) for faulty in plan.faulty] == [("row 5", "baker-name"), ("row 6", None)]
    assert plan.names == (Name("Green Lamp"),)
    assert plan.to_put == [FULL, other]


def test_what_was_removed_comes_back_as_a_change_and_only_as_what_it_was() -> None:
    file = ImportFile((("row 2", LAMP), ("row 3", KnownUnknown("harbour-depth", ("how deep?",)))), (), ())
    plan = plan_import(file, nothing, {fact.id: fact for fact in TOWN.facts}.get)
    assert (plan.new, plan.changed) == ((), (("row 2, removed until now", LAMP),))
    assert [(faulty.place, faulty.id) for faulty in plan.faulty] == [("row 3", "harbour-depth")]


def test_names_are_not_imported_where_there_are_none() -> None:
    plan = plan_import(ImportFile((), NAMES, ()), nothing, nothing)
    assert (plan.names, plan.to_put) == ((), [])
    assert [faulty.place for faulty in plan.faulty] == ["names"]


# Into the store


@pytest.mark.parametrize("kind", FileKind)
async def test_what_one_store_exports_an_empty_one_imports_whole(
    database: Database, town_file: Path, tmp_path: Path, kind: FileKind
) -> None:
    path = tmp_path / "exporting.db"
    shutil.copy(town_file, path)
    exporting = Database(f"sqlite+aiosqlite:///{path}")
    try:
        town = await KnowledgeBase.open(exporting)
        await town.add(FULL, EDITOR)
        data = dump_file(kind, town.facts(), town.engine.unknowns(), town.names())
        importing = await anew(database)
        plan = plan_import(read_import(data, f"town.{kind}"), importing.entry, nothing, importing.names())
        await importing.put_all(plan.to_put, OPERATOR, names=plan.names)
        for knowledge in (importing, await anew(database)):
            assert knowledge.facts() == town.facts()
            assert knowledge.engine.unknowns() == town.engine.unknowns()
            assert knowledge.names() == (town.names() if kind is FileKind.JSON else ())
        again = plan_import(read_import(data, f"town.{kind}"), importing.entry, nothing, importing.names())
        assert (again.to_put, again.names) == ([], ())
    finally:
        await exporting.close()


@pytest.mark.parametrize("server_id", [None, HERE])
async def test_an_import_adds_changes_and_brings_back_and_each_is_a_revision(
    town: KnowledgeBase, database: Database, clock: Clock, server_id: int | None
) -> None:
    await town.remove("ferry-morning", EDITOR, server_id=server_id)
    reworded = replace(DEPTH, phrasings=(*DEPTH.phrasings[1:], "how far down is the bottom"))
    at = clock.tick()
    before = await count(database, RevisionRow)
    put: list[Entry] = [CLOCK_TOWER, RED_LAMP, BAKER, reworded, FERRY, replace(PAY, say="Ask the keeper.")]
    kept = await town.put_all(put, OPERATOR, server_id=server_id, reason="imported from town.csv")
    assert [one.entry for one in kept] == [CLOCK_TOWER, RED_LAMP, reworded, FERRY, put[-1]]
    assert await count(database, RevisionRow) == before + 5
    for one in kept:
        assert replace(one, revision=None) == await town.stored(one.entry.id, server_id=server_id)
        latest = (await town.history(one.entry.id, server_id=server_id))[-1]
        assert latest == one.revision
        assert (latest.at, latest.author, latest.reason) == (at, OPERATOR, "imported from town.csv")
        assert latest.number == one.version
    assert kept[0].revision is not None
    assert (kept[0].revision.action, kept[0].revision.before) == (Action.ADD, None)
    assert town.fact("harbour-depth", server_id).phrasings == reworded.phrasings
    assert await view_anew(database, server_id) == view(town, server_id)
    assert await town.put_all(put, OPERATOR, server_id=server_id) == []


async def test_an_import_is_made_whole_or_not_at_all(town: KnowledgeBase, database: Database) -> None:
    many = [make_fact(f"fact-{number}", "So.", f"what is number {number}?") for number in range(250)]
    faulty: list[Entry] = [KnownUnknown("lamp-colour", ("why?",)), replace(BAKER, statement=" ")]
    for bad in faulty:
        with pytest.raises(InvalidFactError):
            await town.put_all([*many, bad], OPERATOR, names=[Name("Green Lamp")])
    with pytest.raises(InvalidFactError):
        await town.put_all(many, OPERATOR, names=[Name("Green Lamp"), Name(" ")])
    assert town.facts() == list(TOWN.facts)
    assert await view_anew(database) == view(town)
    assert await town.put_all(many, OPERATOR, names=[Name("Green Lamp")])
    assert len((await anew(database)).facts()) == 254


async def test_sources_that_differ_in_their_links_alone_are_all_kept(town: KnowledgeBase, database: Database) -> None:
    alike = [Source("gazette", "Gazette", url=f"https://gazette.example/{number}") for number in range(120)]
    many = [make_fact(f"fact-{n}", "So.", f"what is number {n}?", source=source) for n, source in enumerate(alike)]
    await town.put_all(many, OPERATOR, server_id=HERE)
    await town.put_all([replace(fact, statement="No.") for fact in many], OPERATOR, server_id=HERE)
    assert await count(database, SourceRow) == 121
    assert set((await anew(database)).sources(HERE)) == {GAZETTE, *alike}


async def test_names_are_added_or_written_anew_and_no_pack_takes_that_back(
    town: KnowledgeBase, database: Database
) -> None:
    otto, lamp = Name("Otto Lund", ("the baker",), "baker-name"), Name("Green Lamp", ("the light",), "lamp-colour")
    assert await town.put_all([], OPERATOR, names=[lamp, otto, NAMES[1]]) == []
    names = (otto, NAMES[1], lamp)
    assert town.names() == names
    assert answer(town, "what colour does the light shine in") == LAMP.statement
    await town.load_pack(make_pack(TOWN.facts, TOWN.unknowns, [NAMES[0]], version=2))
    await town.refresh()
    assert town.names() == (await anew(database)).names() == (otto, lamp)


async def test_no_server_has_names_of_its_own(town: KnowledgeBase) -> None:
    with pytest.raises(InvalidFactError, match="shared by all"):
        await town.put_all([CLOCK_TOWER], OPERATOR, names=NAMES, server_id=HERE)
    assert town.find(CLOCK_TOWER.id, HERE) is None
