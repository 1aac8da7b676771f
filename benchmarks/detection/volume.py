"""The volume of a series alone, row by row: how unlikely is so large a count, going by what the series did before?

What the detector knows about normal hours (`detect/evidence/baseline.py`: level, profile over the week, nothing tuned
here), and then a tail that the series itself has drawn: real counts have bursts that no Poisson or negative binomial
foresees, so the excess over the baseline (square roots, which makes the noise of small and large counts alike, Anscombe
1948) is held against all earlier excesses; beyond the largest fiftieth of them the tail is taken as exponential (peaks
over threshold, as Siffer et al. 2017 do for streams).  Done over 5 minutes, a quarter of an hour and an hour, and the
three log-evidences averaged.  After an alarm a day of silence: the row after a spike is no news.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

import numpy as np

from pipeline.detect.evidence.baseline import Baseline

ROW = 300.0
"""Seconds of a row."""

SCALES = (1, 3, 12)
"""Rows that are looked at together."""

TAIL = 0.02
LEARN = 288
"""Rows without evidence at the beginning: a day."""

SILENCE = 86_400.0
"""Seconds after an alarm without another."""

_FEWEST = 5
_ANSCOMBE = 0.375


@dataclass
class Tail:
    """Every excess seen at one scale but for the first `settle`, and how far out the newest one lies."""

    rows: int
    part: float = TAIL
    settle: int = 0
    seen: list[float] = field(default_factory=list)
    window: deque[tuple[float, float]] = field(default_factory=deque)

    def evidence(self, count: float, expected: float) -> float:
        """Log-evidence (nats): minus the logarithm of the chance of such an excess, 0 while it is an ordinary one."""
        self.window.append((count, expected))
        if len(self.window) > self.rows:
            self.window.popleft()
        seen, due = (sum(column) for column in zip(*self.window, strict=True))
        excess = 2.0 * (sqrt(seen + _ANSCOMBE) - sqrt(due + _ANSCOMBE))
        out = self._rare(excess) if len(self.seen) >= LEARN else 0.0
        if self.settle > 0:
            self.settle -= 1
        else:
            insort(self.seen, excess)
        return out

    def _rare(self, excess: float) -> float:
        many = max(int(len(self.seen) * self.part), _FEWEST)
        edge = self.seen[-many - 1]
        if excess <= edge:
            return 0.0
        mean = sum(self.seen[-many:]) / many - edge
        return log(len(self.seen) / many) + (excess - edge) / max(mean, 1e-9)


class VolumeTest:
    """Evidence that the volume of one series is out of the ordinary; rows in order of time."""

    def __init__(self, scales: Sequence[int] = SCALES, tail: float = TAIL, settle: int = 0) -> None:
        self._baseline = Baseline()
        self._tails = [Tail(rows, tail, settle) for rows in scales]
        self._begun = False

    def take(self, t: float, count: float) -> float:
        """The evidence (nats) of the row that begins at `t`, nothing later used."""
        baseline = self._baseline
        if not self._begun:
            baseline.begin(int(t))
            self._begun = True
        if t >= baseline.bin_end:
            baseline.close(int(t), False)
        expected = baseline.mu_negative * ROW
        baseline.negative += count
        return sum(tail.evidence(count, expected) for tail in self._tails) / len(self._tails)


def evidence(times: Iterable[float], counts: Iterable[float], **how: object) -> np.ndarray:
    """The evidence of each row of a series."""
    test = VolumeTest(**how)  # type: ignore[arg-type]
    return np.array([test.take(float(t), float(count)) for t, count in zip(times, counts, strict=True)])


def alarms(values: np.ndarray, times: np.ndarray, threshold: float, silence: float = SILENCE) -> list[int]:
    """Rows with an alarm: evidence at or over the threshold, and no alarm within `silence` seconds before."""
    rows: list[int] = []
    last = -np.inf
    for row in np.flatnonzero(values >= threshold):
        if times[row] - last >= silence:
            rows.append(int(row))
            last = times[row]
    return rows
