"""Upkeep: replies whose facts were corrected are corrected too, and what was kept for long enough is forgotten."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from typing import TYPE_CHECKING

import discord
from discord.ext import commands, tasks

from bot.admission import prepare
from bot.errors import UNREACHED, FactsUnreadError
from bot.ui.answers import Reader, facts_reply, posted_reply
from bot.ui.embeds import sentence_reply
from bot.ui.words import words_for_question
from facts.entities import Fact, FactChange
from facts.errors import DatabaseError, SchemaMismatchError

if TYPE_CHECKING:
    from bot.client import Tianwen
    from bot.ui.embeds import Reply
    from facts.entities import Entry, SentReply

log = logging.getLogger(__name__)

# How often what is old is forgotten; one process does it, whichever comes first.
_FORGETS_EVERY, _SLACK = dt.timedelta(hours=1), dt.timedelta(minutes=5)
# How often one looks whether a backup is due.
_BACKUPS_LOOKED_AT_MINUTES = 10
# How often counts of questions are kept, and one looks whether the schema is still ours.
_STORE_LOOKED_AT_MINUTES = 5


class Upkeep(commands.Cog):
    """Works in the background."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        self._correcting: set[asyncio.Task[None]] = set()
        self._stop_listening = bot.knowledge.fact_changes.add(self._changed)

    async def cog_load(self) -> None:
        """Begin to forget."""
        self._forget.start()
        self._look_after_store.start()
        if self.bot.backups is not None:
            self._back_up.start()

    async def cog_unload(self) -> None:
        """End everything."""
        self._stop_listening()
        for loop in (self._forget, self._look_after_store, self._back_up):
            loop.cancel()
        for task in self._correcting:
            task.cancel()
        await asyncio.gather(*self._correcting, return_exceptions=True)
        await self._keep_counts()

    @tasks.loop(seconds=_FORGETS_EVERY.total_seconds())
    async def _forget(self) -> None:
        books = self.bot.knowledge.bookkeeping
        try:
            if await books.claim("forget-old", _FORGETS_EVERY - _SLACK):
                await books.forget_old(self._queue_days)
                await self.bot.knowledge.tally.forget_old()
        except DatabaseError as error:
            log.warning("What is old could not be forgotten yet: %s", error)

    @tasks.loop(minutes=_BACKUPS_LOOKED_AT_MINUTES)
    async def _back_up(self) -> None:
        if self.bot.backups is not None:
            await self.bot.backups.make_if_due(self.bot.knowledge, discord.utils.utcnow())

    @tasks.loop(minutes=_STORE_LOOKED_AT_MINUTES)
    async def _look_after_store(self) -> None:
        await self._keep_counts()
        try:
            await self.bot.knowledge.require_schema()
        except SchemaMismatchError as error:
            # A newer program has migrated it: what this one would write may be wrong.
            self.bot.stop(error)
        except DatabaseError as error:
            log.info("The schema could not be looked at: %s", error)
        await self._try_to_write()

    async def _try_to_write(self) -> None:
        """Where something could not be written of late, find out whether it can now: health tells of it."""
        if not self.bot.knowledge.memory.is_store_failing:
            return
        try:
            await self.bot.knowledge.bookkeeping.claim("try-to-write", dt.timedelta(0))
        except DatabaseError as error:
            log.warning("The database still cannot be written: %s", error)

    async def _keep_counts(self) -> None:
        try:
            await self.bot.knowledge.tally.keep()
        except DatabaseError as error:
            log.warning("How many questions were asked could not be kept yet: %s", error)

    def _queue_days(self, server_id: int | None) -> int:
        return self.bot.knowledge.server_settings(server_id).queue_days

    @_forget.before_loop
    async def _until_ready(self) -> None:
        # What shows something that is forgotten is changed in Discord, too.
        await self.bot.wait_until_ready()

    def _changed(self, change: FactChange) -> None:
        """Correct the replies of the last day that show a fact, if it says something else now."""
        before, after = change.before, change.after
        fact = before or after
        if not isinstance(fact, Fact) or _says(before) == _says(after):
            return
        replies = self.bot.replies.showing(fact.id)
        if change.server_id is not None:
            replies = [reply for reply in replies if reply.server_id == change.server_id]
        if replies:
            ids = [reply.message_id for reply in replies]
            task = asyncio.create_task(self._correct(ids, fact.id, change), name="tianwen-correcting")
            self._correcting.add(task)
            task.add_done_callback(self._correcting.discard)

    @commands.Cog.listener()
    async def on_outdated_reply(self, reply: SentReply, shown: Fact) -> None:
        """Correct a reply whose fact was changed while it was sent."""
        change = FactChange(shown, self.bot.knowledge.find(shown.id, reply.server_id), reply.server_id)
        if _says(change.after) != _says(shown):
            await self._correct([reply.message_id], shown.id, change)

    async def _correct(self, reply_ids: list[int], fact_id: str, change: FactChange) -> None:
        for reply_id in reply_ids:
            # Its question may have been edited, or deleted, meanwhile.
            known = self.bot.replies.of_message(reply_id)
            if known is None or fact_id not in known.fact_ids:
                continue
            try:
                await prepare(self.bot.knowledge, known.server_id)
            except FactsUnreadError:
                log.warning("A reply could not be corrected: what its server has of its own could not be read")
                continue
            if self.bot.knowledge.find(fact_id, known.server_id) != change.after:
                # This server sees a fact of its own in place of the shared one, or none.
                continue
            try:
                channel = self.bot.get_partial_messageable(known.channel_id)
                shown = self._corrected(known, change).edits(embeds=self._may_embed(known))
                await channel.get_partial_message(known.message_id).edit(**shown)
            except discord.NotFound:
                # It is gone, or only the asker sees it: such a message cannot be changed any more.
                log.info("A reply could not be found to be corrected")
            except UNREACHED as error:
                log.warning("A reply could not be corrected: %s", error)

    def _corrected(self, known: SentReply, change: FactChange) -> Reply:
        """Give a reply as it would be now, with a note that it was another."""
        guild = self.bot.get_guild(known.server_id) if known.server_id is not None else None
        words = words_for_question(known.question, guild.preferred_locale if guild else None)
        when = discord.utils.format_dt(discord.utils.utcnow(), "R")
        found = [self.bot.knowledge.find(fact_id, known.server_id) for fact_id in known.fact_ids]
        facts = [fact for fact in found if fact is not None]
        kept = words.corrected if change.before is not None else words.restored
        note = (kept if len(facts) == len(found) else words.withdrawn).format(when=when)
        if facts:
            votes = self.bot.knowledge.server_settings(known.server_id).votes_shown
            related = self.bot.knowledge.neighbours(facts, known.server_id)
            reply = facts_reply(facts, Reader(known.asker_id, words, votes), related, known.remark, note)
        else:
            reply = sentence_reply(note)
        return posted_reply(reply, known.asker_id, words) if known.posted else reply

    def _may_embed(self, known: SentReply) -> bool:
        guild = self.bot.get_guild(known.server_id) if known.server_id is not None else None
        channel = guild.get_channel_or_thread(known.channel_id) if guild is not None else None
        return guild is None or channel is None or channel.permissions_for(guild.me).embed_links


def _says(entry: Entry | None) -> tuple[object, ...] | None:
    """Give what people see of a fact: other phrasings alone correct nothing."""
    return (entry.statement, entry.source, entry.locator, entry.as_of) if isinstance(entry, Fact) else None
