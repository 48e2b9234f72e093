"""Joining Discord and leaving it, as ``tianwen run`` does with a token: a process of its own and a real connection."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import discord
import pytest
import yarl

from bot.client import DiscordUnavailableError, join_discord, sync_commands
from bot.settings import Settings, SettingsError
from tests.bot.fake_discord import fake_discord
from tests.bot.program import start
from tests.conftest import WELL_SHAPED_TOKEN

FLAGS = discord.ApplicationFlags


@pytest.mark.parametrize(
    ("signal_number", "flags", "reads"),
    [
        (signal.SIGTERM, 0, False),
        (signal.SIGINT, FLAGS(gateway_message_content=True).value, True),
        # What bots in few servers get by the same switch.
        (signal.SIGTERM, FLAGS(gateway_message_content_limited=True).value, True),
    ],
)
async def test_it_joins_with_what_discord_has_granted_and_leaves_cleanly_when_told_to_stop(
    small_folder: Path, signal_number: signal.Signals, flags: int, reads: bool
) -> None:
    async with fake_discord(flags=flags) as fake, asyncio.timeout(60):
        process = await start(fake, small_folder, "run")
        await fake.joined.wait()
        process.send_signal(signal_number)
        output, errors = await process.communicate()
        await fake.left.wait()
    log = (output + errors).decode()
    assert process.returncode == 0, log
    assert "Traceback" not in log
    assert WELL_SHAPED_TOKEN not in log
    assert fake.identified is not None
    assert discord.Intents._from_value(fake.identified["intents"]) == discord.Intents(
        guilds=True, guild_messages=True, dm_messages=True, message_content=reads
    )
    assert {command["name"] for command in fake.commands} >= {"ask", "crew", "about"}


async def test_commands_can_be_synced_without_joining(small_folder: Path) -> None:
    async with fake_discord() as fake, asyncio.timeout(60):
        process = await start(fake, small_folder, "sync")
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert "commands are now known to Discord" in output.decode()
    assert fake.commands
    assert fake.identified is None


async def test_a_token_that_discord_refuses_ends_in_one_line_with_the_remedy(small_folder: Path) -> None:
    async with fake_discord(accepts_token=False) as fake, asyncio.timeout(60):
        process = await start(fake, small_folder, "run")
        _, errors = await process.communicate()
    log = errors.decode()
    # A service manager sees by this that it need not try again.
    assert process.returncode == 78
    assert "Traceback" not in log
    assert log.splitlines()[-1].startswith("tianwen: DISCORD_TOKEN: Discord does not accept this token")
    assert WELL_SHAPED_TOKEN not in log


@pytest.fixture
def settings(small_folder: Path) -> Settings:
    return Settings(
        _env_file=None, database_url=f"sqlite+aiosqlite:///{small_folder}/tianwen.db", DISCORD_TOKEN=WELL_SHAPED_TOKEN
    )


async def test_discord_out_of_reach_is_one_error_with_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fake_discord() as gone:
        pass
    monkeypatch.setattr(discord.http.Route, "BASE", gone.api)
    with pytest.raises(DiscordUnavailableError, match="cannot be reached"):
        await join_discord(settings)
    with pytest.raises(DiscordUnavailableError, match="cannot be reached"):
        await sync_commands(settings)


async def test_what_is_no_token_is_refused_before_anything_is_opened_or_asked(sqlite_url: str) -> None:
    settings = Settings(_env_file=None, database_url=sqlite_url, DISCORD_TOKEN="junk")  # noqa: S106
    with pytest.raises(SettingsError, match="does not look like a bot token"):
        await join_discord(settings)
    assert not Path(yarl.URL(sqlite_url).path).exists()


async def test_without_a_token_joining_is_refused_before_anything_is_opened(sqlite_url: str) -> None:
    settings = Settings(_env_file=None, database_url=sqlite_url)
    with pytest.raises(SettingsError, match="DISCORD_TOKEN is not set"):
        await join_discord(settings)
    assert not Path(yarl.URL(sqlite_url).path).exists()
