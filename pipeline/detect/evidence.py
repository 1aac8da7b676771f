"""Evidence about the entity as a whole: has the rate of negatives risen, and has their share?

Two families of CUSUMs of log-likelihood ratios in the manner of Page (1954), made forgetful so that an old half-alarm
does not wait for ever for its other half.  The null is composite: up to 30 % above the expected rate, and a quarter of
a logit above the usual share, are still normal.  A surge needs both families: the minimum of the two maxima.  That is
what keeps promotions and news (more of everything) and quiet hours (a higher share of little) from raising anything.
"""

from __future__ import annotations

from math import exp, log

from msgspec import Struct, field

from pipeline.detect.baseline import shifted
from pipeline.detect.threads import FAST, TAU

RATIOS = (1.6, 2.5, 5.0, 12.0)
"""Alternatives: the rate is so many times the expected; half-lives 12, 6, 3 and 3 hours."""

ODDS = (1.6, 2.5, 5.0)
"""Alternatives: the odds of a negative are so many times the usual; half-lives 12, 6 and 3 hours."""

CAP = 14.0
"""Most evidence that is kept, in nats, so that an incident can end."""

_TOLERATED_RATE = 1.3
_TOLERATED_LOGIT = 0.25
_SLOWEST = 12 * 3600.0
_LOG0, _LOG1, _LOG2, _LOG3 = (log(r) for r in RATIOS)
_DRAIN0, _DRAIN1, _DRAIN2, _DRAIN3 = ((r - 1.0) * _TOLERATED_RATE for r in RATIOS)


class Start(Struct, array_like=True, frozen=True):
    """When a run of rate evidence left zero, and what had been counted for the entity until then."""

    t: int = 0
    mentions: int = 0
    negative: int = 0
    authors: int = 0
    copies: int = 0
    expected: float = 0.0


class Evidence(Struct, array_like=True):
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

    def add(self, t: int, negative: float, other: float, expected: float, phi: float) -> float:
        """Take in a mention that weighs `negative` and `other`; gives the evidence of a surge.

        `expected`: negatives that the baseline foresaw from the beginning until `t`; `phi`: their over-dispersion.
        A time before the last call drains nothing: that span has been paid.
        """
        r0, r1, r2, r3 = self.rate
        s0, s1, s2 = self.share
        if t > self.at:
            before = self.at
            keep = 0.5 ** ((t - before) / _SLOWEST)
            keep2 = keep * keep
            keep4 = keep2 * keep2
            due = (expected - self.expected) / phi
            self.at, self.expected = t, expected
            r0 = r0 * keep - _DRAIN0 * due
            r1 = r1 * keep2 - _DRAIN1 * due
            r2 = r2 * keep4 - _DRAIN2 * due
            r3 = r3 * keep4 - _DRAIN3 * due
            s0 *= keep
            s1 *= keep2
            s2 *= keep4
            self.fast *= exp((before - t) / FAST)
            self.middle *= exp((before - t) / TAU)
        self.fast += 1.0
        self.middle += 1.0
        step = negative / phi
        self.rate = [
            min((r0 if r0 > 0.0 else 0.0) + _LOG0 * step, CAP),
            min((r1 if r1 > 0.0 else 0.0) + _LOG1 * step, CAP),
            min((r2 if r2 > 0.0 else 0.0) + _LOG2 * step, CAP),
            min((r3 if r3 > 0.0 else 0.0) + _LOG3 * step, CAP),
        ]
        others = self.others + other
        self.others = 0.0
        up, down = self.up, self.down
        s0 += down[0] * others
        s1 += down[1] * others
        s2 += down[2] * others
        self.share = [
            min((s0 if s0 > 0.0 else 0.0) + up[0] * negative, CAP),
            min((s1 if s1 > 0.0 else 0.0) + up[1] * negative, CAP),
            min((s2 if s2 > 0.0 else 0.0) + up[2] * negative, CAP),
        ]
        return min(max(self.rate), max(self.share))

    def restarted(self, before: list[float], start: Start) -> None:
        """Note `start` for the tests that were at zero `before` the last mention."""
        for j in range(4):
            if before[j] == 0.0:
                self.starts[j] = start

    def start(self) -> Start:
        """When the strongest rate test left zero: the most likely beginning of what it has found."""
        return self.starts[self.rate.index(max(self.rate))]

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
