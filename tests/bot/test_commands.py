"""Slash commands, in a server and in direct messages, and what they suggest while somebody types."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import simcord

from bot.ui import limits, words
from bot.ui.lists import PAGE_LINES
from facts.entities import PHRASING_MAX, Measure, Milestone, PartialDate, Source
from facts.errors import FactNotFoundError

if TYPE_CHECKING:
    import discord

    from facts.entities import Fact
    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

COMMANDS = {"ask", "crew", "modules", "milestones", "fact", "sources", "about"}
PLACES = ("server", "direct message")
QUESTION = "how long is tianhe?"


async def run(world: World, place: str, command: str, **options: str | bool) -> simcord.InteractionResult:
    """Run a command as the member, in the server or in a direct message."""
    if place == "server":
        return await world.member.slash(world.channel, command, **options)
    result = await world.member.user.slash(command, **options)
    assert isinstance(result, simcord.InteractionResult)
    return result


async def text_of(world: World, place: str, command: str, **options: str | bool) -> str:
    """Run a command, and give everything that its answer shows."""
    return everything(world.response(await run(world, place, command, **options)))


def everything(message: discord.Message) -> str:
    """Give all text of a message."""
    parts = [message.content]
    for embed in message.embeds:
        parts += [embed.title or "", embed.description or "", embed.footer.text or ""]
        parts += [text for field in embed.fields for text in (field.name or "", field.value or "")]
    return "\n".join(part for part in parts if part)


def server_of(world: World, place: str) -> int | None:
    return world.guild.id if place == "server" else None


async def other_server(world: World) -> tuple[simcord.ChannelHandle, simcord.MemberActor]:
    """Add another server with the bot, and give a channel and a member of it."""
    guild = world.env.create_guild("Other club")
    channel = guild.create_text_channel("general")
    member = guild.add_member(world.env.create_user("stranger"))
    await world.env.settle()
    return channel, member


async def test_all_commands_are_there_in_servers_and_in_direct_messages(world: World) -> None:
    assert set(world.member.available_commands(world.channel)) >= COMMANDS
    assert set(world.member.user.available_commands()) >= COMMANDS


# /ask


@pytest.mark.parametrize("place", PLACES)
async def test_ask_answers_for_all_to_see(world: World, place: str) -> None:
    result = await run(world, place, "ask", question=QUESTION)
    reply = world.response(result)
    assert not result.ephemeral
    assert world.shown(reply) == ["tianhe-length"]
    assert reply.embeds[0].description == world.knowledge.fact("tianhe-length").statement
    channel = world.channel if place == "server" else world.dm
    assert channel.last_message is not None
    assert channel.last_message.id == reply.id


@pytest.mark.parametrize("place", PLACES)
async def test_a_private_answer_is_shown_to_the_asker_alone(world: World, place: str) -> None:
    result = await run(world, place, "ask", question=QUESTION, private=True)
    assert world.shown(world.response(result)) == ["tianhe-length"]
    assert result.ephemeral
    channel = world.channel if place == "server" else world.dm
    assert channel.last_message is None


async def test_a_private_unknown_and_its_buttons_stay_private(world: World) -> None:
    result = await run(world, "server", "ask", question="how heavy is Tianhe?", private=True)
    buttons = world.buttons(world.response(result))
    assert buttons
    pressed = await world.member.click(world.response(result), custom_id=next(iter(buttons.values())))
    assert pressed.acknowledged
    assert world.channel.last_message is None
    assert len(world.shown(world.response(result))) == 1


async def test_ask_refuses_no_question_and_one_that_is_too_long(world: World) -> None:
    for question in ("", "x" * (limits.MESSAGE + 1)):
        with pytest.raises(simcord.OptionError):
            await run(world, "server", "ask", question=question)
    longest = (f"{QUESTION} " * 200)[: limits.MESSAGE]
    assert world.response(await run(world, "server", "ask", question=longest)).embeds


async def test_a_question_of_blanks_alone_gets_what_could_be_asked(world: World) -> None:
    reply = world.response(await run(world, "server", "ask", question="   "))
    assert reply.embeds[0].description == words.ENGLISH.hello


@pytest.mark.parametrize("place", PLACES)
async def test_a_suggested_value_answers_that_very_fact(world: World, place: str) -> None:
    for fact in world.knowledge.facts(server_of(world, place))[::20]:
        reply = world.response(await run(world, place, "ask", question=f"fact:{fact.id}"))
        assert world.shown(reply) == [fact.id]
        assert reply.embeds[0].description == fact.statement


async def test_a_suggested_value_means_its_fact_even_where_the_question_is_that_of_two(world: World) -> None:
    for fact_id in ("zorblax-one", "zorblax-two"):
        await world.teach(fact_id, f"This is {fact_id}.", "what is a zorblax?")
    for fact_id in ("zorblax-one", "zorblax-two"):
        assert world.shown(world.response(await run(world, "server", "ask", question=f"fact:{fact_id}"))) == [fact_id]


async def test_a_suggested_value_of_another_server_shows_nothing_of_it(world: World) -> None:
    fact = await world.teach("zorblax-colour", "The zorblax is green.", "what colour is the zorblax?")
    channel, stranger = await other_server(world)
    assert fact.statement in await text_of(world, "server", "ask", question=f"fact:{fact.id}")
    elsewhere = await stranger.slash(channel, "ask", question=f"fact:{fact.id}")
    assert fact.statement not in everything(world.response(elsewhere))
    assert fact.statement not in await text_of(world, "direct message", "ask", question=f"fact:{fact.id}")


async def test_a_suggested_fact_that_is_gone_by_now_is_no_error(world: World) -> None:
    reply = world.response(await run(world, "server", "ask", question="fact:no-such-thing-xyzzy"))
    assert reply.embeds
    assert world.shown(reply) == []


# /fact


@pytest.mark.parametrize("place", PLACES)
async def test_fact_shows_one_fact_with_its_source(world: World, place: str) -> None:
    published, reported = dt.date(2021, 7, 3), dt.date(2021, 7, 5)
    source = Source("a", "The Space Gazette", "Green at last", ("Ann Author",), published, "https://example.org/green")
    fact = await world.teach(
        "zorblax-colour", "The zorblax is green.", everywhere=True, source=source, locator="page 3", as_of=reported
    )
    embed = world.response(await run(world, place, "fact", id=fact.id)).embeds[0]
    assert embed.description == fact.statement
    assert embed.footer.text == fact.id
    value = embed.fields[0].value
    assert value is not None
    assert value.startswith("[The Space Gazette, “Green at last”](https://example.org/green)")
    for part in ("3 July 2021", "page 3", words.ENGLISH.as_reported.format(date="5 July 2021")):
        assert part in value


async def test_an_id_may_be_typed_carelessly(world: World) -> None:
    for typed in ("TIANHE-LENGTH", "  tianhe-length ", "Tianhe-Length"):
        reply = world.response(await run(world, "server", "fact", id=typed))
        assert world.shown(reply) == ["tianhe-length"], typed


@pytest.mark.parametrize("place", PLACES)
async def test_an_unknown_id_gets_one_calm_sentence_for_the_asker_alone(
    world: World, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    for fact_id in ("no-such-fact", "@everyone", "*", "x" * 64):
        result = await run(world, place, "fact", id=fact_id)
        assert world.response(result).content == FactNotFoundError(fact_id).sentence
        assert result.ephemeral
        assert result.followups == []
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_servers_fact_is_an_unknown_id_elsewhere(world: World) -> None:
    fact = await world.teach("zorblax-colour", "The zorblax is green.")
    channel, stranger = await other_server(world)
    assert fact.statement in await text_of(world, "server", "fact", id=fact.id)
    elsewhere = await stranger.slash(channel, "fact", id=fact.id)
    for result in (elsewhere, await run(world, "direct message", "fact", id=fact.id)):
        assert world.response(result).content == FactNotFoundError(fact.id).sentence


async def test_a_hidden_fact_is_an_unknown_id_in_that_server_alone(world: World) -> None:
    await world.hide("tianhe-length")
    result = await run(world, "server", "fact", id="tianhe-length")
    assert world.response(result).content == FactNotFoundError("tianhe-length").sentence
    assert "16.6" in await text_of(world, "direct message", "fact", id="tianhe-length")


# Lists


def named(fact: Fact) -> str:
    """Give the words by which a list of dated events shows a fact."""
    assert fact.milestone is not None
    return fact.milestone.label


@pytest.mark.parametrize("place", PLACES)
async def test_crew_lists_what_the_store_holds_of_the_crew(world: World, place: str) -> None:
    text = await text_of(world, place, "crew")
    facts = world.knowledge.facts(server_of(world, place), topic="crew")
    assert len(facts) > 3
    assert text.startswith(words.ENGLISH.crew_title)
    for fact in facts:
        assert fact.statement in text
    ids = {fact.id for fact in facts}
    people = [name for name in world.knowledge.names() if name.about in ids and name.aliases]
    assert len(people) >= 3
    for person in people:
        assert words.ENGLISH.also_written.format(spellings=person.aliases[0]) in text


@pytest.mark.parametrize("place", PLACES)
async def test_modules_lists_what_the_store_holds_of_the_modules(world: World, place: str) -> None:
    text = await text_of(world, place, "modules")
    facts = world.knowledge.facts(server_of(world, place), topic="modules")
    assert len(facts) > 3
    assert text.startswith(words.ENGLISH.modules_title)
    for fact in facts:
        assert fact.statement in text
    for expected in ("16.6 m", "55 ft", "50 m³", "1,765 ft³"):
        assert expected in text


@pytest.mark.parametrize("place", PLACES)
async def test_milestones_come_in_their_order_and_plans_are_marked(world: World, place: str) -> None:
    early = Milestone(PartialDate.parse("1999-11"), "Shenzhou 1 flew")
    late = Milestone(PartialDate.parse("2093-04-01"), "The zorblax opens", planned=True)
    await world.teach("zorblax-opening", "The zorblax opens.", everywhere=True, milestone=late)
    await world.teach("shenzhou1", "Shenzhou 1 flew.", everywhere=True, milestone=early)
    text = await text_of(world, place, "milestones")
    facts = [fact for fact in world.knowledge.facts(server_of(world, place)) if fact.milestone is not None]
    assert len(facts) > 5
    facts.sort(key=lambda fact: fact.milestone.when.date if fact.milestone else dt.date.max)
    positions = [text.index(named(fact)) for fact in facts]
    assert positions == sorted(positions)
    lines = text.splitlines()
    for fact in facts:
        line = next(line for line in lines if named(fact) in line)
        assert fact.milestone is not None
        assert str(fact.milestone.when) in line
        assert (f"({words.ENGLISH.planned})" in line) is fact.milestone.planned


@pytest.mark.parametrize("place", PLACES)
async def test_sources_lists_every_source_with_the_number_of_its_facts(world: World, place: str) -> None:
    source = Source(
        "a",
        "The Space Gazette",
        "Green at last",
        ("Ann Author", "Bo Writer"),
        dt.date(2021, 7, 3),
        "https://example.org/a",
    )
    for number in (1, 2, 3):
        await world.teach(f"zorblax-{number}", f"The zorblax has {number} legs.", everywhere=True, source=source)
    text = await text_of(world, place, "sources")
    assert text.startswith(words.ENGLISH.sources_title)
    sources = world.knowledge.sources(server_of(world, place))
    assert sources[source] == 3
    for known, count in sources.items():
        line = next(line for line in text.splitlines() if known.publisher in line)
        assert words.ENGLISH.facts_from.format(count=count) in line
        assert ", ".join(known.authors) in line
        assert (known.title or words.ENGLISH.headline_unknown) in line
    ours = next(line for line in text.splitlines() if source.publisher in line)
    assert "3 July 2021" in ours
    assert "<https://example.org/a>" in ours


@pytest.mark.parametrize("place", PLACES)
async def test_about_tells_how_to_ask_and_what_it_holds(world: World, place: str) -> None:
    await world.teach("zorblax-colour", "The zorblax is green.", "what colour?", "which colour?")
    result = await run(world, place, "about")
    reply = world.response(result)
    facts = world.knowledge.facts(server_of(world, place))
    assert len(world.knowledge.facts(world.guild.id)) == len(world.knowledge.facts()) + 1
    counts = words.ENGLISH.loaded.format(
        facts=len(facts),
        phrasings=sum(len(fact.phrasings) for fact in facts),
        unknowns=len(world.knowledge.engine.unknowns()),
    )
    assert reply.embeds[0].title == words.ENGLISH.about_title
    assert words.ENGLISH.about in everything(reply)
    assert counts in everything(reply)
    examples = world.knowledge.engine.examples(server_of(world, place))
    buttons = world.buttons(reply)
    assert len(buttons) == len(examples) == 3
    actor = world.member if place == "server" else world.member.user
    clicked = await actor.click(reply, custom_id=next(iter(buttons.values())))
    assert world.shown(world.response(clicked)) == [examples[0].id]
    assert world.response(result).embeds[0].title == words.ENGLISH.about_title


LISTS: list[tuple[str, dict[str, Any], str]] = [
    ("crew", {"topic": "crew"}, "Zed Zorblax is of the crew."),
    ("modules", {"topic": "modules"}, "Zorblax is a module."),
    ("milestones", {"milestone": Milestone(PartialDate.parse("2031"), "Zorblax happens")}, "Zorblax happens"),
    ("sources", {"source": Source("z", "The Zorblax Times")}, "The Zorblax Times"),
]


@pytest.mark.parametrize(("command", "fields", "expected"), LISTS, ids=[command for command, _, _ in LISTS])
async def test_a_new_fact_is_listed_at_once_in_its_server_and_nowhere_else(
    world: World, command: str, fields: dict[str, Any], expected: str
) -> None:
    channel, stranger = await other_server(world)
    assert expected not in await text_of(world, "server", command)
    await world.teach("zorblax", expected, **fields)
    assert expected in await text_of(world, "server", command)
    elsewhere = world.response(await stranger.slash(channel, command))
    assert expected not in everything(elsewhere)
    assert expected not in await text_of(world, "direct message", command)
    for text in (everything(elsewhere), await text_of(world, "direct message", command)):
        assert "CNN" in text or "Tianhe" in text or "crew" in text


async def test_lists_that_are_too_long_come_in_pages(world: World) -> None:
    for number in range(40):
        fields: dict[str, Any] = {
            "source": Source(f"s{number}", f"Publisher {number} {'p' * 200}", "t" * 300),
            "milestone": Milestone(PartialDate.parse("2031"), f"{number} {'m' * 200}"),
            "measures": (Measure(f"quantity {number}", number, "m" * 50),),
        }
        topic = "crew" if number % 2 else "modules"
        await world.teach(f"long-{number}", f"{number} " + "word " * 300, topic=topic, **fields)
    for command in ("crew", "modules", "milestones", "sources"):
        reply = world.response(await run(world, "server", command))
        description = reply.embeds[0].description
        assert description is not None
        assert len(description.splitlines()) <= PAGE_LINES
        assert reply.embeds[0].footer.text is not None
        assert reply.embeds[0].footer.text.startswith("Page 1 of ")
        assert len(reply.embeds[0]) <= limits.EMBED_TOTAL
    world.deny(world.channel, embed_links=True)
    await world.env.settle()
    for command in ("crew", "modules", "milestones", "sources"):
        reply = world.response(await run(world, "server", command))
        assert limits.CUT in reply.content


async def test_many_measures_fit_beside_a_long_list(world: World) -> None:
    for number in range(20):
        measure = Measure(f"quantity {number}", number, "m" * 300)
        await world.teach(f"long-{number}", "word " * 300, topic="modules", measures=(measure,))
    reply = world.response(await run(world, "server", "modules"))
    assert reply.embeds
    assert len(reply.embeds[0]) <= limits.EMBED_TOTAL


async def test_a_list_of_nothing_says_so(world: World) -> None:
    for fact in world.knowledge.facts(topic="crew"):
        await world.hide(fact.id)
    assert words.ENGLISH.no_facts_of_kind in await text_of(world, "server", "crew")
    assert words.ENGLISH.no_facts_of_kind not in await text_of(world, "direct message", "crew")


async def test_a_measure_is_shown_whole_however_large(world: World) -> None:
    measures = {1_234_567: "1,234,567 kg", 384_400.5: "384,400.5 t", 16.6: "16.6 m", 5e6: "5,000,000 m³"}
    for number, (value, expected) in enumerate(measures.items()):
        measure = Measure(f"quantity {number}", value, expected.partition(" ")[2])
        await world.teach(f"zorblax-{number}", "Zorblax.", topic="modules", measures=(measure,))
    text = await text_of(world, "server", "modules")
    assert [expected for expected in measures.values() if expected not in text] == []


async def test_the_measures_of_two_modules_can_be_told_apart(world: World) -> None:
    await world.teach("wentian-length", "Wentian is long.", topic="modules", measures=(Measure("length", 17.9, "m"),))
    text = await text_of(world, "server", "modules")
    (line,) = (line for line in text.splitlines() if "17.9 m" in line)
    assert "16.6 m" not in line or "wentian" in line.casefold()


ALL: list[tuple[str, dict[str, str]]] = [
    ("ask", {"question": QUESTION}),
    ("crew", {}),
    ("modules", {}),
    ("milestones", {}),
    ("fact", {"id": "tianhe-length"}),
    ("sources", {}),
    ("about", {}),
]


async def test_without_embeds_commands_say_the_same_in_plain_text(world: World) -> None:
    usual = {name: world.response(await run(world, "server", name, **options)) for name, options in ALL}
    world.deny(world.channel, embed_links=True)
    await world.env.settle()
    missing = []
    for command, options in ALL:
        plain = world.response(await run(world, "server", command, **options))
        assert not plain.embeds
        assert world.buttons(plain) == world.buttons(usual[command])
        shown = plain.content.removesuffix(limits.CUT)
        assert len(shown) > 50
        if not plain.content.endswith(limits.CUT):
            (embed,) = usual[command].embeds
            texts = [*(embed.description or "").splitlines(), *(field.value or "" for field in embed.fields)]
            missing += [(command, text) for text in texts if text not in shown]
    assert missing == []


async def test_in_a_direct_message_embeds_are_always_allowed(world: World) -> None:
    for command, options in ALL:
        assert world.response(await run(world, "direct message", command, **options)).embeds, command


# Autocomplete

OPTIONS = (("ask", "question", "fact:{id}"), ("fact", "id", "{id}"))


@pytest.mark.parametrize(("command", "option", "value"), OPTIONS)
async def test_suggestions_come_by_words_by_id_and_in_spite_of_typos(
    world: World, command: str, option: str, value: str
) -> None:
    wanted = value.format(id="tianhe-length")
    for typed in ("how long is the tian", "tianhe-length", "TIANHE-LEN", "how long is tihane", "lenght of tianhe"):
        choices = await world.member.autocomplete(world.channel, command, option, typed)
        assert wanted in [choice["value"] for choice in choices[:3]], typed


@pytest.mark.parametrize(("command", "option", "value"), OPTIONS)
async def test_suggestions_keep_to_discords_limits(world: World, command: str, option: str, value: str) -> None:
    long_id = "z" + "-long" * 12 + "-id"
    await world.teach(long_id, "Zorblax.", "zorblax " + "q" * (PHRASING_MAX - 8))
    for typed in ("", "t", "zorblax", "china", "x" * 100, "🚀", "@everyone", "   ", "\u200b\u202e", "%_'\";--", "?"):
        for choices in (
            await world.member.autocomplete(world.channel, command, option, typed),
            await world.member.user.autocomplete(command, option, typed),
        ):
            assert len(choices) <= limits.CHOICES
            assert all(0 < len(choice["name"]) <= limits.CHOICE_NAME for choice in choices)
            assert all(0 < len(choice["value"]) <= limits.CHOICE_VALUE for choice in choices)
            assert len({choice["value"] for choice in choices}) == len(choices)
    empty = await world.member.autocomplete(world.channel, command, option, "")
    assert len(empty) == limits.CHOICES
    found = await world.member.autocomplete(world.channel, command, option, "zorblax")
    assert [choice["value"] for choice in found] == [value.format(id=long_id)]
    assert found[0]["name"].endswith(limits.CUT)


@pytest.mark.parametrize(("command", "option", "value"), OPTIONS)
async def test_a_servers_own_fact_is_suggested_there_and_nowhere_else(
    world: World, command: str, option: str, value: str
) -> None:
    wanted = value.format(id="zorblax-colour")
    await world.teach("zorblax-colour", "The zorblax is green.", "what colour is the zorblax?")
    channel, stranger = await other_server(world)
    for typed in ("zorblax", "zorblax-colour", "zorblacks colour"):
        here = await world.member.autocomplete(world.channel, command, option, typed)
        assert wanted in [choice["value"] for choice in here], typed
        for choices in (
            await stranger.autocomplete(channel, command, option, typed),
            await world.member.user.autocomplete(command, option, typed),
        ):
            assert not [choice for choice in choices if "zorblax" in str(choice).casefold()]


@pytest.mark.parametrize(("command", "option", "value"), OPTIONS)
async def test_a_hidden_fact_is_not_suggested(world: World, command: str, option: str, value: str) -> None:
    await world.hide("tianhe-length")
    for typed in ("", "tianhe-length", "how long is tianhe"):
        here = await world.member.autocomplete(world.channel, command, option, typed)
        assert value.format(id="tianhe-length") not in [choice["value"] for choice in here]


async def test_what_is_suggested_is_accepted(world: World) -> None:
    for choice in await world.member.autocomplete(world.channel, "fact", "id", "rover"):
        assert world.shown(world.response(await run(world, "server", "fact", id=choice["value"]))) == [choice["value"]]
    for choice in await world.member.autocomplete(world.channel, "ask", "question", "rover"):
        reply = world.response(await run(world, "server", "ask", question=choice["value"]))
        assert [f"fact:{fact_id}" for fact_id in world.shown(reply)] == [choice["value"]]


async def test_suggesting_does_not_count_as_asking(world: World) -> None:
    before, follow_up = "What is Tianhe?", "and how long is it?"
    await world.member.autocomplete(world.channel, "ask", "question", before)
    assert world.shown(await world.asked(follow_up)) == []
    await world.asked(before)
    assert world.shown(await world.asked(follow_up)) == ["tianhe-length"]
