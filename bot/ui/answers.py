"""Answers as Discord messages: an embed where it may be shown, else plain text; and the buttons under it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import discord

from bot.errors import answer_error
from bot.ui import limits, words
from bot.ui.text import answer_text, choices_text, date_text, fact_text, rest_text, source_title
from facts.entities import FACT_ID_PATTERN
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from bot.client import Tianwen
    from facts.engine import Answer
    from facts.entities import Fact, Source

GREEN = discord.Colour(0x2E8B57)
AMBER = discord.Colour(0xC58B1B)
GREY = discord.Colour(0x6D7580)

# What would end or style the text of a link; discord.py's own escaping leaves the brackets.
_MARKDOWN, _ESCAPED = re.compile(r"([\\\[\]()*_`~|<>])"), r"\\\1"
# Of a source's field, title and link may take this much, so that date and locator still fit.
_SOURCE_HEAD = 300
_SOURCE_URL = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send: an embed with its buttons, and the same as plain text for where embeds are not allowed."""

    embed: discord.Embed
    text: str
    view: discord.ui.View | None = None

    @property
    def plain(self) -> str:
        """The text, cut to what a message may hold."""
        return limits.cut(self.text, limits.MESSAGE)

    def arguments(self, *, embeds: bool = True) -> dict[str, Any]:
        """Give the arguments for sending it."""
        shown: dict[str, Any] = {"embed": self.embed} if embeds else {"content": self.plain}
        return shown | ({"view": self.view} if self.view else {})


def may_embed(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether an embed may be shown where a command or button was used; in direct messages it always may."""
    return interaction.guild_id is None or interaction.app_permissions.embed_links


def answer_reply(answer: Answer, asker_id: int) -> Reply:
    """Give the message for an answer; buttons answer to the asker only.

    Args:
        answer: any but an ignored one.
        asker_id: the Discord id of the person who asked.
    """
    match answer.outcome:
        case Outcome.ANSWER:
            return Reply(_facts_embed(answer.facts, rest_text(answer)), answer_text(answer))
        case Outcome.CHOICES:
            embed = discord.Embed(description=limits.cut(choices_text(answer), limits.EMBED_DESCRIPTION), colour=AMBER)
            choices = _choice_view(answer.facts, asker_id)
            choices.add_item(NoneButton(asker_id))
            return Reply(embed, answer_text(answer), choices)
        case _:
            lines = [answer.say or words.NOT_KNOWN]
            if answer.related:
                lines.append(f"\n{words.NEAR}")
            embed = discord.Embed(description=limits.cut("\n".join(lines), limits.EMBED_DESCRIPTION), colour=GREY)
            view = _choice_view(answer.related, asker_id) if answer.related else None
            return Reply(embed, answer_text(answer), view)


def sentence_reply(sentence: str) -> Reply:
    """Give the message for a plain sentence."""
    return Reply(discord.Embed(description=sentence, colour=GREY), sentence)


def fact_reply(fact: Fact) -> Reply:
    """Give the message for one fact."""
    return Reply(_facts_embed((fact,)), fact_text(fact))


def examples_reply(facts: list[Fact], asker_id: int) -> Reply:
    """Give the message for somebody who said nothing that could be answered: what they could ask."""
    text = "\n".join([words.HELLO, *(f"- {fact.canonical_question}" for fact in facts)])
    embed = discord.Embed(description=words.HELLO, colour=GREEN)
    return Reply(embed, text, _choice_view(tuple(facts), asker_id) if facts else None)


def _facts_embed(facts: tuple[Fact, ...], rest: list[str] | None = None) -> discord.Embed:
    """Show one to three facts, each with its source; long ones are cut so that all fit."""
    texts = [*(fact.statement for fact in facts), *(rest or ())]
    room = (limits.EMBED_DESCRIPTION - 200) // len(texts)
    statements = [limits.cut(text, room) for text in texts]
    embed = discord.Embed(description="\n\n".join(statements), colour=GREEN)
    by_source = _by_source(facts)
    for source, of_source in by_source.items():
        ids = " and ".join(fact.id for fact in of_source)
        name = (
            words.SOURCE
            if len(by_source) == 1
            else limits.cut(words.SOURCE_OF.format(ids=ids), limits.EMBED_FIELD_NAME)
        )
        embed.add_field(name=name, value=_source_value(source, of_source), inline=False)
    embed.set_footer(text=" · ".join(fact.id for fact in facts))
    return embed


def _by_source(facts: tuple[Fact, ...]) -> dict[Source, list[Fact]]:
    sources: dict[Source, list[Fact]] = {}
    for fact in facts:
        sources.setdefault(fact.source, []).append(fact)
    return sources


def _source_value(source: Source, facts: list[Fact]) -> str:
    head = limits.cut(f"{source.publisher}, {source_title(source)}", _SOURCE_HEAD)
    if source.url and len(source.url) <= _SOURCE_URL:
        head = f"[{_MARKDOWN.sub(_ESCAPED, head)}]({source.url})"
    parts = [head]
    if source.published is not None:
        parts.append(date_text(source.published))
    locators = dict.fromkeys(fact.locator for fact in facts if fact.locator)
    if locators:
        parts.append(" and ".join(locators))
    dates = sorted({fact.as_of for fact in facts if fact.as_of is not None})
    if dates:
        parts.append(words.AS_REPORTED.format(date=date_text(dates[-1])))
    return limits.cut(", ".join(parts), limits.EMBED_FIELD_VALUE)


def _choice_view(facts: tuple[Fact, ...], asker_id: int) -> discord.ui.View:
    """Give a button for each fact. The view does not time out: buttons are found by their ids, also after a restart."""
    view = discord.ui.View(timeout=None)
    for fact in facts:
        view.add_item(FactButton(asker_id, fact.id, fact.canonical_question))
    return view


class _AskersButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"tw:never"):
    """A button that only the person who asked may use; its state stands in its id, so it survives a restart."""

    asker_id: int

    async def interaction_check(self, interaction: discord.Interaction[Tianwen], /) -> bool:  # type: ignore[override]
        """Let the asker through; tell anybody else why not."""
        if interaction.user.id == self.asker_id:
            return True
        await interaction.response.send_message(words.OTHERS_BUTTON, ephemeral=True)
        return False

    async def callback(self, interaction: discord.Interaction[Tianwen]) -> None:  # type: ignore[override]
        """Do what the button is for. discord.py would only log an error here, so it is told from here."""
        try:
            await self.pressed(interaction)
        except Exception as error:  # noqa: BLE001 - one place tells every error
            await answer_error(interaction, error, "answering a button")

    async def pressed(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Do what the button is for."""
        raise NotImplementedError


class FactButton(_AskersButton, template=rf"tw:fact:(?P<asker>\d+):(?P<fact>{FACT_ID_PATTERN.pattern})"):
    """Shows a fact in place of the choice or list that it stands under."""

    def __init__(self, asker_id: int, fact_id: str, label: str) -> None:
        """Make the button for a fact, labelled with its question."""
        super().__init__(
            discord.ui.Button(
                label=limits.cut(label, limits.BUTTON_LABEL),
                style=discord.ButtonStyle.primary,
                custom_id=f"tw:fact:{asker_id}:{fact_id}",
            )
        )
        self.asker_id = asker_id
        self.fact_id = fact_id

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _interaction: discord.Interaction[Tianwen], item: discord.ui.Button[Any], match: re.Match[str]
    ) -> Self:
        """Make the button anew from its id."""
        return cls(int(match["asker"]), match["fact"], item.label or match["fact"])

    async def pressed(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Show the fact as it is now."""
        bot = interaction.client
        fact = bot.knowledge.fact(self.fact_id, interaction.guild_id)
        bot.last_questions.remember(interaction.user.id, interaction.channel_id or 0, fact.canonical_question)
        await _replace(interaction, fact_reply(fact))


class NoneButton(_AskersButton, template=r"tw:none:(?P<asker>\d+)"):
    """Says that none of the choices was meant."""

    def __init__(self, asker_id: int) -> None:
        """Make the button."""
        super().__init__(
            discord.ui.Button(
                label=words.NONE_OF_THESE,
                style=discord.ButtonStyle.secondary,
                custom_id=f"tw:none:{asker_id}",
            )
        )
        self.asker_id = asker_id

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _interaction: discord.Interaction[Tianwen], _item: discord.ui.Button[Any], match: re.Match[str]
    ) -> Self:
        """Make the button anew from its id."""
        return cls(int(match["asker"]))

    async def pressed(self, interaction: discord.Interaction[Tianwen]) -> None:
        """Say so, and take the choices away."""
        await _replace(interaction, sentence_reply(words.NONE_OF_THESE_REPLY))


async def _replace(interaction: discord.Interaction[Any], reply: Reply) -> None:
    """Put a reply in the place of the message that the button stands under."""
    if may_embed(interaction):
        await interaction.response.edit_message(content=None, embed=reply.embed, view=None)
    else:
        await interaction.response.edit_message(content=reply.plain, embed=None, view=None)


BUTTONS = (FactButton, NoneButton)
