"""Charts of mentions over time, as plain numbers for an inline SVG.

Bars of what was seen and the negative among it, and what was expected: from the index (`chart`), with one level for all
that was expected, or from an incident's own series (`course`), with what the detector expected at each hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.contracts.incidents import Series
from pipeline.index.protocol import Volume

STEPS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800)
"""Lengths of a span, in seconds, that read well."""

WIDTH, HEIGHT = 640.0, 96.0
_GAP = 0.18
"""Share of a span left empty between bars."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A span: where it is drawn, and what it holds.  Coordinates in units of the SVG."""

    x: float
    width: float
    y: float
    height: float
    negative_y: float
    negative_height: float
    start: datetime
    mentions: int
    negative: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the template draws.  `expected_y` and `opened_x` are None where there is nothing to show;
    `expected_line` are the points of a line, where what was expected changes over time."""

    bars: tuple[Bar, ...]
    seconds: int
    peak: int
    mentions: int
    negative: int
    start: datetime
    end: datetime
    expected: float | None
    expected_y: float | None
    opened_x: float | None
    label: str
    expected_line: str = ""


def step_for(span: float, bars: int) -> int:
    """The shortest length of a span, in seconds, with which at most `bars` of them cover `span` seconds.

    >>> step_for(86_400.0, 60)
    1800
    """
    return next((step for step in STEPS if span / step <= bars), STEPS[-1])


def chart(
    volumes: Sequence[Volume],
    start: float,
    end: float,
    seconds: int,
    *,
    expected: float | None = None,
    opened: float | None = None,
) -> Chart:
    """Bars of `seconds` each from `start` to `end` (seconds since 1970); `expected` mentions a span; spans that the
    index left out are empty."""
    first = int(start // seconds) * seconds
    number = max(1, min(400, int((end - first) // seconds) + 1))
    found = {int(v.start.timestamp()): v for v in volumes}
    spans = [found.get(first + n * seconds) for n in range(number)]
    peak = max((v.mentions for v in spans if v is not None), default=0)
    top = max(float(peak), (expected or 0.0) * 1.25, 1.0)
    width = WIDTH / number
    bars = tuple(_bar(v, n, width, top) for n, v in enumerate(spans) if v is not None and v.mentions)
    until = first + number * seconds
    return Chart(
        bars=bars,
        seconds=seconds,
        peak=peak,
        mentions=sum(bar.mentions for bar in bars),
        negative=sum(bar.negative for bar in bars),
        start=_moment(first),
        end=_moment(until),
        expected=expected,
        expected_y=None if expected is None else round(HEIGHT * (1.0 - expected / top), 1),
        opened_x=None if opened is None else round(WIDTH * (opened - first) / (until - first), 1),
        label=_label(bars, seconds, expected),
    )


def course(series: Series, opened: float) -> Chart:
    """An incident's own series; `opened` in seconds since 1970.  What is expected are negative mentions."""
    start, seconds = series.start.timestamp(), max(1, series.seconds)
    number = max(1, len(series.mentions))
    highest = max(series.expected, default=0.0)
    peak = max(series.mentions, default=0)
    top = max(float(peak), highest * 1.25, 1.0)
    spans = [
        Volume(_moment(start + n * seconds), seen, min(negative, seen))
        for n, (seen, negative) in enumerate(zip(series.mentions, series.negative, strict=False))
    ]
    bars = tuple(_bar(v, n, WIDTH / number, top) for n, v in enumerate(spans) if v.mentions)
    points = step_points(series.expected, top, WIDTH, HEIGHT)
    expected = sum(series.expected) / number
    return Chart(
        bars=bars,
        seconds=seconds,
        peak=peak,
        mentions=sum(series.mentions),
        negative=sum(series.negative),
        start=_moment(start),
        end=_moment(start + number * seconds),
        expected=expected,
        expected_y=None,
        opened_x=round(WIDTH * min(max((opened - start) / (number * seconds), 0.0), 1.0), 1),
        label=_label(bars, seconds, expected),
        expected_line=" ".join(f"{x:.1f},{y:.1f}" for x, y in points),
    )


def step_points(values: Sequence[float], top: float, width: float, height: float) -> list[tuple[float, float]]:
    """Corners of a line of steps, one a value, in a picture that reaches up to `top`; y grows downwards."""
    step = width / max(1, len(values))
    corners = []
    for position, value in enumerate(values):
        y = height * (1.0 - min(value, top) / top)
        corners += [(step * position, y), (step * (position + 1), y)]
    return corners


def span_name(seconds: int) -> str:
    """A length of time in a word.

    >>> span_name(3_600)
    'hour'
    """
    if seconds < 7200 and seconds != 3600:
        return "minute" if seconds == 60 else f"{seconds // 60} minutes"
    if seconds < 172_800 and seconds != 86400:
        return "hour" if seconds == 3600 else f"{_short(seconds / 3600)} hours"
    return "day" if seconds == 86400 else f"{_short(seconds / 86400)} days"


def _short(number: float) -> str:
    """A number with at most one decimal."""
    return f"{number:.1f}".removesuffix(".0")


def _bar(volume: Volume, position: int, width: float, top: float) -> Bar:
    height = HEIGHT * volume.mentions / top
    negative = HEIGHT * volume.negative / top
    return Bar(
        x=round(width * (position + _GAP / 2), 2),
        width=round(width * (1.0 - _GAP), 2),
        y=round(HEIGHT - height, 2),
        height=round(height, 2),
        negative_y=round(HEIGHT - negative, 2),
        negative_height=round(negative, 2),
        start=volume.start,
        mentions=volume.mentions,
        negative=volume.negative,
    )


def _label(bars: Sequence[Bar], seconds: int, expected: float | None) -> str:
    """The chart in words, for those who cannot see it."""
    if not bars:
        return "No mentions in this time"
    highest = max(bars, key=lambda bar: bar.mentions)
    words = (
        f"Mentions per {span_name(seconds)}: at most {highest.mentions:,}, of them {highest.negative:,} negative, "
        f"from {highest.start:%H:%M} UTC"
    )
    return f"{words}; {expected:.1f} expected" if expected is not None else words


def _moment(seconds: float) -> datetime:
    """The time, clamped to the calendar: a span may begin before its first day."""
    return datetime.fromtimestamp(min(max(seconds, -62_135_596_800.0), 253_402_300_799.0), UTC)
