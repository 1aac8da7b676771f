"""The course of an incident: mentions of the entity over time, from before it began, against what was expected.

At most `SPANS` spans; when they are full, neighbours are added up and each span is twice as long.  So minutes are told
apart while an incident is young, and a groundswell of a week still fits.
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct, field

from pipeline.contracts.messages import Series
from pipeline.detect.memory import Memory
from pipeline.detect.spans import halved, parts, spread

SPANS = 48
NARROWEST = 60
"""Seconds of a span at first."""

_ROOM = SPANS // 2
"""Spans that the time before the opening may fill."""

_MILLI = 1000.0
_REMEMBERED = 40 * 86_400


class Course(Struct, array_like=True):
    """Counts by span, all mentions of the entity; times in whole seconds.

    `expected`: thousandths of a negative mention, settled until `at`, when the baseline had foreseen `paid` of them
    from its beginning.
    """

    start: int = 0
    width: int = NARROWEST
    mentions: list[int] = field(default_factory=list)
    negative: list[int] = field(default_factory=list)
    expected: list[int] = field(default_factory=list)
    at: int = 0
    paid: float = 0.0

    def add(self, t: int, complains: bool) -> None:
        """Count a mention of time `t`; one from before the start is not shown."""
        place = (t - self.start) // self.width
        if place < 0:
            return
        place = self._make_room(place)
        self.mentions[place] += 1
        self.negative[place] += complains

    def take_back(self, t: int, complains: bool) -> None:
        """Take out a mention that was deleted."""
        place = (t - self.start) // self.width
        if 0 <= place < len(self.mentions):
            self.mentions[place] = max(0, self.mentions[place] - 1)
            self.negative[place] = max(0, self.negative[place] - complains)

    def settle(self, t: int, expected: float) -> None:
        """Let time pass until `t`, when the baseline has foreseen `expected` negatives from its beginning.

        Does something only when a span has ended, so that it may be called for every mention.
        """
        if (t - self.start) // self.width != (self.at - self.start) // self.width and t > self.at:
            self._settle(t, expected)

    def series(self, t: int, expected: float) -> Series:
        """What is known at `t`, silence included; changes nothing."""
        shown = Course(
            self.start, self.width, [*self.mentions], [*self.negative], [*self.expected], self.at, self.paid
        )  # fmt: skip
        shown._settle(max(t, self.at), expected)
        due = parts(shown.expected, _MILLI)
        start = datetime.fromtimestamp(self.start, UTC)
        return Series(start, shown.width, tuple(shown.mentions), tuple(shown.negative), due)

    def _settle(self, t: int, expected: float) -> None:
        """Put what was expected since the last settling into the spans that it falls into."""
        self._make_room(max(0, (t - self.start) // self.width))
        passed = t - self.at
        if passed <= 0:
            return
        a_second = max(0.0, expected - self.paid) / passed * _MILLI
        spread(self.expected, self.start, self.width, self.at, t, a_second)
        self.at, self.paid = t, expected

    def _make_room(self, place: int) -> int:
        """Make spans up to `place`, longer ones if need be; gives where it has come to lie."""
        while place >= SPANS:
            self.mentions, self.negative, self.expected = map(halved, (self.mentions, self.negative, self.expected))
            self.width *= 2
            place //= 2
        for counts in (self.mentions, self.negative, self.expected):
            if place >= len(counts):
                counts.extend([0] * (place + 1 - len(counts)))
        return place


def begun(started: int, now: int, known_since: int, a_second: float, expected: float) -> Course:
    """The course of an incident that began at `started` and is found at `now`.

    It shows as much time before the beginning as has passed since, half an hour at least, as far as mentions are known
    (`known_since`).  `a_second`: negatives expected a second at this hour; `expected`: foreseen until now from the
    baseline's beginning.
    """
    start = min(max(started - max(1800, now - started), known_since), now)
    width = NARROWEST
    while now - start >= _ROOM * width:
        width *= 2
    start -= start % width
    course = Course(start, width, at=start, paid=expected - a_second * (now - start))
    course.settle(now, expected)
    return course


def remembered(memory: Memory, now: int) -> tuple[int, list[tuple[int, bool]]]:
    """Since when mentions are known, and when each was made and whether it complained, from the memory of post ids.

    Deleted mentions weigh nothing and are left out with other weightless ones.  A memory that was read back knows the
    minute of forty days at most.
    """
    known = [(minute * 60, complains) for minute, complains in memory.mentions()]
    since = max(now - _REMEMBERED, min((t for t, _ in known), default=now) + 60 if memory.full() else 0)
    return since, [(t, complains) for t, complains in known if t >= since]
