"""Picture of an incident as SVG: mentions of the company against what was expected.

A pure function of the event's own series, as SVG without script, style sheet, link or font of its own: for the page,
for a pager's message, for a slide.  Grey, orange and black are distinct to those who do not see colours, too, since
they differ in lightness, and the dashes of what was expected are no bar.
"""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

from pipeline.contracts.incidents import IncidentEvent, Series
from pipeline.text.incident_words import KIND_WORDS, SEVERITY_WORDS
from pipeline.text.safe import single_line
from pipeline.web.chart import span_name, step_points

WIDTH, HEIGHT = 720, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 96, 36
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

SEEN, NEGATIVE, EXPECTED, INK, SOFT = "#b9c4ce", "#c44e00", "#111820", "#14202b", "#51606e"


def picture(event: IncidentEvent) -> str | None:
    """The picture, or None for an event that carries no series (an older one)."""
    series = event.series
    if series is None or not series.mentions or series.seconds <= 0:
        return None
    name = single_line(event.entity.name, 48)
    heading = f"{name}: {KIND_WORDS[event.kind]}, severity {event.severity} ({SEVERITY_WORDS[event.severity]})"
    counts = event.counts
    below = (
        f"{counts.mentions:,} mentions by {counts.authors:,} people, {counts.negative:,} negative; "
        f"{sum(series.expected):,.1f} negative were to be expected in all that is shown"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'role="img" aria-labelledby="t d" font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif">',
        f'<title id="t">{escape(heading)}</title>',
        f'<desc id="d">{escape(in_words(event, series))}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(16, 28, heading, 17, INK, bold=True),
        _text(16, 48, below, 12, SOFT),
        *_legend(series),
        *_axes(series),
        *_bars(series),
        *_opened(event, series),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def in_words(event: IncidentEvent, series: Series) -> str:
    """The picture for those who cannot see it."""
    position = max(range(len(series.negative)), key=series.negative.__getitem__)
    when = series.start.timestamp() + position * series.seconds
    return (
        f"Mentions per {span_name(series.seconds)} from {_time(series.start)} UTC. At most "
        f"{series.negative[position]:,} negative of {series.mentions[position]:,}, from {_time(_moment(when))} UTC on, "
        f"where {series.expected[position]:.1f} negative were to be expected. Found at {_time(event.opened_at)} UTC."
    )


def _bars(series: Series) -> list[str]:
    width = _PLOT_WIDTH / len(series.mentions)
    top = highest(series)
    drawn = []
    for position, (seen, negative) in enumerate(zip(series.mentions, series.negative, strict=False)):
        for value, colour in ((seen, SEEN), (min(negative, seen), NEGATIVE)):
            if value > 0:
                height = _PLOT_HEIGHT * value / top
                x, y = _LEFT + width * (position + 0.08), _TOP + _PLOT_HEIGHT - height
                drawn.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{width * 0.84:.1f}" height="{height:.1f}" fill="{colour}"/>'
                )
    points = step_points(series.expected, top, _PLOT_WIDTH, _PLOT_HEIGHT)
    line = " ".join(f"{_LEFT + x:.1f},{_TOP + y:.1f}" for x, y in points)
    drawn.append(f'<polyline points="{line}" fill="none" stroke="#ffffff" stroke-width="4" stroke-opacity="0.7"/>')
    drawn.append(f'<polyline points="{line}" fill="none" stroke="{EXPECTED}" stroke-width="2" stroke-dasharray="6 4"/>')
    return drawn


def _axes(series: Series) -> list[str]:
    top, bottom = highest(series), _TOP + _PLOT_HEIGHT
    drawn = []
    for share in (0.0, 0.5, 1.0):
        y = bottom - _PLOT_HEIGHT * share
        drawn.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dfe5ea"/>')
        value = top * share
        if value == int(value):
            drawn.append(_text(_LEFT - 8, y + 4, f"{value:,.0f}", 11, SOFT, anchor="end"))
    end = _moment(series.start.timestamp() + series.seconds * len(series.mentions))
    drawn.append(_text(_LEFT, HEIGHT - 14, f"{_time(series.start)} UTC", 11, SOFT))
    drawn.append(_text(WIDTH - _RIGHT, HEIGHT - 14, _time(end), 11, SOFT, anchor="end"))
    return drawn


def _legend(series: Series) -> list[str]:
    y = 74
    return [
        f'<rect x="16" y="{y - 9}" width="11" height="11" fill="{SEEN}"/>',
        _text(32, y, f"mentions per {span_name(series.seconds)}", 12, INK),
        f'<rect x="196" y="{y - 9}" width="11" height="11" fill="{NEGATIVE}"/>',
        _text(212, y, "negative among them", 12, INK),
        f'<line x1="352" x2="376" y1="{y - 4}" y2="{y - 4}" stroke="{EXPECTED}" stroke-width="2" '
        'stroke-dasharray="6 4"/>',
        _text(382, y, "negative, as expected", 12, INK),
    ]


def _opened(event: IncidentEvent, series: Series) -> list[str]:
    """Where it was found; left out when that lies outside of the picture."""
    span = series.seconds * len(series.mentions)
    share = (event.opened_at.timestamp() - series.start.timestamp()) / span
    if not 0.0 <= share <= 1.0:
        return []
    x = _LEFT + _PLOT_WIDTH * share
    side, shift = ("end", -5) if share > 0.8 else ("start", 5)
    return [
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{_TOP + _PLOT_HEIGHT}" stroke="{INK}" stroke-width="1"/>',
        _text(x + shift, _TOP + 3, f"found {event.opened_at.astimezone(UTC):%H:%M}", 11, INK, anchor=side, halo=True),
    ]


def highest(series: Series) -> int:
    """An even number at or above everything that is drawn."""
    most = max(max(series.mentions), max(series.expected, default=0.0), 1.0)
    return 2 * -(-int(-(-most // 1)) // 2)


def _text(
    x: float, y: float, words: str, size: int, colour: str, *, bold: bool = False, anchor: str = "start",
    halo: bool = False,
) -> str:  # fmt: skip
    style = ' font-weight="600"' if bold else ""
    style += ' stroke="#ffffff" stroke-width="4" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{style}>'
        f"{escape(words)}</text>"
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0.0), 253_402_300_799.0), UTC)


def _time(when: datetime) -> str:
    return f"{when.astimezone(UTC):%d %b %H:%M}"
