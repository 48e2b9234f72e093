"""Pictures with ``/milestones`` and ``/modules``, what they say in words, and the pages of long lists."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import discord
import pytest
from PIL import Image

from bot.ui import limits, words
from bot.ui.pictures import timeline
from facts.entities import Author, Milestone, Origin, PartialDate, Source

if TYPE_CHECKING:
    import simcord

    from tests.conftest import World

pytestmark = pytest.mark.usefixtures("simcord_env")

SAY = words.ENGLISH
MOVES = ("first", "back", "next", "last")


def shown(result: simcord.InteractionResult) -> discord.Message:
    """Give what a command that took its time sent in the end."""
    found = [m for m in (result.response, *result.followups) if m is not None]
    return found[-1].message


@pytest.mark.parametrize("command", ["milestones", "modules"])
async def test_a_picture_comes_with_its_words(world: World, command: str) -> None:
    message = shown(await world.member.slash(world.channel, command))
    (picture,) = message.attachments
    assert picture.filename == f"{command}.png"
    alt = picture.description or ""
    assert 20 < len(alt) <= limits.FILE_DESCRIPTION
    description = str(message.embeds[0].description)
    if command == "milestones":
        for fact in world.knowledge.milestones()[:3]:
            assert fact.milestone is not None
            assert fact.milestone.label in description
            assert str(fact.milestone.when) in alt
    else:
        assert "Tianhe: 16.6 m" in alt
        assert ("Tianhe: length", "16.6 m · 55 ft") in [(field.name, field.value) for field in message.embeds[0].fields]
    with Image.open(io.BytesIO(await picture.read())) as image:
        assert image.format == "PNG"


async def test_a_picture_is_drawn_once_until_a_fact_changes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []

    def noted(*args: Any, **options: Any) -> bytes:
        drawn.append(args)
        return bytes(timeline(*args, **options))

    monkeypatch.setattr("bot.cogs.quick_facts.timeline", noted)
    for _ in range(2):
        await world.member.slash(world.channel, "milestones")
    assert len(drawn) == 1
    when = PartialDate.parse("2031")
    await world.teach(
        "zorblax", "The zorblax comes.", "when?", milestone=Milestone(when, "Zorblax comes", planned=True)
    )
    await world.member.slash(world.channel, "milestones")
    assert len(drawn) == 2
    assert drawn[1][1][-1].label == "Zorblax comes"


async def test_a_picture_that_cannot_be_drawn_or_attached_costs_only_the_picture(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("bot.cogs.quick_facts.timeline", lambda *_args, **_options: 1 / 0)
        message = shown(await world.member.slash(world.channel, "milestones"))
    assert message.attachments == []
    assert message.embeds[0].title == SAY.milestones_title
    assert "could not be drawn" in caplog.text
    world.deny(world.channel, attach_files=True)
    await world.env.settle()
    message = shown(await world.member.slash(world.channel, "milestones"))
    assert message.attachments == []
    assert message.embeds[0].title == SAY.milestones_title


async def test_pages_turn_for_the_asker_and_their_edges_are_off(world: World) -> None:
    for number in range(25):
        source = Source(f"s{number}", f"Publisher {number:02}")
        await world.teach(f"long-{number}", f"Fact {number:02}.", source=source)
    message = shown(await world.member.slash(world.channel, "sources"))

    def state() -> tuple[str, list[bool]]:
        now = world.reread(message)
        rows = [row for row in now.components if isinstance(row, discord.ActionRow)]
        buttons = [item for row in rows for item in row.children if isinstance(item, discord.Button)]
        assert len({button.custom_id for button in buttons}) == len(MOVES)
        return str(now.embeds[0].footer.text), [button.disabled for button in buttons]

    async def turn(move: str, by: Any = None) -> simcord.InteractionResult:
        ids = world.buttons_by_id(world.reread(message))
        return await (by or world.member).click(message, custom_id=next(i for i in ids if f":{move}:" in i))

    assert state() == ("Page 1 of 3", [True, True, False, False])
    await turn("next")
    assert state() == ("Page 2 of 3", [False, False, False, False])
    await turn("last")
    assert state() == ("Page 3 of 3", [False, False, True, True])
    assert "Publisher 24" in str(world.reread(message).embeds[0].description)
    refused = await turn("first", world.moderator)
    assert world.response(refused).content == SAY.others_button
    for number in range(20):
        await world.knowledge.remove(f"long-{number}", Author(Origin.OPERATOR), server_id=world.guild.id)
    await turn("back")
    assert str(world.reread(message).embeds[0].title) == SAY.sources_title


async def test_a_list_shows_what_editors_wrote_as_they_wrote_it_each_on_one_line(world: World) -> None:
    milestone = Milestone(PartialDate.parse("2031"), "**Zorblax** [comes](https://example.org)", planned=True)
    await world.teach("zorblax", "The zorblax\ncomes.", "when?", milestone=milestone, topic="crew")
    timeline = str(shown(await world.member.slash(world.channel, "milestones")).embeds[0].description)
    assert r"\*\*Zorblax\*\* \[comes\]\(https://example.org\)" in timeline
    crew = shown(await world.member.slash(world.channel, "crew"))
    assert all(line.startswith("- ") for line in str(crew.embeds[0].description).split("\n"))
