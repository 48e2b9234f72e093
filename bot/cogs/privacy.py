"""Privacy: what is kept, and deleting what is one's own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import server_id_of
from bot.admission import admit
from bot.errors import answer_error
from bot.ui.embeds import GREEN
from bot.ui.words import words_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.client import Tianwen


class Privacy(commands.Cog):
    """Tells what is kept, and deletes it."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        listeners = bot.knowledge.memory.people_forgotten
        self._stop_listening = listeners.add(lambda is_theirs: bot.dispatch("people_forgotten", is_theirs))

    async def cog_load(self) -> None:
        """Let buttons work that were sent before a restart."""
        self.bot.add_view(PrivacyView())

    async def cog_unload(self) -> None:
        """Listen no longer."""
        self._stop_listening()

    @commands.Cog.listener()
    async def on_people_forgotten(self, is_theirs: Callable[[int], bool]) -> None:
        """Forget in memory whom another process has forgotten in the store, who is written down nowhere."""
        bot = self.bot
        known = bot.last_questions.people() | bot.replies.people() | bot.drafts.people()
        for user_id in await asyncio.to_thread(lambda: [one for one in known if is_theirs(one)]):
            _forget_in_memory(bot, user_id)

    @app_commands.command(description="What I keep about you, for how long, and how to delete it.")
    async def privacy(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Tell it, to the person alone."""
        words = words_for(interaction.locale)
        days = self.bot.knowledge.server_settings(server_id_of(interaction)).queue_days
        text = words.privacy.format(days=days)
        if self.bot.logs_people:
            text = f"{text}\n{words.privacy_logged}"
        embed = discord.Embed(title=words.privacy_title, description=text, colour=GREEN)
        view = PrivacyView(words.delete_mine)
        # The view of ``cog_load`` answers for all; discord.py would keep each one that was sent.
        view.stop()
        await interaction.response.send_message(embed=embed, view=view, ephemeral=True)


class PrivacyView(discord.ui.View):
    """The button that deletes what is kept of whoever presses it."""

    def __init__(self, label: str | None = None) -> None:
        """Make it; the label matters only where it is sent."""
        super().__init__(timeout=None)
        if label is not None:
            self._delete.label = label

    @discord.ui.button(label="…", custom_id="tw:privacy:delete", style=discord.ButtonStyle.danger)
    async def _delete(self, interaction: discord.Interaction[Tianwen], _button: discord.ui.Button[Any]) -> None:
        bot = interaction.client
        try:
            await admit(interaction)
            # Acknowledged first: the database may take its time.
            await interaction.response.defer(ephemeral=True, thinking=True)
            _forget_in_memory(bot, interaction.user.id)
            count = await bot.knowledge.forget_person(interaction.user.id)
            sentence = words_for(interaction.locale).deleted.format(count=count)
            await interaction.followup.send(sentence, ephemeral=True)
        except Exception as error:  # noqa: BLE001 - one place tells every error
            await answer_error(interaction, error, "deleting what is kept of a person")


def _forget_in_memory(bot: Tianwen, user_id: int) -> None:
    bot.last_questions.forget_person(user_id)
    bot.replies.forget_person(user_id)
    bot.drafts.forget_person(user_id)
