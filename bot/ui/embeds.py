"""What a reply shows: an embed, and the same as plain text for where embeds are not allowed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord

from bot.ui import limits
from bot.ui.text import choices_text, rest_text, source_title, statements
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ui.words import Words
    from facts.engine import Answer
    from facts.entities import Fact, Source

GREEN = discord.Colour(0x2E8B57)
AMBER = discord.Colour(0xC58B1B)
GREY = discord.Colour(0x6D7580)

# What would style a text, make a link of it or end one; discord.py's own escaping leaves the brackets.
_MARKDOWN = re.compile(r"([\\\[\]()*_`~|<>])")
# These turn the direction of all that follows on the line.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Of a source's field, title and link may take this much, so that date and locator still fit.
_SOURCE_HEAD = 300
_SOURCE_URL = 300
# Of an answer's description, this much is left to what is said besides the facts.
_NOTES = 400
# Of the other facts from a source's place, this many are named.
_SAME_PLACE = 10


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send: an embed with its buttons, and the same as plain text; a line above it may say why it is there."""

    embed: discord.Embed
    text: str
    view: discord.ui.View | None = None
    above: str = ""

    def arguments(self, *, embeds: bool = True) -> dict[str, Any]:
        """Give the arguments for sending it."""
        return {name: value for name, value in self.edits(embeds=embeds).items() if value is not None}

    def edits(self, *, embeds: bool = True) -> dict[str, Any]:
        """Give the arguments for putting it in the place of another reply."""
        if embeds:
            return {"embed": self.embed, "content": self.above or None, "view": self.view}
        text = "\n".join(filter(None, [self.above, self.text]))
        return {"embed": None, "content": limits.cut_middle(text, limits.MESSAGE), "view": self.view}


def escaped(text: str) -> str:
    """Give a text that Discord shows as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def on_one_line(text: str, limit: int) -> str:
    """Show what somebody wrote as it is, without styling and on one line, cut to so many characters before escaping."""
    return escaped(limits.cut(" ".join(_TURNS.sub("", text).split()), limit))


def sentence_reply(sentence: str) -> Reply:
    """Give the message for a plain sentence."""
    return Reply(discord.Embed(description=sentence, colour=GREY), sentence)


def facts_embed(facts: Sequence[Fact], words: Words, *remarks: str | None) -> discord.Embed:
    """Show one to three facts, each with its source, and what else is to be said; long ones are cut so that all fit."""
    embed = discord.Embed(colour=GREEN)
    by_source = _by_source(facts)
    for source, of_source in by_source.items():
        ids = words.ands.join(fact.id for fact in of_source)
        name = (
            words.source
            if len(by_source) == 1
            else limits.cut(words.source_of.format(ids=ids), limits.EMBED_FIELD_NAME)
        )
        embed.add_field(name=name, value=_source_value(source, of_source, words), inline=False)
    embed.set_footer(text=" · ".join(fact.id for fact in facts))
    notes = [remark for remark in remarks if remark]
    room = min(limits.EMBED_DESCRIPTION, limits.EMBED_TOTAL - len(embed)) - (_NOTES + 2) * len(notes)
    texts = [limits.cut(statement, room // len(facts) - 2) for statement in statements(facts, words)]
    texts += [limits.cut(note, _NOTES) for note in notes]
    embed.description = "\n\n".join(texts)
    return embed


def answer_embed(answer: Answer, words: Words) -> discord.Embed:
    """Show an answer of any outcome but an ignored one."""
    match answer.outcome:
        case Outcome.ANSWER:
            return facts_embed(answer.facts, words, rest_text(answer, words))
        case Outcome.CHOICES:
            text = limits.cut(choices_text(answer, words), limits.EMBED_DESCRIPTION)
            return discord.Embed(description=text, colour=AMBER)
        case _:
            lines = [answer.say or words.not_known]
            if answer.related:
                lines.append(f"\n{words.near}")
            return discord.Embed(description=limits.cut("\n".join(lines), limits.EMBED_DESCRIPTION), colour=GREY)


def source_reply(fact: Fact, same_place: Sequence[Fact], words: Words) -> Reply:
    """Tell all that is known of a fact's source, and which other facts come from the same place in it."""
    source = fact.source
    lines = [f"**{escaped(source.publisher)}**, {escaped(source_title(source, words))}"]
    if source.authors:
        lines.append(words.by.format(authors=escaped(", ".join(source.authors))))
    if source.published is not None:
        lines.append(words.published.format(date=words.date(source.published)))
    if fact.as_of is not None:
        lines.append(words.as_reported.format(date=words.date(fact.as_of)))
    if fact.locator:
        lines.append(escaped(fact.locator))
    lines.append(f"<{source.url}>" if source.url else words.link_unknown)
    if same_place:
        lines.append(f"\n{words.same_place}")
        lines += [f"- {limits.cut(other.canonical_question, 150)}" for other in same_place[:_SAME_PLACE]]
    text = "\n".join(lines)
    embed = discord.Embed(title=words.source, description=limits.cut(text, limits.EMBED_DESCRIPTION), colour=GREEN)
    embed.set_footer(text=fact.id)
    return Reply(embed, f"{text}\n[{fact.id}]")


def _by_source(facts: Sequence[Fact]) -> dict[Source, list[Fact]]:
    sources: dict[Source, list[Fact]] = {}
    for fact in facts:
        sources.setdefault(fact.source, []).append(fact)
    return sources


def _source_value(source: Source, facts: Sequence[Fact], words: Words) -> str:
    head = escaped(limits.cut(f"{source.publisher}, {source_title(source, words)}", _SOURCE_HEAD))
    if source.url and len(source.url) <= _SOURCE_URL:
        # A parenthesis would end the link.
        head = f"[{head}]({source.url.replace('(', '%28').replace(')', '%29')})"
    parts = [head]
    if source.published is not None:
        parts.append(words.date(source.published))
    locators = dict.fromkeys(escaped(fact.locator) for fact in facts if fact.locator)
    if locators:
        parts.append(words.ands.join(locators))
    dates = sorted({fact.as_of for fact in facts if fact.as_of is not None})
    if dates:
        parts.append(words.as_reported.format(date=words.date(dates[-1])))
    return limits.cut(", ".join(parts), limits.EMBED_FIELD_VALUE)
