"""What can be told from the token without asking Discord, and how to invite the bot."""

from __future__ import annotations

import base64
import binascii
import re

import discord

_TOKEN = re.compile(r"[\w-]{20,}\.[\w-]{5,}\.[\w-]{25,}")

# What the bot needs where it answers; nothing more.
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)


def application_id_of(token: str) -> int | None:
    """Give the application id that a bot token begins with (in base64), or None when it has not a token's shape."""
    if not _TOKEN.fullmatch(token):
        return None
    head = token.partition(".")[0]
    try:
        decoded = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return int(decoded) if decoded.isdecimal() else None


def invite_url(application_id: int) -> str:
    """Give the URL that invites the bot, with its permissions and its slash commands."""
    return discord.utils.oauth_url(application_id, permissions=PERMISSIONS, scopes=("bot", "applications.commands"))
