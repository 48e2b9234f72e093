"""The log channel: a line for each changed fact."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.errors import UNREACHED
from bot.ui.notices import change_text
from bot.ui.words import words_for

if TYPE_CHECKING:
    from bot.client import Tianwen
    from facts.entities import FactChange

log = logging.getLogger(__name__)


class ChangeLog(commands.Cog):
    """Tells the people who keep a server's facts what has changed."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        self._stop_listening = bot.knowledge.fact_changes.add(lambda change: bot.dispatch("fact_change", change))

    async def cog_unload(self) -> None:
        """Listen to changes no longer."""
        self._stop_listening()

    @commands.Cog.listener()
    async def on_fact_change(self, change: FactChange) -> None:
        """Tell a change of a fact to its server; one of a shared fact to all that have a log channel."""
        guilds = self.bot.guilds if change.server_id is None else [self.bot.get_guild(change.server_id)]
        for guild in guilds:
            if guild is not None:
                await self._post(guild, change)

    async def _post(self, guild: discord.Guild, change: FactChange) -> None:
        channel_id = self.bot.knowledge.server_settings(guild.id).log_channel_id
        channel = guild.get_channel(channel_id) if channel_id is not None else None
        if not isinstance(channel, discord.TextChannel) or not channel.permissions_for(guild.me).send_messages:
            return
        try:
            await channel.send(change_text(change, words_for(guild.preferred_locale)), suppress_embeds=True)
        except UNREACHED as error:
            log.warning("A change of a fact could not be told: %s", error)


async def setup(bot: Tianwen) -> None:
    """Add the cog."""
    await bot.add_cog(ChangeLog(bot))
