"""What is told in a server's log and queue channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.ui import limits
from bot.ui.embeds import AMBER, Reply, on_one_line
from bot.ui.history import who
from facts.entities import Author, Doubt, Fact, Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ui.editor_words import EditorWords
    from bot.ui.words import Words
    from facts.entities import FactChange, QuestionGroup

# Of a statement, this much is shown; escaping may double it within what a message holds.
_STATEMENT = 800
_REASON = 150
# Of the review queue, so many questions are shown, the latest first, and of each so much.
QUEUE_SHOWN = 10
_QUESTION = 150


def change_text(change: FactChange, words: EditorWords) -> str:
    """Tell what was done to a fact or known unknown, by whom and why; nothing where there is none before or after."""
    entry = change.after or change.before
    if entry is None:
        return ""
    pattern = words.log_removed if not change.after else words.log_changed if change.before else words.log_added
    said = entry.statement if isinstance(entry, Fact) else entry.say or entry.phrasings[0]
    author = change.revision.author if change.revision is not None else Author(Origin.OPERATOR)
    line = pattern.format(id=entry.id, text=on_one_line(said, _STATEMENT), who=who(author, words))
    if change.revision is None or not change.revision.reason:
        return line
    return f"{line}\n_{on_one_line(change.revision.reason, _REASON)}_"


def queue_reply(groups: Sequence[QuestionGroup], words: Words) -> Reply:
    """Show the questions that wait for an editor, the latest first; who asked is not known here.

    Args:
        groups: all that wait.
        words: in which words.
    """
    lines = [_queued_line(group, words) for group in groups[:QUEUE_SHOWN]]
    # The plain text, which holds least, sets how much fits.
    room = limits.MESSAGE - len(words.queue_title) - len(words.queue_more) - 4
    while sum(map(len, lines)) + len(lines) > room:
        lines.pop()
    if len(lines) < len(groups):
        lines.append(words.queue_more)
    text = "\n".join(lines) or words.queue_empty
    embed = discord.Embed(title=words.queue_title, description=text, colour=AMBER)
    return Reply(embed, f"{words.queue_title}\n\n{text}")


def group_marks(group: QuestionGroup, words: Words) -> list[str]:
    """Tell why questions wait, how many they are, and since when."""
    latest = group.latest
    why = {
        Doubt.UNANSWERED: words.queued_unanswered,
        Doubt.NONE_OF_THESE: words.queued_none_of_these,
        Doubt.NOT_RIGHT: words.queued_not_right,
    }[latest.doubt].format(id=latest.fact_id)
    count = [words.times.format(count=len(group.questions))] if len(group.questions) > 1 else []
    return [why, *count, discord.utils.format_dt(latest.at, "R")]


def _queued_line(group: QuestionGroup, words: Words) -> str:
    return f"- **{on_one_line(group.latest.question, _QUESTION)}** {' · '.join(group_marks(group, words))}"
