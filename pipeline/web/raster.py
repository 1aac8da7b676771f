"""Picture of an incident as PNG, for pagers and chats that cannot show SVG.

No words, since it stands beside the words of a message: bars, the dashed line of what was expected, a mark where it was
found, numbers and times at the axes.  Written with the standard library alone: an image library is megabytes, for
rectangles and eleven glyphs.  The format is that of ISO/IEC 15948 (2004), with a palette.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from struct import pack

from pipeline.contracts.incidents import IncidentEvent, Series
from pipeline.web.chart import step_points
from pipeline.web.picture import EXPECTED, INK, NEGATIVE, SEEN, SOFT, highest

WIDTH, HEIGHT = 1_280, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 96, 24, 24, 64
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
_PAPER, _GRID = "#ffffff", "#dfe5ea"
_PALETTE = (_PAPER, _GRID, SEEN, NEGATIVE, EXPECTED, INK, SOFT)
_DASH, _PAUSE = 12, 8
_SCALE = 3
"""Pixels of a dot of a glyph."""

_GLYPHS = {  # seven rows of five dots, the leftmost the highest bit
    "0": (14, 17, 19, 21, 25, 17, 14), "1": (4, 12, 4, 4, 4, 4, 14), "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14), "4": (2, 6, 10, 18, 31, 2, 2), "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14), "7": (31, 1, 2, 4, 8, 8, 8), "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12), ":": (0, 4, 4, 0, 4, 4, 0),
}  # fmt: skip


def png(event: IncidentEvent) -> bytes | None:
    """The picture, or None for an event that carries no series."""
    series = event.series
    if series is None or not series.mentions or series.seconds <= 0:
        return None
    canvas = _Canvas()
    top = highest(series)
    _draw_axes(canvas, series, top)
    _draw_bars(canvas, series, top)
    _draw_expected(canvas, series, top)
    _draw_found(canvas, event, series)
    return canvas.encoded()


class _Canvas:
    """Pixels by their position in the palette."""

    def __init__(self) -> None:
        self._rows = [bytearray(WIDTH) for _ in range(HEIGHT)]

    def fill(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A rectangle, at least one pixel each way, cut at the edges."""
        left, right = max(0, round(x)), min(WIDTH, max(round(x + width), round(x) + 1))
        if right <= left:
            return
        run = bytes([_PALETTE.index(colour)]) * (right - left)
        for row in range(max(0, round(y)), min(HEIGHT, max(round(y + height), round(y) + 1))):
            self._rows[row][left:right] = run

    def write(self, text: str, x: float, y: float, colour: str) -> None:
        """Digits and colons, `y` their top."""
        for position, glyph in enumerate(text):
            for row, dots in enumerate(_GLYPHS.get(glyph, ())):
                for column in range(5):
                    if dots >> (4 - column) & 1:
                        left = x + (6 * position + column) * _SCALE
                        self.fill(left, y + row * _SCALE, _SCALE, _SCALE, colour)

    def encoded(self) -> bytes:
        """The file."""
        palette = b"".join(bytes.fromhex(colour[1:]) for colour in _PALETTE)
        pixels = b"".join(b"\0" + bytes(row) for row in self._rows)
        header = pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))


def _draw_axes(canvas: _Canvas, series: Series, top: int) -> None:
    for value in (0, top // 2, top):
        y = _TOP + _PLOT_HEIGHT * (1.0 - value / top)
        canvas.fill(_LEFT, y, _PLOT_WIDTH, 2, _GRID)
        text = str(value) if value < 10_000 else ""
        canvas.write(text, _LEFT - 14 - _breadth(text), y - 10, SOFT)
    end = series.start.timestamp() + series.seconds * len(series.mentions)
    canvas.write(f"{series.start.astimezone(UTC):%H:%M}", _LEFT, HEIGHT - 40, SOFT)
    last = f"{datetime.fromtimestamp(min(max(end, 0.0), 253_402_300_799.0), UTC):%H:%M}"
    canvas.write(last, WIDTH - _RIGHT - _breadth(last), HEIGHT - 40, SOFT)


def _draw_bars(canvas: _Canvas, series: Series, top: int) -> None:
    width = _PLOT_WIDTH / len(series.mentions)
    for position, (seen, negative) in enumerate(zip(series.mentions, series.negative, strict=False)):
        for value, colour in ((seen, SEEN), (min(negative, seen), NEGATIVE)):
            if value > 0:
                height = _PLOT_HEIGHT * value / top
                x, y = _LEFT + width * (position + 0.08), _TOP + _PLOT_HEIGHT - height
                canvas.fill(x, y, width * 0.84, height, colour)


def _draw_expected(canvas: _Canvas, series: Series, top: int) -> None:
    """The steps of what was expected; dashes along the level parts."""
    points = step_points(series.expected, top, _PLOT_WIDTH, _PLOT_HEIGHT)
    for position, (x, y) in enumerate(points[:-1]):
        onward, level = points[position + 1]
        if y != level:
            canvas.fill(_LEFT + x, _TOP + min(y, level), 4, abs(y - level), EXPECTED)
            continue
        first = int(x) - int(x) % (_DASH + _PAUSE)
        for dash in range(first, int(onward), _DASH + _PAUSE):
            begin, end = max(x, dash), min(onward, dash + _DASH)
            if end > begin:
                canvas.fill(_LEFT + begin, _TOP + y - 2, end - begin, 4, EXPECTED)


def _draw_found(canvas: _Canvas, event: IncidentEvent, series: Series) -> None:
    share = (event.opened_at.timestamp() - series.start.timestamp()) / (series.seconds * len(series.mentions))
    if 0.0 <= share <= 1.0:
        x = _LEFT + _PLOT_WIDTH * share
        canvas.fill(x, _TOP - 16, 2, _PLOT_HEIGHT + 30, INK)
        text = f"{event.opened_at.astimezone(UTC):%H:%M}"
        centred = min(max(x - _breadth(text) / 2, _LEFT + 1.4 * _breadth(text)), WIDTH - _RIGHT - 2.4 * _breadth(text))
        canvas.write(text, centred, HEIGHT - 40, INK)


def _breadth(text: str) -> int:
    return max(0, 6 * len(text) - 1) * _SCALE
