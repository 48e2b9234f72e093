"""The settings of a server, for those who may manage it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import manages_server
from bot.ui.server_settings import SettingsPanel, settings_panel
from bot.ui.words import words_for
from facts.entities import ServerSettings

if TYPE_CHECKING:
    from bot.client import Tianwen


class SettingsCog(commands.Cog, name="Settings"):
    """Shows the settings, and lets them be changed."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot

    async def cog_load(self) -> None:
        """Let panels work that were sent before a restart."""
        self.bot.add_view(SettingsPanel(ServerSettings()))

    @app_commands.command(description="Where I listen, who edits, and how often I answer, in this server.")
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_guild=True)
    async def settings(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the panel, to the person alone."""
        words = words_for(interaction.locale)
        if interaction.guild is None or not manages_server(interaction):
            await interaction.response.send_message(words.need_manage_server, ephemeral=True)
            return
        panel = settings_panel(self.bot, interaction.guild, words)
        # The panel of ``cog_load`` answers for all; discord.py would keep each one that was sent.
        panel.stop()
        await interaction.response.send_message(view=panel, ephemeral=True)
