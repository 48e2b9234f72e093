"""What all buttons and menus under the bot's messages share: whose they are, when they fade, and how errors are told.

Their state stands in their ids, so they survive a restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import discord

from bot.access import may_embed
from bot.admission import admit
from bot.errors import answer_error
from bot.ui.words import words_for
from facts.bookkeeping import REPLIES_KEPT

if TYPE_CHECKING:
    import re

    from bot.client import Tianwen
    from bot.ui.embeds import Reply
    from bot.ui.words import Words

# discord.py wants a pattern of every class; this one is of a base, and fits nothing.
NEVER = r"tw:never"


class Button(discord.ui.DynamicItem[discord.ui.Button[Any]], template=NEVER):
    """A button under one of the bot's messages; everybody may press it, for a day."""

    asker_id: int | None = None
    """The Discord id of the only person who may press it; None for everybody."""

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _interaction: discord.Interaction[Tianwen], item: discord.ui.Button[Any], match: re.Match[str]
    ) -> Self:
        """Make the button anew, as it stands under a message."""
        return cls.remade(match.groupdict(), item.label or "")

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew, out of the state in its id and its label."""
        raise NotImplementedError

    async def interaction_check(self, interaction: discord.Interaction[Tianwen], /) -> bool:  # type: ignore[override]
        """Let those through who may press it; tell anybody else why not."""
        return await may_use(interaction, self.asker_id)

    async def callback(self, interaction: discord.Interaction[Tianwen]) -> None:  # type: ignore[override]
        """Do what the button is for. discord.py would only log an error here, so it is told from here."""
        try:
            await admit(interaction)
            await self.pressed(interaction, words_for(interaction.locale))
        except Exception as error:  # noqa: BLE001 - one place tells every error
            await answer_error(interaction, error, "answering a button")

    async def pressed(self, interaction: discord.Interaction[Tianwen], words: Words, /) -> None:
        """Do what the button is for."""
        raise NotImplementedError


async def may_use(interaction: discord.Interaction[Tianwen], asker_id: int | None) -> bool:
    """Tell whether a button may be used; if not, say why. One that has faded takes itself away."""
    words = words_for(interaction.locale)
    try:
        message = interaction.message
        if message is not None and discord.utils.utcnow() - message.created_at > REPLIES_KEPT:
            await interaction.response.edit_message(view=None)
            await interaction.followup.send(words.faded, ephemeral=True)
            return False
        if asker_id not in {None, interaction.user.id}:
            await interaction.response.send_message(words.others_button, ephemeral=True)
            return False
    except Exception as error:  # noqa: BLE001 - one place tells every error
        await answer_error(interaction, error, "checking a button")
        return False
    return True


async def show_beside(interaction: discord.Interaction[Any], reply: Reply) -> None:
    """Answer a click with a message of its own: to the person alone, but for direct messages."""
    await interaction.response.send_message(
        **reply.arguments(embeds=may_embed(interaction)), ephemeral=interaction.guild_id is not None
    )


async def show_instead(interaction: discord.Interaction[Any], reply: Reply) -> None:
    """Put a reply in the place of the message that the button stands under."""
    shown = reply.edits(embeds=may_embed(interaction))
    if interaction.response.is_done():
        await interaction.edit_original_response(**shown)
    else:
        await interaction.response.edit_message(**shown)
