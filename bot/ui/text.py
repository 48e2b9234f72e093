"""Answers as plain text: for the terminal, for ``--json`` and for evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui import words
from facts.entities import PartialDate, Precision
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    import datetime as dt

    from facts.engine import Answer
    from facts.entities import Fact, Source


def date_text(date: dt.date) -> str:
    """Give a date as people read it: 4 July 2021."""
    return str(PartialDate(date, Precision.DAY))


def source_line(fact: Fact) -> str:
    """Give publisher, title, date and locator of a fact's source, and as of when it holds, on one line."""
    source = fact.source
    parts = [source.publisher, source_title(source)]
    if source.published is not None:
        parts.append(date_text(source.published))
    if fact.locator:
        parts.append(fact.locator)
    if fact.as_of is not None:
        parts.append(words.AS_REPORTED.format(date=date_text(fact.as_of)))
    return ", ".join(parts)


def rest_text(answer: Answer) -> list[str]:
    """Give what there is to say, in an answer, of the part of the question that has none."""
    return [answer.say or words.REST_NOT_KNOWN] if answer.partial else []


def fact_text(fact: Fact) -> str:
    """Give a fact with its source and its id as plain text."""
    url = f" <{fact.source.url}>" if fact.source.url else ""
    return f"{fact.statement}\n{words.SOURCE}: {source_line(fact)}{url} [{fact.id}]"


def source_title(source: Source) -> str:
    """Give the source's title in quotes, or say that it is unknown."""
    return f"“{source.title}”" if source.title else words.HEADLINE_UNKNOWN


def choices_text(answer: Answer) -> str:
    """Give what stands above the choices: what is not known, if that was meant, and the question what was."""
    return f"{answer.say} {words.OR_CHOICES}" if answer.say else words.CHOICES


def answer_text(answer: Answer) -> str:
    """Give the whole reply as plain text; nothing for an ignored message."""
    match answer.outcome:
        case Outcome.IGNORED:
            return ""
        case Outcome.ANSWER:
            return "\n\n".join([*(fact_text(fact) for fact in answer.facts), *rest_text(answer)])
        case Outcome.CHOICES:
            return "\n".join([choices_text(answer), *_numbered(answer.facts)])
        case Outcome.UNKNOWN:
            lines = [answer.say or words.NOT_KNOWN]
            if answer.related:
                lines += [words.NEAR, *(f"- {fact.canonical_question}" for fact in answer.related)]
            return "\n".join(lines)


def _numbered(facts: tuple[Fact, ...]) -> list[str]:
    return [f"{number}. {fact.canonical_question}" for number, fact in enumerate(facts, 1)]
