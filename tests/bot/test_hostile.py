"""Hostile and odd text: never an error, never a ping, and the store stays whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest

from bot.ui import limits
from bot.ui.answers import FactButton
from facts.knowledge import KnowledgeBase
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from facts.database import Database
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

MASS = ["@everyone", "@here", "@everyone how long is tianhe?", "how long is tianhe? @here @everyone", "<@&{role}>"]
MENTIONS = [
    "<@{member}> <@{moderator}> <@&{role}> <#{channel}>",
    "<@&{role}> how long is tianhe?",
    "<@0>",
    "<@!>",
    "<@&",
]
MARKDOWN = [
    "**bold** __line__ ~~gone~~ ||hidden|| `code` > quote",
    "```py\nimport os\n```",
    "[click](https://example.org) <https://example.org>",
    "# heading\n- list\n1. one",
    "</ask:1> <:emoji:123> <a:wave:123> <t:0:R> <id:customize>",
    "\\*\\_\\`\\|",
]
UNSEEN = [
    "\u200b\u200c\u200d\u2060\ufeff",
    "how\u200b long\u2060 is ti\u00adanhe\u200d?",
    "\u202ehow long is tianhe\u202c?",
    "\u2066\u2067\u2068 \u2069",
    "\x00\x01\x02\x1b[31mred\x7f\x85",
    "\u0301" * 300,
    "t\u0336i\u0336a\u0336n\u0336h\u0336e\u0336" * 20,
    "\ufffe\uffff\U0010ffff",
    "\ud800",
]
CODE = [
    "'; DROP TABLE facts; --",
    "' OR '1'='1",
    "Robert'); DELETE FROM facts WHERE ('a'='a",
    "%s %d {0} {question} %(name)s ${HOME} $(id)",
    "{{7*7}} <script>alert(1)</script>",
    "../../../../etc/passwd",
    "tw:fact:1:tianhe-length",
    "fact:",
    "fact:fact:tianhe-length",
    "unknown:no-station-weight",
    "null",
    "-1",
    "1e999",
]
ODD = [
    "😀🚀👩🏽‍🚀🏳️‍🌈",
    "🚀" * 900,
    "?",
    "?!?!?!",
    ".",
    "\n\n\n",
    "天和有多长？",
    "كم طول تيانخه؟",
    "ﷺ" * 400,
    "İıſßẞŉ",
    "²³½Ⅷ٣",
    "a" * 1_900,
    "a " * 900,
    "who " * 400,
    "who? " * 350,
    "and " * 450,
    "''''''''''",
    "it it it its its",
]
GROUPS = {"mass": MASS, "mentions": MENTIONS, "markdown": MARKDOWN, "unseen": UNSEEN, "code": CODE, "odd": ODD}
by_group = pytest.mark.parametrize("group", GROUPS)


def texts(world: World, group: str) -> list[str]:
    """Give the texts of a group, with the world's own ids in them; Discord takes no lone surrogates."""
    role = next(iter(world.guild.roles.values()))
    ids = {"role": role.id, "member": world.member.id, "moderator": world.moderator.id, "channel": world.channel.id}
    filled = list(GROUPS[group])
    for name, value in ids.items():
        filled = [text.replace(f"{{{name}}}", str(value)) for text in filled]
    return [text for text in filled if "\ud800" not in text]


def assert_no_errors(caplog: pytest.LogCaptureFixture) -> None:
    """Make sure that nothing was logged as an error; errors that nobody handled fail the test by themselves."""
    assert [record.getMessage() for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}] == []


def sent_bodies(world: World) -> list[dict[str, Any]]:
    """Give what the bot sent to Discord as messages so far."""
    bodies = []
    for request in world.env.http_requests:
        body = request.json if isinstance(request.json, dict) else {}
        if request.path.endswith("/callback"):
            body = body.get("data") or {}
        if body.keys() & {"content", "embeds"}:
            bodies.append(body)
    return bodies


def assert_nothing_can_ping(world: World) -> None:
    """Make sure that everything sent so far told Discord to notify nobody."""
    bodies = sent_bodies(world)
    assert bodies
    for body in bodies:
        mentions = body["allowed_mentions"]
        assert mentions["parse"] == []
        assert not mentions.get("users")
        assert not mentions.get("roles")
        assert not mentions.get("replied_user", False)
    assert all(world.pings_nobody(message) for message in world.replies())


@by_group
async def test_a_mention_with_hostile_text_gets_a_reply_that_pings_nobody(
    world: World, group: str, caplog: pytest.LogCaptureFixture
) -> None:
    asked = 0
    for text in texts(world, group):
        await world.mention(text[: limits.MESSAGE - 40])
        asked += 1
        assert world.last_reply().embeds[0].description
    assert len(world.replies()) == asked > 3
    assert_nothing_can_ping(world)
    assert_no_errors(caplog)


@by_group
async def test_hostile_text_in_a_command_or_direct_message_is_answered(
    world: World, group: str, caplog: pytest.LogCaptureFixture
) -> None:
    for text in texts(world, group):
        result = await world.member.slash(world.channel, "ask", question=text)
        assert world.response(result).embeds[0].description
        if text.strip():
            assert (await world.told(text)).embeds[0].description
        unknown = await world.member.slash(world.channel, "fact", id=text[:64])
        assert world.response(unknown).content or world.response(unknown).embeds
        for command, option in (("ask", "question"), ("fact", "id")):
            choices = await world.member.autocomplete(world.channel, command, option, text[:100])
            assert len(choices) <= limits.CHOICES
    assert_nothing_can_ping(world)
    assert_no_errors(caplog)


async def test_after_all_that_the_store_is_as_it_was(world: World, article_database: Database) -> None:
    before = world.knowledge.facts(world.guild.id)
    for group in GROUPS:
        for text in texts(world, group):
            await world.mention(text[: limits.MESSAGE - 40])
    assert world.knowledge.facts(world.guild.id) == before
    again = await KnowledgeBase.open(article_database)
    assert sorted(again.facts(world.guild.id), key=lambda f: f.id) == sorted(before, key=lambda f: f.id)
    assert world.shown(await world.asked("how long is tianhe?")) == ["tianhe-length"]


async def test_text_of_any_size_can_be_asked(world: World) -> None:
    texts = ("x", "天", "🚀", "how long is tianhe? ", "\ud800", "@", "\n", ". ")
    repeated = [(text * 10_240)[:10_240] for text in texts]
    # Patterns that try a run of spaces at every length would take half a minute for some of these.
    for long in (*repeated, f"how long is{' ' * 10_000}tianhe?", f"how long{' , ' * 3_000} and{' ' * 2_000}why"):
        answer = world.knowledge.ask(long, server_id=world.guild.id, context=long)
        assert answer.question == long
        assert answer.outcome in {Outcome.ANSWER, Outcome.CHOICES, Outcome.UNKNOWN}
        assert len(world.knowledge.suggest(long, server_id=world.guild.id, limit=25)) <= 25


async def test_text_that_only_looks_odd_is_understood(world: World) -> None:
    for text in (
        "how\u200b long\u2060 is ti\u00adanhe\u200d?",
        "\u202ehow long is tianhe\u202c?",
        "**how** __long__ is `tianhe`?",
        "ＨＯＷ ＬＯＮＧ ＩＳ ＴＩＡＮＨＥ？",
        "hów lòng ïs tiänhe?",
        "how long is tianhe? 🚀🚀🚀",
        "how long is tianhe? @everyone",
    ):
        assert world.shown(await world.asked(text)) == ["tianhe-length"], text


# Facts that hold mentions


HOSTILE_STATEMENT = "@everyone @here <@{member}> <@&{role}> look at the zorblax, **now**."


async def hostile_fact(world: World) -> str:
    """Teach a fact that would like to ping everybody, and give its question."""
    role = world.guild.create_role("Astronauts", mentionable=True)
    statement = HOSTILE_STATEMENT.format(member=world.moderator.id, role=role.id)
    await world.teach("zorblax", statement, "@everyone what is a zorblax?", topic="crew", locator="@here")
    await world.env.settle()
    return statement


async def test_the_bot_could_ping_everyone_if_it_did_not_forbid_itself(world: World) -> None:
    await hostile_fact(world)
    fact = world.knowledge.fact("zorblax", world.guild.id)
    message = world.env.backend.create_message(world.channel.id, world.bot_id, fact.statement)
    assert message.mention_everyone
    assert message.ping_role_ids
    assert message.ping_user_ids == [world.moderator.id]


@pytest.mark.parametrize("embeds", [True, False])
async def test_a_fact_that_holds_mentions_pings_nobody(world: World, embeds: bool) -> None:
    statement = await hostile_fact(world)
    if not embeds:
        world.deny(world.channel, embed_links=True)
        await world.env.settle()
    question = "what is a zorblax?"
    messages = [await world.asked(question)]
    for command, options in (("ask", {"question": question}), ("fact", {"id": "zorblax"}), ("crew", {})):
        messages.append(world.response(await world.member.slash(world.channel, command, **options)))
    for message in messages:
        assert statement in (message.embeds[0].description or "" if embeds else message.content)
        assert world.pings_nobody(message)
    assert_nothing_can_ping(world)


async def test_a_pressed_button_pings_nobody(world: World) -> None:
    statement = await hostile_fact(world)
    world.deny(world.channel, embed_links=True)
    await world.env.settle()
    view = discord.ui.View(timeout=None)
    view.add_item(FactButton(world.member.id, "zorblax", "what is a zorblax?"))
    world.env.backend.create_message(world.channel.id, world.bot_id, "x", components=view.to_components())
    await world.env.settle()
    await world.member.click(world.last_reply(), label="what is a zorblax?")
    after = world.last_reply()
    assert statement in after.content
    assert world.pings_nobody(after)
    assert_nothing_can_ping(world)


async def test_what_an_id_holds_is_repeated_without_a_ping(world: World) -> None:
    for text in ("@everyone", f"<@{world.moderator.id}>"):
        reply = world.response(await world.member.slash(world.channel, "fact", id=text))
        assert text in reply.content
        assert world.pings_nobody(reply)
    assert_nothing_can_ping(world)
