"""Evidence of a groundswell: a slow build-up over days that no single hour shows.

Blocks of six hours are scored by how far the share of negatives lies above what is usual, in standard deviations that
allow for drift, as long as the count of negatives is above what is usual too; where one of the two is not, the lower
one counts.  The scores feed a forgetful CUSUM (Page 1954).  A block that an acute incident explains is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

from pipeline.detect.evidence.change_point import ChangePoint

BLOCK: Final = 6 * 3600.0
CAP: Final = 14.0
_ALLOWANCE: Final = 0.4
_DECAY: Final = 0.95
_MOST: Final = 4.0
_DRIFT_RATE: Final = 0.25  # standard deviation of the logarithm of the rate
_DRIFT_SHARE: Final = 0.28  # standard deviation of the log-odds of a negative
_NEVER = ChangePoint()


@dataclass(slots=True)
class Groundswell:
    """The CUSUM and the block in progress.  `since`: start of the block in which the CUSUM last left zero, with the
    mentions, negatives, authors and expected negatives counted for the entity until then."""

    end: float = 0.0
    negative: float = 0.0
    other: float = 0.0
    expected: float = 0.0
    evidence: float = 0.0
    z: float = 0.0
    quiet: int = 0
    explained: bool = False
    since: ChangePoint = _NEVER
    mark: ChangePoint = _NEVER

    def close(self, event_time: float, expected: float, p0: float, phi: float, mark: ChangePoint) -> bool:
        """Close the block when it ended at or before `event_time`; gives whether one was scored.

        `expected`: negatives foreseen from the beginning until now, `mark`: what was counted until now.
        Empty blocks in between lower the CUSUM.
        """
        if event_time < self.end:
            return False
        scored = self.end > 0.0 and not self.explained
        if scored:
            due = expected - self.expected
            n = self.negative + self.other
            rate = (self.negative - due) / sqrt(phi * due + (_DRIFT_RATE * due) ** 2 + 0.5)
            spread = n * p0 * (1.0 - p0)
            share = (self.negative - n * p0) / sqrt(1.2 * spread + (_DRIFT_SHARE * spread) ** 2 + 0.25)
            self.z = min(share if rate > 0.0 < share else min(rate, share), _MOST)
            if self.evidence == 0.0:
                self.since = self.mark
            self.evidence = min(max(0.0, _DECAY * self.evidence + self.z - _ALLOWANCE), CAP)
            missed = int((event_time - self.end) // BLOCK)
            self.evidence = max(0.0, self.evidence - missed * _ALLOWANCE)
            self.quiet = self.quiet + 1 + missed if self.z < 1.0 else 0
        self.mark = mark
        self.negative = self.other = 0.0
        self.expected = expected
        self.explained = False
        self.end = float(event_time // BLOCK * BLOCK + BLOCK)
        return scored

    def clear(self) -> None:
        """Forget the evidence: what it stood for has been reported."""
        self.evidence, self.quiet = 0.0, 0
