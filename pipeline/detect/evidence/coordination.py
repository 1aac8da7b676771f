"""Signs of coordination: few hands, or a programme, behind many mentions.

Few authors, copied texts or new accounts are each enough.  So are posts that come like clockwork, when they do so more
evenly than people ever do; when they are only rather even, a second sign must join in.
"""

from __future__ import annotations

from msgspec import Struct

from pipeline.contracts.messages import Reason

FEW_VOICES = 0.35
"""Share of distinct authors below which a crowd is not one."""

MANY_COPIES = 0.5
YOUNG = 30 * 86_400
"""Seconds for which an account counts as new."""

MOSTLY_YOUNG = 0.5
FEWEST = 8
"""Mentions below which nothing can be said."""

CLOCKWORK, EVEN = 0.1, 0.35
"""Standard deviation of the gaps over their mean; people arrive at random, which gives 1 and more."""

CLOCKWORK_GAPS, EVEN_GAPS = 24, 16
_SHORTEST = 2.0  # mean gap in seconds: times are whole seconds, shorter gaps cannot be told to be even


class CoordinationSigns(Struct, array_like=True):
    """What is counted of an incident for this: accounts whose age is known (`aged`) and new ones among them, and the
    gaps between complaints (`total` seconds, `squares` their sum of squares; `last`: time of the newest)."""

    aged: int = 0
    young: int = 0
    last: int = 0
    gaps: int = 0
    total: int = 0
    squares: int = 0

    def add(self, event_time: int, age: float | None, complains: bool) -> None:
        """Count a mention by an account of that age (seconds; None: not known)."""
        if age is not None:
            self.aged += 1
            self.young += age < YOUNG
        if not complains:
            return
        last = self.last
        if last and event_time >= last:
            gap = event_time - last
            self.gaps += 1
            self.total += gap
            self.squares += gap * gap
        if event_time > last:
            self.last = event_time

    def evenness(self) -> float:
        """Standard deviation of the gaps over their mean; large when nothing can be said."""
        if self.gaps == 0 or self.total < _SHORTEST * self.gaps:
            return 1e9
        mean = self.total / self.gaps
        return float(max(0.0, self.squares / self.gaps - mean * mean) ** 0.5 / mean)


def reasons(mentions: int, authors: int, copies: int, reposts: int, signs: CoordinationSigns) -> tuple[Reason, ...]:
    """Why an incident looks coordinated; empty when it does not.

    Reposts are copies by nature and do not count as such.
    """
    if mentions < FEWEST:
        return ()
    answers = mentions - reposts
    few, copied = authors / mentions, copies / answers if answers >= FEWEST else 0.0
    young = signs.young / signs.aged if signs.aged >= FEWEST else 0.0
    even = signs.evenness()
    found: list[Reason] = []
    if few < FEW_VOICES:
        found.append("few_authors")
    if copied > MANY_COPIES:
        found.append("copied_texts")
    if young > MOSTLY_YOUNG:
        found.append("new_accounts")
    helped = few < 2 * FEW_VOICES or copied > MANY_COPIES / 2 or young > MOSTLY_YOUNG / 2
    if (signs.gaps >= CLOCKWORK_GAPS and even <= CLOCKWORK) or (signs.gaps >= EVEN_GAPS and even <= EVEN and helped):
        found.append("lockstep")
    return tuple(found)
