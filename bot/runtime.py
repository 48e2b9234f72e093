"""What every command needs: the database opened and brought up to date, the facts in memory, and the logs begun."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot import __version__
from bot.logs import LogLevel, set_up_logging
from bot.settings import doubtful_settings
from bot.ui import words
from facts.database import Database, DatabaseOptions, password_in
from facts.errors import DatabaseUrlError, TianwenError
from facts.knowledge import KnowledgeBase, utc_now
from facts.packs import shipped_packs

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import AsyncIterator, Callable

    from bot.settings import Settings
    from facts.errors import DatabaseUnavailableError


log = logging.getLogger(__name__)


class CommandError(TianwenError):
    """Something that ends the program with one line and a non-zero exit."""


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database as it is, and close it at the end.

    Raises:
        DatabaseUrlError: the URL is not one that can be used.
    """
    options = DatabaseOptions(
        pool_size=settings.database_pool_size,
        statement_timeout_s=settings.database_statement_timeout_s,
        connect_timeout_s=settings.database_connect_timeout_s,
        reconnect_s=settings.database_reconnect_s,
    )
    password = settings.database_password.get_secret_value() if settings.database_password else None
    database = Database(settings.database_url.get_secret_value(), options, password=password)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_knowledge(
    settings: Settings, clock: Callable[[], dt.datetime] = utc_now, *, follows: bool = False
) -> AsyncIterator[KnowledgeBase]:
    """Open the database, create or upgrade its schema where needed, load the article, and read the facts into memory.

    Args:
        settings: which database.
        clock: gives the time now, aware UTC.
        follows: whether what other processes change is taken over.

    Raises:
        DatabaseError: the database cannot be used, or has a schema newer than this program.
        PackError: a shipped pack has faults.
    """
    async with open_database(settings) as database:
        if database.is_to_be_made:
            log.info("There is no store yet: it is made (%s)", database.description)
        if not (await database.schema()).is_current:
            await database.upgrade()
        packs = shipped_packs(await KnowledgeBase.loaded_packs(database))
        knowledge = await KnowledgeBase.open(database, packs, clock=clock)
        if not follows:
            yield knowledge
            return
        knowledge.memory.begin_following()
        try:
            yield knowledge
        finally:
            await knowledge.memory.end_following()


def advice_on(error: DatabaseUnavailableError) -> str:
    """Say what to look at where a database cannot be used."""
    return words.CHECK_DATABASE_URL if isinstance(error, DatabaseUrlError) else words.CHECK_DATABASE


def begin_logging(settings: Settings) -> None:
    """Log as the settings say, and begin with what this is, and with settings that do nothing."""
    _log_from(settings.log_level, settings)
    log.info("This is Tianwen %s", __version__)
    for doubtful in doubtful_settings():
        log.warning("%s", doubtful)


def _log_from(level: LogLevel, settings: Settings) -> None:
    secrets = [secret.get_secret_value() for secret in (settings.discord_token, settings.database_password) if secret]
    password = password_in(settings.database_url.get_secret_value())
    secrets += [password] if password else []
    set_up_logging(level, settings.log_format, people=settings.log_people, secrets=secrets)


def be_quiet(settings: Settings) -> None:
    """In the terminal, log only what is amiss, unless everything was asked for."""
    level = settings.log_level if settings.log_level is LogLevel.DEBUG else LogLevel.WARNING
    _log_from(level, settings)
