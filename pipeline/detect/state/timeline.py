"""Timelines: mentions of an incident's entity over time, against what was expected.

They begin before the incident, and have `SPANS` spans at most; when they are full, neighbours are added up and each
span is twice as long.  So minutes show while an incident is young, and a groundswell of a week still fits.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct, field

from pipeline.contracts.incidents import Series
from pipeline.detect.state.memory import Memory

SPANS = 48
NARROWEST = 60
"""Seconds of a span at first."""

_ROOM = SPANS // 2
"""Spans that the time before the opening may fill."""

_MILLI = 1000.0
_HOUR = 3600
_REMEMBERED = 40 * 86_400


class Timeline(Struct, array_like=True):
    """Counts by span, all mentions of the entity; times in whole seconds.

    `expected`: thousandths of a negative mention, paid until `at`, when the baseline had foreseen `paid` of them
    from its beginning.
    """

    start: int = 0
    width: int = NARROWEST
    mentions: list[int] = field(default_factory=list)
    negative: list[int] = field(default_factory=list)
    expected: list[int] = field(default_factory=list)
    at: int = 0
    paid: float = 0.0

    def add(self, event_time: int, complains: bool) -> None:
        """Count a mention; one from before the start is not shown."""
        span = (event_time - self.start) // self.width
        if span < 0:
            return
        span = self._make_room(span)
        self.mentions[span] += 1
        self.negative[span] += complains

    def retract(self, event_time: int, complains: bool) -> None:
        """Take out a mention that was deleted."""
        span = (event_time - self.start) // self.width
        if 0 <= span < len(self.mentions):
            self.mentions[span] = max(0, self.mentions[span] - 1)
            self.negative[span] = max(0, self.negative[span] - complains)

    def advance(self, event_time: int, expected: float) -> None:
        """Let time pass until `event_time`, when the baseline has foreseen `expected` negatives from its beginning.

        Does something only when a span has ended, so that it may be called for every mention.
        """
        if (event_time - self.start) // self.width != (self.at - self.start) // self.width and event_time > self.at:
            self._pay(event_time, expected)

    def series(self, event_time: int, expected: float) -> Series:
        """What is known at `event_time`, silence included; changes nothing."""
        shown = Timeline(
            self.start, self.width, [*self.mentions], [*self.negative], [*self.expected], self.at, self.paid
        )  # fmt: skip
        shown._pay(max(event_time, self.at), expected)
        due = tuple([expected / _MILLI for expected in shown.expected])
        start = datetime.fromtimestamp(self.start, UTC)
        return Series(start, shown.width, tuple(shown.mentions), tuple(shown.negative), due)

    def _pay(self, event_time: int, expected: float) -> None:
        """Put what was expected since the last time into the spans that it falls into."""
        self._make_room(max(0, (event_time - self.start) // self.width))
        passed = event_time - self.at
        if passed <= 0:
            return
        self._spread(self.at, event_time, max(0.0, expected - self.paid) / passed * _MILLI)
        self.at, self.paid = event_time, expected

    def _spread(self, since: int, until: int, a_second: float) -> None:
        """Add to what was expected so much for every second from `since` until `until`, rounded by span."""
        width, last = self.width, min((until - self.start) // self.width + 1, len(self.expected))
        for span in range(max(0, (since - self.start) // width), last):
            begin = self.start + span * width
            overlap = min(until, begin + width) - max(since, begin)
            if overlap > 0:
                self.expected[span] += round(a_second * overlap)

    def _make_room(self, span: int) -> int:
        """Make spans up to `span`, longer ones if need be; gives where it has come to lie."""
        while span >= SPANS:
            self.mentions, self.negative, self.expected = map(_halved, (self.mentions, self.negative, self.expected))
            self.width *= 2
            span //= 2
        for counts in (self.mentions, self.negative, self.expected):
            if span >= len(counts):
                counts.extend([0] * (span + 1 - len(counts)))
        return span


def begun(started: int, now: int, known_since: int, usual: Callable[[int, int], float], expected: float) -> Timeline:
    """The timeline of an incident that began at `started` and is found at `now`.

    It shows as much time before the beginning as has passed since, half an hour at least, as far as mentions are known
    (`known_since`).  `usual`: negatives foreseen between two times, by the hour; `expected`: foreseen until now from
    the baseline's beginning.
    """
    start = min(max(started - max(1800, now - started), known_since), now)
    width = NARROWEST
    while now - start >= _ROOM * width:
        width *= 2
    start -= start % width
    at, step = start, max(_HOUR, (now - start) // (7 * 24))
    paid = expected - usual(start, now)
    made = Timeline(start, width, at=start, paid=paid)
    while at < now:
        since, at = at, min((at // step + 1) * step, now)
        paid += usual(since, at)
        made._pay(at, paid)
    made.paid = expected
    return made


def remembered(memory: Memory, now: int) -> tuple[int, list[tuple[int, bool]]]:
    """Since when mentions are known, and when each was made and whether it complained, from the memory of post ids.

    Deleted mentions weigh nothing and are left out with other weightless ones.  A memory that was read back knows the
    minute of forty days at most.
    """
    mentions, older = memory.mentions(now // 60)
    known = [(minute * 60, complains) for minute, complains in mentions]
    since = max(now - _REMEMBERED, min((event_time for event_time, _ in known), default=now) + 60 if older else 0)
    return since, [(event_time, complains) for event_time, complains in known if event_time >= since]


def _halved(counts: list[int]) -> list[int]:
    """Half as many spans, each twice as long."""
    return [sum(counts[span : span + 2]) for span in range(0, len(counts), 2)]
