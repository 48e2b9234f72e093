"""What ``tianwen doctor`` checks: token, database, schema, article, the running bot; and what to do about each."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import __version__
from bot.backups import Backups
from bot.health import Status
from bot.probe import ask
from bot.runtime import advice_on, open_database
from bot.settings import SettingsError, doubtful_settings
from bot.ui import words
from facts.backup import backup_name, look_through
from facts.errors import BackupError, DamagedError, DatabaseUnavailableError, PackError, SchemaMismatchError
from facts.knowledge import KnowledgeBase, utc_now
from facts.packs import shipped_packs

if TYPE_CHECKING:
    from pathlib import Path

    from bot.settings import Settings
    from facts.entities import Pack

# What to do where the running bot is not well.
_REMEDIES = {
    "gateway": "It tries again by itself; for minutes on end, look at the network and at discordstatus.com.",
    "database": words.CHECK_DATABASE,
    "facts": "It tries again by itself; for minutes on end, look into its log.",
}
_FIRST_START = "The first start makes and fills it."
_WAS_THERE = " If there was one before, stop the bot and put it back, or a backup with “tianwen restore FILE”."
_OTHER_TABLES = "Put a backup in its place (“tianwen restore FILE”, or pg_restore), if no other program is to blame."
_MEND_FIRST = "Mend it first; the rest is looked at once all settings can be used."
_ANOTHER = "Make another one with “tianwen backup”, and keep this one aside."
_NO_FOLDER = "Check TIANWEN_BACKUP_FOLDER."
_NO_SETTING = "It does nothing; .env.example has all that there are, and how they are written."
_DAMAGED = "Put a backup in its place with “tianwen restore FILE”; what is there now is kept."
_TAKE_ANEW = "Copy it from the developer portal: your application, Bot, Reset Token."
_NETWORK = "Look at the network and at discordstatus.com, if the bot does not join either."
_NO_BACKUPS = "The bot that runs makes one when it is due; look into its log."
# So long Discord may take to say whether it knows the token, in seconds.
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked."""

    what: str
    remedy: str = ""
    failed: bool = False

    @property
    def mark(self) -> str:
        """A sign for it: well, worth knowing, or amiss."""
        return "✗" if self.failed else "!" if self.remedy else "✓"


def misset(error: SettingsError) -> list[Finding]:
    """Tell what is wrong where settings cannot be used: then nothing else can be checked."""
    wrong = [Finding(fault, _MEND_FIRST, failed=True) for fault in error.faults]
    return [_program(), *wrong, *_doubtful()]


def _program() -> Finding:
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding(f"This is Tianwen {__version__}, on Python {python}")


def _doubtful() -> list[Finding]:
    return [Finding(doubtful, _NO_SETTING) for doubtful in doubtful_settings()]


async def diagnose(settings: Settings) -> list[Finding]:
    """Check everything that can be checked without joining Discord; changes nothing."""
    findings = [_program(), await _token(settings), *_doubtful()]
    packs, finding = _packs()
    findings.append(finding)
    running = await asyncio.to_thread(_running, settings)
    # One that answers tells of several things.
    findings.extend(await _database(settings, packs, is_used=len(running) > 1))
    findings.extend(await _backups(settings))
    return findings + running


async def _token(settings: Settings) -> Finding:
    if settings.discord_token is None:
        return Finding("DISCORD_TOKEN is not set", "Set it to join Discord; without it only the terminal works.")
    from bot.identity import application_id_of  # noqa: PLC0415 - discord.py takes a while to import

    if application_id_of(settings.discord_token.get_secret_value()) is None:
        return Finding("DISCORD_TOKEN does not look like a bot token", _TAKE_ANEW, failed=True)
    return await _discord(settings)


async def _discord(settings: Settings) -> Finding:
    """Ask Discord itself about the token."""
    from bot.client import DiscordUnavailableError, message_content_granted  # noqa: PLC0415 - as above

    try:
        async with asyncio.timeout(_PATIENCE_S):
            granted = await message_content_granted(settings)
    except SettingsError as error:
        return Finding(error.sentence, _TAKE_ANEW, failed=True)
    except (DiscordUnavailableError, TimeoutError):
        return Finding("DISCORD_TOKEN looks right, but Discord could not be asked about it", _NETWORK)
    rest = "is granted too" if granted else "is not granted: only listening channels need it"
    return Finding(f"Discord knows the token; the “Message Content Intent” {rest}")


def _packs() -> tuple[list[Pack], Finding]:
    try:
        packs = shipped_packs()
    except PackError as error:
        return [], Finding("The article has faults", error.sentence, failed=True)
    facts = sum(len(pack.facts) for pack in packs)
    unknowns = sum(len(pack.unknowns) for pack in packs)
    return packs, Finding(f"The article is whole: {facts} facts, {unknowns} known unknowns")


def _running(settings: Settings) -> list[Finding]:
    """Tell in words what the bot that runs here tells on its port."""
    if settings.monitor_port is None:
        return []
    try:
        told = ask(settings.monitor_host, settings.monitor_port)
    except (OSError, ValueError):
        where = f"{settings.monitor_host}:{settings.monitor_port}"
        return [Finding(f"No bot answers on {where}", "If it should be running, look into its log.")]
    return [
        Finding(
            f"The bot that runs: {check['sentence'].removesuffix('.')}",
            _REMEDIES.get(name, "") if check["status"] != Status.OK else "",
            failed=check["status"] == Status.FAILING,
        )
        for name, check in told["checks"].items()
    ]


def _unavailable(file: Path | None, error: DatabaseUnavailableError) -> Finding:
    """Tell why a database cannot be used: it may be damaged so much that it cannot even be opened."""
    try:
        if file is not None:
            look_through(file)
    except DamagedError as damage:
        return Finding(damage.sentence, _DAMAGED, failed=True)
    except BackupError:
        pass
    return Finding(error.sentence, advice_on(error), failed=True)


async def _backups(settings: Settings) -> list[Finding]:
    backups = Backups.of(settings)
    if backups is None:
        return []
    if not await asyncio.to_thread(_can_be_written, backups.folder):
        return [Finding(f"No backup can be made in {backups.folder}", _NO_FOLDER, failed=True)]
    at = await backups.newest()
    if at is None:
        return [Finding(f"There is no backup in {backups.folder} yet", _NO_BACKUPS)]
    try:
        await asyncio.to_thread(look_through, backups.folder / backup_name(at))
    except BackupError as error:
        return [Finding(f"The newest backup: {error.sentence}", _ANOTHER, failed=True)]
    # Where one has failed, the next may still come in time.
    is_late = utc_now() - at > 2 * backups.every
    return [Finding(f"The newest backup is of {at:%Y-%m-%d %H:%M} UTC", _NO_BACKUPS if is_late else "")]


def _can_be_written(folder: Path) -> bool:
    """Tell whether files can be made in a folder, or it can be made where it is not there yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _not_there(file: Path, *, is_used: bool) -> Finding:
    if is_used:
        return Finding(f"{file}, which the bot that runs has used, is gone", _WAS_THERE.strip(), failed=True)
    if not _can_be_written(file.parent):
        return Finding(f"{file} is not there yet, and cannot be made", words.CHECK_DATABASE, failed=True)
    return Finding("The database is not there yet", _FIRST_START + _WAS_THERE)


async def _database(settings: Settings, packs: list[Pack], *, is_used: bool) -> list[Finding]:
    findings = []
    file = None
    try:
        async with open_database(settings) as database:
            file = database.file
            if file is not None and database.is_to_be_made:
                return [await asyncio.to_thread(_not_there, file, is_used=is_used)]
            state = await database.schema()
            findings.append(Finding(f"The database answers: {database.description}"))
            if state.is_empty:
                findings.append(Finding("The database is empty", _FIRST_START))
                return findings
            await database.require_schema()
            findings.append(Finding(f"The schema is {state.current}, as needed"))
            if database.file is not None:
                await asyncio.to_thread(look_through, database.file)
                findings.append(Finding("Its file is whole"))
            # What is there besides does no harm.
            differences = [told for told in await database.drift() if not told.startswith("remove ")]
            if differences:
                told = f"Its tables are not as they should be ({differences[0]})"
                findings.append(Finding(told, _OTHER_TABLES, failed=True))
                return findings
            await database.require_writable()
            knowledge = await KnowledgeBase.open(database)
            count = len(knowledge.facts())
            remedy = "" if count or not packs else "The next start loads the article."
            findings.append(Finding(f"The store holds {count} shared facts", remedy))
    except DatabaseUnavailableError as error:
        findings.append(await asyncio.to_thread(_unavailable, file, error))
    except DamagedError as error:
        findings.append(Finding(error.sentence, _DAMAGED, failed=True))
    except BackupError as error:
        findings.append(Finding(error.sentence, words.CHECK_DATABASE, failed=True))
    except SchemaMismatchError as error:
        findings.append(Finding(error.sentence, failed=True))
    return findings
