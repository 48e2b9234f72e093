"""Answers as plain text: for the terminal, for ``--json``, for evaluation, and where embeds are not allowed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.ui.words import ENGLISH, SmallTalk, Words, small_talk
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facts.engine import Answer
    from facts.entities import Fact, Source


def source_line(fact: Fact, words: Words = ENGLISH) -> str:
    """Give publisher, title, date and locator of a fact's source, and as of when it holds, on one line."""
    source = fact.source
    parts = [source.publisher, source_title(source, words)]
    if source.published is not None:
        parts.append(words.date(source.published))
    if fact.locator:
        parts.append(fact.locator)
    if fact.as_of is not None:
        parts.append(words.as_reported.format(date=words.date(fact.as_of)))
    return ", ".join(parts)


def rest_text(answer: Answer, words: Words = ENGLISH) -> str | None:
    """Give what there is to say, in an answer, of the part of the question that has none."""
    return (answer.say or words.rest_not_known) if answer.partial else None


def statements(facts: Sequence[Fact], words: Words = ENGLISH) -> list[str]:
    """Give the statements of facts that are shown together; of one that a newer stands before, when it was so."""
    told = []
    for place, fact in enumerate(facts):
        if not place or not fact.superseded_by:
            told.append(fact.statement)
        elif fact.as_of is None:
            told.append(words.earlier.format(statement=fact.statement))
        else:
            told.append(words.earlier_on.format(date=words.date(fact.as_of), statement=fact.statement))
    return told


def _fact_text(fact: Fact, statement: str, words: Words) -> str:
    """Give a fact with its source and its id as plain text."""
    url = f" <{fact.source.url}>" if fact.source.url else ""
    return f"{statement}\n{words.source}: {source_line(fact, words)}{url} [{fact.id}]"


def facts_text(facts: Sequence[Fact], words: Words = ENGLISH, *notes: str | None) -> str:
    """Give facts as plain text, each with its source and id, and what else is to be said, if anything."""
    return "\n\n".join([*map(partial(_fact_text, words=words), facts, statements(facts, words)), *filter(None, notes)])


def source_title(source: Source, words: Words = ENGLISH) -> str:
    """Give the source's title in quotes, or say that it is unknown."""
    return f"“{source.title}”" if source.title else words.headline_unknown


def choices_text(answer: Answer, words: Words = ENGLISH) -> str:
    """Give what stands above the choices: what is not known, if that was meant, and the question what was."""
    return f"{answer.say} {words.or_choices}" if answer.say else words.choices


def answer_text(answer: Answer, words: Words = ENGLISH) -> str:
    """Give the whole reply as plain text; nothing for an ignored message."""
    match answer.outcome:
        case Outcome.IGNORED:
            return ""
        case Outcome.ANSWER:
            return facts_text(answer.facts, words, rest_text(answer, words))
        case Outcome.CHOICES:
            return "\n".join([choices_text(answer, words), *_numbered(answer.facts)])
        case Outcome.UNKNOWN:
            lines = [answer.say or words.not_known]
            if answer.related:
                lines += [words.near, *(f"- {fact.canonical_question}" for fact in answer.related)]
            return "\n".join(lines)


def talk_of(answer: Answer) -> SmallTalk | None:
    """Tell what kind of small talk was answered; None where something was asked, also in words like these."""
    return None if answer.is_exact else small_talk(answer.question)


def talk_text(kind: SmallTalk, examples: Sequence[Fact], words: Words = ENGLISH) -> str:
    """Give what to say to somebody who asks nothing; a greeting gets examples of what could be asked."""
    match kind:
        case SmallTalk.GREETING:
            return "\n".join([words.hello, *(f"- {fact.canonical_question}" for fact in examples)])
        case SmallTalk.THANKS:
            return words.welcome
        case SmallTalk.COMPLAINT:
            return words.sorry
        case SmallTalk.CHAT:
            return words.chat


def _numbered(facts: tuple[Fact, ...]) -> list[str]:
    return [f"{number}. {fact.canonical_question}" for number, fact in enumerate(facts, 1)]
