"""Evidence of a surge: has the rate of an entity's negatives risen, and has their share?

Two families of CUSUMs of log-likelihood ratios in the manner of Page (1954), made forgetful so that an old half-alarm
does not wait for ever for its other half.  The null is composite: up to 30 % above the expected rate, and a quarter of
a logit above the usual share, are still normal.  A surge needs both families: the minimum of the two maxima.  That is
what decays promotions and news (more of everything) and quiet hours (a higher share of little) from raising anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from typing import Final

from pipeline.detect.evidence.baseline import shifted
from pipeline.detect.evidence.change_point import ChangePoint
from pipeline.detect.evidence.pile_on import FAST, TAU

RATIOS = (1.6, 2.5, 5.0, 12.0)
"""Alternatives: the rate is so many times the expected; half-lives 12, 6, 3 and 3 hours."""

ODDS = (1.6, 2.5, 5.0)
"""Alternatives: the odds of a negative are so many times the usual; half-lives 12, 6 and 3 hours."""

CAP: Final = 14.0
"""Most evidence there may be, in nats, so that an incident can end."""

_TOLERATED_RATE: Final = 1.3
_TOLERATED_LOGIT: Final = 0.25
_SLOWEST: Final = 12 * 3600.0
_LOG0: Final = log(RATIOS[0])
_LOG1: Final = log(RATIOS[1])
_LOG2: Final = log(RATIOS[2])
_LOG3: Final = log(RATIOS[3])
_LOGIT0: Final = log(ODDS[0])
_LOGIT1: Final = log(ODDS[1])
_LOGIT2: Final = log(ODDS[2])
_DRAIN0: Final = (RATIOS[0] - 1.0) * _TOLERATED_RATE
_DRAIN1: Final = (RATIOS[1] - 1.0) * _TOLERATED_RATE
_DRAIN2: Final = (RATIOS[2] - 1.0) * _TOLERATED_RATE
_DRAIN3: Final = (RATIOS[3] - 1.0) * _TOLERATED_RATE


def _time(start: ChangePoint) -> int:
    return start.at


class SurgeCusum:
    """Forgetful log-evidence, in nats.

    Guarantees: each value stays within 0 and `CAP`; mentions of one time may come in any order among the others;
    O(1) a mention.  Others than negatives are only noted (`others`) and paid at the next negative.
    `fast`, `middle`: negatives, decaying over 5 and 30 minutes.  `r0` … `r3`: evidence by `RATIOS`, with `starts`;
    `s0` … `s2`: by `ODDS`, and `u0`, `d0` …: the steps up and down of those.  Each is a number by itself, since all of
    them change with every negative and a list would hold them as objects.
    """

    __match_args__ = ("at", "expected", "others", "fast", "middle", "rate", "share", "up", "down", "starts")
    __slots__ = (
        "at", "d0", "d1", "d2", "expected", "fast", "middle", "others", "r0", "r1", "r2", "r3", "s0", "s1", "s2",
        "starts", "u0", "u1", "u2",
    )  # fmt: skip

    def __init__(
        self, at: int = 0, expected: float = 0.0, others: float = 0.0, fast: float = 0.0, middle: float = 0.0,
        rate: Sequence[float] = (0.0,) * 4, share: Sequence[float] = (0.0,) * 3, up: Sequence[float] = (0.0,) * 3,
        down: Sequence[float] = (0.0,) * 3, starts: Sequence[ChangePoint] = (ChangePoint(),) * 4,
    ) -> None:  # fmt: skip
        self.at = at
        self.expected = expected
        self.others = others
        self.fast = fast
        self.middle = middle
        self.r0, self.r1, self.r2, self.r3 = rate
        self.s0, self.s1, self.s2 = share
        self.u0, self.u1, self.u2 = up
        self.d0, self.d1, self.d2 = down
        self.starts = [*starts]

    @property
    def rate(self) -> list[float]:
        """Evidence of a risen rate, by `RATIOS`."""
        return [self.r0, self.r1, self.r2, self.r3]

    @property
    def share(self) -> list[float]:
        """Evidence of a risen share, by `ODDS`."""
        return [self.s0, self.s1, self.s2]

    @property
    def up(self) -> list[float]:
        """What a negative adds to the evidence of a share."""
        return [self.u0, self.u1, self.u2]

    @property
    def down(self) -> list[float]:
        """What another mention adds, below zero."""
        return [self.d0, self.d1, self.d2]

    def refresh(self, p0: float) -> None:
        """Take the usual share `p0` as it now is into the steps of the share tests."""
        null = shifted(p0, _TOLERATED_LOGIT)
        a0, a1, a2 = shifted(null, _LOGIT0), shifted(null, _LOGIT1), shifted(null, _LOGIT2)
        rest = 1.0 - null
        self.u0, self.d0 = log(a0 / null), log((1.0 - a0) / rest)
        self.u1, self.d1 = log(a1 / null), log((1.0 - a1) / rest)
        self.u2, self.d2 = log(a2 / null), log((1.0 - a2) / rest)

    def advance(self, event_time: int, expected: float, phi: float) -> None:
        """Let time pass; a time not after the last call drains nothing, since that span has been paid.

        `expected`: negatives that the baseline foresaw from the beginning until `event_time`; `phi`: their
        over-dispersion.
        """
        passed = event_time - self.at
        if passed <= 0:
            return
        decay: float = 0.5 ** (passed / _SLOWEST)  # a power may be any number to a type checker
        decay2 = decay * decay
        decay4 = decay2 * decay2
        due = (expected - self.expected) / phi
        self.at = event_time
        self.expected = expected
        # Written out, and most values stand at zero: this runs for every negative.
        r0 = self.r0 * decay - _DRAIN0 * due
        r1 = self.r1 * decay2 - _DRAIN1 * due
        r2 = self.r2 * decay4 - _DRAIN2 * due
        r3 = self.r3 * decay4 - _DRAIN3 * due
        self.r0 = r0 if r0 > 0.0 else 0.0
        self.r1 = r1 if r1 > 0.0 else 0.0
        self.r2 = r2 if r2 > 0.0 else 0.0
        self.r3 = r3 if r3 > 0.0 else 0.0
        self.s0 *= decay
        self.s1 *= decay2
        self.s2 *= decay4
        self.fast *= exp(-passed / FAST)
        self.middle *= exp(-passed / TAU)

    def add(self, negative: float, other: float, phi: float) -> float:
        """Take in a mention that weighs `negative` and `other`, now; gives the evidence of a surge."""
        step = negative / phi
        r0 = self.r0 + _LOG0 * step
        self.r0 = r0 = r0 if r0 < CAP else CAP
        r1 = self.r1 + _LOG1 * step
        self.r1 = r1 = r1 if r1 < CAP else CAP
        r2 = self.r2 + _LOG2 * step
        self.r2 = r2 = r2 if r2 < CAP else CAP
        r3 = self.r3 + _LOG3 * step
        self.r3 = r3 = r3 if r3 < CAP else CAP
        others = self.others + other
        self.others = 0.0
        s0 = self.s0 + self.d0 * others
        s1 = self.s1 + self.d1 * others
        s2 = self.s2 + self.d2 * others
        s0 = (s0 if s0 > 0.0 else 0.0) + self.u0 * negative
        s1 = (s1 if s1 > 0.0 else 0.0) + self.u1 * negative
        s2 = (s2 if s2 > 0.0 else 0.0) + self.u2 * negative
        self.s0 = s0 = s0 if s0 < CAP else CAP
        self.s1 = s1 = s1 if s1 < CAP else CAP
        self.s2 = s2 = s2 if s2 < CAP else CAP
        self.fast += 1.0
        self.middle += 1.0
        slow, quick = r0 if r0 > r1 else r1, r2 if r2 > r3 else r3
        rate, share = slow if slow > quick else quick, s0 if s0 > s1 else s1
        share = share if share > s2 else s2
        return rate if rate < share else share

    def rests(self) -> bool:
        """Whether a rate test stands at zero, so that its beginning is to be noted."""
        return self.r0 == 0.0 or self.r1 == 0.0 or self.r2 == 0.0 or self.r3 == 0.0

    def begin(self, start: ChangePoint) -> None:
        """Note `start` for the rate tests that stand at zero, just before a negative is taken in."""
        starts = self.starts
        if self.r0 == 0.0:
            starts[0] = start
        if self.r1 == 0.0:
            starts[1] = start
        if self.r2 == 0.0:
            starts[2] = start
        if self.r3 == 0.0:
            starts[3] = start

    def start(self) -> ChangePoint:
        """When the latest rate test that agrees with the strongest left zero: the likely beginning of what they found.

        The tests of small ratios remember for half a day, so their own beginning is often only noise.
        """
        agreed = 0.6 * max(self.rate)
        return max((start for start, rate in zip(self.starts, self.rate, strict=True) if rate >= agreed), key=_time)

    def clear(self) -> None:
        """Forget the evidence: what it stood for has been reported."""
        self.r0 = self.r1 = self.r2 = self.r3 = self.s0 = self.s1 = self.s2 = self.others = 0.0

    def retract(self, negative: float, age: float, phi: float) -> None:
        """Take out what a negative of that weight, counted `age` seconds ago, still weighs."""
        decay: float = 0.5 ** (age / _SLOWEST)
        step = negative / phi
        decays = (decay, decay**2, decay**4, decay**4)
        steps = (_LOG0 * step, _LOG1 * step, _LOG2 * step, _LOG3 * step)
        self.r0, self.r1, self.r2, self.r3 = [
            max(0.0, r - k * up) for r, k, up in zip(self.rate, decays, steps, strict=True)
        ]
        self.s0, self.s1, self.s2 = [
            max(0.0, entity - k * up * negative) for entity, k, up in zip(self.share, decays, self.up, strict=False)
        ]
