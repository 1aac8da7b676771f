"""Baselines: what is normal for an entity at this hour.

Expected rates, their over-dispersion, and the usual share of negatives: a level times a profile over (weekend, hour),
learned from bins of ten minutes and shrunk to flat where little was said.  Bins are winsorised, and left out altogether
while an incident is on (for at most 48 hours), so that a snowball does not become its own baseline.  All sums forget
exponentially.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import Final

BIN: Final = 600.0
"""Seconds of a bin."""

HOUR: Final = 3600.0
DAY: Final = 86400.0
FROZEN_AT_MOST: Final = 48 * HOUR

_BIN: Final = 600
_HOUR: Final = 3600
_DAY: Final = 86400  # whole, since a remainder of floats takes a fifth of all that is done at the end of a bin
_BINS: Final = range(_HOUR // _BIN + 1)
# What is left after so many bins, up to an hour.  Of the profile: a half-life of 15 days on which the slot came up.
_LEVEL_DECAYS: Final[list[float]] = [(0.5 ** (BIN / (7 * DAY))) ** bins for bins in _BINS]
_SHARE_DECAYS: Final[list[float]] = [(0.5 ** (BIN / (10 * DAY))) ** bins for bins in _BINS]
_PROFILE_DECAYS: Final[list[float]] = [(0.5 ** (1 / (15 * 6))) ** bins for bins in _BINS]
_PHI_DECAYS: Final[float] = 0.5 ** (HOUR / (14 * DAY))
_PROFILE_PRIOR: Final = 10.0  # mentions' worth of belief in a flat profile
# Beliefs before anything was observed: negatives, others, seconds; negatives and all; dispersion and mentions; negative
# answers and negatives.
_LEVEL_NEGATIVE: Final = 1.0
_LEVEL_OTHER: Final = 4.0
_LEVEL_SECONDS: Final = 12 * HOUR
_SHARE_NEGATIVE: Final = 2.0
_SHARE_ALL: Final = 10.0
_PHI_USUAL: Final = 1.4
_PHI_BELIEF: Final = 12.0
_DRAWN_ANSWERS: Final = 6.0
_DRAWN_NEGATIVE: Final = 15.0
_ANSWERS_A_DAY: Final = 10.0  # negative answers of the reference entity
_FALL: Final = 1.4  # e-folds by which false pile-ons fall with a nat of evidence, measured over entities of all sizes
_BRANCHING_LEAST: Final = 0.4
_BRANCHING_MOST: Final = 0.8
_BUSY_LEAST: Final = 0.2  # times the answers of the reference entity
_BUSY_MOST: Final = 1e6
_PHI_LEAST: Final = 1.0
_PHI_MOST: Final = 1000.0
_LONGEST_SILENCE: Final = 60 * _DAY


class Baseline:
    """The baseline of an entity and the bin in progress.

    `mu_negative`, `mu_other`: expected clean mentions a second in the hour in progress.  `spent`: negatives expected
    from the beginning to the start of the bin, which is the clock of the rate evidence.  `branching`: negative answers
    that a negative may draw without being remarkable; `answers`: negative answers in the bin, of each thread only the
    first few, so that a snowball does not teach that snowballs are usual.
    `busy`: nats by which the pile-on test must show more here than in an entity of the reference size, because it is
    made on more threads.

    Fading sums, each a number by itself, since all of them change with every bin and a list would hold them as objects:
    `level_…` of mentions and of seconds on the average hour, `share_…` of negatives and all, `spread_…` of squared
    differences and of what was due, `drawn_…` of negative answers and negatives; `hour_…` what came and was due in
    the hour.  `observed` and `due` have the profile, by slot.
    """

    __match_args__ = (
        "born", "bin_end", "slot", "negative", "other", "level", "share", "observed", "due", "hour", "spread", "phi",
        "p0", "mu_negative", "mu_other", "factor", "spent", "frozen", "answers", "drawn", "branching", "busy",
    )  # fmt: skip
    __slots__ = (
        "answers", "bin_end", "born", "branching", "busy", "drawn_answers", "drawn_negative", "due", "factor",
        "frozen", "hour_due", "hour_negative", "level_negative", "level_other", "level_seconds", "mu_negative",
        "mu_other", "negative", "observed", "other", "p0", "phi", "share_all", "share_negative", "slot", "spent",
        "spread_due", "spread_squares",
    )  # fmt: skip

    def __init__(
        self, born: float = 0.0, bin_end: float = 0.0, slot: int = 0, negative: float = 0.0, other: float = 0.0,
        level: Sequence[float] = (0.0,) * 3, share: Sequence[float] = (0.0,) * 2,
        observed: Sequence[float] = (0.0,) * 48, due: Sequence[float] = (0.0,) * 48,
        hour: Sequence[float] = (0.0,) * 2, spread: Sequence[float] = (0.0,) * 2, phi: float = _PHI_USUAL,
        p0: float = _SHARE_NEGATIVE / _SHARE_ALL, mu_negative: float = 0.0, mu_other: float = 0.0,
        factor: float = 1.0, spent: float = 0.0, frozen: float = 0.0, answers: float = 0.0,
        drawn: Sequence[float] = (0.0,) * 2, branching: float = 0.5, busy: float = 0.0,
    ) -> None:  # fmt: skip
        self.born = born
        self.bin_end = bin_end
        self.slot = slot
        self.negative = negative
        self.other = other
        self.level_negative, self.level_other, self.level_seconds = level
        self.share_negative, self.share_all = share
        self.observed = [*observed]
        self.due = [*due]
        self.hour_negative, self.hour_due = hour
        self.spread_squares, self.spread_due = spread
        self.phi = phi
        self.p0 = p0
        self.mu_negative = mu_negative
        self.mu_other = mu_other
        self.factor = factor
        self.spent = spent
        self.frozen = frozen
        self.answers = answers
        self.drawn_answers, self.drawn_negative = drawn
        self.branching = branching
        self.busy = busy

    @property
    def level(self) -> list[float]:
        """Sums of negatives, others and seconds."""
        return [self.level_negative, self.level_other, self.level_seconds]

    @property
    def share(self) -> list[float]:
        """Sums of negatives and of all."""
        return [self.share_negative, self.share_all]

    @property
    def hour(self) -> list[float]:
        """Negatives that came and were due in the hour in progress."""
        return [self.hour_negative, self.hour_due]

    @property
    def spread(self) -> list[float]:
        """Sums of squared differences from what was due, and of what was due."""
        return [self.spread_squares, self.spread_due]

    @property
    def drawn(self) -> list[float]:
        """Sums of negative answers and of negatives."""
        return [self.drawn_answers, self.drawn_negative]

    def begin(self, event_time: int) -> None:
        """Start at the first mention."""
        self.born = float(event_time)
        start = event_time // _BIN * _BIN
        self._enter(start)
        self.bin_end = float(start + _BIN)

    def close(self, event_time: int, hot: bool) -> bool:
        """Close the bins that end at or before `event_time`; gives whether an hour has begun, and with it new rates.

        `hot`: an incident is on, so what is said is not normal.  Silence is taken in an hour at a time.
        """
        end = int(self.bin_end)
        hour = end % _HOUR == 0
        self._absorb(1, hot)
        self.negative = self.other = self.answers = 0.0
        last = event_time // _BIN * _BIN
        if last - end > _LONGEST_SILENCE:
            end = last - _LONGEST_SILENCE
        while end < last:
            if end % _HOUR == 0:
                self._enter(end)
                hour = True
            until = min(end // _HOUR * _HOUR + _HOUR, last)
            self._absorb((until - end) // _BIN, hot)
            end = until
        if end % _HOUR == 0:
            self._enter(end)
            hour = True
        self.bin_end = float(last + _BIN)
        return hour

    def expected(self, event_time: float) -> float:
        """Negatives expected from the beginning until `event_time` (not before the bin in progress)."""
        return self.spent + self.mu_negative * max(0.0, event_time - (self.bin_end - BIN))

    def age(self, event_time: float) -> float:
        """Seconds since the entity's first mention."""
        return event_time - self.born

    def _absorb(self, bins: int, hot: bool) -> None:
        """Take so many bins of one hour into the sums; the counts of them are in `negative` and `other`."""
        span = BIN * float(bins)
        due_negative, due_other = self.mu_negative * span, self.mu_other * span
        self.spent += due_negative
        if hot and self.frozen < FROZEN_AT_MOST:
            self.frozen += span
            return
        if not hot:
            self.frozen = 0.0
        negative, other = self.negative, self.other
        if negative or other:
            negative = min(negative, due_negative + 3.0 * sqrt(self.phi * due_negative) + 1.5)
            other = min(other, due_other + 3.0 * sqrt(self.phi * due_other) + 3.0)
        decay, share_decay, slot_decay = _LEVEL_DECAYS[bins], _SHARE_DECAYS[bins], _PROFILE_DECAYS[bins]
        slot, factor, answers, observed, due = self.slot, self.factor, self.answers, self.observed, self.due
        self.level_negative = self.level_negative * decay + negative
        self.level_other = self.level_other * decay + other
        self.level_seconds = self.level_seconds * decay + factor * span
        self.share_negative = self.share_negative * share_decay + negative
        self.share_all = self.share_all * share_decay + negative + other
        observed[slot] = observed[slot] * slot_decay + negative + other
        due[slot] = due[slot] * slot_decay + (due_negative + due_other) / factor
        self.drawn_answers = self.drawn_answers * share_decay + (answers if answers < negative else negative)
        self.drawn_negative = self.drawn_negative * share_decay + negative
        self.hour_negative += negative
        self.hour_due += due_negative

    def _enter(self, start: int) -> None:
        """Begin the hour at `start`: dispersion from the hour past, then the rates of this one."""
        was, due = self.hour_negative, self.hour_due
        if due > 0.0:
            self.spread_squares = self.spread_squares * _PHI_DECAYS + (was - due) ** 2
            self.spread_due = self.spread_due * _PHI_DECAYS + due
            phi = (self.spread_squares + _PHI_USUAL * _PHI_BELIEF) / (self.spread_due + _PHI_BELIEF)
            self.phi = min(max(phi, _PHI_LEAST), _PHI_MOST)
        self.hour_negative = self.hour_due = 0.0
        self.slot = slot = slot_of(start)
        self.factor = self.factor_of(slot)
        seconds = self.level_seconds + _LEVEL_SECONDS
        self.mu_negative = (self.level_negative + _LEVEL_NEGATIVE) / seconds * self.factor
        self.mu_other = (self.level_other + _LEVEL_OTHER) / seconds * self.factor
        drawn = (self.drawn_answers + _DRAWN_ANSWERS) / (self.drawn_negative + _DRAWN_NEGATIVE)
        self.branching = min(max(drawn + 0.05, _BRANCHING_LEAST), _BRANCHING_MOST)
        answers_a_day = drawn * self.mu_negative / self.factor * DAY
        self.busy = log(min(max(answers_a_day / _ANSWERS_A_DAY, _BUSY_LEAST), _BUSY_MOST)) / _FALL
        self.p0 = (self.share_negative + _SHARE_NEGATIVE) / (self.share_all + _SHARE_ALL)

    def factor_of(self, slot: int) -> float:
        """How busy an hour is against the average one; neighbouring hours and the other kind of day help out."""
        first = slot // 24 * 24
        before, after = first + (slot - 1) % 24, first + (slot + 1) % 24
        twin = (slot + 24) % 48
        observed, due = self.observed, self.due
        n = observed[slot] + 0.5 * (observed[before] + observed[after]) + 0.1 * observed[twin]
        e = due[slot] + 0.5 * (due[before] + due[after]) + 0.1 * due[twin]
        return (n + _PROFILE_PRIOR) / (e + _PROFILE_PRIOR)


def slot_of(at: int) -> int:
    """The slot of the profile that a time lies in: hours of weekdays, then of weekends."""
    return 24 * ((at // _DAY + 3) % 7 >= 5) + at % _DAY // _HOUR  # 1970 began on a Thursday


def shifted(p: float, logit: float) -> float:
    """The share whose log-odds are `logit` above those of `p`."""
    p = min(max(p, 0.005), 0.995)
    return 1.0 / (1.0 + exp(-(log(p / (1.0 - p)) + logit)))
