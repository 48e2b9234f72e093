"""What ``tianwen doctor`` checks: token, database, schema, article, the running bot; and what to do about each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.health import Status
from bot.probe import ask
from bot.runtime import open_database
from bot.settings import unknown_settings
from bot.ui import words
from facts.backup import look_through
from facts.errors import BackupError, DatabaseUnavailableError, PackError, SchemaMismatchError
from facts.knowledge import KnowledgeBase
from facts.packs import shipped_packs

if TYPE_CHECKING:
    from bot.settings import Settings
    from facts.entities import Pack

# What to do where the running bot is not well.
_REMEDIES = {
    "gateway": "It tries again by itself; for minutes on end, look at the network and at discordstatus.com.",
    "database": words.CHECK_DATABASE,
    "facts": "It tries again by itself; for minutes on end, look into its log.",
}
_FIRST_START = "The first start makes and fills it; “tianwen db upgrade” makes it empty."


_NO_SETTING = "It does nothing; .env.example has all that there are."
_DAMAGED = "Put a backup in its place with “tianwen restore FILE”; what is there now is kept."


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


async def diagnose(settings: Settings) -> list[Finding]:
    """Check everything that can be checked without joining Discord; changes nothing."""
    findings = [_token(settings), _intents()]
    findings.extend(Finding(f"{name} is no setting", _NO_SETTING) for name in unknown_settings())
    packs, finding = _packs()
    findings.append(finding)
    findings.extend(await _database(settings, packs))
    findings.extend(await asyncio.to_thread(_running, settings))
    return findings


def _token(settings: Settings) -> Finding:
    from bot.identity import application_id_of  # noqa: PLC0415 - discord.py takes a while to import

    if settings.discord_token is None:
        return Finding("DISCORD_TOKEN is not set", "Set it to join Discord; without it only the terminal works.")
    application_id = application_id_of(settings.discord_token.get_secret_value())
    if application_id is None:
        return Finding(
            "DISCORD_TOKEN does not look like a bot token",
            "Copy it from the developer portal: your application, Bot, Reset Token.",
            failed=True,
        )
    return Finding(f"DISCORD_TOKEN looks right, for application {application_id}")


def _intents() -> Finding:
    return Finding("No privileged intent is needed, but for listening channels: those need “Message Content Intent”")


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


async def _database(settings: Settings, packs: list[Pack]) -> list[Finding]:
    findings = []
    try:
        async with open_database(settings) as database:
            if database.is_to_be_made:
                return [Finding("The database is not there yet", _FIRST_START)]
            state = await database.schema()
            findings.append(Finding(f"The database answers: {database.description}"))
            if state.current is None:
                findings.append(Finding("The database is empty", _FIRST_START))
                return findings
            await database.require_schema()
            findings.append(Finding(f"The schema is {state.current}, as needed"))
            if database.file is not None:
                await asyncio.to_thread(look_through, database.file)
                findings.append(Finding("Its file is whole"))
            knowledge = await KnowledgeBase.open(database)
            count = len(knowledge.facts())
            remedy = "" if count or not packs else "The next start loads the article."
            findings.append(Finding(f"The store holds {count} shared facts", remedy))
    except DatabaseUnavailableError as error:
        findings.append(Finding(error.sentence, words.CHECK_DATABASE, failed=True))
    except BackupError as error:
        findings.append(Finding(error.sentence, _DAMAGED, failed=True))
    except SchemaMismatchError as error:
        findings.append(Finding(error.sentence, failed=True))
    return findings
