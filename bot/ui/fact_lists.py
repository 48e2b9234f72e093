"""Lists of facts and known unknowns, searched and filtered, in pages. For editors alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import discord

from bot.access import require_editor
from bot.ui import limits
from bot.ui.editor_items import EditorButton, show_to_editor
from bot.ui.embeds import GREEN, Reply, on_one_line
from bot.ui.view import StatelessView
from bot.ui.words import words_for
from facts.entities import Fact, KnownUnknown
from facts.knowledge import Show

if TYPE_CHECKING:
    from bot.client import Tianwen
    from bot.ui.editor_words import EditorWords
    from bot.ui.words import Words
    from facts.entities import Entry
    from facts.knowledge import KnowledgeBase

# One page shows so many entries, and of each so much.
PAGE = 10
_TEXT = 160
# What was searched for stands in the buttons' ids; so much of it, in bytes or characters, has room there.
SEARCHED = 40
_PARTED = "|"


def fact_list_reply(
    knowledge: KnowledgeBase,
    server_id: int,
    words: EditorWords,
    said: Words,
    *,
    show: Show = Show.ALL,
    topic: str = "",
    text: str = "",
    page: int = 0,
) -> Reply:
    """Show one page of what a server sees.

    Args:
        knowledge: what there is.
        server_id: in which server.
        words: in which words, for editors.
        said: in which words, for dates.
        show: which entries.
        topic: of which topic alone.
        text: what they must match; the best match comes first.
        page: which page, counted from 0; the last one where there are fewer.
    """
    entries = knowledge.search(server_id, show=show, topic=topic or None, text=text or None)
    last = max(len(entries) - 1, 0) // PAGE
    page = min(page, last)
    shown = entries[page * PAGE : (page + 1) * PAGE]
    lines = ["- " + _line(entry, knowledge, server_id, words, said) for entry in shown]
    name = getattr(words, f"list_{show.value}")
    title = limits.cut(words.list_title.format(show=", ".join(filter(None, (name, topic, text)))), limits.EMBED_TITLE)
    body = "\n".join([words.list_count.format(count=len(entries)), *lines]) if entries else words.list_empty
    embed = discord.Embed(title=title, description=limits.cut(body, limits.EMBED_DESCRIPTION), colour=GREEN)
    if not last:
        return Reply(embed, f"{title}\n{body}")
    embed.set_footer(text=said.page.format(page=page + 1, pages=last + 1))
    view = StatelessView()
    for sign, target in (("back", page - 1), ("next", page + 1)):
        view.add_item(FactPageButton(show, max(target, 0), sign, topic, text, disabled=not 0 <= target <= last))
    return Reply(embed, f"{title}\n{body}\n{embed.footer.text}", view)


class FactPageButton(
    EditorButton,
    template=r"tw:facts:(?P<show>[a-z]+):(?P<page>\d{1,4}):(?P<sign>back|next):(?P<topic>[^|]*)\|(?P<text>.*)",
):
    """Turns to another page of such a list."""

    SIGNS = {"back": "◀️", "next": "▶️"}  # noqa: RUF012 - a constant

    def __init__(self, show: Show, page: int, sign: str, topic: str, text: str, *, disabled: bool = False) -> None:
        """Make the button for a page."""
        topic, text = topic.replace(_PARTED, " ")[:SEARCHED], text[:SEARCHED]
        super().__init__(
            discord.ui.Button(
                emoji=self.SIGNS[sign],
                disabled=disabled,
                custom_id=f"tw:facts:{show.value}:{page}:{sign}:{topic}{_PARTED}{text}"[: limits.CUSTOM_ID],
            )
        )
        self.show, self.page, self.sign, self.topic, self.text = show, page, sign, topic, text

    @classmethod
    def remade(cls, state: dict[str, str], _label: str, /) -> Self:
        """Make the button anew."""
        return cls(Show(state["show"]), int(state["page"]), state["sign"], state["topic"], state["text"])

    async def edited(self, interaction: discord.Interaction[Tianwen], words: EditorWords, /) -> None:
        """Show the page as it is now."""
        reply = fact_list_reply(
            interaction.client.knowledge,
            require_editor(interaction),
            words,
            words_for(interaction.locale),
            show=self.show,
            topic=self.topic,
            text=self.text,
            page=self.page,
        )
        await show_to_editor(interaction, reply)


def _line(entry: Entry, knowledge: KnowledgeBase, server_id: int, words: EditorWords, said: Words) -> str:
    marks = []
    if knowledge.entry(entry.id, server_id) is None:
        marks.append(words.mark_removed)
    elif knowledge.is_own(entry.id, server_id):
        marks.append(words.mark_own)
    if isinstance(entry, KnownUnknown):
        marks.append(words.mark_unknown)
    if isinstance(entry, Fact) and entry.superseded_by:
        marks.append(words.mark_superseded.format(id=entry.superseded_by))
    if isinstance(entry, Fact) and entry.review_by is not None:
        marks.append(words.mark_review_by.format(date=said.date(entry.review_by)))
    told = entry.statement if isinstance(entry, Fact) else entry.phrasings[0]
    line = words.list_line.format(id=entry.id, text=on_one_line(told, _TEXT))
    return f"{line} ({', '.join(marks)})" if marks else line
