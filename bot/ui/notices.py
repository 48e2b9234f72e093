"""What is told in a server's log and queue channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.ui import limits
from bot.ui.embeds import AMBER, Reply, on_one_line
from facts.entities import Doubt, Fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ui.words import Words
    from facts.entities import FactChange, OpenQuestion

# Of a statement, this much is shown; escaping may double it within what a message holds.
_STATEMENT = 900
# Of the review queue, so many questions are shown, the latest first, and of each so much.
QUEUE_SHOWN = 10
_QUESTION = 150


def change_text(change: FactChange, words: Words) -> str:
    """Tell what was done to a fact; nothing where there is none before or after."""
    entry = change.after or change.before
    if entry is None:
        return ""
    pattern = words.fact_removed if not change.after else words.fact_changed if change.before else words.fact_added
    said = entry.statement if isinstance(entry, Fact) else entry.say or entry.phrasings[0]
    return pattern.format(id=entry.id, statement=on_one_line(said, _STATEMENT))


def queue_reply(questions: Sequence[OpenQuestion], words: Words) -> Reply:
    """Show the questions that wait for an editor, the latest first; who asked is not known here.

    Args:
        questions: up to one more than ``QUEUE_SHOWN``, which then stands for those that are not shown.
        words: in which words.
    """
    lines = [_queued_line(question, words) for question in questions[:QUEUE_SHOWN]]
    # The plain text, which holds least, sets how much fits.
    room = limits.MESSAGE - len(words.queue_title) - len(words.queue_more) - 4
    while sum(map(len, lines)) + len(lines) > room:
        lines.pop()
    if len(lines) < len(questions):
        lines.append(words.queue_more)
    text = "\n".join(lines) or words.queue_empty
    embed = discord.Embed(title=words.queue_title, description=text, colour=AMBER)
    return Reply(embed, f"{words.queue_title}\n\n{text}")


def _queued_line(question: OpenQuestion, words: Words) -> str:
    queued = question.latest
    why = {
        Doubt.UNANSWERED: words.queued_unanswered,
        Doubt.NONE_OF_THESE: words.queued_none_of_these,
        Doubt.NOT_RIGHT: words.queued_not_right,
    }[queued.doubt].format(id=queued.fact_id)
    parts = [why, discord.utils.format_dt(queued.at, "R")]
    if question.count > 1:
        parts.insert(1, words.times.format(count=question.count))
    return f"- **{on_one_line(queued.question, _QUESTION)}** {' · '.join(parts)}"
