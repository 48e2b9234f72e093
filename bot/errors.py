"""One table from error type to the sentence that the person sees; the rest is logged whole and gets an id."""

from __future__ import annotations

import contextlib
import logging
import secrets
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import app_commands

from bot.access import NotAnEditorError
from bot.drafts import DraftGoneError
from bot.meters import Failing
from bot.ui.words import ENGLISH, Words, words_for
from facts.errors import DatabaseError, FactNotFoundError, ServerFullError, TianwenError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


class TooFastError(TianwenError):
    """A person does too much at once; ``seconds`` tells when to try again."""

    def __init__(self, seconds: float) -> None:
        super().__init__("That was too fast.")
        self.seconds = max(1, round(seconds))


class FactsUnreadError(TianwenError):
    """What a server has of its own cannot be read just now."""

    def __init__(self) -> None:
        super().__init__("The facts of this server cannot be read just now.")


# What is raised when Discord refuses a message or cannot be reached: nobody can be told then.
UNREACHED = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)


def _permissions(error: app_commands.BotMissingPermissions, words: Words) -> str:
    names = ", ".join(permission.replace("_", " ") for permission in error.missing_permissions)
    return words.missing_permission.format(permissions=names)


def _not_found(error: FactNotFoundError, words: Words) -> str:
    sentence = (words.fact_removed if error.removed else words.no_such_fact).format(id=error.fact_id)
    near = words.near_ids.format(ids=", ".join(f"`{entry_id}`" for entry_id in error.near)) if error.near else ""
    return f"{sentence} {near}".rstrip()


# The most special type that fits an error counts (its method resolution order is walked).
_SENTENCES: dict[type[BaseException], Callable[[Any, Words], str]] = {
    TianwenError: lambda error, _: str(error.sentence),
    FactNotFoundError: _not_found,
    TooFastError: lambda error, words: words.slow_down.format(seconds=error.seconds),
    ServerFullError: lambda error, words: words.server_full.format(
        entries=f"{error.entries:,}", characters=f"{error.characters:,}"
    ),
    FactsUnreadError: lambda _, words: words.facts_unread,
    DraftGoneError: lambda _, words: words.draft_gone,
    NotAnEditorError: lambda _, words: words.editors_only,
    # What exactly is the matter with the database is nobody's business in Discord.
    DatabaseError: lambda _, words: words.not_saved,
    app_commands.BotMissingPermissions: _permissions,
    app_commands.CheckFailure: lambda _, words: words.you_may_not,
}


def sentence_for(error: BaseException, doing: str, words: Words = ENGLISH) -> str:
    """Give the sentence for the person; an error that nobody expected is logged with its traceback and an id.

    Args:
        error: what was raised.
        doing: what was being done, for the log; it must not hold what a person wrote.
        words: the language to say it in.
    """
    if isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    for type_ in type(error).__mro__:
        if type_ in _SENTENCES:
            if issubclass(type_, DatabaseError):
                log.error("The database failed while %s: %s", doing, error)
            return _SENTENCES[type_](error, words)
    error_id = secrets.token_hex(4)
    log.error("Error %s while %s", error_id, doing, exc_info=error)
    return words.unexpected.format(id=error_id)


def why_failed(error: BaseException) -> Failing:
    """Give why something failed, for those who watch the bot."""
    error = getattr(error, "original", error)
    if isinstance(error, TooFastError):
        return Failing.TOO_FAST
    if isinstance(error, (DatabaseError, FactsUnreadError)):
        return Failing.DATABASE
    if isinstance(error, (TianwenError, app_commands.CheckFailure)):
        return Failing.REFUSED
    return Failing.DISCORD if isinstance(error, UNREACHED) else Failing.UNEXPECTED


async def answer_error(interaction: discord.Interaction[Any], error: BaseException, doing: str) -> None:
    """Tell a person, and nobody else, that their command or click failed."""
    interaction.client.meters.failed(why_failed(error))
    if isinstance(getattr(error, "original", error), discord.NotFound):
        # The interaction has expired, or what it was about is gone: there is nobody to tell.
        log.info("Too late for an answer while %s", doing)
        return
    sentence = sentence_for(error, doing, words_for(interaction.locale))
    with contextlib.suppress(*UNREACHED):
        if interaction.response.is_done():
            await interaction.followup.send(sentence, ephemeral=True)
        else:
            await interaction.response.send_message(sentence, ephemeral=True)


async def on_tree_error(interaction: discord.Interaction[Any], error: app_commands.AppCommandError) -> None:
    """Handle what a slash command raised."""
    command = interaction.command
    await answer_error(interaction, error, f"running /{command.qualified_name}" if command else "running a command")
