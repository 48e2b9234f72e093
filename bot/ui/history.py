"""The history of a fact or known unknown, and going back in it. For editors alone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Self

import discord

from bot.access import require_editor
from bot.ui import limits
from bot.ui.differences import change_lines
from bot.ui.editor_items import EditorButton, EditorSelect, author_of, show_to_editor, take_time
from bot.ui.editor_words import editor_words_for
from bot.ui.embeds import GREEN, Reply, on_one_line, sentence_reply
from bot.ui.view import StatelessView
from facts.entities import FACT_ID_PATTERN, Action, Origin
from facts.errors import EditConflictError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.client import Tianwen
    from bot.ui.editor_words import EditorWords
    from facts.entities import Author, Revision
    from facts.store import Kept

_ENTRY_ID = FACT_ID_PATTERN.pattern
# One page shows so many revisions, and of each so much.
PAGE = 4
_ROOM = 900
_REASON = 200
_OPTION = 60


def history_reply(
    entry_id: str, revisions: Sequence[Revision], words: EditorWords, page: int = 0, *, own: bool = True
) -> Reply:
    """Show one page of a history, the latest revision first.

    Args:
        entry_id: whose history.
        revisions: all of it, oldest first, at least one.
        words: in which words.
        page: which page, counted from 0; the last one where there are fewer.
        own: whether it is this server's own, and not that of a shared entry which it has not changed.
    """
    latest_first = list(revisions)[::-1]
    last = (len(latest_first) - 1) // PAGE
    page = min(page, last)
    shown = latest_first[page * PAGE : (page + 1) * PAGE]
    notes = [] if own else [words.history_shared]
    text = "\n\n".join([*notes, *(_revision_text(revision, words) for revision in shown)])
    embed = discord.Embed(
        title=limits.cut(words.history_title.format(id=entry_id), limits.EMBED_TITLE), description=text, colour=GREEN
    )
    view = StatelessView()
    if last:
        embed.set_footer(text=f"{page + 1} / {last + 1}")
        for name, target in (("back", page - 1), ("next", page + 1)):
            view.add_item(HistoryButton(entry_id, page=target, name=name, disabled=not 0 <= target <= last))
    if own and shown[0] is latest_first[0]:
        view.add_item(UndoButton(entry_id, shown[0].number, words.undo))
    options = [
        discord.SelectOption(
            label=limits.cut(
                words.revision_option.format(number=revision.number, text=_head(revision)), limits.SELECT_LABEL
            ),
            value=str(revision.number),
        )
        for revision in shown
        if revision.after is not None and (revision is not latest_first[0] or not own)
    ]
    if options:
        view.add_item(RevertSelect(f"tw:revert:{entry_id}", words.go_back, options))
    return Reply(embed, f"{embed.title}\n\n{text}", view if view.children else None)


def saved_reply(sentence: str, kept: Kept | None, words: EditorWords, *more: EditorButton) -> Reply:
    """Tell that a change is made, with the way to its history and back."""
    view = StatelessView()
    for item in more:
        view.add_item(item)
    if kept is not None and kept.revision is not None:
        view.add_item(HistoryButton(kept.entry.id, words.history))
        view.add_item(UndoButton(kept.entry.id, kept.revision.number, words.undo))
    reply = Reply(discord.Embed(description=sentence, colour=GREEN), sentence)
    return dataclasses.replace(reply, view=view if view.children else None)


def who(author: Author, words: EditorWords) -> str:
    """Name the author of a change; nobody is notified of it."""
    match author.origin:
        case Origin.PACK:
            return words.by_pack
        case Origin.OPERATOR:
            return words.by_operator
        case Origin.EDITOR:
            return f"<@{author.user_id}>"


async def show_history(interaction: discord.Interaction[Tianwen], entry_id: str, page: int = 0) -> None:
    """Show an editor one page of a history.

    Raises:
        FactNotFoundError: there is no such entry.
    """
    server_id = require_editor(interaction)
    knowledge, words = interaction.client.knowledge, editor_words_for(interaction.locale)
    await take_time(interaction)
    revisions = await knowledge.history(entry_id, server_id=server_id)
    is_own = knowledge.is_own(entry_id, server_id)
    await show_to_editor(interaction, history_reply(entry_id, revisions, words, page, own=is_own))


class HistoryButton(
    EditorButton, template=rf"tw:history:(?P<page>\d{{1,4}}):(?P<name>first|back|next):(?P<entry>{_ENTRY_ID})"
):
    """Shows a page of a history."""

    SIGNS = {"back": "◀️", "next": "▶️"}  # noqa: RUF012 - a constant

    def __init__(
        self, entry_id: str, label: str | None = None, *, page: int = 0, name: str = "first", disabled: bool = False
    ) -> None:
        """Make the button: with a label to open the history, with a sign to turn its pages."""
        super().__init__(
            discord.ui.Button(
                label=label,
                emoji=self.SIGNS.get(name),
                disabled=disabled,
                custom_id=f"tw:history:{max(page, 0)}:{name}:{entry_id}",
            )
        )
        self.entry_id, self.page = entry_id, page

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(state["entry"], label or None, page=int(state["page"]), name=state["name"])

    async def edited(self, interaction: discord.Interaction[Tianwen], _words: EditorWords, /) -> None:
        """Show the page as it is now."""
        await show_history(interaction, self.entry_id, self.page)


class UndoButton(EditorButton, template=rf"tw:undo:(?P<number>\d{{1,9}}):(?P<entry>{_ENTRY_ID})"):
    """Takes back one change, if it is the latest."""

    def __init__(self, entry_id: str, number: int, label: str) -> None:
        """Make the button for a revision."""
        super().__init__(discord.ui.Button(label=label, custom_id=f"tw:undo:{number}:{entry_id}"))
        self.entry_id, self.number = entry_id, number

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(state["entry"], int(state["number"]), label)

    async def edited(self, interaction: discord.Interaction[Tianwen], words: EditorWords, /) -> None:
        """Take it back, or say why not."""
        server_id = require_editor(interaction)
        await take_time(interaction)
        try:
            kept = await interaction.client.knowledge.undo(
                self.entry_id, self.number, author_of(interaction), server_id=server_id
            )
        except EditConflictError:
            view = StatelessView()
            view.add_item(HistoryButton(self.entry_id, words.history))
            reply = sentence_reply(words.undo_late.format(id=self.entry_id))
            await show_to_editor(interaction, dataclasses.replace(reply, view=view))
            return
        sentence = words.undone_gone if kept.removed else words.undone
        await show_to_editor(interaction, saved_reply(sentence.format(id=self.entry_id), kept, words))


class RevertSelect(EditorSelect, template=rf"tw:revert:(?P<entry>{_ENTRY_ID})"):
    """Goes back to a revision."""

    async def chosen(self, interaction: discord.Interaction[Tianwen], values: list[str], words: EditorWords, /) -> None:
        """Go back to it."""
        await revert(interaction, self.state["entry"], int(values[0]), words)


async def revert(
    interaction: discord.Interaction[Tianwen], entry_id: str, number: int, words: EditorWords, reason: str | None = None
) -> None:
    """Let an entry be as it was after a revision, and tell it.

    Raises:
        FactNotFoundError: there is no such entry.
        InvalidFactError: there is no text in that revision.
    """
    server_id = require_editor(interaction)
    await take_time(interaction)
    kept = await interaction.client.knowledge.revert(
        entry_id, number, author_of(interaction), server_id=server_id, reason=reason
    )
    sentence = words.reverted.format(id=entry_id, number=number) if kept is not None else words.no_changes
    await show_to_editor(interaction, saved_reply(sentence, kept, words))


def _revision_text(revision: Revision, words: EditorWords) -> str:
    action = {
        Action.ADD: words.action_add,
        Action.EDIT: words.action_edit,
        Action.REMOVE: words.action_remove,
        Action.RESTORE: words.action_restore,
        Action.REVERT: words.action_revert,
    }[revision.action]
    when = discord.utils.format_dt(revision.at, "R")
    lines = [f"**{revision.number}** · {action} · {who(revision.author, words)} · {when}"]
    if revision.reason:
        lines.append(f"_{on_one_line(revision.reason, _REASON)}_")
    lines += change_lines(revision.before, revision.after, words)
    if revision.follows and revision.after is not None:
        lines.append(words.follows_shared)
    return limits.cut("\n".join(lines), _ROOM)


def _head(revision: Revision) -> str:
    form = revision.after or {}
    return limits.cut(" ".join(str(form.get("statement") or form.get("say") or "").split()) or "–", _OPTION)
