"""The log channel: a line for each changed fact."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.errors import UNREACHED
from bot.ui.editor_words import editor_words_for
from bot.ui.embeds import on_one_line
from bot.ui.history import HistoryButton, UndoButton, who
from bot.ui.notices import change_text
from bot.ui.view import StatelessView

if TYPE_CHECKING:
    from bot.client import Tianwen
    from facts.entities import Author, FactChange

log = logging.getLogger(__name__)

# Of a file's name, so much is told.
_FILE_NAME = 100


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
        entry, revision = change.after or change.before, change.revision
        if entry is None or revision is None:
            # One of many, which are told together.
            return
        guilds = self.bot.guilds if change.server_id is None else [self.bot.get_guild(change.server_id)]
        for guild in filter(None, guilds):
            words = editor_words_for(guild.preferred_locale)
            view = StatelessView()
            view.add_item(HistoryButton(entry.id, words.history))
            if change.server_id is not None:
                view.add_item(UndoButton(entry.id, revision.number, words.undo))
            await self._post(guild, change_text(change, words), view)

    @commands.Cog.listener()
    async def on_facts_imported(self, server_id: int, author: Author, count: int, file: str) -> None:
        """Tell in one line what an import has changed."""
        guild = self.bot.get_guild(server_id)
        if guild is not None:
            words = editor_words_for(guild.preferred_locale)
            name = on_one_line(file, _FILE_NAME)
            await self._post(guild, words.log_imported.format(who=who(author, words), count=count, file=name))

    async def _post(self, guild: discord.Guild, text: str, view: discord.ui.View | None = None) -> None:
        channel_id = self.bot.knowledge.server_settings(guild.id).log_channel_id
        channel = guild.get_channel(channel_id) if channel_id is not None else None
        if not isinstance(channel, discord.TextChannel) or not channel.permissions_for(guild.me).send_messages:
            return
        try:
            await channel.send(text, view=view or StatelessView(), suppress_embeds=True)
        except UNREACHED as error:
            log.warning("A change of a fact could not be told: %s", error)
