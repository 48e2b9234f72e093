"""Quick facts: the crew, the modules, the milestones, one fact, the sources, and what the bot is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.ui import limits
from bot.ui.answers import Reply, examples_reply, fact_reply, may_embed
from bot.ui.lists import about_reply, crew_reply, milestones_reply, modules_reply, sources_reply
from facts.entities import FACT_ID_MAX  # noqa: TC001 - discord.py reads the annotations

if TYPE_CHECKING:
    from bot.client import Tianwen

everywhere = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)


class QuickFacts(commands.Cog):
    """Shows facts without a question."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot

    @app_commands.command(description="Who is on board, and how their names are written.")
    @everywhere
    async def crew(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the facts about the crew."""
        knowledge = self.bot.knowledge
        await _respond(interaction, crew_reply(knowledge.facts(interaction.guild_id, topic="crew"), knowledge.names()))

    @app_commands.command(description="The station's modules and their measures.")
    @everywhere
    async def modules(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the facts about the modules."""
        await _respond(interaction, modules_reply(self.bot.knowledge.facts(interaction.guild_id, topic="modules")))

    @app_commands.command(description="What happened when, and what is planned.")
    @everywhere
    async def milestones(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the dated events in order."""
        await _respond(interaction, milestones_reply(self.bot.knowledge.milestones(interaction.guild_id)))

    @app_commands.command(description="One fact by its id, with its source.")
    @app_commands.describe(id="The fact's id, as it stands under an answer")
    @everywhere
    async def fact(
        self,
        interaction: discord.Interaction[Tianwen],
        id: app_commands.Range[str, 1, FACT_ID_MAX],  # noqa: A002 - the option's name
    ) -> None:
        """Show one fact."""
        await _respond(interaction, fact_reply(self.bot.knowledge.fact(id.strip().casefold(), interaction.guild_id)))

    @fact.autocomplete("id")
    async def _suggest_ids(
        self, interaction: discord.Interaction[Tianwen], current: str
    ) -> list[app_commands.Choice[str]]:
        facts = self.bot.knowledge.suggest(current, server_id=interaction.guild_id, limit=limits.CHOICES)
        return [
            app_commands.Choice(
                name=limits.cut(f"{fact.id}: {fact.canonical_question}", limits.CHOICE_NAME), value=fact.id
            )
            for fact in facts
        ]

    @app_commands.command(description="Where the facts come from.")
    @everywhere
    async def sources(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the sources."""
        await _respond(interaction, sources_reply(self.bot.knowledge.sources(interaction.guild_id)))

    @app_commands.command(description="What I am, and how to ask me.")
    @everywhere
    async def about(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Tell what the bot is."""
        engine = self.bot.knowledge.engine
        examples = examples_reply(engine.examples(interaction.guild_id), interaction.user.id)
        await _respond(interaction, about_reply(engine, interaction.guild_id, examples.view))


async def _respond(interaction: discord.Interaction[Tianwen], reply: Reply) -> None:
    await interaction.response.send_message(**reply.arguments(embeds=may_embed(interaction)))


async def setup(bot: Tianwen) -> None:
    """Add the cog."""
    await bot.add_cog(QuickFacts(bot))
