"""Evidence about the entity as a whole: has the rate of negatives risen, and has their share?

Two families of CUSUMs of log-likelihood ratios in the manner of Page (1954), made forgetful so that an old half-alarm
does not wait for ever for its other half.  The null is composite: up to 30 % above the expected rate, and a quarter of
a logit above the usual share, are still normal.  A surge needs both families: the minimum of the two maxima.  That is
what keeps promotions and news (more of everything) and quiet hours (a higher share of little) from raising anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log
from typing import Final

from pipeline.detect.baseline import shifted
from pipeline.detect.start import Start
from pipeline.detect.threads import FAST, TAU

RATIOS = (1.6, 2.5, 5.0, 12.0)
"""Alternatives: the rate is so many times the expected; half-lives 12, 6, 3 and 3 hours."""

ODDS = (1.6, 2.5, 5.0)
"""Alternatives: the odds of a negative are so many times the usual; half-lives 12, 6 and 3 hours."""

CAP: Final = 14.0
"""Most evidence that is kept, in nats, so that an incident can end."""

_TOLERATED_RATE: Final = 1.3
_TOLERATED_LOGIT: Final = 0.25
_SLOWEST: Final = 12 * 3600.0
_LOG0: Final = log(RATIOS[0])
_LOG1: Final = log(RATIOS[1])
_LOG2: Final = log(RATIOS[2])
_LOG3: Final = log(RATIOS[3])
_DRAIN0: Final = (RATIOS[0] - 1.0) * _TOLERATED_RATE
_DRAIN1: Final = (RATIOS[1] - 1.0) * _TOLERATED_RATE
_DRAIN2: Final = (RATIOS[2] - 1.0) * _TOLERATED_RATE
_DRAIN3: Final = (RATIOS[3] - 1.0) * _TOLERATED_RATE


def _time(start: Start) -> int:
    return start.t


@dataclass(slots=True)
class Evidence:
    """Forgetful log-evidence, in nats.

    Guarantees: each value stays within 0 and `CAP`; mentions of one time may come in any order among the others;
    O(1) a mention.  Others than negatives are only noted (`others`) and paid at the next negative.
    `fast`, `middle`: negatives, decaying over 5 and 30 minutes.
    """

    at: int = 0
    expected: float = 0.0
    others: float = 0.0
    fast: float = 0.0
    middle: float = 0.0
    rate: list[float] = field(default_factory=lambda: [0.0] * 4)
    share: list[float] = field(default_factory=lambda: [0.0] * 3)
    up: list[float] = field(default_factory=lambda: [0.0] * 3)
    down: list[float] = field(default_factory=lambda: [0.0] * 3)
    starts: list[Start] = field(default_factory=lambda: [Start()] * 4)

    def refresh(self, p0: float) -> None:
        """Take the usual share `p0` as it now is into the steps of the share tests."""
        null = shifted(p0, _TOLERATED_LOGIT)
        for j, odds in enumerate(ODDS):
            alternative = shifted(null, log(odds))
            self.up[j] = log(alternative / null)
            self.down[j] = log((1.0 - alternative) / (1.0 - null))

    def settle(self, t: int, expected: float, phi: float) -> None:
        """Let time pass until `t`; a time not after the last call drains nothing, since that span has been paid.

        `expected`: negatives that the baseline foresaw from the beginning until `t`; `phi`: their over-dispersion.
        """
        passed = t - self.at
        if passed <= 0:
            return
        keep = 0.5 ** (passed / _SLOWEST)
        keep2 = keep * keep
        keep4 = keep2 * keep2
        due = (expected - self.expected) / phi
        self.at, self.expected = t, expected
        rate, share = self.rate, self.share
        r0, r1, r2, r3 = rate
        # Written out, and most values stand at zero: this runs for every negative.
        r0 = r0 * keep - _DRAIN0 * due
        r1 = r1 * keep2 - _DRAIN1 * due
        r2 = r2 * keep4 - _DRAIN2 * due
        r3 = r3 * keep4 - _DRAIN3 * due
        rate[0] = r0 if r0 > 0.0 else 0.0
        rate[1] = r1 if r1 > 0.0 else 0.0
        rate[2] = r2 if r2 > 0.0 else 0.0
        rate[3] = r3 if r3 > 0.0 else 0.0
        share[0] *= keep
        share[1] *= keep2
        share[2] *= keep4
        self.fast *= exp(-passed / FAST)
        self.middle *= exp(-passed / TAU)

    def add(self, negative: float, other: float, phi: float) -> float:
        """Take in a mention that weighs `negative` and `other`, now; gives the evidence of a surge."""
        step = negative / phi
        rate, share = self.rate, self.share
        r0, r1, r2, r3 = rate
        r0 += _LOG0 * step
        rate[0] = r0 = r0 if r0 < CAP else CAP
        r1 += _LOG1 * step
        rate[1] = r1 = r1 if r1 < CAP else CAP
        r2 += _LOG2 * step
        rate[2] = r2 = r2 if r2 < CAP else CAP
        r3 += _LOG3 * step
        rate[3] = r3 = r3 if r3 < CAP else CAP
        others = self.others + other
        self.others = 0.0
        up0, up1, up2 = self.up
        down0, down1, down2 = self.down
        s0, s1, s2 = share
        s0 += down0 * others
        s1 += down1 * others
        s2 += down2 * others
        s0 = (s0 if s0 > 0.0 else 0.0) + up0 * negative
        s1 = (s1 if s1 > 0.0 else 0.0) + up1 * negative
        s2 = (s2 if s2 > 0.0 else 0.0) + up2 * negative
        share[0] = s0 = s0 if s0 < CAP else CAP
        share[1] = s1 = s1 if s1 < CAP else CAP
        share[2] = s2 = s2 if s2 < CAP else CAP
        self.fast += 1.0
        self.middle += 1.0
        return min(max(r0, r1, r2, r3), max(s0, s1, s2))

    def begin(self, start: Start) -> None:
        """Note `start` for the rate tests that stand at zero, just before a negative is taken in."""
        for j, rate in enumerate(self.rate):
            if rate == 0.0:
                self.starts[j] = start

    def start(self) -> Start:
        """When the latest rate test that agrees with the strongest left zero: the likely beginning of what they found.

        The tests of small ratios remember for half a day, so their own beginning is often only noise.
        """
        agreed = 0.6 * max(self.rate)
        return max((start for start, rate in zip(self.starts, self.rate, strict=True) if rate >= agreed), key=_time)

    def clear(self) -> None:
        """Forget the evidence: what it stood for has been told."""
        self.rate, self.share, self.others = [0.0] * 4, [0.0] * 3, 0.0

    def take_back(self, negative: float, age: float, phi: float) -> None:
        """Take out what a negative of that weight, heard `age` seconds ago, still weighs."""
        keep = 0.5 ** (age / _SLOWEST)
        step = negative / phi
        keeps = (keep, keep**2, keep**4, keep**4)
        steps = (_LOG0 * step, _LOG1 * step, _LOG2 * step, _LOG3 * step)
        self.rate = [max(0.0, r - k * up) for r, k, up in zip(self.rate, keeps, steps, strict=True)]
        self.share = [max(0.0, s - k * up * negative) for s, k, up in zip(self.share, keeps, self.up, strict=False)]
