"""The terminal: the commands as a person or a script would run them."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import migrations
from bot import __version__
from facts.engine import AnswerEngine
from facts.knowledge import utc_now
from tests.conftest import ROOT, WELL_SHAPED_TOKEN

if TYPE_CHECKING:
    from tests.bot.conftest import Terminal

ARTICLE_FACT = "Tianhe is 16.6 metres (55 feet) long, with 50 cubic metres of living space, according to CASC."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, small_store: Path) -> Path:
    """A folder with a store that holds some of the article."""
    path = tmp_path_factory.mktemp("cli")
    (path / "tianwen.db").write_bytes(small_store.read_bytes())
    return path


def clean_environment() -> dict[str, str]:
    """Give an environment that knows nothing of this machine's settings."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TIANWEN_", "DISCORD_"))}
    return clean | {"PYTHONPATH": str(ROOT)}


def program(
    cwd: Path, *command: str, piped: bytes = b"", argv: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own, with this in its input; or another line of arguments."""
    done = subprocess.run(
        argv or [sys.executable, "-m", "bot", *command],
        cwd=cwd,
        env=clean_environment() | environment,
        input=piped,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_the_first_start_makes_the_store_and_answers_a_piped_question(tmp_path: Path) -> None:
    questions = b"How long is the Tianhe module?\n\nand in feet?\n"
    done = program(tmp_path, "run", piped=questions, DISCORD_TOKN="x")
    assert done.returncode == 0, done.stderr
    answer = (
        f"{ARTICLE_FACT}\nSource: CNN, headline unknown, paragraph 7, as reported on 4 July 2021 [tianhe-length]\n\n"
    )
    assert done.stdout == answer * 2
    assert done.stderr.count("\n") == 2
    assert "DISCORD_TOKEN is not set" in done.stderr
    assert "tianwen: DISCORD_TOKN is no setting" in done.stderr
    # What is kept of people is nobody else's.
    assert stat.filemode((tmp_path / "tianwen.db").stat().st_mode) == "-rw-------"


def test_ask_prints_the_json_of_the_contract(terminal: Terminal, folder: Path) -> None:
    done = terminal("ask", "How long is Tianhe?", "--json", cwd=folder)
    data = json.loads(done.stdout)
    assert list(data) == ["question", "outcome", "facts", "related", "text"]
    assert data["outcome"] == "answer"
    assert data["facts"] == [
        {
            "id": "tianhe-length",
            "topic": "modules",
            "statement": ARTICLE_FACT,
            "as_of": "2021-07-04",
            "locator": "paragraph 7",
            "source": {"title": None, "publisher": "CNN", "published": None, "url": None},
        }
    ]
    assert data["text"].startswith(ARTICLE_FACT)
    assert all(isinstance(related, str) for related in data["related"])


def test_ask_tells_why(terminal: Terminal, folder: Path) -> None:
    done = terminal("ask", "tianhe lenght", "--why", cwd=folder)
    for told in (ARTICLE_FACT, "lenght → length", "tianhe-length", "left over    nothing", "confidence"):
        assert told in done.stdout
    assert "why" in json.loads(terminal("ask", "crew?", "--why", "--json", cwd=folder).stdout)


def test_ask_takes_the_question_before_as_context(terminal: Terminal, folder: Path) -> None:
    done = terminal("ask", "and how long is it?", "--context", "What is Tianhe?", "--json", cwd=folder)
    assert json.loads(done.stdout)["facts"][0]["id"] == "tianhe-length"


def test_evaluate_prints_a_table_and_lists_errors(
    terminal: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Letting all facts learn takes longer than the few that are asked for, which learn meanwhile.
    monkeypatch.setattr(AnswerEngine, "learn", lambda _engine: 0)
    lines = [
        {"id": "a", "class": "answerable", "question": "tianhe length", "fact": "tianhe-length"},
        {"id": "b", "class": "answerable", "question": "how do i centre a div", "fact": "tianhe-length"},
    ]
    (folder / "set.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    table = terminal("evaluate", "set.jsonl", "--errors", cwd=folder)
    assert "answerable" in table.stdout
    assert "50 %" in table.stdout
    assert "b answerable: declined: how do i centre a div" in table.stdout


def test_evaluate_asks_the_facts_of_an_exchange_file_instead_of_the_articles(terminal: Terminal, folder: Path) -> None:
    exchange = {
        "source": {"publisher": "The Club"},
        "facts": [
            {
                "id": "fee",
                "topic": "club",
                "statement": "Ten.",
                "questions": ["How much is the fee?", "cost of joining"],
            },
            {
                "id": "open",
                "topic": "club",
                "statement": "At nine.",
                "questions": ["When do you open?", "opening hours"],
            },
        ],
        "unknowns": [{"questions": ["is there parking"]}],
    }
    (folder / "club.json").write_text(json.dumps(exchange), "utf-8")
    questions = [
        {"id": "a", "class": "answerable", "question": "what are the opening hours?", "fact": "open"},
        {"id": "b", "class": "out_of_domain", "question": "How long is the Tianhe module?"},
    ]
    (folder / "club.jsonl").write_text("\n".join(map(json.dumps, questions)), "utf-8")
    done = terminal("evaluate", "club.jsonl", "--facts", "club.json", "--json", cwd=folder)
    assert {c: v["correct"] for c, v in json.loads(done.stdout)["classes"].items()} == {
        "answerable": 1,
        "out_of_domain": 1,
    }


def test_the_schema_can_be_looked_after_by_hand(terminal: Terminal, tmp_path: Path) -> None:
    assert "schema none" in terminal("db", "current", cwd=tmp_path).stdout
    refused = terminal("db", "check", cwd=tmp_path)
    assert refused.returncode == 78
    assert "tianwen db upgrade" in refused.stderr
    assert f"now {migrations.HEAD}" in terminal("db", "upgrade", cwd=tmp_path).stdout
    assert "as before" in terminal("db", "upgrade", cwd=tmp_path).stdout
    assert f"schema {migrations.HEAD}, needed {migrations.HEAD}" in terminal("db", "current", cwd=tmp_path).stdout
    assert "as they should be" in terminal("db", "check", cwd=tmp_path).stdout


def test_the_doctor_finds_a_sound_installation_sound(terminal: Terminal, folder: Path) -> None:
    done = terminal("doctor", cwd=folder, DISCORD_TOKEN=WELL_SHAPED_TOKEN)
    assert done.returncode == 0, done.stdout
    assert "✗" not in done.stdout
    # No test talks to Discord itself.
    assert "! DISCORD_TOKEN looks right, but Discord could not be asked about it" in done.stdout
    assert WELL_SHAPED_TOKEN not in done.stdout + done.stderr


def test_the_doctor_changes_nothing(terminal: Terminal, tmp_path: Path) -> None:
    done = terminal("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "The database is not there yet" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"DISCORD_TOKEN": "not-a-token"}, "DISCORD_TOKEN does not look like a bot token"),
        ({"TIANWEN_DATABASE_URL": "sqlite+aiosqlite:////no/such/folder/x.db"}, "The database cannot be used"),
        (
            {"TIANWEN_DATABASE_URL": "mysql://me:secret@host/db"},  # pragma: allowlist secret
            "The database URL must begin with",
        ),
    ],
)
def test_the_doctor_tells_what_is_amiss_and_what_to_do(
    terminal: Terminal, folder: Path, environment: dict[str, str], told: str
) -> None:
    done = terminal("doctor", cwd=folder, **environment)
    assert done.returncode == 1
    assert f"✗ {told}" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_the_doctor_tells_each_wrong_setting_and_what_else_it_can(terminal: Terminal, tmp_path: Path) -> None:
    wrong = {"TIANWEN_LOG_LEVEL": "LOUD", "TIANWEN_BACKUPS_KEPT": "0", "TIANWEN_LOGLEVEL": "INFO"}
    done = terminal("doctor", cwd=tmp_path, **wrong)
    assert done.returncode == 1
    for told in ("✗ TIANWEN_LOG_LEVEL: ", "✗ TIANWEN_BACKUPS_KEPT: ", "! TIANWEN_LOGLEVEL is no setting"):
        assert told in done.stdout


def test_the_doctor_sees_a_damaged_file(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    assert "✓ Its file is whole" in terminal("doctor", cwd=folder).stdout
    store = tmp_path / "tianwen.db"
    store.write_bytes((folder / "tianwen.db").read_bytes())
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("DELETE FROM sources")
    done = terminal("doctor", cwd=tmp_path)
    assert done.returncode == 1
    assert "✗ tianwen.db is damaged" in done.stdout
    assert "tianwen restore" in done.stdout
    store.write_bytes(b"SQLite format 3\0" + b"no database at all" * 500)
    assert "tianwen restore" in terminal("doctor", cwd=tmp_path).stdout


def test_the_doctor_sees_tables_that_are_missing_or_other_ones(
    terminal: Terminal, folder: Path, tmp_path: Path
) -> None:
    store = tmp_path / "tianwen.db"
    for harm, told in (
        ("DROP TABLE votes", "✗ tianwen.db is damaged: the table votes is missing"),
        (
            "ALTER TABLE votes DROP COLUMN is_right",
            "✗ Its tables are not as they should be (add column votes is_right)",
        ),
    ):
        store.write_bytes((folder / "tianwen.db").read_bytes())
        with closing(sqlite3.connect(store)) as connection, connection:
            connection.execute(harm)
        done = terminal("doctor", cwd=tmp_path)
        assert done.returncode == 1
        assert told in done.stdout


def test_the_doctor_sees_that_a_store_cannot_be_written(
    terminal: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facts.database.BUSY_TIMEOUT_MS", 10)
    with closing(sqlite3.connect(folder / "tianwen.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        done = terminal("doctor", cwd=folder)
    assert done.returncode == 1
    assert "✗ The database cannot be used: database is locked" in done.stdout


def test_the_doctor_tells_how_old_the_newest_backup_is(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    backups = {"TIANWEN_BACKUP_FOLDER": str(tmp_path / "backups")}
    assert "! There is no backup in" in terminal("doctor", cwd=folder, **backups).stdout
    assert terminal("backup", cwd=folder, **backups).returncode == 0
    assert f"✓ The newest backup is of {utc_now():%Y-%m-}" in terminal("doctor", cwd=folder, **backups).stdout
    (made,) = (tmp_path / "backups").iterdir()
    (tmp_path / "backups" / "tianwen-20990704T120000Z.db").write_text("no database")
    damaged = terminal("doctor", cwd=folder, **backups)
    assert damaged.returncode == 1
    assert "✗ The newest backup: " in damaged.stdout
    (tmp_path / "backups" / "tianwen-20990704T120000Z.db").unlink()
    made.rename(made.with_name("tianwen-20210704T120000Z.db"))
    assert "! The newest backup is of 2021-07-04 12:00 UTC" in terminal("doctor", cwd=folder, **backups).stdout
    for name in ("a-file", "a-file/folder"):
        (tmp_path / "a-file").touch()
        refused = terminal("doctor", cwd=folder, TIANWEN_BACKUP_FOLDER=str(tmp_path / name))
        assert "✗ No backup can be made in" in refused.stdout
        assert refused.returncode == 1


def test_the_doctor_names_settings_that_are_none(
    terminal: Terminal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    (tmp_path / ".env").write_text(
        "TIANWEN_LOG_LEVEL=INFO\nTIANWEN_LOGLEVEL=DEBUG\nOTHERS=1\nso: what\nrubbish\n", "utf-8"
    )
    with (tmp_path / ".env").open("a") as env_file:
        env_file.write("TIANWEN_LOG_LEVEL=INFO\nTIANWEN-LOG-LEVEL=INFO\n")
    misspelt = {"TIANWEN_SHARDS": "2", "TIANWEN_DISCORD_TOKEN": "x", "DISCORD_TOKENFILE": "y"}
    done = terminal("doctor", cwd=tmp_path, tianwen_log_format="json", **misspelt)
    told = re.findall(r"! (\S+) is no setting", done.stdout)
    names = ["TIANWEN-LOG-LEVEL", "TIANWEN_DISCORD_TOKEN", "TIANWEN_LOGLEVEL", "TIANWEN_SHARDS"]
    assert told == ["DISCORD_TOKENFILE", *names]
    lines = [".env, line 4 cannot be read", ".env, line 5 cannot be read"]
    lines.append(".env, line 6: TIANWEN_LOG_LEVEL stands there a second time, and this one counts")
    for line in lines:
        assert f"! {line}" in done.stdout
    assert "dotenv" not in done.stderr
    assert done.returncode == 0
    # Who only looks into the log of the bot finds it there.
    terminal("run", cwd=tmp_path, DISCORD_TOKEN=WELL_SHAPED_TOKEN, **misspelt)
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warned == [*(f"{name} is no setting" for name in told), *lines]
    assert f"This is Tianwen {__version__}" in caplog.text


def test_the_version_is_told(terminal: Terminal, folder: Path) -> None:
    assert terminal("--version", cwd=folder).stdout == f"tianwen {__version__}\n"
    assert f"✓ This is Tianwen {__version__}, on Python 3." in terminal("doctor", cwd=folder).stdout


def test_a_package_that_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError(name='typer')", "utf-8")
    done = program(tmp_path, "doctor")
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == "tianwen: the package typer is missing: run “make install” anew.\n"


def test_a_terminal_without_our_signs_is_told_in_its_own(folder: Path) -> None:
    done = program(folder, "doctor", PYTHONIOENCODING="ascii")
    assert "Traceback" not in done.stderr
    assert "+ Its file is whole" in done.stdout


def test_what_is_piped_may_be_in_any_encoding(folder: Path) -> None:
    piped = b"\xe9\xff\nhow long is tianhe?\n"
    done = program(folder, "chat", piped=piped, PYTHONIOENCODING="utf-8")
    assert done.returncode == 0, done.stderr
    assert ARTICLE_FACT in done.stdout


def test_what_a_server_has_not_saved_is_not_evaluated(terminal: Terminal, folder: Path) -> None:
    done = terminal("evaluate", "--server", "5", cwd=folder)
    assert done.returncode == 1
    assert "no tests" in done.stderr


def test_invite_prints_a_url_with_few_permissions(terminal: Terminal, folder: Path) -> None:
    for done in (
        terminal("invite", cwd=folder, DISCORD_TOKEN=WELL_SHAPED_TOKEN),
        terminal("invite", "--application-id", "123456789012345678", cwd=folder),
    ):
        assert "client_id=123456789012345678" in done.stdout
        assert "scope=bot+applications.commands" in done.stdout
        assert "permissions=274878024704" in done.stdout
    assert "DISCORD_TOKEN" in terminal("invite", cwd=folder).stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (
            ("run",),
            {"TIANWEN_DATABASE_URL": "postgresql+asyncpg://h/x?password=s3cret"},
            "The database URL must have its password before the host",
        ),
        (("run",), {"TIANWEN_DATABASE_URL": "nonsense"}, "The database URL cannot be read. Check TIANWEN_DATABASE_URL"),
        (
            ("ask", "x"),
            {"TIANWEN_DATABASE_URL": "sqlite+aiosqlite:////no/such/folder/x.db"},
            "unable to open database file (sqlite+aiosqlite:////no/such/folder/x.db). Check TIANWEN_DATABASE_URL",
        ),
        (
            ("ask", "x"),
            {"TIANWEN_DATABASE_URL": "postgresql+asyncpg://u:secret@127.0.0.1:1/x"},  # pragma: allowlist secret
            "(postgresql+asyncpg://u:***@127.0.0.1:1/x). Check TIANWEN_DATABASE_URL",
        ),
        (("run",), {"TIANWEN_LOG_LEVEL": "LOUD"}, "TIANWEN_LOG_LEVEL"),
        (("sync",), {}, "DISCORD_TOKEN is not set"),
        (("evaluate", "no-such-file.jsonl"), {}, "cannot be read"),
        (("evaluate", "broken.jsonl"), {}, "line 1: not valid JSON"),
        (("evaluate", os.devnull), {}, "it holds no question"),
        (("run",), {"DISCORD_TOKEN": "junk"}, "does not look like a bot token"),
        (("evaluate", "broken.jsonl", "--facts", "broken.jsonl"), {}, "not valid JSON"),
    ],
)
def test_what_is_wrong_is_told_in_words_without_a_traceback(
    terminal: Terminal, folder: Path, arguments: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    (folder / "broken.jsonl").write_text("{", "utf-8")
    done = terminal(*arguments, cwd=folder, **environment)
    # A service manager sees by 78 that it need not try again: a setting is wrong.
    settings = ("TIANWEN_LOG_LEVEL", "DISCORD_TOKEN", "bot token", "The database URL")
    assert done.returncode == (78 if any(name in told for name in settings) else 1)
    assert done.stderr.splitlines()[-1].startswith("tianwen: ") or "fault" in done.stderr
    assert told in done.stderr
    assert "secret" not in done.stderr


def test_a_store_from_a_newer_program_is_left_alone(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "tianwen.db"
    store.write_bytes((folder / "tianwen.db").read_bytes())
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    for command in (("ask", "x"), ("run",), ("db", "upgrade"), ("db", "check")):
        done = terminal(*command, cwd=tmp_path)
        # It does not help to start this program again.
        assert done.returncode == 78
        assert done.stderr.splitlines()[-1].startswith("tianwen: The database has schema from-the-future")
        assert "newer program" in done.stderr
        assert "db upgrade" not in done.stderr
    examined = terminal("doctor", cwd=tmp_path)
    assert examined.returncode == 1
    assert "✗ The database has schema from-the-future" in examined.stdout
    assert "Check TIANWEN_DATABASE_URL" not in examined.stdout


def test_another_programs_file_is_left_alone(terminal: Terminal, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "tianwen.db")) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    done = terminal("ask", "x", cwd=tmp_path)
    assert done.returncode == 78
    assert "another program's tables, such as “orders”" in done.stderr
    with closing(sqlite3.connect(tmp_path / "tianwen.db")) as connection, connection:
        # It may be looked after by Alembic, too.
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    for revision in (None, "0003", migrations.HEAD, "abc"):
        with closing(sqlite3.connect(tmp_path / "tianwen.db")) as connection, connection:
            connection.execute("DELETE FROM alembic_version")
            connection.execute("INSERT INTO alembic_version SELECT ?1 WHERE ?1 IS NOT NULL", [revision])
        before = (tmp_path / "tianwen.db").read_bytes()
        for command in ("run", "doctor"):
            done = terminal(command, cwd=tmp_path)
            assert done.returncode == (78 if command == "run" else 1)
            assert "another program's tables, such as “orders”" in done.stdout + done.stderr
        assert (tmp_path / "tianwen.db").read_bytes()[100:] == before[100:]


def test_a_store_that_does_not_tell_its_schema_is_told(terminal: Terminal, folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "tianwen.db"
    store.write_bytes((folder / "tianwen.db").read_bytes())
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("DROP TABLE alembic_version")
    for command in ("ask x", "doctor", "db upgrade"):
        done = terminal(*command.split(), cwd=tmp_path)
        assert done.returncode in {1, 78}
        assert "does not tell which schema its tables have" in done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix closes the input")
def test_a_closed_input_ends_the_chat_quietly(folder: Path) -> None:
    done = program(folder, argv=("/bin/sh", "-c", 'exec "$0" -m bot chat <&-', sys.executable))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_interrupt_ends_the_chat_calmly(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "chat"],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("how long is tianhe\n")
    process.stdin.flush()
    assert process.stdout.readline().strip() == ARTICLE_FACT
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert "Traceback" not in errors


def test_a_pack_that_was_broken_by_hand_ends_a_start_with_its_lines_and_leaves_the_store_alone(
    terminal: Terminal, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = tmp_path / "facts" / "articles"
    articles.mkdir(parents=True)
    (articles / "article.toml").write_text('id = "x"\nversion = 1\nsources = [\n[[facts]]\n', "utf-8")
    monkeypatch.setattr("facts.packs.resources.files", lambda name: tmp_path / name)
    before = (folder / "tianwen.db").read_bytes()
    done = terminal("ask", "How long is Tianhe?", cwd=folder)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "article.toml" in done.stderr
    assert "line " in done.stderr
    told = terminal("doctor", cwd=folder)
    assert told.returncode == 1
    assert "✗ The article has faults" in told.stdout
    assert (folder / "tianwen.db").read_bytes() == before
