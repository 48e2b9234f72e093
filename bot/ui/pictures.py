"""The two pictures that the bot sends, a timeline and modules drawn to scale, as PNG; and a cache for them.

All measures are pixels, from the top left. Drawing takes a part of a second, so it belongs into a worker thread.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import statistics
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from bot.ui.sheet import DRAWING, GREY, MARGIN, WIDTH, Sheet
from facts.entities import Precision

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from facts.entities import PartialDate

# So many events, and so many lengths of each kind, fit into one picture.
EVENTS_MAX = 25
LENGTHS_MAX = 6
# From a millimetre to a thousand kilometres: what stands beside each other should be somewhat alike.
METRES_MIN, METRES_MAX = 1e-3, 1e6

# A thing to scale has at least so much room, for its label. Many things are drawn smaller, to stay lower than this.
CELL, TALL = 290, 1_500
# The scale bar is at most so long.
SCALE_BAR = 260
DONE, PLANNED = "#6fcbff", "#ffcb52"

# How things look: the width and the height as parts of the length or stature, and the boxes that make the shape, from
# back to front: x, y, width, height, radius of the corners (all in hundredths of that), colour.
_SHAPES: dict[str, tuple[float, float, str]] = {
    # Docking hub with ports, narrow and wide cylinder, engine; two solar wings. Light comes from above.
    "module": (1.0, 0.46, """
        39,0,1.2,46,0,#98a3bf 0,18.5,6,9,1,#98a3bf 7.5,11,8,24,1,#98a3bf
        31,0,17.2,12.4,.8,#98a3bf 31.5,.5,16.2,11.4,.4,#3f6fd1 31,6,17.2,.4,0,#98a3bf
        36.6,0,.4,12.4,0,#98a3bf 42.2,0,.4,12.4,0,#98a3bf
        31,33.6,17.2,12.4,.8,#98a3bf 31.5,34.1,16.2,11.4,.4,#3f6fd1 31,39.6,17.2,.4,0,#98a3bf
        36.6,33.6,.4,12.4,0,#98a3bf 42.2,33.6,.4,12.4,0,#98a3bf
        3,14.5,17,17,8.5,#dfe4f0 9,20.5,5,5,2.5,#56648f 96,17,4,12,1,#7d88a8
        19,14.5,39,17,1.5,#bcc5da 19,14.5,39,13,1.5,#eef1f8 23,19,3.4,3.4,1.7,#56648f 50,19,3.4,3.4,1.7,#56648f
        55,12,3,22,1,#98a3bf 57,10.5,40,25,2.5,#bcc5da 57,10.5,40,19,2.5,#eef1f8 91,10.5,1.6,25,0,#98a3bf
        63,18,4,4,2,#56648f 71,18,4,4,2,#56648f 79,18,4,4,2,#56648f"""),
    # Windows, a door and the driver's window in front, wheels.
    "bus": (1.0, 0.26, """
        0,0,100,22,3,#35b58a 1,16.5,98,1.6,0,#e9fbf4
        3,3.5,11.5,9,1,#17324a 15.7,3.5,11.5,9,1,#17324a 28.4,3.5,11.5,9,1,#17324a 41.1,3.5,11.5,9,1,#17324a
        53.8,3.5,11.5,9,1,#17324a 67.5,3,10,17.5,.8,#17324a 72.3,3,.4,17.5,0,#35b58a 80,3.5,18.5,9.5,1.5,#17324a
        97,16.5,3,3,1,#ffe9a8 15,16.5,9.5,9.5,4.75,#0b1024 82,16.5,9.5,9.5,4.75,#0b1024
        17.5,19,4.5,4.5,2.25,#b9c4e6 84.5,19,4.5,4.5,2.25,#b9c4e6"""),
    "person": (0.36, 1.0, """
        11,0,14,15,7,#ffcb9a 15,13,6,6,2,#ffcb9a 8.5,45,9,55,3.5,#7f95e0 18.5,45,9,55,3.5,#7f95e0
        1,18,8,36,4,#e8784f 27,18,8,36,4,#e8784f 7.5,17,21,37,5,#f08a5d"""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """What happens when: ``date`` is the date as people read it, ``label`` what happens, in any script and length."""

    when: PartialDate
    date: str
    label: str
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """A thing to draw to scale; the shape says how it looks, and that it is so long or, a person, so tall."""

    label: str
    metres: float
    shape: Literal["module", "bus", "person"] = "module"


class Placed(NamedTuple):
    """Where a thing is drawn: the left, the top and the size of its shape, in pixels."""

    thing: Length
    x: float
    y: float
    width: float
    height: float


def timeline(title: str, events: Sequence[TimelineEvent], *, planned: str) -> bytes:
    """Draw events down a line, the earliest first.

    A day is a dot, a month a bar, a year a longer bar. What is planned is hollow, at the end of a dashed line. Events
    stand further apart the more time is between them; where it is much more than usual here, the line is broken.

    Args:
        title: stands above.
        events: 1 to ``EVENTS_MAX`` of them, in any order.
        planned: the word that stands with planned events.

    Returns:
        The picture as PNG, ``WIDTH`` pixels wide.

    Raises:
        ValueError: there are no events, or too many.
    """
    if not 1 <= len(events) <= EVENTS_MAX:
        raise ValueError(f"a timeline takes 1 to {EVENTS_MAX} events, not {len(events)}")
    date_right, line_x, label_left = 330, 374, 418
    events = sorted(events, key=lambda event: event.when)
    waits = [(later.when.date - event.when.date).days for event, later in itertools.pairwise(events)]
    much = max(4 * statistics.median(waits), 31) if waits else 31
    with DRAWING:
        sheet = Sheet()
        y = sheet.title(title)
        above = None
        for event, wait in zip(events, [0, *waits], strict=True):
            date = sheet.block(event.date, 30, date_right - MARGIN, 2, bold=True)
            note = sheet.block(planned if event.planned else "", 27, date_right - MARGIN, 1)
            label = sheet.block(event.label, 35, WIDTH - MARGIN - label_left, 3)
            bar = {Precision.DAY: 30, Precision.MONTH: 58, Precision.YEAR: 106}[event.when.precision]
            gap = 20 + 70 * min(wait / much, 1)
            tall = max(date.height + note.height, label.height, bar)
            middle = y + gap + tall / 2
            if above is not None:
                sheet.line((line_x, above), (line_x, middle), 5, dashed=event.planned)
                if wait > much:
                    sheet.broken(line_x, y + gap / 2)
            left_top = middle - (date.height + note.height) / 2
            sheet.write(date, date_right, left_top, align="right")
            sheet.write(note, date_right, left_top + date.height, PLANNED, align="right")
            sheet.write(label, label_left, middle - label.height / 2)
            colour = PLANNED if event.planned else DONE
            sheet.box(line_x - 15, middle - bar / 2, 30, bar, 15, colour, hollow=event.planned)
            above, y = middle, y + gap + tall
        return sheet.png(y + MARGIN)


def to_scale(title: str, things: Sequence[Length], *, beside: Sequence[Length] = (), unit: str = "m") -> bytes:
    """Draw things to one scale, in the order given, with their dimensions and a scale bar.

    Args:
        title: stands above.
        things: what it is about, 1 to ``LENGTHS_MAX``.
        beside: familiar things to compare them with, e.g. a bus and a person; at most ``LENGTHS_MAX``.
        unit: the sign of the metre at the scale bar.

    Returns:
        The picture as PNG, ``WIDTH`` pixels wide. Lengths are true to each other, the shapes are only like such things.

    Raises:
        ValueError: there are no things, or too many; a length is not from ``METRES_MIN`` to ``METRES_MAX``.
    """
    if not 1 <= len(things) <= LENGTHS_MAX or len(beside) > LENGTHS_MAX:
        raise ValueError(f"a picture takes 1 to {LENGTHS_MAX} things, and at most as many beside them")
    if not all(METRES_MIN <= thing.metres <= METRES_MAX for thing in (*things, *beside)):
        raise ValueError(f"lengths are from {METRES_MIN:g} to {METRES_MAX:,.0f} metres")
    with DRAWING:
        sheet = Sheet()
        top = bottom = sheet.title(title)
        scale, placed = place([*things, *beside])
        for thing, x, y, width, height in placed:
            part = thing.metres * scale / 100
            for shape in _SHAPES[thing.shape][2].split():
                *numbers, colour = shape.split(",")
                box_x, box_y, box_width, box_height, radius = (float(number) * part for number in numbers)
                sheet.box(x + box_x, top + y + box_y, box_width, box_height, radius, colour)
            ground = top + y + height
            if thing.shape == "person":
                sheet.dimension((x + width + 24, ground - height), (x + width + 24, ground))
            else:
                sheet.dimension((x, ground + 24), (x + width, ground + 24))
            label = sheet.block(thing.label, 32, max(width, CELL), 2)
            sheet.write(label, x, ground + 42)
            bottom = max(bottom, ground + 42 + label.height)
        y = bottom + 60
        # The scale bar has a round length: 1, 2 or 5 times a power of ten.
        most = SCALE_BAR / scale
        power = 10.0 ** math.floor(math.log10(most))
        length = power * max((step for step in (1, 2, 5) if step * power <= most), default=1)
        right = MARGIN + length * scale
        sheet.dimension((MARGIN, y), (right, y), 6)
        note = sheet.block(f"{length:,.12g}\N{NO-BREAK SPACE}{unit}", 30, WIDTH - MARGIN - right - 22, 1)
        sheet.write(note, right + 22, y - note.height / 2, GREY)
        return sheet.png(y + MARGIN + 14)


def place(things: Sequence[Length]) -> tuple[float, list[Placed]]:
    """Lay things out in rows, as large as there is room.

    Returns:
        The scale in pixels per metre, and where each thing goes; the first row begins at the top.
    """
    wide = max(_SHAPES[thing.shape][0] * thing.metres for thing in things)
    high = max(_SHAPES[thing.shape][1] * thing.metres for thing in things)
    for share in (1, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3):
        scale = share * min(800 / wide, 460 / high)
        rows: list[list[Placed]] = []
        x = float(WIDTH)
        for thing in things:
            width, height = (part * thing.metres * scale for part in _SHAPES[thing.shape][:2])
            if x + max(width, CELL) > WIDTH - MARGIN:
                x = MARGIN
                rows.append([])
            rows[-1].append(Placed(thing, x, 0, width, height))
            x += max(width, CELL) + 30
        placed, y = [], 0.0
        for row in rows:
            # What stands in a row stands on the same ground; below it are the dimensions and the labels.
            ground = y + 26 + max(box.height for box in row)
            placed += [box._replace(y=ground - box.height) for box in row]
            y = ground + 124
        if y <= TALL:
            break
    return scale, placed


class PictureCache:
    """Keeps the pictures asked for last, and draws each once for all who ask for it. It serves one event loop.

    A key stands for all that is on a picture, so that a changed fact has another key.
    """

    def __init__(self, most: int = 32) -> None:
        self._most = most
        self._pictures: OrderedDict[Hashable, asyncio.Task[bytes]] = OrderedDict()

    async def get(self, key: Hashable, draw: Callable[[], bytes]) -> bytes:
        """Give the picture of a key; where it is not there, it is drawn in a thread. What ``draw`` raises is raised.

        Who waits may be cancelled: the drawing goes on for the others, and for the next who asks.
        """
        task = self._pictures.get(key)
        if task is None:
            task = self._pictures[key] = asyncio.create_task(asyncio.to_thread(draw))
            task.add_done_callback(partial(self._forget_failed, key))
        self._pictures.move_to_end(key)
        while len(self._pictures) > self._most:
            self._pictures.popitem(last=False)
        return await asyncio.shield(task)

    def _forget_failed(self, key: Hashable, task: asyncio.Task[bytes]) -> None:
        # Asking for the exception also tells asyncio that somebody has seen it.
        if (task.cancelled() or task.exception() is not None) and self._pictures.get(key) is task:
            del self._pictures[key]
