"""Buttons and menus for editors: each checks, when it is used, that the person is one. They never fade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.access import may_embed, require_editor
from bot.admission import admit
from bot.errors import answer_error
from bot.ui.editor_words import editor_words_for
from bot.ui.items import NEVER, Button
from facts.entities import Author, Origin

if TYPE_CHECKING:
    import re

    from bot.client import Tianwen
    from bot.ui.editor_words import EditorWords
    from bot.ui.embeds import Reply
    from bot.ui.words import Words


class EditorButton(Button, template=NEVER + "-editor"):
    """A button that only editors may press.

    ``ONCE`` tells that a second press, before what the first has begun is done, changes nothing; what opens a form
    may be pressed again at once.
    """

    ONCE = True

    async def interaction_check(self, _interaction: discord.Interaction[Tianwen], /) -> bool:  # type: ignore[override]
        """Let everybody through to ``pressed``, which tells those who may not."""
        return True

    async def pressed(self, interaction: discord.Interaction[Tianwen], _words: Words, /) -> None:
        """Do what the button is for, if the person is an editor."""
        require_editor(interaction)
        message_id = interaction.message.id if interaction.message is not None else None
        press = (message_id, interaction.user.id, self.item.custom_id)
        pressing = interaction.client.pressing
        if self.ONCE and press in pressing:
            await interaction.response.defer()
            return
        pressing.add(press)
        try:
            await self.edited(interaction, editor_words_for(interaction.locale))
        finally:
            pressing.discard(press)

    async def edited(self, interaction: discord.Interaction[Tianwen], words: EditorWords, /) -> None:
        """Do what the button is for."""
        raise NotImplementedError


class EditorSelect(discord.ui.DynamicItem[discord.ui.Select[Any]], template=NEVER + "-select"):
    """A menu from which only editors may choose. Its state stands in its id, its choices in the message."""

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _interaction: discord.Interaction[Tianwen], item: discord.ui.Select[Any], match: re.Match[str]
    ) -> EditorSelect:
        """Take the menu as it stands under a message."""
        menu = cls.__new__(cls)
        discord.ui.DynamicItem.__init__(menu, item)
        menu.state = match.groupdict()
        return menu

    def __init__(self, custom_id: str, placeholder: str, options: list[discord.SelectOption], *, most: int = 1) -> None:
        """Make the menu of these options."""
        super().__init__(
            discord.ui.Select(custom_id=custom_id, placeholder=placeholder, options=options, max_values=most)
        )
        self.state: dict[str, str] = {}

    async def callback(self, interaction: discord.Interaction[Tianwen]) -> None:  # type: ignore[override]
        """Do what the menu is for, if the person is an editor. discord.py would only log an error here."""
        try:
            await admit(interaction)
            require_editor(interaction)
            await self.chosen(interaction, self.item.values, editor_words_for(interaction.locale))
        except Exception as error:  # noqa: BLE001 - one place tells every error
            await answer_error(interaction, error, "answering an editor's menu")

    async def chosen(self, interaction: discord.Interaction[Tianwen], values: list[str], words: EditorWords, /) -> None:
        """Do what the menu is for, with what was chosen."""
        raise NotImplementedError


def author_of(interaction: discord.Interaction[Any]) -> Author:
    """Give the person as the author of a change."""
    return Author(Origin.EDITOR, interaction.user.id)


def stands_private(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether a click came from a message that the editor alone sees."""
    return interaction.message is not None and interaction.message.flags.ephemeral


async def take_time(interaction: discord.Interaction[Any]) -> None:
    """Acknowledge at once what takes a while; ``show_to_editor`` then shows the outcome."""
    if interaction.response.is_done():
        return
    if stands_private(interaction):
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)


async def show_to_editor(interaction: discord.Interaction[Any], reply: Reply) -> None:
    """Show something to the editor alone: in the place of the private message that they clicked, else beside."""
    if interaction.response.is_done():
        await interaction.edit_original_response(**reply.edits(embeds=may_embed(interaction)))
    elif stands_private(interaction):
        await interaction.response.edit_message(**reply.edits(embeds=may_embed(interaction)))
    else:
        await interaction.response.send_message(**reply.arguments(embeds=may_embed(interaction)), ephemeral=True)
