"""Where and how often backups are made."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facts.backup import backup_name, newest, prune
from facts.errors import BackupError, DatabaseError

if TYPE_CHECKING:
    from pathlib import Path

    from bot.settings import Settings
    from facts.knowledge import KnowledgeBase

log = logging.getLogger(__name__)

_JOB = "backup"
# Whoever looks a little early does not wait for a whole round.
_SLACK = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Backups:
    """A schedule: into which folder, how often, and how many are kept."""

    folder: Path
    every: dt.timedelta
    keep: int

    @classmethod
    def of(cls, settings: Settings) -> Backups | None:
        """Give the schedule that an operator has set, if any."""
        if settings.backup_folder is None:
            return None
        return cls(settings.backup_folder, dt.timedelta(hours=settings.backup_every_h), settings.backups_kept)

    async def newest(self) -> dt.datetime | None:
        """Give when the newest backup was made; None where there is none, or the folder cannot be read."""
        try:
            return await asyncio.to_thread(newest, self.folder)
        except OSError:
            return None

    async def make_if_due(self, knowledge: KnowledgeBase, now: dt.datetime) -> None:
        """Make a backup if its time has come and no other process makes it; what fails is logged, and tried again."""
        books = knowledge.bookkeeping
        try:
            # Where there is none yet, as in a folder that was only just set, nobody waits for the time of the next.
            every = self.every - _SLACK if await self.newest() is not None else _SLACK
            if not await books.claim(_JOB, every):
                return
            try:
                await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
                await knowledge.back_up(self.folder / backup_name(now))
                await asyncio.to_thread(prune, self.folder, self.keep)
            except (BackupError, OSError) as error:
                log.error("The backup could not be made: %s", error)  # noqa: TRY400 - the sentence says it all
                await books.give_back(_JOB)
            else:
                log.info("A backup has been made")
        except DatabaseError as error:
            log.warning("Whether a backup is due could not be looked up: %s", error)
