"""The review queue: for editors by command, and in the queue channel in one message that is kept up to date."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import logging
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands, tasks

from bot.access import editors_menu, for_editors
from bot.errors import UNREACHED
from bot.ui.editor_words import editor_words_for
from bot.ui.notices import QUEUE_SHOWN, queue_reply
from bot.ui.review import queue_view, show_review, show_teaching
from bot.ui.words import words_for
from facts.entities import QueueMessage
from facts.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.client import Tianwen
    from bot.ui.embeds import Reply

log = logging.getLogger(__name__)

# Discord allows few edits of older messages (error 30046); what changes later goes into a new one.
_EDITED_FOR = dt.timedelta(hours=1)
# What could not be shown is tried again after so long.
_AGAIN_MINUTES = 10


class ReviewQueue(commands.Cog):
    """Shows the queue; the message in the channel forgets what the queue forgets."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        # For one server one task is at work; what changes meanwhile it does afterwards.
        self._changed: set[int] = set()
        self._showing: dict[int, asyncio.Task[None]] = {}
        # Where Discord or the database refused; at first, every server that shows its queue is behind.
        self._behind: set[int] | None = None
        # What the message of a server says, as far as this process has written it.
        self._said: dict[int, str] = {}
        self._menu = editors_menu("Teach Tianwen from this", self._teach)
        knowledge = bot.knowledge
        self._stops = (
            knowledge.bookkeeping.queue_changes.add(self._show),
            knowledge.settings_changes.add(self._show),
        )

    async def cog_load(self) -> None:
        """Add the menu, and begin to catch up."""
        self.bot.tree.add_command(self._menu)
        self._catch_up.start()

    async def cog_unload(self) -> None:
        """End everything."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)
        for stop in self._stops:
            stop()
        self._catch_up.cancel()
        for task in self._showing.values():
            task.cancel()
        await asyncio.gather(*self._showing.values(), return_exceptions=True)

    @for_editors
    @app_commands.command(description="The questions that got no answer, or not the right one.")
    async def review(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the queue to an editor, question by question."""
        await show_review(interaction)

    async def _teach(self, interaction: discord.Interaction[Tianwen], message: discord.Message) -> None:
        """Show an editor what a message could teach."""
        await show_teaching(interaction, message)

    @tasks.loop(minutes=_AGAIN_MINUTES)
    async def _catch_up(self) -> None:
        try:
            behind = await self._showing_servers() if self._behind is None else self._behind
        except DatabaseError as error:
            log.warning("The review queues could not be shown: %s", error)
            return
        self._behind = set()
        for server_id in behind:
            self._show(server_id)

    @_catch_up.before_loop
    async def _until_ready(self) -> None:
        await self.bot.wait_until_ready()

    async def _showing_servers(self) -> set[int]:
        shown = {
            message.server_id for message in await self.bot.knowledge.bookkeeping.queue_messages(share=self.bot.share)
        }
        settings = self.bot.knowledge.server_settings
        return shown | {guild.id for guild in self.bot.guilds if settings(guild.id).queue_channel_id is not None}

    def _show(self, server_id: int | None) -> None:
        if server_id is None or not self.bot.share.holds(server_id):
            return
        self._changed.add(server_id)
        task = self._showing.get(server_id)
        if task is None or task.done():
            self._showing[server_id] = asyncio.create_task(self._keep_showing(server_id), name="tianwen-review-queue")

    async def _keep_showing(self, server_id: int) -> None:
        while server_id in self._changed:
            self._changed.discard(server_id)
            guild = self.bot.get_guild(server_id)
            try:
                is_shown = guild is None or await self._show_now(guild)
            except (*UNREACHED, DatabaseError) as error:
                log.warning("The review queue could not be shown: %s", error)
                is_shown = False
            if not is_shown and self._behind is not None:
                self._behind.add(server_id)

    async def _show_now(self, guild: discord.Guild) -> bool:
        """Show the queue in its channel and nowhere else; tell whether that is so now."""
        books = self.bot.knowledge.bookkeeping
        channel_id = self.bot.knowledge.server_settings(guild.id).queue_channel_id
        channel = guild.get_channel(channel_id) if channel_id is not None else None
        messages = await books.queue_messages(guild.id)
        now, is_shown = None, True
        if isinstance(channel, discord.TextChannel):
            now = next((message for message in messages if message.channel_id == channel.id), None)
            groups = await self.bot.knowledge.review(guild.id, private=False)
            if groups or now is not None:
                locale = guild.preferred_locale
                view = queue_view(groups[:QUEUE_SHOWN], editor_words_for(locale))
                reply = dataclasses.replace(queue_reply(groups, words_for(locale)), view=view)
                now = await self._write(channel, now, reply)
                is_shown = now is not None or not groups
        are_gone = await self._take_away(message for message in messages if message != now)
        return is_shown and are_gone

    async def _write(self, channel: discord.TextChannel, now: QueueMessage | None, reply: Reply) -> QueueMessage | None:
        """Let the message in the channel say this, or send one; give the message that says it."""
        guild, may = channel.guild, channel.permissions_for(channel.guild.me)
        said = self._said.get(guild.id)
        if now is not None and said == reply.text:
            return now
        is_old = now is not None and discord.utils.utcnow() - discord.utils.snowflake_time(now.message_id) > _EDITED_FOR
        if now is not None and not (is_old and said is not None and may.send_messages):
            try:
                await self._message(now).edit(**reply.edits(embeds=may.embed_links))
            except discord.NotFound:
                now = None
            else:
                self._said[guild.id] = reply.text
                return now
        if not may.send_messages:
            return now
        sent = await channel.send(**reply.arguments(embeds=may.embed_links))
        now = QueueMessage(guild.id, channel.id, sent.id)
        try:
            await self.bot.knowledge.bookkeeping.keep_queue_message(now)
        except DatabaseError:
            # Nobody would know of it any more.
            await sent.delete()
            raise
        self._said[guild.id] = reply.text
        return now

    async def _take_away(self, messages: Iterable[QueueMessage]) -> bool:
        """Delete messages that show the queue no longer; tell whether all are gone."""
        are_gone = True
        for message in messages:
            try:
                await self._message(message).delete()
            except discord.NotFound:
                pass
            except UNREACHED as error:
                log.warning("A message with the review queue could not be deleted: %s", error)
                are_gone = False
                continue
            await self.bot.knowledge.bookkeeping.forget_queue_message(message.message_id)
        return are_gone

    def _message(self, message: QueueMessage) -> discord.PartialMessage:
        return self.bot.get_partial_messageable(message.channel_id).get_partial_message(message.message_id)
