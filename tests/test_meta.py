"""The code base holds to its own rules: which module may know which, and what must be documented."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import discord
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from typer.main import get_command

import migrations
from bot import __version__
from bot.cli import app
from bot.client import Tianwen
from bot.settings import Settings
from bot.ui.chinese import CHINESE
from bot.ui.editor_chinese import EDITOR_CHINESE
from bot.ui.editor_words import EDITOR_ENGLISH, EditorWords
from bot.ui.translations import LOCALES, TRANSLATIONS, CommandTranslator
from bot.ui.words import ENGLISH, Words

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")

# What a module may not import, by the beginning of its name (design, section 2).
FORBIDDEN = {
    "facts": ("bot", "discord", "typer", "rich", "pydantic_settings"),
    "facts.matching": ("sqlalchemy", "alembic", "aiosqlite", "asyncio", "os", "time", "datetime", "pathlib", "random"),
    "facts.matching.": ("facts.knowledge", "facts.store", "facts.models", "facts.database", "facts.engine"),
    "bot": ("sqlalchemy", "alembic", "aiosqlite", "facts.store", "facts.models"),
    "bot.ui": ("bot.cogs", "facts.database"),
    "bot.cogs": ("facts.database", "facts.matching.index", "facts.matching.matcher"),
}
SQL_ALLOWED = {f"facts.{name}" for name in ("bookkeeping", "database", "feed", "models", "people", "store", "tally")}
# Choices with the same name in every language.
FORMATS = {"csv", "json"}


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in ("bot", "facts")
        for path in (ROOT / package).rglob("*.py")
    }


def imports(path: Path) -> set[str]:
    """Every module that a file imports for real: what stands under TYPE_CHECKING is not loaded."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_dependencies_point_one_way() -> None:
    broken = [
        f"{module} imports {imported}"
        for module, path in modules().items()
        for imported in imports(path)
        for scope, forbidden in FORBIDDEN.items()
        if (module + ".").startswith(scope if scope.endswith(".") else scope + ".")
        for name in forbidden
        if (imported + ".").startswith(name + ".")
    ]
    assert broken == []


def test_only_the_store_knows_sql() -> None:
    users = {
        module
        for module, path in modules().items()
        if any((name + ".").startswith(("sqlalchemy.", "alembic.")) for name in imports(path))
    }
    assert users <= SQL_ALLOWED


def test_every_setting_stands_in_the_example_with_a_line_on_why_and_a_value_that_loads() -> None:
    known = {
        str(field.validation_alias or f"TIANWEN_{name}".upper()): field for name, field in Settings.model_fields.items()
    }
    shown = dict(re.findall(r"^# (.+)\n([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert {name: why for why, name in shown.items()} == {name: field.description for name, field in known.items()}
    assert Settings(_env_file=ROOT / ".env.example", _env_prefix="TIANWEN_") == Settings(_env_file=None)


def test_every_command_of_the_terminal_stands_in_the_readme() -> None:
    root = get_command(app)
    commands = {
        f"{name} {inner}" if hasattr(command, "commands") else name
        for name, command in root.commands.items()  # type: ignore[attr-defined]
        for inner in getattr(command, "commands", {name: None})
    }
    assert {command for command in commands if f"tianwen {command}" not in README} == set()


@pytest.mark.usefixtures("simcord_env")
async def test_every_slash_command_has_its_own_name_a_description_and_a_line_in_the_readme(
    simcord_bot: Tianwen,
) -> None:
    commands = simcord_bot.tree.get_commands()
    names = [command.name for command in commands]
    assert len(names) == len(set(names)) > 0
    assert [name for name in names if f"`/{name}" not in README and f"“{name}”" not in README] == []
    assert [c.name for c in commands if getattr(c, "description", "") == "…"] == []


def test_every_sentence_is_used() -> None:
    code = "\n".join(path.read_text("utf-8") for path in modules().values())
    sentences = [field.name for kind in (Words, EditorWords) for field in dataclasses.fields(kind)]
    unused = [name for name in sentences if not re.search(rf"\.{name}\b", code)]
    # These are named after what they tell of.
    assert [name for name in unused if not re.search("^(name|list)_|_(input|hint)$", name)] == []


def test_every_sentence_is_there_in_chinese_with_the_same_gaps() -> None:
    both: list[tuple[Any, Any]] = [(ENGLISH, CHINESE), (EDITOR_ENGLISH, EDITOR_CHINESE)]
    for ours, theirs, name in [(*pair, field.name) for pair in both for field in dataclasses.fields(pair[0])]:
        english, chinese = getattr(ours, name), getattr(theirs, name)
        assert chinese != english, name
        if name not in {"day", "month"}:
            assert set(re.findall(r"{(\w*)}", chinese)) == set(re.findall(r"{(\w*)}", english)), name


def siblings(parts: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Give what stands side by side, at every depth: commands, subcommands, options, choices that are words."""
    parts = [part for part in parts if "value" not in part or part["name"] not in FORMATS]
    yield parts
    for part in parts:
        for inner in ("options", "choices"):
            yield from siblings(part.get(inner, []))


def naming_rule(part: dict[str, Any]) -> str:
    """Give what Discord lets a choice, a command or option, and a context menu be called."""
    if "value" in part:
        return ".{1,100}"
    return r"[-_'\w]{1,32}" if "description" in part else ".{1,32}"


@pytest.mark.usefixtures("simcord_env")
async def test_every_command_is_translated_and_no_two_share_a_name(simcord_bot: Tianwen) -> None:
    tree, translator = simcord_bot.tree, CommandTranslator()
    payloads = [await command.get_translated_payload(tree, translator) for command in tree.get_commands()]
    levels = [
        level
        for kind in discord.AppCommandType
        for level in siblings([payload for payload in payloads if payload["type"] == kind.value])
    ]
    texts: set[str] = set()
    for level in levels:
        for locale in (locale.value for locale in LOCALES):
            names = [part["name_localizations"][locale] for part in level]
            assert len(names) == len(set(names)), names
            for part, name in zip(level, names, strict=True):
                assert re.fullmatch(naming_rule(part), name), name
                if "description" in part:
                    assert name == name.lower()
                    assert 1 <= len(part["description_localizations"][locale]) <= 100, part["description"]
        texts |= {part["name"] for part in level}
        texts |= {part["description"] for part in level if "description" in part}
    assert texts == set(TRANSLATIONS)
    assert {len(translations) for translations in TRANSLATIONS.values()} == {len(LOCALES)}


def test_the_programs_schema_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == migrations.HEAD


def test_everything_installed_is_pinned_and_no_index_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
    pinned = {name.lower().replace("_", "-") for name in pins}
    names = {re.split(r"[\[<>=;]", requirement)[0].strip().lower().replace("_", "-") for requirement in wanted}
    assert names - {"tianwen"} <= pinned
    assert not any("://" in line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines())


def test_what_deploys_the_bot_names_only_settings_that_there_are() -> None:
    known = {str(field.validation_alias or f"TIANWEN_{name}".upper()) for name, field in Settings.model_fields.items()}
    for file in ("Dockerfile", "compose.yaml", "deploy/tianwen.service", "docs/operating.md", "docs/scaling.md"):
        named = set(re.findall(r"\b(?:TIANWEN|DISCORD)_[A-Z_]+[A-Z]", (ROOT / file).read_text("utf-8")))
        assert named - known == set(), file
        assert named, file


def test_the_image_holds_what_the_program_is_made_of_and_nothing_else() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert kept == {*wheel["packages"], "pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert {name for names in copied for name in names.split()} == kept


def test_every_row_of_the_faults_names_tests_that_there_are() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and line.count(" | ") == 4]
    rows = [row for row in rows if not row.startswith(("| ---", "| what goes wrong"))]
    tests = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert "MEASURED" not in page
    assert len(rows) > 20
    assert set(re.findall(r"`(test_\w+)`", page)) <= tests
    assert [row for row in rows if "`test_" not in row and "not tested" not in row] == []


def test_the_dashboard_asks_for_figures_that_there_are() -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana-dashboard.json").read_text("utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {name for expression in expressions for name in re.findall(r"\b(?:tianwen|process)_\w+", expression)}
    code = "\n".join((ROOT / "bot" / f"{module}.py").read_text("utf-8") for module in ("meters", "monitor"))
    ours = set(re.findall(r'"(tianwen_\w+)"', code))
    assert {re.sub("_(total|bucket|info)$", "", name) for name in asked if name.startswith("tianwen")} == ours
    assert {name for name in asked if name.startswith("process")} == {
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
    }


def test_the_changelog_tells_of_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_matching_knows_of_no_subject() -> None:
    subjects = re.compile(
        r"tian(?:gong|he)|astronaut|taikonaut|spacewalk|space station|orbit|rocket|rover|china|chinese|clinc",
        re.IGNORECASE,
    )
    found = [
        (path.name, match[0])
        for path in sorted((ROOT / "facts" / "matching").glob("*.py"))
        for match in subjects.finditer(path.read_text("utf-8"))
    ]
    assert found == []
