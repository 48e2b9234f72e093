"""A chart of questions week by week, as a picture; see ``sheet`` for how pictures are made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from bot.ui.sheet import DRAWING, GREY, MARGIN, TEXT, WIDTH, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

# Half a year is legible on a phone.
BARS_MAX = 26
# Colours that are told apart without seeing red or green, from the bottom of a bar up.
COLOURS = ("#6fcbff", "#ffcb52", "#f0785f")
_HIGH = 420
_FAINT = "#3a4a80"
_LABEL_WIDE = 132
# A bar is at most so wide.
_WIDE = 110
# Up to so many bars, each has its number above it.
_NUMBERED = 14
# So many lines across are legible.
_LINES = 5


class Bar(NamedTuple):
    """A bar: the label below it, and its parts from the bottom up, at most as many as there are colours."""

    label: str
    parts: tuple[int, ...]


def bars(title: str, legend: Sequence[str], of: Sequence[Bar]) -> bytes:
    """Draw bars side by side, in the order given.

    Args:
        title: stands above.
        legend: what each part of a bar is.
        of: 1 to ``BARS_MAX`` bars.

    Returns:
        The picture as PNG, ``WIDTH`` pixels wide.

    Raises:
        ValueError: there are no bars, or too many.
    """
    if not 1 <= len(of) <= BARS_MAX:
        raise ValueError(f"a chart takes 1 to {BARS_MAX} bars, not {len(of)}")
    with DRAWING:
        sheet = Sheet()
        y = sheet.title(title) + 24
        x = float(MARGIN)
        for colour, name in zip(COLOURS, legend, strict=False):
            block = sheet.block(name, 32, WIDTH / 3, 1)
            width = sheet.width(block)
            if x + 44 + width > WIDTH - MARGIN:
                x, y = MARGIN, y + 48
            sheet.box(x, y + 8, 28, 28, 6, colour)
            sheet.write(block, x + 42, y)
            x += 42 + width + 44
        top = y + 48 + 70
        ground = top + _HIGH
        lines = _lines(max(sum(bar.parts) for bar in of))
        scale = _HIGH / lines[-1]
        left = MARGIN + 20 + sheet.width(sheet.block(f"{lines[-1]:,}", 28, WIDTH, 1))
        for line in lines:
            y = ground - line * scale
            sheet.line((left, y), (WIDTH - MARGIN, y), 2 if line else 4, _FAINT if line else GREY)
            number = sheet.block(f"{line:,}", 28, left, 1)
            sheet.write(number, left - 14, y - number.height / 2, GREY, align="right")
        room = (WIDTH - MARGIN - left) / len(of)
        wide = min(0.72 * room, _WIDE)
        every = math.ceil(_LABEL_WIDE / room)
        for place, bar in enumerate(of):
            middle, y = left + (place + 0.5) * room, ground
            for colour, part in zip(COLOURS, bar.parts, strict=False):
                if part:
                    y -= part * scale
                    sheet.box(middle - wide / 2, y, wide, part * scale, 0, colour)
            total = sum(bar.parts)
            if total and len(of) <= _NUMBERED:
                number = sheet.block(f"{total:,}", 28, WIDTH, 1, bold=True)
                sheet.write(number, middle + sheet.width(number) / 2, y - number.height - 2, TEXT, align="right")
            # The latest has its label; of the others as many as there is room for.
            if (len(of) - 1 - place) % every == 0:
                label = sheet.block(bar.label, 28, _LABEL_WIDE, 1)
                right = min(middle + sheet.width(label) / 2, WIDTH - MARGIN)
                sheet.write(label, right, ground + 12, GREY, align="right")
        return sheet.png(ground + 52 + MARGIN)


def _lines(most: int) -> range:
    """Give where lines across are: 1, 2 or 5 times a power of ten apart, at most ``_LINES`` besides the ground."""
    steps = (base * 10**power for power in range(most + 1) for base in (1, 2, 5))
    step = next(step for step in steps if most <= _LINES * step)
    return range(0, max(most, 1) + step, step) if most % step else range(0, max(most, step) + 1, step)
