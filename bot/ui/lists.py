"""Lists of facts as embeds: the crew, the modules, the milestones, the sources, and what the bot is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.ui import limits, words
from bot.ui.answers import GREEN, Reply
from bot.ui.text import date_text, source_title

# Of a name's other spellings this many are shown.
SPELLINGS = 3
# A list leaves room in its embed for the title, the figures and the source.
LIST_MAX = 2_500
# So many figures are shown, each with a name and a value of at most so many characters; sources get the rest.
FIGURES = 12
FIGURE_MAX = 100
SOURCES_MAX = 500

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from facts.engine import AnswerEngine
    from facts.entities import Fact, Name, Source


def crew_reply(facts: list[Fact], names: Iterable[Name]) -> Reply:
    """Give the facts about the crew; those about a person with the other spellings of the name."""
    spellings = {name.about: name.aliases[:SPELLINGS] for name in names if name.about and name.aliases}
    lines = []
    for fact in facts:
        also = spellings.get(fact.id)
        lines.append(fact.statement + (f" ({words.ALSO_WRITTEN.format(spellings=', '.join(also))})" if also else ""))
    return _list(words.CREW_TITLE, lines, facts)


def modules_reply(facts: list[Fact]) -> Reply:
    """Give the facts about the modules, and the figures of those that measure something."""
    figures = {
        f"{fact.measures[0].quantity.capitalize()} ({fact.id})": " · ".join(
            f"{measure.value:,.12g} {measure.unit}" for measure in fact.measures
        )
        for fact in facts
        if fact.measures
    }
    reply = _list(words.MODULES_TITLE, [fact.statement for fact in facts], facts)
    for name, values in list(figures.items())[:FIGURES]:
        reply.embed.add_field(name=limits.cut(name, FIGURE_MAX), value=limits.cut(values, FIGURE_MAX))
    told = "".join(f"\n{name}: {values}" for name, values in figures.items())
    return Reply(reply.embed, reply.text + told)


def milestones_reply(facts: list[Fact]) -> Reply:
    """Give the dated events, in the order in which they come."""
    lines = []
    for fact in facts:
        if fact.milestone is not None:
            planned = f" ({words.PLANNED})" if fact.milestone.planned else ""
            lines.append(f"**{fact.milestone.when}**{planned}: {fact.milestone.label}")
    return _list(words.MILESTONES_TITLE, lines, facts)


def sources_reply(sources: Mapping[Source, int]) -> Reply:
    """Give the sources, each with what is known of it and the number of its facts."""
    lines = []
    for source, count in sources.items():
        parts = [f"**{source.publisher}**", source_title(source)]
        if source.authors:
            parts.append("by " + ", ".join(source.authors))
        if source.published is not None:
            parts.append(date_text(source.published))
        if source.url:
            parts.append(f"<{source.url}>")
        lines.append(", ".join(parts) + f" ({words.FACTS_FROM.format(count=count)})")
    return _list(words.SOURCES_TITLE, lines)


def about_reply(engine: AnswerEngine, server_id: int | None, view: discord.ui.View | None) -> Reply:
    """Tell what the bot is, what it holds, and how to ask."""
    facts = engine.facts(server_id)
    loaded = words.LOADED.format(
        facts=len(facts),
        phrasings=sum(len(fact.phrasings) for fact in facts),
        unknowns=len(engine.unknowns()),
    )
    text = f"{words.ABOUT}\n\n{loaded}\n\n{words.RELATED}"
    embed = discord.Embed(title=words.ABOUT_TITLE, description=text, colour=GREEN)
    return Reply(embed, text, view)


def _list(title: str, lines: list[str], facts: Iterable[Fact] = ()) -> Reply:
    """Give a list, with the sources of its facts; one that is too long is cut, and says so."""
    text = "\n".join(f"- {line}" for line in lines) or words.NO_FACTS_OF_KIND
    embed = discord.Embed(title=title, description=limits.cut(text, LIST_MAX), colour=GREEN)
    sources = dict.fromkeys(fact.source for fact in facts)
    if sources:
        value = "; ".join(f"{source.publisher}, {source_title(source)}" for source in sources)
        embed.add_field(name=words.SOURCE, value=limits.cut(value, SOURCES_MAX), inline=False)
        text += f"\n{words.SOURCE}: {value}"
    return Reply(embed, f"{title}\n{text}")
