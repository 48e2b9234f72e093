"""The queue channel: one message that shows the questions which wait for an editor, as they are now."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.errors import UNREACHED
from bot.ui.notices import QUEUE_SHOWN, queue_reply
from bot.ui.words import words_for
from facts.entities import PostedMessage
from facts.errors import DatabaseError

if TYPE_CHECKING:
    from bot.client import Tianwen
    from bot.ui.embeds import Reply

log = logging.getLogger(__name__)


class ReviewQueue(commands.Cog):
    """Keeps that message up to date: it is edited rather than followed by others, so it forgets what the queue does."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        # Of one server's message one edit is under way at a time; what changes meanwhile goes into the next one.
        self._changed: set[int] = set()
        self._showing: dict[int, asyncio.Task[None]] = {}
        self._stop_listening = bot.knowledge.bookkeeping.on_queue_change(self._queue_changed)

    async def cog_unload(self) -> None:
        """End everything."""
        self._stop_listening()
        for task in self._showing.values():
            task.cancel()
        await asyncio.gather(*self._showing.values(), return_exceptions=True)

    @commands.Cog.listener()
    async def on_queue_channel_set(self, server_id: int) -> None:
        """Show the queue where the server wants it from now on."""
        self._queue_changed(server_id)

    def _queue_changed(self, server_id: int | None) -> None:
        if server_id is None:
            return
        self._changed.add(server_id)
        task = self._showing.get(server_id)
        if task is None or task.done():
            self._showing[server_id] = asyncio.create_task(self._show(server_id), name="tianwen-review-queue")

    async def _show(self, server_id: int) -> None:
        while server_id in self._changed:
            self._changed.discard(server_id)
            guild = self.bot.get_guild(server_id)
            try:
                if guild is not None:
                    await self._show_now(guild)
            except (*UNREACHED, DatabaseError) as error:
                log.warning("The review queue could not be shown: %s", error)

    async def _show_now(self, guild: discord.Guild) -> None:
        books = self.bot.knowledge.bookkeeping
        channel_id = self.bot.knowledge.server_settings(guild.id).queue_channel_id
        posted = await books.queue_message(guild.id)
        if posted is not None and posted.channel_id != channel_id:
            await books.keep_queue_message(guild.id, None)
            await self._delete(posted)
            posted = None
        channel = guild.get_channel(channel_id) if channel_id is not None else None
        if not isinstance(channel, discord.TextChannel):
            return
        questions = await books.open_questions(guild.id, QUEUE_SHOWN + 1)
        reply = queue_reply(questions, words_for(guild.preferred_locale))
        may = channel.permissions_for(guild.me)
        if posted is not None and await self._edit(posted, reply, embeds=may.embed_links):
            return
        if questions and may.send_messages:
            sent = await channel.send(**reply.arguments(embeds=may.embed_links))
            await books.keep_queue_message(guild.id, PostedMessage(channel.id, sent.id))

    async def _edit(self, posted: PostedMessage, reply: Reply, *, embeds: bool) -> bool:
        """Show the queue in its message; tell whether that is still there."""
        try:
            await self._message(posted).edit(**reply.edits(embeds=embeds))
        except discord.NotFound:
            return False
        return True

    async def _delete(self, posted: PostedMessage) -> None:
        try:
            await self._message(posted).delete()
        except UNREACHED as error:
            log.info("The message with the review queue could not be deleted: %s", error)

    def _message(self, posted: PostedMessage) -> discord.PartialMessage:
        return self.bot.get_partial_messageable(posted.channel_id).get_partial_message(posted.message_id)


async def setup(bot: Tianwen) -> None:
    """Add the cog."""
    await bot.add_cog(ReviewQueue(bot))
