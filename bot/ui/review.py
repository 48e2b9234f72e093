"""Teaching: from the review queue, question by question, and from any message. For editors alone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Self

import discord

from bot.access import require_editor
from bot.drafts import EntryDraft
from bot.ui import limits
from bot.ui.editing import (
    AgainButton,
    DraftButton,
    EditButton,
    draft_of,
    entry_line,
    new_draft,
    open_form,
    show_draft,
    with_questions,
)
from bot.ui.editor_items import EditorButton, EditorSelect, show_to_editor, take_time
from bot.ui.editor_words import EditorWords, editor_words_for
from bot.ui.embeds import AMBER, Reply, on_one_line, sentence_reply
from bot.ui.entry_form import dates_text, source_text
from bot.ui.notices import group_marks
from bot.ui.view import StatelessView
from bot.ui.words import words_for
from facts.entities import PHRASING_MAX, STATEMENT_MAX, Doubt, Fact, Source
from facts.errors import FactNotFoundError
from facts.matching.matcher import is_question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.client import Tianwen
    from facts.entities import Entry, QuestionGroup

_KEY = r"[0-9a-f]{16}"
_QUESTION = 300
# Of a group, so many other wordings are shown; of what is near, so many are named and so many offered.
_WORDINGS = 5
_NAMED = 3


async def show_review(
    interaction: discord.Interaction[Tianwen], queued_id: int | None = None, *, move: int = 0
) -> None:
    """Show an editor one group of questions of the review queue.

    Args:
        interaction: the editor's.
        queued_id: the number of a question in the group; None for the first group.
        move: so many groups further; from one that is gone, the first.
    """
    server_id, words = require_editor(interaction), editor_words_for(interaction.locale)
    await take_time(interaction)
    groups = await interaction.client.knowledge.review(server_id, private=True)
    if not groups:
        await show_to_editor(interaction, sentence_reply(words.review_empty))
        return
    place = next((place for place, group in enumerate(groups) if queued_id in group.ids), None)
    if place is None and queued_id is not None and not move:
        view: discord.ui.View = StatelessView()
        view.add_item(ReviewButton(words.next_question))
        await show_to_editor(interaction, dataclasses.replace(sentence_reply(words.review_gone), view=view))
        return
    place = 0 if place is None else (place + move) % len(groups)
    group = groups[place]
    draft = with_questions(new_draft(interaction, server_id, queue_ids=group.ids), group.wordings)
    await interaction.client.drafts.keep(draft, server_id, interaction.user.id)
    nearest = _nearest(interaction, group.latest.question, server_id, group.latest.fact_id)
    embed = _card(words.review_title.format(place=place + 1, count=len(groups)), group.latest.question, nearest, words)
    marks = " · ".join(group_marks(group, words_for(interaction.locale)))
    others = [f"“{on_one_line(wording, _QUESTION)}”" for wording in group.wordings[1 : 1 + _WORDINGS]]
    private = [words.review_private] if any(question.private for question in group.questions) else []
    embed.description = "\n".join(filter(None, [embed.description, marks, *others, *private]))
    view = _teaching_view(draft, nearest, words)
    view.add_item(IgnoreButton(group.ids[0], words.ignore))
    if group.latest.doubt is Doubt.NOT_RIGHT and group.latest.fact_id in {entry.id for entry in nearest}:
        view.add_item(EditButton(nearest[0].id, words.edit))
    if len(groups) > 1:
        for sign in ("back", "next"):
            view.add_item(TurnButton(group.ids[0], sign))
    await show_to_editor(interaction, Reply(embed, _plain(embed), view))


async def show_teaching(interaction: discord.Interaction[Tianwen], message: discord.Message) -> None:
    """Show an editor what a message could teach: its text as a question or a statement, its link as a source."""
    server_id, words = require_editor(interaction), editor_words_for(interaction.locale)
    await take_time(interaction)
    text = " ".join(interaction.client.without_mention(message.content).split())
    if not text:
        await show_to_editor(interaction, sentence_reply(words.nothing_to_teach))
        return
    place = getattr(message.channel, "name", None)
    source = Source("", "Discord", f"#{place}" if place else None, (), message.created_at.date(), message.jump_url)
    texts = {"source": source_text(source), "dates": dates_text(message.created_at.date())}
    texts |= {"questions": text[:PHRASING_MAX]} if is_question(text) else {"statement": text[:STATEMENT_MAX]}
    draft = new_draft(interaction, server_id, texts=texts)
    await interaction.client.drafts.keep(draft, server_id, interaction.user.id)
    nearest = _nearest(interaction, text, server_id)
    embed = _card(words.teach_title, text, nearest, words)
    await show_to_editor(interaction, Reply(embed, _plain(embed), _teaching_view(draft, nearest, words)))


def _nearest(
    interaction: discord.Interaction[Tianwen], text: str, server_id: int, fact_id: str | None = None
) -> list[Entry]:
    """Give the entries that a text comes near, that which was given as an answer first."""
    knowledge = interaction.client.knowledge
    given = knowledge.entry(fact_id, server_id) if fact_id else None
    near = knowledge.engine.meant(text, server_id)
    return list({entry.id: entry for entry in ([given] if given else []) + near}.values())


def _card(title: str, text: str, nearest: Sequence[Entry], words: EditorWords) -> discord.Embed:
    embed = discord.Embed(title=title, description=f"**{on_one_line(text, _QUESTION)}**", colour=AMBER)
    lines = [f"- {entry_line(entry)}" for entry in nearest[:_NAMED]]
    embed.add_field(name=words.nearest, value="\n".join(lines) or words.nothing_near, inline=False)
    return embed


def _plain(embed: discord.Embed) -> str:
    return "\n\n".join([str(embed.title), str(embed.description), *(f"{f.name}\n{f.value}" for f in embed.fields)])


def _teaching_view(draft: EntryDraft, nearest: Sequence[Entry], words: EditorWords) -> discord.ui.View:
    view = StatelessView()
    view.add_item(AgainButton(draft.key, words.create, discord.ButtonStyle.success))
    view.add_item(UnknownButton(draft.key, words.known_unknown))
    if nearest:
        options = [
            discord.SelectOption(
                label=limits.cut(entry.phrasings[0], limits.SELECT_LABEL),
                value=entry.id,
                description=limits.cut(_told(entry, words), limits.SELECT_LABEL),
            )
            for entry in nearest[: limits.SELECT_OPTIONS]
        ]
        view.add_item(AddToSelect(f"tw:draft:addto:{draft.key}", words.add_to, options))
    return view


def _told(entry: Entry, words: EditorWords) -> str:
    return entry.statement if isinstance(entry, Fact) else words.mark_unknown


class UnknownButton(DraftButton, template=rf"tw:draft:unknown:(?P<key>{_KEY})"):
    """Lets the questions of a draft be such that the sources do not answer."""

    NAME, ONCE = "unknown", False

    async def edited(self, interaction: discord.Interaction[Tianwen], _words: EditorWords, /) -> None:
        """Open the form of a known unknown."""
        draft = self.draft(interaction)
        texts = {"questions": draft.texts.get("questions") or draft.texts.get("statement", "")}
        await open_form(
            interaction,
            EntryDraft(
                "unknown", "", texts, is_new=True, hidden=draft.hidden, reason=draft.reason, queue_ids=draft.queue_ids
            ),
        )


class AddToSelect(EditorSelect, template=rf"tw:draft:addto:(?P<key>{_KEY})"):
    """Adds the questions of a draft to those of an entry."""

    async def chosen(
        self, interaction: discord.Interaction[Tianwen], values: list[str], _words: EditorWords, /
    ) -> None:
        """Show what that would do; saving is another click."""
        server_id, bot = require_editor(interaction), interaction.client
        draft = bot.drafts.get(self.state["key"], server_id, interaction.user.id)
        entry = bot.knowledge.entry(values[0], server_id)
        if entry is None:
            raise FactNotFoundError(values[0])
        await take_time(interaction)
        added = draft.texts.get("questions") or " ".join(draft.texts.get("statement", "").split())[:PHRASING_MAX]
        changed = draft_of(entry, reason=draft.reason, queue_ids=draft.queue_ids)
        shown = changed.texts["questions"].splitlines()
        changed = with_questions(changed, [*shown, *added.splitlines(), *draft.hidden])
        await bot.drafts.keep(changed, server_id, interaction.user.id)
        await show_draft(interaction, changed)


class IgnoreButton(EditorButton, template=r"tw:review:ignore:(?P<id>\d{1,18})"):
    """Takes a group of questions off the queue without learning anything."""

    def __init__(self, queued_id: int, label: str) -> None:
        """Make the button for a question of the group."""
        super().__init__(discord.ui.Button(label=label, custom_id=f"tw:review:ignore:{queued_id}"))
        self.queued_id = queued_id

    @classmethod
    def remade(cls, state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(int(state["id"]), label)

    async def edited(self, interaction: discord.Interaction[Tianwen], _words: EditorWords, /) -> None:
        """Take them off, and go on with the next."""
        server_id, knowledge = require_editor(interaction), interaction.client.knowledge
        await take_time(interaction)
        groups = await knowledge.review(server_id, private=True)
        ids = next((group.ids for group in groups if self.queued_id in group.ids), ())
        await knowledge.bookkeeping.settle(server_id, ids)
        await show_review(interaction)


class TurnButton(EditorButton, template=r"tw:review:(?P<sign>back|next):(?P<id>\d{1,18})"):
    """Turns to the group before or after this one."""

    SIGNS = {"back": ("◀️", -1), "next": ("▶️", 1)}  # noqa: RUF012 - a constant

    def __init__(self, queued_id: int, sign: str) -> None:
        """Make the button for a question of the group that is shown."""
        super().__init__(discord.ui.Button(emoji=self.SIGNS[sign][0], custom_id=f"tw:review:{sign}:{queued_id}"))
        self.queued_id, self.sign = queued_id, sign

    @classmethod
    def remade(cls, state: dict[str, str], _label: str, /) -> Self:
        """Make the button anew."""
        return cls(int(state["id"]), state["sign"])

    async def edited(self, interaction: discord.Interaction[Tianwen], _words: EditorWords, /) -> None:
        """Show it."""
        await show_review(interaction, self.queued_id, move=self.SIGNS[self.sign][1])


class ReviewButton(EditorButton, template=r"tw:review:open"):
    """Opens the review queue, or goes on with it."""

    def __init__(self, label: str) -> None:
        """Make the button."""
        super().__init__(discord.ui.Button(label=label, custom_id="tw:review:open", style=discord.ButtonStyle.primary))

    @classmethod
    def remade(cls, _state: dict[str, str], label: str, /) -> Self:
        """Make the button anew."""
        return cls(label)

    async def edited(self, interaction: discord.Interaction[Tianwen], _words: EditorWords, /) -> None:
        """Show the first group."""
        await show_review(interaction)


class QueueSelect(EditorSelect, template=r"tw:review:choose"):
    """Opens the review queue at a group."""

    async def chosen(
        self, interaction: discord.Interaction[Tianwen], values: list[str], _words: EditorWords, /
    ) -> None:
        """Show that group."""
        await show_review(interaction, int(values[0]))


def queue_view(groups: Sequence[QuestionGroup], words: EditorWords) -> discord.ui.View | None:
    """Give what stands under the message in the queue channel: a menu of its questions."""
    if not groups:
        return None
    view = StatelessView()
    options = [
        discord.SelectOption(
            label=limits.cut(" ".join(group.latest.question.split()), limits.SELECT_LABEL), value=str(group.ids[0])
        )
        for group in groups
    ]
    view.add_item(QueueSelect("tw:review:choose", words.choose_question, options))
    view.add_item(ReviewButton(words.open_review))
    return view


REVIEW_ITEMS = (AddToSelect, IgnoreButton, QueueSelect, ReviewButton, TurnButton, UnknownButton)
