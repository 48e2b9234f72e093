"""What is told in a server's log and queue channels, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui import limits
from bot.ui.embeds import escaped
from facts.entities import Doubt

if TYPE_CHECKING:
    from bot.ui.words import Words
    from facts.entities import FactChange, QueuedQuestion

# Of a statement or a question, this much is shown; escaping may double it within what a message holds.
_SHOWN = 900


def change_text(change: FactChange, words: Words) -> str:
    """Tell what was done to a fact; nothing where there is none before or after."""
    fact = change.after or change.before
    if fact is None:
        return ""
    pattern = words.fact_removed if not change.after else words.fact_changed if change.before else words.fact_added
    return pattern.format(id=fact.id, statement=_on_one_line(fact.statement))


def queued_text(queued: QueuedQuestion, words: Words) -> str:
    """Tell of a question that waits for an editor; who asked is not known here."""
    pattern = {
        Doubt.UNANSWERED: words.queued_unanswered,
        Doubt.NONE_OF_THESE: words.queued_none_of_these,
        Doubt.NOT_RIGHT: words.queued_not_right,
    }[queued.doubt]
    return pattern.format(id=queued.fact_id, question=_on_one_line(queued.question))


def _on_one_line(text: str) -> str:
    """Show what somebody wrote as it is: without styling, cut if need be."""
    return escaped(limits.cut(" ".join(text.split()), _SHOWN))
