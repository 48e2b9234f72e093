"""Lists of facts as embeds, in pages: the crew, the modules, the milestones, the sources; and what the bot is."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import discord

from bot.access import server_id_of
from bot.ui import limits
from bot.ui.answers import examples_view
from bot.ui.embeds import GREEN, Reply, escaped
from bot.ui.items import Button, show_instead
from bot.ui.text import source_title
from bot.ui.view import StatelessView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.client import Tianwen
    from bot.ui.words import Words
    from facts.entities import Fact, Source
    from facts.knowledge import KnowledgeBase

# Of a name's other spellings this many are shown.
SPELLINGS = 3
# One page of a list has at most so many lines and characters; title, figures and sources get the rest of the embed.
PAGE_LINES = 10
PAGE_MAX = 2_500
# So many figures are shown, each with a name and a value of at most so many characters.
FIGURES = 12
FIGURE_MAX = 100
SOURCES_MAX = 500


class Kind(enum.StrEnum):
    """What there is a list of."""

    CREW = "crew"
    MODULES = "modules"
    MILESTONES = "milestones"
    SOURCES = "sources"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as it will be shown."""

    title: str
    lines: list[str]
    sources: dict[Source, int] = field(default_factory=dict)
    # What is measured, and the value.
    figures: list[tuple[str, str]] = field(default_factory=list)

    @property
    def pages(self) -> list[list[str]]:
        """The lines, parted into pages; one that is too long for a page alone is cut."""
        pages: list[list[str]] = [[]]
        for line in self.lines:
            shown = "- " + limits.cut(" ".join(line.split()), PAGE_MAX - 2)
            page = pages[-1]
            if page and (len(page) == PAGE_LINES or sum(map(len, page)) + len(page) + len(shown) > PAGE_MAX):
                pages.append(page := [])
            page.append(shown)
        return pages


def listing(kind: Kind, knowledge: KnowledgeBase, server_id: int | None, words: Words) -> Listing:
    """Give the list of a kind as a server sees it now."""
    match kind:
        case Kind.CREW:
            return _crew(knowledge, server_id, words)
        case Kind.MODULES:
            return _modules(knowledge, server_id, words)
        case Kind.MILESTONES:
            return _milestones(knowledge, server_id, words)
        case Kind.SOURCES:
            return _sources(knowledge, server_id, words)


def list_reply(kind: Kind, listing: Listing, asker_id: int, words: Words, page: int = 0) -> Reply:
    """Give the message for one page of a list, with buttons to the others for the asker.

    Args:
        kind: what it lists.
        listing: all of it.
        asker_id: who asked.
        words: in which words.
        page: which page, counted from 0; the last one where there are fewer.
    """
    pages = listing.pages
    page = min(page, len(pages) - 1)
    text = "\n".join(pages[page]) or words.no_facts_of_kind
    embed = discord.Embed(title=listing.title, description=text, colour=GREEN)
    if page == 0:
        for name, values in listing.figures[:FIGURES]:
            embed.add_field(name=limits.cut(name, FIGURE_MAX), value=limits.cut(values, FIGURE_MAX))
        text += "".join(f"\n{name}: {values}" for name, values in listing.figures)
    if listing.sources:
        value = "; ".join(f"{source.publisher}, {source_title(source, words)}" for source in listing.sources)
        embed.add_field(name=words.source, value=limits.cut(value, SOURCES_MAX), inline=False)
        text += f"\n{words.source}: {value}"
    if len(pages) == 1:
        return Reply(embed, f"{listing.title}\n{text}")
    embed.set_footer(text=words.page.format(page=page + 1, pages=len(pages)))
    view = StatelessView()
    last = len(pages) - 1
    for move, target in (("first", 0), ("back", max(page - 1, 0)), ("next", min(page + 1, last)), ("last", last)):
        view.add_item(PageButton(kind, target, move, asker_id, disabled=target == page))
    return Reply(embed, f"{listing.title}\n{text}\n{embed.footer.text}", view)


class PageButton(
    Button,
    template=r"tw:page:(?P<kind>[a-z]+):(?P<page>\d{1,4}):(?P<move>first|back|next|last):(?P<asker>\d+)",
):
    """Turns to another page of a list; for the asker only."""

    EMOJI = {"first": "⏮️", "back": "◀️", "next": "▶️", "last": "⏭️"}  # noqa: RUF012 - a constant

    def __init__(self, kind: Kind, page: int, move: str, asker_id: int, *, disabled: bool = False) -> None:
        """Make the button that moves to a page."""
        super().__init__(
            discord.ui.Button(
                emoji=self.EMOJI[move], custom_id=f"tw:page:{kind}:{page}:{move}:{asker_id}", disabled=disabled
            )
        )
        self.kind, self.page, self.asker_id = kind, page, asker_id

    @classmethod
    def remade(cls, state: dict[str, str], _label: str, /) -> Self:
        """Make the button anew."""
        return cls(Kind(state["kind"]), int(state["page"]), state["move"], int(state["asker"]))

    async def pressed(self, interaction: discord.Interaction[Tianwen], words: Words, /) -> None:
        """Show the page as it is now."""
        found = listing(self.kind, interaction.client.knowledge, server_id_of(interaction), words)
        await show_instead(interaction, list_reply(self.kind, found, interaction.user.id, words, self.page))


LIST_ITEMS = (PageButton,)


def about_reply(knowledge: KnowledgeBase, server_id: int | None, words: Words) -> Reply:
    """Tell what the bot is, what it holds, and how to ask, with three things to ask."""
    engine = knowledge.engine
    facts = engine.facts(server_id)
    loaded = words.loaded.format(
        facts=len(facts),
        phrasings=sum(len(fact.phrasings) for fact in facts),
        unknowns=len(engine.unknowns()),
    )
    text = f"{words.about}\n\n{loaded}\n\n{words.related}"
    embed = discord.Embed(title=words.about_title, description=text, colour=GREEN)
    return Reply(embed, text, examples_view(engine.examples(server_id)))


def _crew(knowledge: KnowledgeBase, server_id: int | None, words: Words) -> Listing:
    """List the facts about the crew; those about a person with the other spellings of the name."""
    facts = knowledge.facts(server_id, topic="crew")
    spellings = {name.about: name.aliases[:SPELLINGS] for name in knowledge.names() if name.about and name.aliases}
    lines = []
    for fact in facts:
        also = spellings.get(fact.id)
        lines.append(fact.statement + (f" ({words.also_written.format(spellings=', '.join(also))})" if also else ""))
    return Listing(words.crew_title, lines, _sources_of(facts))


def _modules(knowledge: KnowledgeBase, server_id: int | None, words: Words) -> Listing:
    """List the facts about the modules, with the figures of those that measure something."""
    facts = knowledge.facts(server_id, topic="modules")
    figures = [
        (
            f"{measured_thing(fact, knowledge)}: {fact.measures[0].quantity}",
            " · ".join(f"{measure.value:,.12g} {measure.unit}" for measure in fact.measures),
        )
        for fact in facts
        if fact.measures
    ]
    return Listing(words.modules_title, [fact.statement for fact in facts], _sources_of(facts), figures)


def measured_thing(fact: Fact, knowledge: KnowledgeBase) -> str:
    """Name what a fact measures: the first of the known names in its statement, else the fact's id."""
    names = [name.name for name in knowledge.names() if name.name in fact.statement]
    return min(names, key=fact.statement.index, default=fact.id)


def _milestones(knowledge: KnowledgeBase, server_id: int | None, words: Words) -> Listing:
    """List the dated events, in the order in which they come."""
    facts = knowledge.milestones(server_id)
    lines = []
    for fact in facts:
        if fact.milestone is not None:
            planned = f" ({words.planned})" if fact.milestone.planned else ""
            lines.append(f"**{words.date(fact.milestone.when)}**{planned}: {escaped(fact.milestone.label)}")
    return Listing(words.milestones_title, lines, _sources_of(facts))


def _sources(knowledge: KnowledgeBase, server_id: int | None, words: Words) -> Listing:
    """List the sources, each with what is known of it and the number of its facts."""
    lines = []
    for source, count in knowledge.sources(server_id).items():
        parts = [f"**{source.publisher}**", source_title(source, words)]
        if source.authors:
            parts.append(words.by.format(authors=", ".join(source.authors)))
        if source.published is not None:
            parts.append(words.date(source.published))
        if source.url:
            parts.append(f"<{source.url}>")
        lines.append(", ".join(parts) + f" ({words.facts_from.format(count=count)})")
    return Listing(words.sources_title, lines)


def _sources_of(facts: Iterable[Fact]) -> dict[Source, int]:
    return dict.fromkeys((fact.source for fact in facts), 0)
