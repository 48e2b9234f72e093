"""How questions fare in a server, for its editors."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import for_editors, may_attach, may_embed, require_editor
from bot.ui import limits
from bot.ui.charts import BARS_MAX  # noqa: TC001 - discord.py reads the annotations
from bot.ui.editor_words import editor_words_for
from bot.ui.pictures import PictureCache
from bot.ui.stats import Stats, stats_picture, stats_reply
from facts.tally import week_of

if TYPE_CHECKING:
    from bot.client import Tianwen

log = logging.getLogger(__name__)

_WEEKS = 8


class StatsCog(commands.Cog, name="Stats"):
    """Shows the counts."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        self._pictures = PictureCache()

    @for_editors
    @app_commands.command(description="How questions fare here, week by week, and what has no answer yet.")
    @app_commands.describe(weeks="How many weeks to look back")
    async def stats(
        self, interaction: discord.Interaction[Tianwen], weeks: app_commands.Range[int, 1, BARS_MAX] = _WEEKS
    ) -> None:
        """Tell it, to the editor alone: questions that were asked in private are among them."""
        server_id, knowledge = require_editor(interaction), self.bot.knowledge
        # Acknowledged first: the database may take its time.
        await interaction.response.defer(ephemeral=True, thinking=True)
        stats = Stats.of(
            await knowledge.tally.of(server_id, weeks),
            await knowledge.review(server_id, private=True),
            lambda entry_id: knowledge.entry(entry_id, server_id),
            week_of(discord.utils.utcnow().date()),
            weeks,
        )
        reply = stats_reply(stats, editor_words_for(interaction.locale))
        files = []
        if sum(stats.totals) and may_attach(interaction):
            try:
                picture = await self._pictures.get(stats.weeks, stats_picture(stats))
            except Exception:
                log.exception("The picture of the weeks could not be drawn")
            else:
                alt = limits.cut(reply.text, limits.FILE_DESCRIPTION)
                files.append(discord.File(io.BytesIO(picture), "weeks.png", description=alt))
        await interaction.followup.send(**reply.arguments(embeds=may_embed(interaction)), files=files, ephemeral=True)
