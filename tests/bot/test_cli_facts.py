"""Files of facts in the terminal: what a person or a script is told, and what has changed then."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bot import runtime
from facts.importing import FILE_MAX_BYTES
from tests.bot.test_cli import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bot.conftest import Terminal

HEADER = "id;topic;statement;questions;source\n"
LAMP = "lamp-colour;town;The lamp is green.;What colour is the lamp?;Harbour Gazette\n"
DEPTH = "harbour-depth;town;It is nine metres deep.;How deep is the harbour?;Harbour Gazette\n"
FAULTY = "lamp-colour;;The lamp\x00 is red.;!;\n"
SERVER = "123456789012345678"

# A run of the program: its exit code, standard output, standard error.
Run = tuple[int, str, str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> Callable[..., Run]:
    """Run ``tianwen facts`` in a folder of its own, with a store that does not hold the article."""
    monkeypatch.setattr(runtime, "shipped_packs", lambda _known: [])
    return lambda *arguments: terminal("facts", *arguments, cwd=tmp_path)


def exported(run: Callable[..., Run], *options: str) -> list[str]:
    """Give the ids of what is exported."""
    data = json.loads(run("export", *options)[1])
    return [item["id"] for item in (*data["facts"], *data["unknowns"])]


def test_an_import_is_shown_first_and_made_once_it_is_confirmed(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "town.csv"
    path.write_text(HEADER + LAMP, "utf-8")
    code, out, err = run("import", "town.csv")
    assert (code, exported(run)) == (1, [])
    assert "row 2" in out
    assert "town.csv: 1 new, 0 changed, 0 same, 0 faulty." in out
    assert err == "tianwen: Nothing has been changed: where nobody can be asked, --yes is needed.\n"
    code, out, err = run("import", "town.csv", "--yes")
    assert (code, err, exported(run)) == (0, "", ["lamp-colour"])
    assert "Done: 1 written." in out


def test_a_second_import_tells_what_has_changed_and_leaves_the_rest_alone(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    path = tmp_path / "town.csv"
    path.write_text(HEADER + LAMP, "utf-8")
    run("import", "town.csv", "--yes")
    path.write_text(HEADER + LAMP.replace("green", "red") + DEPTH, "utf-8")
    code, out, _ = run("import", "town.csv", "--yes")
    assert code == 0
    assert [line.split()[1:] for line in out.splitlines() if "row " in line] == [
        ["row", "3", "│", "harbour-depth", "│", "new", "│", "It", "is", "nine", "metres", "deep.", "│"],
        ["row", "2", "│", "lamp-colour", "│", "changed", "│", "statement", "│"],
    ]
    code, out, _ = run("import", "town.csv")
    assert code == 0
    assert "0 new, 0 changed, 2 same, 0 faulty" in out
    assert "There is nothing to change." in out


def test_faulty_rows_are_told_and_left_out_and_the_exit_code_tells(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "town.csv").write_text(HEADER + LAMP + FAULTY + DEPTH, "utf-8")
    code, out, _ = run("import", "town.csv", "--yes")
    assert (code, exported(run)) == (3, ["lamp-colour", "harbour-depth"])
    for told in (
        "topic: is missing",
        "statement: holds a NUL",
        "questions, number 1: holds no word",
        "source: is empty",
    ):
        assert told in out
    assert "id: “lamp-colour” stands more than once" in out
    assert "2 new, 0 changed, 0 same, 1 faulty" in out
    assert run("import", "town.csv")[0] == 3


def test_a_file_says_nothing_to_the_terminal(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "town.csv").write_text(HEADER + LAMP.replace("green", "\x1b[31m[red]\u202e"), "utf-8")
    out = run("import", "town.csv", "--yes")[1]
    assert "[31m[red]" in out
    assert not {"\x1b", "\u202e"} & set(out)


def test_a_servers_facts_are_its_own(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "shared.csv").write_text(HEADER + LAMP, "utf-8")
    (tmp_path / "own.csv").write_text(HEADER + DEPTH, "utf-8")
    run("import", "shared.csv", "--yes")
    assert run("import", "own.csv", "--yes", "--server", SERVER)[0] == 0
    assert exported(run) == ["lamp-colour"]
    assert exported(run, "--server", SERVER) == ["lamp-colour", "harbour-depth"]
    assert exported(run, "--server", SERVER, "--own") == ["harbour-depth"]
    assert exported(run, "--server", "1", "--own") == []
    assert "--own needs --server" in run("export", "--own")[2]


def test_one_entry_is_removed_brought_back_and_reverted_with_a_history(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "town.csv"
    for colour in ("green", "red"):
        path.write_text(HEADER + LAMP.replace("green", colour), "utf-8")
        run("import", "town.csv", "--yes")
    assert run("remove", "lamp-colour", "--reason", "It is gone.") == (0, "lamp-colour is removed.\n", "")
    assert exported(run) == []
    assert run("remove", "lamp-colour")[1] == "lamp-colour was removed already.\n"
    assert run("restore", "lamp-colour")[1] == "lamp-colour is back.\n"
    assert run("restore", "lamp-colour")[1] == "lamp-colour was there already.\n"
    assert run("revert", "lamp-colour", "1")[1] == "lamp-colour is again as it was in revision 1.\n"
    code, out, _ = run("history", "lamp-colour")
    assert code == 0
    assert "3. remove by operator" in out
    assert "   why: It is gone." in out
    assert "   why: imported from town.csv" in out
    assert out.count("green") == 2
    for command in (["remove"], ["restore"], ["history"], ["revert"]):
        rest = ["1"] if command == ["revert"] else []
        refused = run(*command, "no-such", *rest)
        assert refused == (1, "", "tianwen: There is no fact with the id “no-such” here.\n")
    assert run("history", "lamp-colour", "--server", "7")[0] == 0


def test_a_history_tells_of_many_questions_what_has_come_and_gone(run: Callable[..., Run], tmp_path: Path) -> None:
    questions = [f"Which lamp is number {number}?" for number in range(9)]
    for asked in (questions, [*questions[1:], "Which one is new?"]):
        fact = {"id": "lamp", "topic": "town", "statement": "It is.", "questions": asked, "source": "Harbour Gazette"}
        (tmp_path / "town.json").write_text(json.dumps({"facts": [fact]}), "utf-8")
        run("import", "town.json", "--yes")
    told = run("history", "lamp")[1]
    assert '"Which lamp is number 4?", "and 4 more"]' in told
    assert '   questions: + ["Which one is new?"], - ["Which lamp is number 0?"]\n' in told


def test_what_is_imported_into_a_server_is_limited_and_holds_no_names(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "large.csv").write_text((HEADER + LAMP).ljust(FILE_MAX_BYTES + 1), "utf-8")
    code, _, err = run("import", "large.csv", "--yes", "--server", SERVER)
    assert (code, err) == (1, "tianwen: large.csv is larger than 1 MiB; split it into smaller files.\n")
    assert run("import", "large.csv", "--yes")[0] == 0
    (tmp_path / "names.json").write_text(
        '{"facts": [], "names": [{"name": "Green Lamp", "aliases": ["light"]}]}', "utf-8"
    )
    code, out, _ = run("import", "names.json", "--yes", "--server", SERVER)
    assert code == 3
    assert "only the bot's operator imports them" in out
    code, out, _ = run("import", "names.json", "--yes")
    assert code == 0
    assert "1 name is new or changed" in out
    assert json.loads(run("export")[1])["names"] == [{"name": "Green Lamp", "aliases": ["light"]}]


def test_an_export_is_written_as_its_name_or_the_option_says(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "town.csv").write_text(HEADER + LAMP.replace("The lamp", "=The lamp"), "utf-8")
    run("import", "town.csv", "--yes")
    cases: list[tuple[str, ...]] = [("out.csv",), ("out.txt", "--format", "csv"), ("--format", "csv")]
    for arguments in cases:
        code, out, err = run("export", *arguments)
        assert code == 0
        assert "no names" in err
        written = out if arguments[0] == "--format" else (tmp_path / arguments[0]).read_bytes().decode()
        assert written.startswith("\ufeffkind,id,topic,statement")
        assert next(csv.DictReader(io.StringIO(written[1:])))["statement"] == "'=The lamp is green."
    cases = [("out.JSON",), ("out.csv", "--format", "json"), ()]
    for arguments in cases:
        code, out, err = run("export", *arguments)
        assert (code, err) == (0, "")
        written = (tmp_path / arguments[0]).read_text("utf-8") if arguments else out
        assert json.loads(written)["facts"][0]["statement"] == "=The lamp is green."
    code, _, err = run("export", "out.xlsx")
    assert (code, err) == (1, "tianwen: out.xlsx ends neither in .csv nor in .json: give --format.\n")
    assert run("export", "no/such/folder.csv")[0] == 1


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_what_is_exported_can_be_imported_again(run: Callable[..., Run], tmp_path: Path, kind: str) -> None:
    unknown = "unknown;why;;Nobody knows.;why?;\n"
    text = "kind;" + HEADER + "".join(f"fact;{line}\n" for line in (LAMP + DEPTH).splitlines()) + unknown
    (tmp_path / "town.csv").write_text(text, "utf-8")
    run("import", "town.csv", "--yes")
    run("export", f"first.{kind}")
    (tmp_path / "tianwen.db").unlink()
    assert "3 new" in run("import", f"first.{kind}", "--yes")[1]
    run("export", f"second.{kind}")
    assert (tmp_path / f"second.{kind}").read_bytes() == (tmp_path / f"first.{kind}").read_bytes()


def test_a_file_is_validated_without_a_store(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "sound.csv").write_text((HEADER + LAMP + DEPTH).ljust(FILE_MAX_BYTES + 1), "utf-8")
    code, out, _ = run("validate", "sound.csv")
    assert code == 0
    assert out.startswith("sound.csv: 2 sound facts, 0 known unknowns, 0 names; 0 faulty.\n")
    assert "larger than what a server imports" in out
    (tmp_path / "faulty.csv").write_text(HEADER + LAMP + FAULTY, "utf-8")
    code, out, _ = run("validate", "faulty.csv")
    assert code == 1
    assert "row 3" in out
    assert out.endswith("faulty.csv: 1 sound fact, 0 known unknowns, 0 names; 1 faulty.\n")
    assert not (tmp_path / "tianwen.db").exists()


@pytest.mark.parametrize("command", ["validate", "import"])
@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("empty.csv", b"", "empty.csv is empty."),
        ("rows.csv", HEADER.encode() + b"a;b;c;d;e\n" * 5_001, "rows.csv has more than 5,000 rows"),
        ("two-mib.csv", HEADER.encode() + b"a;b;c;d;e\n" * 210_000, "two-mib.csv has more than 5,000 rows"),
        ("columns.csv", b"id;name\n", "missing: “topic”, “statement”, “questions”, “source”; not known: “name”"),
        ("latin.csv", (HEADER + LAMP.replace("green", "grün")).encode("latin-1"), "is not text in UTF-8"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n", "is not text in UTF-8"),
        ("broken.json", b"{", "not valid JSON"),
        (".", None, "cannot be read"),
        ("none.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    run: Callable[..., Run], tmp_path: Path, command: str, name: str, data: bytes | None, told: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    code, out, err = run(command, name)
    assert (code, out) == (1, "")
    assert err.startswith("tianwen: ")
    assert err.count("\n") == 1
    assert told in err
    assert not (tmp_path / "tianwen.db").exists()


@pytest.mark.parametrize(
    ("name", "data", "rows"),
    [
        ("utf-16.csv", ("\ufeff" + HEADER + LAMP).encode("utf-16-le"), []),
        ("commas.csv", (HEADER + LAMP).replace(";", ",").encode("utf-8-sig"), []),
        ("formula.csv", (HEADER + LAMP.replace("The lamp", "=1+1; the lamp").replace("=1+1;", '"=1+1;')).encode(), [2]),
        ("twice.csv", (HEADER + LAMP + LAMP).encode(), [3]),
        ("nul.csv", (HEADER + LAMP.replace("green", "gr\0en")).encode(), [2]),
        ("long.csv", (HEADER + LAMP.replace("green", "green" * 200_000)).encode(), [2]),
    ],
)
def test_a_file_that_can_be_used_tells_its_faulty_rows(
    run: Callable[..., Run], tmp_path: Path, name: str, data: bytes, rows: list[int]
) -> None:
    (tmp_path / name).write_bytes(data)
    code, out, err = run("validate", name)
    assert (code, err) == (1 if rows else 0, "")
    assert all(f"row {number} " in out for number in rows)
    assert f"{len(rows)} faulty" in out


# The program, but without the article.
PROGRAM = """
from bot import cli, runtime
runtime.shipped_packs = lambda _known: []
cli.main()
"""


@pytest.mark.parametrize(("typed", "code"), [(b"y\n", 0), (b"\n", 1)])
def test_at_a_terminal_it_asks(tmp_path: Path, typed: bytes, code: int) -> None:
    pty = pytest.importorskip("pty", reason="a terminal of Unix")
    (tmp_path / "town.csv").write_text(HEADER + LAMP, "utf-8")
    ours, theirs = pty.openpty()
    os.write(ours, typed)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "facts", "import", "town.csv"],
        cwd=tmp_path,
        env=clean_environment(),
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == code, done.stderr
    assert "Make these changes? [y/N]" in done.stdout
    assert ("Done" in done.stdout) == (code == 0)
    assert ("Nothing has been changed." in done.stderr) == (code == 1)


def test_the_article_comes_back_as_it_went_out(terminal: Terminal, filled_store: Path, tmp_path: Path) -> None:
    (tmp_path / "tianwen.db").write_bytes(filled_store.read_bytes())
    assert terminal("facts", "export", "article.json", cwd=tmp_path).returncode == 0
    data = json.loads((tmp_path / "article.json").read_text("utf-8"))
    assert len(data["names"]) > 0
    again = terminal("facts", "import", "article.json", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    assert f"{len(data['facts']) + len(data['unknowns'])} same, 0 faulty.\nThere is nothing to change." in again.stdout
