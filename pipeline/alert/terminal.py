"""The terminal notifier: one block an incident event, to be read in ten seconds."""

from __future__ import annotations

import errno
import io
import sys
from collections.abc import Iterable
from datetime import timedelta

from rich import box
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipeline.alert.alertmanager import incident_url
from pipeline.alert.notifier import may_page
from pipeline.contracts.incidents import Explanation, IncidentEvent, PostRef, Series
from pipeline.errors import TransientError
from pipeline.text.duration import duration
from pipeline.text.incident_words import DOUBT_WORDS, KIND_WORDS, REASON_WORDS, SEVERITY_WORDS
from pipeline.text.safe import single_line, topic

_COLOURS = ("cyan", "cyan", "yellow", "dark_orange", "red", "bright_red")
_WIDTH = 100
_BLOCKS = "▁▂▃▄▅▆▇█"
_LEANING = {"ally": "usually for you", "critic": "usually against you", "mixed": "now for, now against"}


class PlainConsole(Console):
    """A console on which a broken pipe is an error like any other; rich's own ends the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, "the reader has gone")


class Terminal:
    """Prints events to a console (standard output by default).

    Guarantees that nothing in a post reaches the terminal as a command: text is cleaned, and never read as markup.
    """

    name = "terminal"
    pages = False

    def __init__(self, console: Console | None = None, *, page_url: str = "") -> None:
        if console is None and isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # an alert with a few question marks is better than none
        self._console = console or PlainConsole(highlight=False)
        self._page_url = page_url

    async def send(self, event: IncidentEvent) -> None:
        try:
            self._console.print(block(event), width=min(self._console.width, _WIDTH))
            if self._page_url:  # outside of the frame, in one piece: it is there to be clicked or copied
                link = incident_url(self._page_url, event.incident_id)
                self._console.print(Text(f"  look at {link}"), soft_wrap=True)
        except OSError as error:
            raise TransientError(f"cannot write ({error.strerror})", subject="terminal") from error

    async def close(self) -> None:
        return None


def block(event: IncidentEvent) -> Panel:
    """What happened, how big, what people say, who drives it: in this order."""
    colour = "green" if event.event == "resolved" else _COLOURS[event.severity]
    kind = KIND_WORDS[event.kind]
    title = Text(
        f" {event.event.upper()}  {single_line(event.entity.name, 60)}: {kind}, {_severity(event)} ", style="bold"
    )
    subtitle = Text(f" {event.at:%Y-%m-%d %H:%M:%S} UTC ", style="dim")
    parts: list[Text | Table] = [Text(single_line(event.explanation.summary, 400), style="bold"), _facts(event)]
    if event.coordinated:
        why = ", ".join(REASON_WORDS[reason] for reason in event.reasons)
        looks = f"it looks coordinated ({why})" if why else "it looks coordinated"
        parts.insert(1, Text(f"Paged, although {looks}." if may_page(event) else f"Not paged: {looks}.", "magenta"))
    elif event.doubt is not None:
        why = DOUBT_WORDS[event.doubt]
        parts.insert(1, Text(f"Not paged: no larger share complains than usual; {why}", "magenta"))
    elif not event.pageable:
        parts.insert(1, Text("Not paged: it is not meant to wake anybody.", style="magenta"))
    return Panel(
        Group(*parts), title=title, subtitle=subtitle, border_style=colour, box=box.ROUNDED, title_align="left",
        subtitle_align="right",
    )  # fmt: skip


def _severity(event: IncidentEvent) -> str:
    return f"severity {event.severity} of 5 ({SEVERITY_WORDS[event.severity]})"


def _facts(event: IncidentEvent) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _rows(event):
        if value:
            table.add_row(label, Text(value))
    return table


def _rows(event: IncidentEvent) -> list[tuple[str, str]]:
    counts, share, explanation = event.counts, event.share, event.explanation
    lasted = (event.resolved_at or event.at) - event.opened_at
    forecast = ""
    if event.forecast is not None:
        expected = event.forecast
        forecast = f"{expected.size:,.0f} mentions in all ({expected.low:,.0f} to {expected.high:,.0f})"
        if expected.doubling_minutes is not None:
            forecast += f", doubling every {expected.doubling_minutes:.0f} min"
    size = [
        ("since", f"{event.opened_at:%Y-%m-%d %H:%M} UTC ({_span(lasted.total_seconds())})"),
        ("seen", f"{counts.mentions:,} mentions by {counts.authors:,} authors, {counts.negative:,} negative"),
        ("expected", f"{counts.expected:,.1f} mentions; negative share {share.before:.0%} before, {share.now:.0%} now"),
    ]
    course = [("course", sparkline(event.series))] if event.series is not None else []
    name = ("incident", single_line(event.incident_id, 300))
    if event.event == "resolved":
        return [*size, *course, ("foretold", _review(event)), name]
    return [
        *size,
        *course,
        ("forecast", forecast),
        ("first post", _quote(explanation.first_post)),
        *_topics(explanation),
        ("who", _crowd(explanation)),
        ("driven by", _listed(f"{single_line(d.author, 40)} ({d.mentions})" for d in explanation.drivers[:5])),
        ("regulars", _listed(f"{single_line(r.author, 40)} ({_LEANING[r.leaning]})" for r in explanation.regulars[:4])),
        ("networks", _listed(f"{single_line(n, 30)} {count}" for n, count in list(explanation.networks.items())[:6])),
        *_tests(event),
        name,
    ]


def _listed(parts: Iterable[str]) -> str:
    return " · ".join(parts)


def sparkline(series: Series, width: int = 40) -> str:
    """Negative mentions over time in one line of blocks, from when on, and the most in a span."""
    values = list(series.negative[-width:])
    most = max(values, default=0)
    if most <= 0:
        return ""
    blocks = "".join("·" if v <= 0 else _BLOCKS[min(7, (8 * v - 1) // most)] for v in values)
    start = series.start + timedelta(seconds=series.seconds * (len(series.negative) - len(values)))
    usual = sum(series.expected) / max(1, len(series.expected))
    span = duration(series.seconds)
    return f"{start:%H:%M} {blocks}\nat most {most:,} negative in {span}, where {usual:.1f} would be usual"


def _topics(explanation: Explanation) -> list[tuple[str, str]]:
    """What they say: by narrative where there are several."""
    if len(explanation.narratives) < 2:
        return [("they say", _listed(f"{single_line(p.text, 40)} ({p.count})" for p in explanation.phrases[:6]))]
    return [
        (
            f"story {number}",
            f"{story.share:.0%} ({story.mentions:,} complaints, {story.recent:,} lately): " + topic(story, " · "),
        )
        for number, story in enumerate(explanation.narratives[:4], 1)
    ]


def _crowd(explanation: Explanation) -> str:
    if explanation.crowd is None:
        return ""
    parts = (
        ("wrote", explanation.crowd.wrote),
        ("answered", explanation.crowd.answered),
        ("passed it on", explanation.crowd.shared),
    )
    return _listed(f"{part.people:,} {words}" for words, part in parts if part.mentions)


def _review(event: IncidentEvent) -> str:
    """What had been foreforecast, against what came."""
    return _listed(
        f"after {forecast.minutes:.0f} min {forecast.size:,.0f} ({forecast.low:,.0f} to {forecast.high:,.0f}), "
        f"{'held' if forecast.held else 'not held'}"
        for forecast in event.review
    )


def _quote(post: PostRef | None) -> str:
    if post is None:
        return ""
    replies = f" ({post.replies} replies)" if post.replies else ""
    return f"{single_line(post.author, 40)}, {post.created_at:%H:%M}: “{single_line(post.text, 160)}”{replies}"


def _tests(event: IncidentEvent) -> list[tuple[str, str]]:
    """Which tests fired, and when where there were several."""
    first = event.test
    rate = f"{first.false_alarms:g} false alarms per entity and month"
    rows = [("test", f"{_evidence(first.name, first.value, first.threshold)} ({rate})")]
    return rows + [("then", f"{_evidence(f.name, f.value, f.threshold)} at {f.at:%H:%M}") for f in event.fired[1:4]]


def _evidence(name: str, value: float, threshold: float) -> str:
    return f"{single_line(name, 40)} {value:.1f} over {threshold:.1f}"


def _span(seconds: float) -> str:
    minutes = max(0, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
