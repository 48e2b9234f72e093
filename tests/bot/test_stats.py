"""How questions fare, as editors see it."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.ui.charts import BARS_MAX, Bar, _lines, bars
from bot.ui.editor_words import EDITOR_ENGLISH as SAY
from bot.ui.sheet import WIDTH
from bot.ui.stats import Stats, stats_reply
from bot.ui.words import ENGLISH
from facts.entities import WeekCount
from facts.matching.decision import Outcome

if TYPE_CHECKING:
    from tests.conftest import World

QUESTION, UNKNOWN, STRANGE = "how long is tianhe?", "how heavy is Tianhe?", "what does the wobbegong eat?"
LEGEND = ("answered", "choice offered", "no answer")


async def stats(world: World, **options: Any) -> Any:
    return await world.moderator.slash(world.channel, "stats", **options)


@pytest.mark.usefixtures("simcord_env")
async def test_an_editor_sees_what_was_asked_and_what_has_no_answer(world: World) -> None:
    for question in (QUESTION, QUESTION, UNKNOWN, STRANGE):
        await world.asked(question)
    await world.member.slash(world.channel, "ask", question=STRANGE, private=True)
    # What is asked elsewhere is nobody's business here.
    await world.told(QUESTION)
    result = await stats(world, weeks=2)
    assert result.ephemeral
    message = world.response(result)
    text = message.embeds[0].description or ""
    assert text.startswith("**5** questions, 40 % answered at once: answered 2, choice offered 0, no answer 3")
    parts = [SAY.stats_unanswered, SAY.stats_waiting, SAY.stats_answered]
    assert [text.count(part) for part in parts] == [1, 1, 1]
    assert text.index(parts[0]) < text.index("`no-station-weight` × 1") < text.index(parts[1])
    assert text.index(parts[1]) < text.index(STRANGE) < text.index(parts[2]) < text.index("`tianhe-length` × 2")
    (picture,) = message.attachments
    assert "answered 2" in (picture.description or "")
    assert Image.open(io.BytesIO(await picture.read())).width == WIDTH


@pytest.mark.usefixtures("simcord_env")
async def test_where_nothing_was_asked_that_is_said_and_nothing_drawn(world: World) -> None:
    message = world.response(await stats(world))
    assert SAY.stats_empty in (message.embeds[0].description or "")
    assert not message.attachments


@pytest.mark.usefixtures("simcord_env")
async def test_without_embeds_and_files_all_is_told_in_words(world: World) -> None:
    await world.asked(QUESTION)
    world.deny(world.channel, embed_links=True, attach_files=True)
    message = world.response(await stats(world))
    assert "`tianhe-length` × 1" in message.content
    assert not message.attachments


@pytest.mark.usefixtures("simcord_env")
async def test_counts_outlive_the_process(world: World) -> None:
    await world.asked(QUESTION)
    await world.restart()
    await world.asked(QUESTION)
    await world.bot.close()
    await world.restart()
    world.knowledge.tally._counted.clear()
    text = world.response(await stats(world)).embeds[0].description or ""
    assert "`tianhe-length` × 2" in text


@pytest.mark.usefixtures("simcord_env")
async def test_a_picture_that_cannot_be_drawn_costs_only_the_picture(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.asked(QUESTION)

    def fail(*_: object) -> bytes:
        raise RuntimeError

    monkeypatch.setattr("bot.ui.stats.bars", fail)
    message = world.response(await stats(world))
    assert "`tianhe-length` × 1" in (message.embeds[0].description or "")
    assert not message.attachments


@pytest.mark.usefixtures("simcord_env")
async def test_people_are_told_of_the_counts_and_of_a_log_of_questions_where_there_is_one(world: World) -> None:
    async def told() -> str:
        return world.response(await world.member.slash(world.channel, "privacy")).embeds[0].description or ""

    assert "how many questions a week" in (await told()).replace("\n", " ")
    assert ENGLISH.privacy_logged not in await told()
    world.bot.logs_people = True
    assert ENGLISH.privacy_logged in await told()


def test_what_was_removed_since_is_not_named_and_few_are() -> None:
    monday = dt.date(2026, 1, 5)
    counts = [WeekCount(monday, Outcome.ANSWER, f"fact-{number}", number) for number in range(1, 40)]
    found = Stats.of(counts, [], lambda id_: None if id_ == "fact-39" else _Named(id_), monday, 3)  # type: ignore[arg-type, return-value]
    assert [entry.id for entry, _ in found.answered] == [f"fact-{number}" for number in range(38, 33, -1)]
    assert found.totals == (sum(range(1, 40)), 0, 0)
    assert [week for week, _ in found.weeks] == [monday - dt.timedelta(weeks=back) for back in (2, 1, 0)]
    assert len(stats_reply(found, SAY).text) < 2_000


class _Named:
    phrasings = ("*what* is it?" * 50,)

    def __init__(self, id_: str) -> None:
        self.id = id_


# The picture


@given(st.integers(0, 10**9))
def test_lines_are_few_and_the_topmost_is_as_high_as_the_highest_bar(most: int) -> None:
    lines = _lines(most)
    assert lines[0] == 0
    assert max(most, 1) <= lines[-1]
    assert 2 <= len(lines) <= 7


@pytest.mark.parametrize("count", [1, 2, 14, 15, BARS_MAX])
@pytest.mark.parametrize("most", [0, 1, 123_456_789])
def test_any_number_of_bars_of_any_height_is_drawn(count: int, most: int) -> None:
    picture = Image.open(io.BytesIO(bars("T" * 300, LEGEND, [Bar("23 Nov", (most, most // 2, 1))] * count)))
    assert picture.width == WIDTH
    assert picture.height < 1_000


def test_no_bars_and_too_many_are_refused() -> None:
    for count in (0, BARS_MAX + 1):
        with pytest.raises(ValueError, match="1 to 26"):
            bars("", LEGEND, [Bar("", (1, 1, 1))] * count)
