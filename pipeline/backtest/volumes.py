"""Volumes over time of incidents and companies, counted in one pass over the spool."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pipeline.backtest.detection import Episode
from pipeline.backtest.source import Tick
from pipeline.backtest.spool import DAY, CompanyHistory, MentionSpool
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.index.protocol import Volume
from pipeline.web.cards import BARS, MARGIN, SHORTEST, Card, earlier, later
from pipeline.web.chart import Chart, chart, step_for

COMPANY_BARS = 90
MOST_BARS = 400
OUTSIDE = 0.005
"""Share of the mentions at either end of time that may lie outside the drawing: a few wild dates must not shrink it."""


@dataclass(slots=True)
class Window:
    """A span of time of one entity, `since` to `until` in seconds since 1970, counted in spans of `seconds`."""

    entity: str
    since: float
    until: float
    seconds: int
    mentions: Counter[int] = field(default_factory=Counter)
    negative: Counter[int] = field(default_factory=Counter)

    def add(self, time: float, negative: bool) -> None:
        """Count a mention written at `time`."""
        if self.since <= time < self.until:
            start = int(time // self.seconds) * self.seconds
            self.mentions[start] += 1
            self.negative[start] += negative

    def drawn(self, *, expected: float | None = None, opened: float | None = None) -> Chart:
        """The bars."""
        volumes = [
            Volume(datetime.fromtimestamp(start, UTC), count, self.negative[start])
            for start, count in sorted(self.mentions.items())
        ]
        return chart(volumes, self.since, self.until - 1.0, self.seconds, expected=expected, opened=opened)


def around(episode: Episode) -> Window:
    """From well before an incident until after it, as the page shows it."""
    last, opened = episode.last, episode.opened.opened_at
    lasted = max(timedelta(minutes=30), last.at - opened)
    since = earlier(opened, lasted)
    until = later(last.at, lasted / 2 if last.event == "resolved" else MARGIN)
    seconds = step_for((until - since).total_seconds(), BARS)
    return Window(last.entity.id, since.timestamp(), until.timestamp(), seconds)


def card(episode: Episode, window: Window) -> Card:
    """The incident at its last event, with what was seen against what was expected."""
    last, first = episode.last, episode.last.explanation.first_post
    began = last.opened_at if first is None else min(last.opened_at, first.created_at)  # what is expected counts from
    passed = max(SHORTEST, (last.at - began).total_seconds())
    expected = last.counts.expected * window.seconds / passed
    return Card(last, window.drawn(expected=expected, opened=last.opened_at.timestamp()), None)


def overall(spool: MentionSpool, companies: Sequence[CompanyHistory]) -> list[Window]:
    """The whole history of each company, all with the same axis."""
    if not spool.days:
        return []
    first, last = _span(spool.days)
    seconds = step_for(last - first, COMPANY_BARS)
    since = max(first, last - MOST_BARS * seconds)
    return [Window(company.id, since, last, seconds) for company in companies]


def count(spool: MentionSpool, windows: Sequence[Window], tick: Tick) -> None:
    """Fill the windows, by when mentions were written."""
    by_entity: defaultdict[str, list[Window]] = defaultdict(list)
    for window in windows:
        by_entity[window.entity].append(window)
    done = 0
    for inbound in spool:
        done += 1
        if done % 2_000 == 0:
            tick(2_000)
        if isinstance(inbound, InboundMention) and inbound.entity.id in by_entity:
            time, negative = inbound.created_at.timestamp(), inbound.sentiment.negative >= 0.5
            for window in by_entity[inbound.entity.id]:
                window.add(time, negative)
    tick(done % 2_000)


def _span(days: Counter[int]) -> tuple[float, float]:
    """Beginning and end of the days that hold all but the outermost mentions."""
    spare = OUTSIDE * days.total()
    order = sorted(days)
    return _reach(days, order, spare) * DAY, (_reach(days, order[::-1], spare) + 1) * DAY


def _reach(days: Counter[int], order: Sequence[int], spare: float) -> int:
    passed = 0
    for day in order:
        passed += days[day]
        if passed > spare:
            return day
    return order[-1]
