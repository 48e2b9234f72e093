"""Quick facts: the crew, the modules, the milestones, one fact, the sources, and what the bot is."""

from __future__ import annotations

import io
import logging
from functools import partial
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import may_attach, may_embed, must_be_private, server_id_of
from bot.ui import limits
from bot.ui.answers import Reader, facts_reply
from bot.ui.lists import Kind, about_reply, list_reply, listing, measured_thing
from bot.ui.pictures import (
    EVENTS_MAX,
    LENGTHS_MAX,
    METRES_MAX,
    METRES_MIN,
    Length,
    PictureCache,
    TimelineEvent,
    timeline,
    to_scale,
)
from bot.ui.words import ENGLISH, words_for
from facts.entities import FACT_ID_MAX  # noqa: TC001 - discord.py reads the annotations

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.client import Tianwen
    from bot.ui.embeds import Reply

log = logging.getLogger(__name__)

# What a module is drawn beside, in metres: a usual city bus, a grown person.
_BUS, _PERSON = 12.0, 1.7
_LENGTH, _METRES = "length", "m"


class QuickFacts(commands.Cog):
    """Shows facts without a question."""

    def __init__(self, bot: Tianwen) -> None:
        """Serve this bot."""
        self.bot = bot
        self._pictures = PictureCache()

    @app_commands.command(description="Who is on board, and how their names are written.")
    async def crew(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the facts about the crew."""
        await self._show_list(interaction, Kind.CREW)

    @app_commands.command(description="The station's modules and their measures, drawn to scale.")
    async def modules(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the facts about the modules, and those with a length in a drawing to scale."""
        things = tuple(
            Length(f"{measured_thing(fact, self.bot.knowledge)}: {measure.value:,.12g} {_METRES}", measure.value)
            for fact in self.bot.knowledge.facts(server_id_of(interaction), topic="modules")
            for measure in fact.measures
            if measure.quantity == _LENGTH and measure.unit == _METRES and METRES_MIN <= measure.value <= METRES_MAX
        )[:LENGTHS_MAX]
        words = words_for(interaction.locale)
        beside = (Length(ENGLISH.bus, _BUS, "bus"), Length(ENGLISH.person, _PERSON, "person"))
        draw = partial(to_scale, ENGLISH.scale_title, things, beside=beside) if things else None
        told = "; ".join([*(thing.label for thing in things), words.bus, words.person])
        alt = words.scale_alt.format(things=told)
        await self._show_list(interaction, Kind.MODULES, draw, things, alt)

    @app_commands.command(description="What happened when, and what is planned, on a timeline.")
    async def milestones(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the dated events in order, and a timeline of them."""
        # Labels are in the facts' language; what we add to the picture is English, which every font can draw.
        events = tuple(
            TimelineEvent(m.when, ENGLISH.date(m.when), m.label, m.planned)
            for m in (fact.milestone for fact in self.bot.knowledge.milestones(server_id_of(interaction)))
            if m is not None
        )[:EVENTS_MAX]
        draw = partial(timeline, ENGLISH.milestones_title, events, planned=ENGLISH.planned) if events else None
        told = "; ".join(f"{event.date}: {event.label}" for event in events)
        alt = words_for(interaction.locale).timeline_alt.format(events=told)
        await self._show_list(interaction, Kind.MILESTONES, draw, events, alt)

    @app_commands.command(description="One fact by its id, with its source.")
    @app_commands.describe(id="The fact's id, as it stands under an answer")
    async def fact(
        self,
        interaction: discord.Interaction[Tianwen],
        id: app_commands.Range[str, 1, FACT_ID_MAX],  # noqa: A002 - the option's name
    ) -> None:
        """Show one fact."""
        server_id = server_id_of(interaction)
        fact = self.bot.knowledge.fact(id.strip().casefold(), server_id)
        reader = Reader.of(interaction, private=must_be_private(interaction))
        facts = self.bot.knowledge.engine.newest_first([fact], server_id)
        await _respond(interaction, facts_reply(facts, reader, self.bot.knowledge.neighbours(facts, server_id)))

    @fact.autocomplete("id")
    async def _suggest_ids(
        self, interaction: discord.Interaction[Tianwen], current: str
    ) -> list[app_commands.Choice[str]]:
        facts = self.bot.knowledge.suggest(current, server_id=server_id_of(interaction), limit=limits.CHOICES)
        return [
            app_commands.Choice(
                name=limits.cut(f"{fact.id}: {fact.canonical_question}", limits.CHOICE_NAME), value=fact.id
            )
            for fact in facts
        ]

    @app_commands.command(description="Where the facts come from.")
    async def sources(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the sources."""
        await self._show_list(interaction, Kind.SOURCES)

    @app_commands.command(description="What I am, and how to ask me.")
    async def about(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Tell what the bot is."""
        words = words_for(interaction.locale)
        await _respond(interaction, about_reply(self.bot.knowledge, server_id_of(interaction), words))

    async def _show_list(
        self,
        interaction: discord.Interaction[Tianwen],
        kind: Kind,
        draw: Callable[[], bytes] | None = None,
        key: tuple[object, ...] = (),
        alt: str = "",
    ) -> None:
        """Show a list, with a picture where one is to be drawn and files are allowed.

        The list says in words all that the picture shows, so it stands alone where there is none.
        """
        words = words_for(interaction.locale)
        found = listing(kind, self.bot.knowledge, server_id_of(interaction), words)
        reply = list_reply(kind, found, interaction.user.id, words)
        if draw is None or not may_attach(interaction):
            await _respond(interaction, reply)
            return
        await interaction.response.defer(ephemeral=must_be_private(interaction))
        try:
            picture = await self._pictures.get((kind, key), draw)
        except Exception:
            log.exception("The picture of the %s could not be drawn", kind)
            files = []
        else:
            alt = limits.cut(alt, limits.FILE_DESCRIPTION)
            files = [discord.File(io.BytesIO(picture), f"{kind}.png", description=alt)]
        await interaction.followup.send(**reply.arguments(embeds=may_embed(interaction)), files=files)


async def _respond(interaction: discord.Interaction[Tianwen], reply: Reply) -> None:
    await interaction.response.send_message(
        **reply.arguments(embeds=may_embed(interaction)), ephemeral=must_be_private(interaction)
    )
