"""Every payload fits Discord's limits for the longest facts that an editor may write, and one over is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.ui import limits
from bot.ui.answers import Reader, answer_reply, facts_reply, posted_reply
from bot.ui.chinese import CHINESE
from bot.ui.embeds import Reply, source_reply
from bot.ui.words import ENGLISH, Words
from facts.engine import Answer
from facts.entities import (
    FACT_ID_MAX,
    LOCATOR_MAX,
    PHRASING_MAX,
    STATEMENT_MAX,
    TOPIC_MAX,
    Author,
    Fact,
    KnownUnknown,
    Origin,
    Source,
)
from facts.errors import InvalidFactError
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from tests.conftest import World

LONGEST_ID = 2**63 - 1
URL = "https://example.org/" + "u" * 1_980


def longest(number: int = 0, url: str | None = URL) -> Fact:
    """Give the longest fact that may be saved."""
    source = Source(f"s{number}", f"{number}" + "P" * 199, "T" * 300, ("A" * 100,) * 10, dt.date(2021, 12, 28), url)
    return Fact(
        id=f"{number}" + "z" * (FACT_ID_MAX - 1),
        topic="t" * TOPIC_MAX,
        statement=f"{number} " + "s" * (STATEMENT_MAX - 2),
        phrasings=(f"{number} " + "q" * (PHRASING_MAX - 2),),
        source=source,
        locator="l" * LOCATOR_MAX,
        as_of=dt.date(2021, 12, 28),
    )


def assert_fits(reply: Reply) -> None:
    """Hold a reply to Discord's documented limits."""
    embed = reply.embed
    assert 1 <= len(embed.description or "") <= limits.EMBED_DESCRIPTION
    assert len(embed.title or "") <= limits.EMBED_TITLE
    assert len(embed.fields) <= limits.EMBED_FIELDS
    assert len(embed.footer.text or "") <= limits.EMBED_FOOTER
    for field in embed.fields:
        assert 1 <= len(field.name or "") <= limits.EMBED_FIELD_NAME
        assert 1 <= len(field.value or "") <= limits.EMBED_FIELD_VALUE
    assert len(embed) <= limits.EMBED_TOTAL
    assert 1 <= len(reply.arguments(embeds=False)["content"]) <= limits.MESSAGE
    rows: list[Any] = reply.view.to_components() if reply.view else []
    assert len(rows) <= limits.ROWS
    ids = [item["custom_id"] for row in rows for item in row["components"] if "custom_id" in item]
    assert len(ids) == len(set(ids))
    assert all(1 <= len(custom_id) <= limits.CUSTOM_ID for custom_id in ids)
    for item in (item for row in rows for item in row["components"]):
        assert len(item.get("label") or "") <= limits.BUTTON_LABEL
        for option in item.get("options", ()):
            assert len(option["label"]) <= limits.SELECT_LABEL


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["English", "Chinese"])
@pytest.mark.parametrize("url", [URL, "https://example.org/" + "u" * 280, None], ids=["long link", "link", "no link"])
def test_answers_of_every_kind_fit_for_the_longest_facts(words: Words, url: str | None) -> None:
    facts = tuple(longest(number, url) for number in range(3))
    others = [longest(number, url) for number in range(3, 9)]
    reader = Reader(LONGEST_ID, words)
    say = "k" * STATEMENT_MAX
    unknown = KnownUnknown("unknown", ("q",), say)
    for outcome in (Outcome.ANSWER, Outcome.CHOICES, Outcome.UNKNOWN):
        for count in (1, 2, 3):
            for partial in (False, True):
                answer = Answer("q", outcome, facts[:count], facts, unknown if partial else None, partial)
                assert_fits(answer_reply(answer, reader, others))
    corrected = facts_reply(facts, reader, others, say, words.corrected.format(when="<t:1767225600:R>"))
    assert_fits(posted_reply(corrected, LONGEST_ID, words))
    assert_fits(source_reply(facts[0], [*facts, *others], words))


@pytest.mark.usefixtures("simcord_env")
async def test_the_longest_fact_passes_through_discord_and_one_over_is_refused(world: World) -> None:
    fact = replace(longest(), source=replace(longest().source, url="https://example.org/" + "u" * 400))
    author = Author(Origin.EDITOR, world.moderator.id)
    for over in (
        replace(fact, statement=fact.statement + "s"),
        replace(fact, phrasings=(fact.phrasings[0] + "q",)),
        replace(fact, locator="l" * (LOCATOR_MAX + 1)),
        replace(fact, id=fact.id + "z"),
        replace(fact, topic=fact.topic + "t"),
    ):
        with pytest.raises(InvalidFactError):
            await world.knowledge.add(over, author, server_id=world.guild.id)
    await world.knowledge.add(fact, author, server_id=world.guild.id)
    result = await world.member.slash(world.channel, "fact", id=fact.id)
    shown = world.response(result)
    assert world.shown(shown) == [fact.id]
    clicked = await world.member.click(shown, label=ENGLISH.source)
    assert world.response(clicked).embeds[0].footer.text == fact.id
    (choice,) = await world.member.autocomplete(world.channel, "fact", "id", fact.id)
    assert len(choice["name"]) <= limits.CHOICE_NAME
    assert len(choice["value"]) <= limits.CHOICE_VALUE
    world.deny(world.channel, embed_links=True)
    await world.env.settle()
    plain = world.response(await world.member.slash(world.channel, "fact", id=fact.id))
    assert len(plain.content) <= limits.MESSAGE
    assert isinstance(plain, discord.Message)
