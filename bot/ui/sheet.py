"""The card on which pictures are drawn: texts in all scripts, boxes and lines, as PNG.

Pictures are made for phones, where Discord shows them about 360 pixels wide: large type on a card of its own, which
stands out from the light and from the dark theme. Matplotlib is imported when the first picture is drawn: it is slow to
import, and most runs draw none.
"""

from __future__ import annotations

import io
import itertools
import logging
import math
import re
import threading
import unicodedata
from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from bot.ui import limits

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.font_manager import FontProperties

# All measures of a drawing are pixels, from the top left.
WIDTH, MARGIN = 1_000, 48
LINE_HEIGHT = 1.28
CARD, EDGE, LINE, TEXT, GREY = "#16213f", "#5566a3", "#8496cf", "#f3f5ff", "#b9c4e6"

# The first font that is installed and has a letter draws it. The first and the last come with Matplotlib; the last has
# a sign for every letter there is, so that none is missing, silently or with a warning.
FONTS = (
    "DejaVu Sans",
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Microsoft YaHei"),
    *("PingFang SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    "Last Resort High-Efficiency",
)
# Texts are cut to so many characters before they are measured: no picture has room for more.
TEXT_MAX = 300
# Chinese is parted anywhere, but not before these.
_STARTS_NO_LINE = frozenset("，。、；：！？）」』》”’％…")

# Matplotlib is not made for several threads at once; a drawing that waits holds up only its own thread.
DRAWING = threading.Lock()


def writable(text: str) -> bool:
    """Tell whether the fonts of this machine have all letters of a text; the others become signs in boxes."""
    from matplotlib.font_manager import FontProperties, findfont, get_font  # noqa: PLC0415

    with DRAWING:
        fonts = [get_font(findfont(FontProperties(family=[name]))) for name in _installed()[:-1]]
        return all(any(font.get_char_index(ord(char)) for font in fonts) for char in _plain(text))


def _installed() -> list[str]:
    """Give those of the fonts that this machine has."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415

    names = {font.name for font in fontManager.ttflist}
    return [name for name in FONTS if name in names]


def _plain(text: str) -> str:
    """Bring a text on one line, without what is not to be seen or would turn the rest of the line around."""
    kinds = {char: unicodedata.category(char) for char in text}
    seen = "".join(" " if kinds[char] in {"Cc", "Cs"} else char for char in text if kinds[char] != "Cf")
    return limits.cut(re.sub(r"[^\S\u00a0]+", " ", seen).strip(), TEXT_MAX)


class Block(NamedTuple):
    """A text in lines that fit; size and height in pixels."""

    lines: list[str]
    size: float
    font: FontProperties

    @property
    def height(self) -> float:
        """How high it is."""
        return len(self.lines) * self.size * LINE_HEIGHT


class Sheet:
    """A card to draw on. How high it is need be known only when all is drawn."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415

        # It would note that the last of the fonts is not to be had in bold.
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
        # At 72 dots an inch a point, in which Matplotlib measures type and lines, is a pixel.
        self._figure = Figure(figsize=(WIDTH / 72, 1), dpi=72, facecolor="none")
        # Any, for Matplotlib gives no types for it.
        self._canvas: Any = FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH))
        self._axes.set_axis_off()
        self._fonts = _installed()
        self._width_of = cache(self._measured)

    def title(self, text: str) -> float:
        """Write the title, and give where it ends."""
        block = self.block(text, 46, WIDTH - 2 * MARGIN, 2, bold=True)
        self.write(block, MARGIN, MARGIN - 8)
        return MARGIN + block.height

    def block(self, text: str, size: float, width: float, most: int, *, bold: bool = False) -> Block:
        """Part a text into at most so many lines that fit into a width; one that is cut says so."""
        from matplotlib.font_manager import FontProperties  # noqa: PLC0415

        font = FontProperties(family=self._fonts, size=size, weight="bold" if bold else "normal")
        rest = _plain(text)
        lines: list[str] = []
        while rest and len(lines) < most:
            line = self._fitting(rest, font, width)
            if len(line) < len(rest) and len(lines) == most - 1:
                line = self._fitting(rest, font, width, limits.CUT).rstrip() + limits.CUT
            lines.append(line.rstrip())
            rest = rest[len(line) :].lstrip()
        return Block(lines, size, font)

    def _fitting(self, text: str, font: FontProperties, width: float, note: str = "") -> str:
        """Give as much of a text's beginning as fits together with a note, up to a space where there is one."""
        # Letters by themselves, each measured once, are seldom narrower than together: but some are.
        ends = list(itertools.accumulate(self._width_of(letter, font) for letter in text))
        count = bisect_right(ends, width - sum(self._width_of(letter, font) for letter in note)) or 1
        while count > 1 and self._width_of(text[:count] + note, font) > width:
            count -= 1
        if count == len(text):
            return text
        space = text.rfind(" ", 0, count + 1)
        if space > count // 2:
            return text[:space]
        while count > 1 and (unicodedata.combining(text[count]) or text[count] in _STARTS_NO_LINE):
            count -= 1
        return text[:count]

    def _measured(self, text: str, font: FontProperties) -> float:
        return float(self._canvas.get_renderer().get_text_width_height_descent(text, font, ismath=False)[0])

    def width(self, block: Block) -> float:
        """Give how wide a text in lines is."""
        return max((self._width_of(line, block.font) for line in block.lines), default=0.0)

    def write(
        self, block: Block, x: float, y: float, colour: str = TEXT, *, align: Literal["left", "right"] = "left"
    ) -> None:
        """Write lines below a height; what towers out of its line, as heaps of accents do, is clipped."""
        from matplotlib.text import Text  # noqa: PLC0415
        from matplotlib.transforms import Bbox, TransformedBbox  # noqa: PLC0415

        step = block.size * LINE_HEIGHT
        for line in block.lines:
            text = Text(x, y + step * 0.77, line, color=colour, font=block.font, ha=align, parse_math=False)
            self._add(text, 3)
            text.set_clip_box(TransformedBbox(Bbox([[0, y - 4], [WIDTH, y + step + 4]]), self._axes.transData))
            y += step

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        radius: float,
        colour: str,
        *,
        hollow: bool = False,
        layer: int = 2,
    ) -> None:
        """Draw a filled box with round corners, or its dashed outline; it is never too small to be seen."""
        from matplotlib.patches import Polygon  # noqa: PLC0415

        width, height = max(width, 1), max(height, 1)
        left, right, top, bottom = x + radius, x + width - radius, y + radius, y + height - radius
        corners = enumerate(((right, bottom), (left, bottom), (left, top), (right, top)))
        turns = [(*corner, math.radians(90 * turn + 6 * step)) for turn, corner in corners for step in range(16)]
        points = [(at_x + radius * math.cos(angle), at_y + radius * math.sin(angle)) for at_x, at_y, angle in turns]
        face, edge = (CARD, colour) if hollow else (colour, "none")
        self._add(Polygon(points, fc=face, ec=edge, lw=5, ls=(0, (1.7, 0.9)) if hollow else "-"), layer)

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        width: float,
        colour: str = LINE,
        *,
        dashed: bool = False,
    ) -> None:
        """Draw a line, behind all boxes."""
        from matplotlib.lines import Line2D  # noqa: PLC0415

        xs, ys = zip(start, end, strict=True)
        line = Line2D(xs, ys, color=colour, linewidth=width, solid_capstyle="butt")
        if dashed:
            line.set_linestyle((0, (1.7, 1.1)))
        self._add(line, 1)

    def broken(self, x: float, y: float) -> None:
        """Break a line that runs down."""
        self.line((x, y - 14), (x, y + 14), 9, CARD)
        for side in (y - 11, y + 11):
            self.line((x - 18, side + 7), (x + 18, side - 7), 5)

    def dimension(self, start: tuple[float, float], end: tuple[float, float], width: float = 3) -> None:
        """Draw a line with a stroke across each end."""
        across, down = (0, 11) if start[1] == end[1] else (11, 0)
        self.line(start, end, width, GREY)
        for x, y in (start, end):
            self.line((x - across, y - down), (x + across, y + down), width, GREY)

    def png(self, height: float) -> bytes:
        """Put the card under what was drawn, and give all as PNG."""
        from PIL import Image  # noqa: PLC0415

        height = math.ceil(height)
        self.box(0, 0, WIDTH, height, 38, EDGE, layer=0)
        self.box(4, 4, WIDTH - 8, height - 8, 34, CARD, layer=0)
        self._axes.set_ylim(height, 0)
        self._figure.set_size_inches(WIDTH / 72, height / 72)
        self._canvas.draw()
        # So many colours are enough for smooth edges, and make it a third of the size.
        pixels = self._canvas.buffer_rgba()
        picture = Image.frombuffer("RGBA", (pixels.shape[1], pixels.shape[0]), pixels)
        picture = picture.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        png = io.BytesIO()
        picture.save(png, "PNG", optimize=True)
        return png.getvalue()

    def _add(self, artist: Artist, layer: int) -> None:
        artist.set_zorder(layer)
        self._axes.add_artist(artist)
