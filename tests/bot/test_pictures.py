"""The pictures hold what they are given, whatever it is, and are drawn once for all who ask."""

from __future__ import annotations

import asyncio
import io
import itertools
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from bot.ui import pictures, sheet
from bot.ui.pictures import Length, PictureCache, TimelineEvent, place, timeline, to_scale
from bot.ui.sheet import writable
from facts.entities import PartialDate

TIANHE = Length("Tianhe: 16.6 m", 16.6)
BESIDE = (Length("A city bus: 12 m", 12, "bus"), Length("A person: 1.7 m", 1.7, "person"))
HOSTILE = {
    "words": "word " * 400,
    "one word": "W" * 2_000,
    "emoji": "👩‍🚀🇨🇳🛰️" * 100,
    "lines": "one\ntwo\r\n\n\tthree\u2028four",
    "mathtext": r"$x^2$ $\frac{1} \alpha $",
    "Chinese": "天和核心舱，" * 300,
    "right to left": "مرحبا بالعالم שלום עולם " * 80,
    "turned around": "abc\u202edef\u2066ghi",
    "control": "\x00\x01\x1b[31m\x7f\ud800\uffff",
    "accents": "Z" + "\u0351\u036b" * 500,
    "no font": "\U0010fffd\ue000\u0378 ภาษาไทย",
    "wider together": "0000@G\u02ef\u0586\u0c410\u08ca" * 4,
    "nothing": "",
    "space": " \u00a0 ",
}


def event(when: str, label: str = "Something happened", *, planned: bool = False) -> TimelineEvent:
    date = PartialDate.parse(when)
    return TimelineEvent(date, str(date), label, planned)


def apart(picture: Image.Image, colour: str) -> Image.Image:
    """How far each pixel is from a colour."""
    return ImageChops.difference(picture, Image.new("RGB", picture.size, colour))


def opened(png: bytes, *, most_high: int = 1_600) -> Image.Image:
    """The picture in full colours; it is as wide as promised, not too high, not too heavy, and keeps its margins."""
    picture = Image.open(io.BytesIO(png))
    assert picture.format == "PNG"
    assert picture.width == sheet.WIDTH
    assert picture.height <= most_high
    assert len(png) < 150_000
    full = picture.convert("RGBA")
    for left in (10, sheet.WIDTH - 40):
        strip = full.crop((left, 45, left + 30, picture.height - 45)).convert("RGB")
        # Only the card is there, give or take what having few colours does to it.
        assert apart(strip, sheet.CARD).point(lambda value: 255 * (value > 8)).getbbox() is None
    return full


def width_of(picture: Image.Image, colour: str) -> int:
    """How wide that is which has a colour, in pixels."""
    red, green, blue = apart(picture.convert("RGB"), colour).split()
    far = ImageChops.lighter(ImageChops.lighter(red, green), blue).point(lambda value: 255 * (value < 12))
    box = far.getbbox()
    assert box is not None
    return box[2] - box[0]


def test_a_timeline_grows_with_its_events() -> None:
    events = [event(f"20{year:02}-{month:02}-11") for year, month in itertools.product(range(5), range(1, 6))]
    heights = [opened(timeline("T", events[:n], planned="p"), most_high=5_000).height for n in (1, 8, 25)]
    assert heights == sorted(set(heights))


def test_the_order_in_which_events_are_given_is_all_the_same() -> None:
    events = [event("2008"), event("2021-06"), event("2021-07-04"), event("2022-12", planned=True)]
    assert timeline("T", events, planned="p") == timeline("T", events[::-1], planned="p")


@pytest.mark.parametrize(
    "other",
    [
        event("2021", "Launch"),
        event("2021-01", "Launch"),
        event("2021-01-01", "Launch", planned=True),
        event("2021-01-01", "Landing"),
    ],
    ids=["a year", "a month", "planned", "something else"],
)
def test_what_differs_looks_different(other: TimelineEvent) -> None:
    launch = event("2021-01-01", "Launch")
    assert timeline("T", [launch], planned="p") != timeline("T", [replace(other, date=launch.date)], planned="p")


def test_distance_tells_of_time_and_much_time_breaks_the_line() -> None:
    def until(last: str) -> bytes:
        usual = [event(f"{year}-01-01") for year in range(2000, 2005)]
        return timeline("T", [*usual, replace(event(last), date="then")], planned="p")

    heights = [opened(until(last)).height for last in ("2004-02-01", "2006-01-01", "2030-01-01")]
    assert heights == sorted(set(heights))
    assert until("2030-01-01") == until("2090-01-01") != until("2007-12-31")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_stays_within_the_picture(text: str) -> None:
    date = PartialDate.parse("2021-07-04")
    events = [TimelineEvent(date, text, text, planned=planned) for planned in (False, True)]
    opened(timeline(text, events, planned=text))
    opened(to_scale(text, [replace(TIANHE, label=text)], beside=[replace(thing, label=text) for thing in BESIDE]))


@settings(max_examples=15)
@given(st.text(max_size=60), st.text(st.characters(categories=["M", "L", "C"]), max_size=40))
def test_texts_that_nobody_thought_of_stay_within_the_picture(title: str, label: str) -> None:
    opened(timeline(title, [event("2021-07-04", label), event("2030", label, planned=True)], planned=title))


def test_a_long_text_is_cut_and_a_formula_is_only_text() -> None:
    def with_label(label: str) -> bytes:
        return timeline("T", [event("2021", label)], planned="p")

    assert with_label("word " * 400) == with_label("word " * 400 + "tail")
    assert with_label("word " * 400) != with_label(" ".join(["word"] * 14))
    assert len({with_label(label) for label in ("$x$", "x", "$x")}) == 3


def test_the_same_is_drawn_alike_in_many_threads() -> None:
    with ThreadPoolExecutor(4) as threads:
        drawn = threads.map(lambda _: to_scale("T", [TIANHE], beside=BESIDE), range(8))
        assert len(set(drawn)) == 1


def test_matplotlib_is_loaded_only_when_something_is_drawn() -> None:
    code = "import sys, bot.ui.pictures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_lengths_are_drawn_true_to_each_other() -> None:
    picture = opened(to_scale("T", [TIANHE], beside=BESIDE))
    scale, placed = place([TIANHE, *BESIDE])
    assert [thing.width / scale for thing in placed[:2]] == pytest.approx([16.6, 12])
    assert placed[2].height / scale == pytest.approx(1.7)
    assert width_of(picture, "#35b58a") == pytest.approx(12 * scale, abs=4)


things = st.builds(Length, st.just("x"), st.floats(0.5, 60), st.sampled_from(["module", "bus", "person"]))


@given(st.lists(things, min_size=1, max_size=2 * pictures.LENGTHS_MAX))
def test_things_to_scale_lie_apart_within_the_picture(lengths: list[Length]) -> None:
    scale, placed = place(lengths)
    assert [thing for thing, *_ in placed] == lengths
    for thing, x, y, width, height in placed:
        assert (height if thing.shape == "person" else width) == pytest.approx(thing.metres * scale)
        assert x >= sheet.MARGIN
        assert x + width <= sheet.WIDTH - sheet.MARGIN
        assert 0 <= y <= y + height <= 2 * pictures.TALL
    for one, other in itertools.combinations(placed, 2):
        beside = one.x + one.width < other.x or other.x + other.width < one.x
        assert beside or one.y + one.height < other.y or other.y + other.height < one.y


@pytest.mark.parametrize("metres", [pictures.METRES_MIN, pictures.METRES_MAX])
def test_things_of_any_size_can_stand_beside_each_other(metres: float) -> None:
    opened(to_scale("T", [replace(TIANHE, metres=metres)], beside=BESIDE))


@pytest.mark.parametrize("metres", [0, -1, 1e9, float("nan"), float("inf")])
def test_what_is_no_length_is_refused(metres: float) -> None:
    with pytest.raises(ValueError, match=re.escape("0.001 to 1,000,000 metres")):
        to_scale("T", [TIANHE], beside=[replace(TIANHE, metres=metres)])


def test_nothing_and_too_much_are_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        timeline("T", [], planned="p")
    with pytest.raises(ValueError, match="not 26"):
        timeline("T", [event("2021")] * 26, planned="p")
    for count, beside in ((0, 0), (7, 0), (1, 7)):
        with pytest.raises(ValueError, match="1 to 6 things"):
            to_scale("T", [TIANHE] * count, beside=[TIANHE] * beside)


def test_it_knows_what_it_can_write() -> None:
    assert writable("First spacewalk outside Tiangong\n(2021)")
    assert not writable("private \U0010fffd")


class Draw:
    """Draws when it may, and counts how often."""

    def __init__(self, picture: bytes = b"picture", *, at_once: bool = True) -> None:
        self.picture = picture
        self.count = 0
        self.begun = asyncio.Event()
        self.may = threading.Event()
        self.loop = asyncio.get_running_loop()
        if at_once:
            self.may.set()

    def __call__(self) -> bytes:
        self.count += 1
        self.loop.call_soon_threadsafe(self.begun.set)
        assert self.may.wait(30)
        if not self.picture:
            raise ValueError("nothing to draw")
        return self.picture


async def test_a_picture_is_drawn_once_for_all_who_ask() -> None:
    cache, draw = PictureCache(), Draw()
    assert await asyncio.gather(*(cache.get("key", draw) for _ in range(5))) == [b"picture"] * 5
    assert await cache.get("key", draw) == b"picture"
    assert draw.count == 1
    assert await cache.get("another", Draw(b"other")) == b"other"


async def test_the_picture_asked_for_longest_ago_goes() -> None:
    cache, draws = PictureCache(2), {key: Draw(key.encode()) for key in "abc"}
    for key in "abaca":
        assert await cache.get(key, draws[key]) == key.encode()
    assert [draw.count for draw in draws.values()] == [1, 1, 1]
    await cache.get("b", draws["b"])
    assert draws["b"].count == 2


async def test_a_failure_is_told_to_all_and_not_kept() -> None:
    cache, draw = PictureCache(), Draw(b"", at_once=False)
    waiting = [asyncio.create_task(cache.get("key", draw)) for _ in range(2)]
    await draw.begun.wait()
    draw.may.set()
    assert [str(failure) for failure in await asyncio.gather(*waiting, return_exceptions=True)] == [
        "nothing to draw"
    ] * 2
    assert await cache.get("key", Draw()) == b"picture"


@pytest.mark.parametrize("others", [0, 1])
async def test_who_is_cancelled_takes_nobodys_picture_away(others: int) -> None:
    cache, draw = PictureCache(), Draw(at_once=False)
    cancelled, *waiting = (asyncio.create_task(cache.get("key", draw)) for _ in range(1 + others))
    await draw.begun.wait()
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    draw.may.set()
    assert await asyncio.gather(*waiting, cache.get("key", draw)) == [b"picture"] * (others + 1)
    assert draw.count == 1
