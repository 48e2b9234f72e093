"""Backups on schedule, and by hand in the terminal; people's data goes when its time has come."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import discord
import pytest

from bot.backups import Backups
from bot.cogs.upkeep import Upkeep
from facts.backup import check
from facts.entities import Doubt, ServerSettings
from tests.bot.test_many_processes import until

if TYPE_CHECKING:
    from tests.bot.conftest import Terminal
    from tests.conftest import World

DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)


@pytest.mark.usefixtures("simcord_env")
async def test_the_bot_makes_backups_where_they_are_set(world: World, tmp_path: Path) -> None:
    world.bot.backups = Backups(tmp_path / "backups", DAY, 2)
    await world.bot.remove_cog("Upkeep")
    await world.bot.add_cog(Upkeep(world.bot))
    await until(lambda: len(list((tmp_path / "backups").glob("*.db"))) == 1)


@pytest.mark.usefixtures("simcord_env")
async def test_backups_are_made_when_due_and_only_so_many_are_kept(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    backups = Backups(folder, HOUR, 2)
    seen: set[Path] = set()
    for number in range(1, 5):
        for _ in range(3):
            await backups.make_if_due(world.knowledge, discord.utils.utcnow())
        seen |= set(folder.iterdir())
        assert len(seen) == number
        assert len(list(folder.iterdir())) == min(number, 2)
        await world.env.advance_time(HOUR.total_seconds())
    for file in folder.iterdir():
        check(file)


@pytest.mark.usefixtures("simcord_env")
async def test_another_folder_gets_its_first_backup_at_once(world: World, tmp_path: Path) -> None:
    for name in ("here", "there"):
        await Backups(tmp_path / name, DAY, 2).make_if_due(world.knowledge, discord.utils.utcnow())
        await world.env.advance_time(600)
    assert len(list((tmp_path / "there").iterdir())) == 1


@pytest.mark.usefixtures("simcord_env")
async def test_a_backup_that_fails_is_logged_and_tried_again(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "backups"
    folder.write_text("in the way")
    backups = Backups(folder, DAY, 2)
    await backups.make_if_due(world.knowledge, discord.utils.utcnow())
    assert "The backup could not be made" in caplog.text
    folder.unlink()
    await backups.make_if_due(world.knowledge, discord.utils.utcnow())
    assert len(list(folder.iterdir())) == 1


@pytest.mark.usefixtures("simcord_env")
async def test_what_is_kept_of_people_goes_when_its_time_has_come(world: World) -> None:
    books = world.knowledge.bookkeeping
    await world.knowledge.set_server_settings(world.guild.id, ServerSettings(queue_days=3))
    await world.asked("how long is tianhe?")
    await world.bot.queue("any mice?", Doubt.UNANSWERED, server_id=world.guild.id, author_id=world.member.id)
    assert len(await books.replies(9)) == 1
    await world.let_pass(DAY + HOUR + MINUTE)
    assert await books.replies(9) == []
    assert len(await books.queued(world.guild.id)) == 1
    for _ in range(2):
        await world.let_pass(DAY)
    assert await books.queued(world.guild.id) == []


def test_a_backup_by_hand_brings_back_what_there_was(terminal: Terminal, small_folder: Path) -> None:
    refused = terminal("backup", "kept/one.db", cwd=small_folder)
    assert (refused.returncode, refused.stderr) == (1, "tianwen: There is no folder kept.\n")
    (small_folder / "kept").mkdir()
    made = terminal("backup", "kept/one.db", cwd=small_folder)
    assert made.returncode == 0, made.stderr
    assert "looked through and whole" in made.stdout
    removed = terminal("facts", "remove", "tianhe-length", cwd=small_folder)
    assert removed.returncode == 0, removed.stderr
    refused = terminal("restore", "kept/one.db", cwd=small_folder)
    assert refused.returncode == 1
    assert "--yes" in refused.stderr
    restored = terminal("restore", "kept/one.db", "--yes", cwd=small_folder)
    assert restored.returncode == 0, restored.stderr
    history = terminal("facts", "history", "tianhe-length", cwd=small_folder)
    assert "remove" not in history.stdout
    (before,) = small_folder.glob("before-restore-*.db")
    check(before)


@pytest.mark.parametrize("harm", ["damaged", "newer"])
def test_a_backup_takes_the_place_of_what_cannot_be_used_and_that_is_kept(
    terminal: Terminal, small_folder: Path, harm: str
) -> None:
    assert terminal("backup", "one.db", cwd=small_folder).returncode == 0
    database = small_folder / "tianwen.db"
    if harm == "damaged":
        database.write_bytes(database.read_bytes()[:9000])
    else:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
    spoilt = database.read_bytes()
    restored = terminal("restore", "one.db", "--yes", cwd=small_folder)
    assert restored.returncode == 0, restored.stderr
    (before,) = small_folder.glob("before-restore-*.db")
    assert str(before.name) in restored.stdout
    if harm == "damaged":
        assert "damaged" in restored.stdout
        assert before.read_bytes() == spoilt
    asked = terminal("ask", "how long is tianhe?", cwd=small_folder)
    assert "16.6" in asked.stdout, asked.stderr


def test_what_is_no_backup_is_refused_in_one_line(terminal: Terminal, small_folder: Path) -> None:
    (small_folder / "notes.txt").write_text("no backup")
    for file in ("notes.txt", "nothing.db"):
        refused = terminal("restore", file, "--yes", cwd=small_folder)
        assert refused.returncode == 1
        assert len(refused.stderr.strip().splitlines()) == 1
    assert not list(small_folder.glob("before-restore-*"))


def test_without_a_name_it_goes_into_the_folder_that_is_set(terminal: Terminal, small_folder: Path) -> None:
    made = terminal("backup", cwd=small_folder, TIANWEN_BACKUP_FOLDER="safe")
    assert made.returncode == 0, made.stderr
    assert len(list((small_folder / "safe").glob("tianwen-*Z.db"))) == 1
