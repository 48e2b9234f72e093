"""New answers: questions that have one now leave the review queue, and those who wanted to be told are told."""

from __future__ import annotations

import asyncio
import enum
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import discord
from discord.ext import commands, tasks

from bot.errors import UNREACHED
from bot.ui.answers import told_reply
from bot.ui.words import words_for_question
from facts.entities import Doubt
from facts.errors import DatabaseError
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.client import Tianwen
    from facts.engine import Answer
    from facts.entities import AnswerAlert, FactChange

log = logging.getLogger(__name__)

# Who could not be told is told after so long.
_AGAIN_MINUTES = 10


class _Everywhere(enum.Enum):
    """In all servers of this process, and in direct messages."""

    EVERYWHERE = enum.auto()


_EVERYWHERE = _Everywhere.EVERYWHERE
# A server, direct messages (None), or all of them.
_Where: TypeAlias = int | _Everywhere | None


class Alerts(commands.Cog):
    """Looks, after each change of the facts and when somebody begins to wait, at the questions that wait."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        # Where somebody may have an answer now, and where they may still have to be told of it: at first, everywhere.
        self._changed: set[_Where] = set()
        self._behind: set[_Where] = {_EVERYWHERE}
        self._looking: asyncio.Task[None] | None = None
        self._stop_listening = bot.knowledge.fact_changes.add(self._fact_changed)

    async def cog_load(self) -> None:
        """Begin to tell those who could not be told before."""
        self._tell_again.start()

    async def cog_unload(self) -> None:
        """End everything."""
        self._stop_listening()
        self._tell_again.cancel()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    @tasks.loop(minutes=_AGAIN_MINUTES)
    async def _tell_again(self) -> None:
        behind, self._behind = self._behind, set()
        for where in behind:
            self._look(where)

    @_tell_again.before_loop
    async def _until_ready(self) -> None:
        await self.bot.wait_until_ready()

    def _fact_changed(self, change: FactChange) -> None:
        # Where both are unknown, much has changed.
        if change.after is not None or change.before is None:
            self._look(change.server_id if change.server_id is not None else _EVERYWHERE)

    @commands.Cog.listener()
    async def on_alert_kept(self, server_id: int | None, question: str) -> None:
        """Tell somebody who has just begun to wait and has an answer already: their reply may be an old one."""
        if _answers(self.bot.knowledge.ask(question, server_id=server_id)):
            self._look(server_id)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Look where the bot was away: nobody was told there meanwhile."""
        self._look(guild.id)

    def _look(self, where: _Where) -> None:
        if not isinstance(where, _Everywhere) and not self.bot.share.holds(where):
            return
        self._changed.add(where)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_now(), name="tianwen-alerts")

    async def _look_now(self) -> None:
        while self._changed:
            where = self._changed.pop()
            with self._made_up_for(where):
                if isinstance(where, int):
                    await self._settle_answered(where)
                await self._tell_all(where)

    @contextmanager
    def _made_up_for(self, where: _Where) -> Iterator[None]:
        """Log what fails and look there again later; what waits elsewhere is looked at all the same."""
        try:
            yield
        except DatabaseError as error:
            log.warning("The questions that wait could not be looked at: %s", error)
            self._behind.add(where)
        except Exception:
            # As when facts change while a thread asks them.
            log.exception("The questions that wait could not be looked at")
            self._behind.add(where)

    async def _settle_answered(self, server_id: int) -> None:
        """Take questions off a server's queue that had no answer and have one now."""
        await self.bot.knowledge.prepare(server_id)
        ask, books = self.bot.knowledge.ask, self.bot.knowledge.bookkeeping
        waiting = [queued for queued in await books.queued(server_id) if queued.doubt is Doubt.UNANSWERED]
        # There may be many: a thread asks them.
        answered = await asyncio.to_thread(
            lambda: [queued.id for queued in waiting if not ask(queued.question, server_id=server_id).is_open]
        )
        if answered:
            await books.settle(server_id, [queued_id for queued_id in answered if queued_id is not None])

    async def _tell_all(self, where: _Where) -> None:
        """Tell those whose questions have an answer now."""
        books, after = self.bot.knowledge.bookkeeping, None
        scope = {"everywhere": self.bot.share} if isinstance(where, _Everywhere) else {"server_id": where}
        while page := await books.alerts(**scope, after=after):
            after = page[-1]
            by_server: dict[int | None, list[AnswerAlert]] = {}
            for alert in page:
                by_server.setdefault(alert.server_id, []).append(alert)
            # One server after another: not all that have alerts fit into memory together.
            for asked_in, waiting in by_server.items():
                with self._made_up_for(asked_in):
                    await self._tell_those(asked_in, waiting)

    async def _tell_those(self, server_id: int | None, waiting: Sequence[AnswerAlert]) -> None:
        if server_id is not None and self.bot.get_guild(server_id) is None:
            # Where the bot is no longer, nobody is told.
            return
        await self.bot.knowledge.prepare(server_id)
        answers = await asyncio.to_thread(self._ask, waiting)
        for alert, answer in zip(waiting, answers, strict=True):
            if _answers(answer):
                await self._tell(alert, answer)

    def _ask(self, alerts: Sequence[AnswerAlert]) -> list[Answer]:
        return [self.bot.knowledge.ask(alert.question, server_id=alert.server_id) for alert in alerts]

    async def _tell(self, alert: AnswerAlert, answer: Answer) -> None:
        """Tell somebody, once; who cannot be told because Discord fails is told later."""
        books = self.bot.knowledge.bookkeeping
        guild = self.bot.get_guild(alert.server_id) if alert.server_id is not None else None
        if (guild is None and alert.server_id is not None) or not await books.take_alert(alert):
            return
        words = words_for_question(alert.question, None)
        try:
            if guild is not None:
                # What a server has of its own is for its members.
                await guild.fetch_member(alert.user_id)
            channel = await self.bot.create_dm(discord.Object(alert.user_id))
            await channel.send(**told_reply(alert.question, answer, words).arguments())
        except discord.NotFound:
            log.info("Somebody who wanted to be told is no longer a member")
        except discord.Forbidden:
            log.info("Somebody who wanted to be told takes no direct messages")
        except UNREACHED as error:
            log.warning("Somebody could not be told of an answer: %s", error)
            self._behind.add(alert.server_id)
            await books.keep_alert(alert)


def _answers(answer: Answer) -> bool:
    """Tell whether somebody who waits is to be told of this."""
    return answer.outcome is Outcome.ANSWER or answer.unknown is not None
