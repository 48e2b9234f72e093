"""Who gets in: everything that a person begins goes through here, before anything is done about it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.access import server_id_of
from bot.errors import FactsUnreadError, TooFastError, answer_error
from bot.meters import take_up
from facts.errors import DatabaseError

if TYPE_CHECKING:
    from bot.client import Tianwen
    from facts.knowledge import KnowledgeBase

log = logging.getLogger(__name__)

# Discord waits three seconds for an answer to an interaction, people less. What takes longer goes on meanwhile.
PATIENCE_S = 0.8


async def prepare(knowledge: KnowledgeBase, server_id: int | None, *, patience_s: float | None = None) -> None:
    """See that the facts of a server can be asked, within so many seconds, or (None) however long it takes.

    Raises:
        FactsUnreadError: what the server has of its own cannot be read, or not yet.
    """
    try:
        async with asyncio.timeout(patience_s):
            await knowledge.prepare(server_id)
    except TimeoutError as error:
        raise FactsUnreadError from error
    except DatabaseError as error:
        log.warning("What a server has of its own could not be read: %s", error)
        raise FactsUnreadError from error


async def admit(interaction: discord.Interaction[Tianwen]) -> None:
    """Let an interaction in.

    Raises:
        TooFastError: the person does too much at once.
        FactsUnreadError: the facts of the server cannot be asked just now.
    """
    take_up()
    bot = interaction.client
    is_typing = interaction.type is discord.InteractionType.autocomplete
    retry = (bot.cooldowns.take_typed if is_typing else bot.cooldowns.take_pressed)(interaction.user.id)
    if retry:
        raise TooFastError(retry)
    await prepare(bot.knowledge, server_id_of(interaction), patience_s=PATIENCE_S)


class Tree(app_commands.CommandTree["Tianwen"]):
    """The slash commands and menus, and what is suggested while somebody types."""

    async def interaction_check(self, interaction: discord.Interaction[Tianwen], /) -> bool:
        """Let an interaction in, or tell the person why not; suggestions just do not come."""
        try:
            await admit(interaction)
        except Exception as error:  # noqa: BLE001 - one place tells every error
            if interaction.type is not discord.InteractionType.autocomplete:
                await answer_error(interaction, error, "letting a command in")
            return False
        return True
