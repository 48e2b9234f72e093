"""Where an interaction comes from, and what the person and the bot may do there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import discord
from discord import app_commands

from facts.errors import TianwenError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bot.client import Tianwen


_T = TypeVar("_T")


class NotAnEditorError(TianwenError, app_commands.CheckFailure):
    """Somebody who is no editor here wanted to do what only editors may."""


def server_id_of(interaction: discord.Interaction[Any]) -> int | None:
    """Give the server whose facts count; None in direct messages, and where only the person has installed the bot."""
    guild_id = interaction.guild_id
    return guild_id if guild_id is not None and interaction.client.get_guild(guild_id) is not None else None


def must_be_private(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether an answer may be shown to nobody else: in a server that lets no outside app post."""
    outside = interaction.guild_id is not None and server_id_of(interaction) is None
    return outside and not interaction.permissions.use_external_apps


def may_embed(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether an embed may be shown where a command or button was used; in direct messages it always may."""
    return server_id_of(interaction) is None or interaction.app_permissions.embed_links


def may_attach(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether a file may be attached there."""
    return server_id_of(interaction) is None or interaction.app_permissions.attach_files


def may_post(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether the bot may write there on the person's behalf: both must be allowed to write themselves.

    Outside the bot's servers it writes nothing but answers to interactions, and Discord sees to that.
    """
    if server_id_of(interaction) is None:
        return not must_be_private(interaction)
    in_thread = isinstance(interaction.channel, discord.Thread)
    return all(
        permissions.send_messages_in_threads if in_thread else permissions.send_messages
        for permissions in (interaction.permissions, interaction.app_permissions)
    )


def manages_server(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether the person may change the bot's settings in this server."""
    return server_id_of(interaction) is not None and interaction.permissions.manage_guild


def is_editor(interaction: discord.Interaction[Tianwen]) -> bool:
    """Tell whether the person is an editor of this server: by Manage Messages, or by the role that it set."""
    server_id = server_id_of(interaction)
    if server_id is None or not isinstance(interaction.user, discord.Member):
        return False
    role_id = interaction.client.knowledge.server_settings(server_id).editor_role_id
    # Not what they may do in this channel alone, as whoever opened a ticket may.
    return interaction.user.guild_permissions.manage_messages or (
        role_id is not None and interaction.user.get_role(role_id) is not None
    )


def require_editor(interaction: discord.Interaction[Tianwen]) -> int:
    """Make sure that the person is an editor of this server, now.

    Returns:
        The server's id.

    Raises:
        NotAnEditorError: they are none, or this is no server of the bot's.
    """
    server_id = server_id_of(interaction)
    if server_id is None or not is_editor(interaction):
        raise NotAnEditorError("Only editors of a server may do that.")
    return server_id


def for_editors(command: _T) -> _T:
    """Let Discord offer a command to those with Manage Messages, in servers alone: a hint; the command checks.

    A server can allow its editor role each of these commands, too.
    """
    for decorate in (
        app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False),
        app_commands.allowed_installs(guilds=True, users=False),
        app_commands.default_permissions(manage_messages=True),
    ):
        command = decorate(command)
    return command


def editors_menu(
    name: str, callback: Callable[[discord.Interaction[Tianwen], discord.Message], Coroutine[Any, Any, None]]
) -> app_commands.ContextMenu:
    """Make a menu on messages for editors; what it calls checks that they are."""
    menu = app_commands.ContextMenu(
        name=name,
        callback=callback,
        type=discord.AppCommandType.message,
    )
    return for_editors(menu)
