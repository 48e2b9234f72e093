"""Notices: a line in a server's log channel for each changed fact, and in its queue channel for each open question."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.errors import UNREACHED
from bot.ui.notices import change_text, queued_text
from bot.ui.words import words_for

if TYPE_CHECKING:
    from bot.client import Tianwen
    from facts.entities import FactChange, QueuedQuestion

log = logging.getLogger(__name__)


class Notices(commands.Cog):
    """Tells the people who keep a server's facts what happens."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        self._stop_listening = bot.knowledge.on_change(lambda change: bot.dispatch("fact_change", change))

    async def cog_unload(self) -> None:
        """Listen to changes no longer."""
        self._stop_listening()

    @commands.Cog.listener()
    async def on_fact_change(self, change: FactChange) -> None:
        """Tell a change of a fact to its server; one of a shared fact to all that have a log channel."""
        guilds = self.bot.guilds if change.server_id is None else [self.bot.get_guild(change.server_id)]
        for guild in guilds:
            if guild is not None:
                channel_id = self.bot.knowledge.server_settings(guild.id).log_channel_id
                await self._post(guild, channel_id, change_text(change, words_for(guild.preferred_locale)))

    @commands.Cog.listener()
    async def on_question_queued(self, queued: QueuedQuestion) -> None:
        """Tell that a question waits for an editor."""
        guild = self.bot.get_guild(queued.server_id) if queued.server_id is not None else None
        if guild is not None:
            channel_id = self.bot.knowledge.server_settings(guild.id).queue_channel_id
            await self._post(guild, channel_id, queued_text(queued, words_for(guild.preferred_locale)))

    async def _post(self, guild: discord.Guild, channel_id: int | None, text: str) -> None:
        channel = guild.get_channel(channel_id) if channel_id is not None else None
        if not isinstance(channel, discord.TextChannel) or not channel.permissions_for(guild.me).send_messages:
            return
        try:
            await channel.send(text, suppress_embeds=True)
        except UNREACHED as error:
            log.warning("A notice could not be posted: %s", error)


async def setup(bot: Tianwen) -> None:
    """Add the cog."""
    await bot.add_cog(Notices(bot))
