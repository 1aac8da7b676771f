"""Evidence of a groundswell: a slow build-up over days that no single hour shows.

Blocks of six hours are scored by how far the share of negatives lies above what is usual, in standard deviations that
the company's own blocks have shown, as long as the count of negatives is above what is usual too; where one of the two
is not, the lower one counts.  So the scores of quiet blocks vary alike whatever the model and the company are like:
fractional negatives vary less than whole ones, moods that last for days more, since runs of blocks are measured.  What
is usual is learned over 40 days, so that a groundswell hardly teaches it.  The scores feed a forgetful CUSUM (Page
1954).  A block that an acute incident explains is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

from pipeline.detect.evidence.change_point import ChangePoint

BLOCK: Final = 6 * 3600.0
CAP: Final = 14.0
_ALLOWANCE: Final = 0.2
_DECAY: Final = 0.95
_MOST: Final = 4.0
_DRIFT_RATE: Final = 0.25  # standard deviation of the logarithm of the rate
_DRIFT_SHARE: Final = 0.28  # standard deviation of the log-odds of a negative
_SHARE_DECAY: Final[float] = 0.5 ** (BLOCK / (40 * 86_400.0))
_SCALE_DECAY: Final[float] = 0.5 ** (1.0 / 120.0)  # a half-life of thirty days in which every block is scored
_RUN: Final = 0.75  # what is left of a run of deviations a block later
_TYPICAL: Final = 2.0  # deviations beyond which a block teaches no more
_LEAST_SCALE: Final = 0.3
_MOST_SCALE: Final = 3.0
USUAL_NEGATIVE: Final = 2.0
USUAL_ALL: Final = 10.0
USUAL_BLOCKS: Final = 20.0
"""Beliefs before anything was scored: negatives among all mentions, and blocks of unit variance."""

_NEVER = ChangePoint()


@dataclass(slots=True)
class Groundswell:
    """The CUSUM and the block in progress.  `since`: start of the block in which the CUSUM last left zero, with the
    mentions, negatives, authors and expected negatives counted for the entity until then.

    Fading sums: `usual_negative` of `usual_all` mentions, the deviations' `run`, and its `squares` over so many
    `scored` blocks, in units of a single one's.
    """

    end: float = 0.0
    negative: float = 0.0
    other: float = 0.0
    expected: float = 0.0
    evidence: float = 0.0
    z: float = 0.0
    quiet: int = 0
    explained: bool = False
    usual_negative: float = USUAL_NEGATIVE
    usual_all: float = USUAL_ALL
    squares: float = USUAL_BLOCKS
    scored: float = USUAL_BLOCKS
    run: float = 0.0
    since: ChangePoint = _NEVER
    mark: ChangePoint = _NEVER

    def close(self, event_time: float, expected: float, phi: float, mark: ChangePoint) -> bool:
        """Close the block when it ended at or before `event_time`; gives whether one was scored.

        `expected`: negatives foreseen from the beginning until now, with that over-dispersion `phi`; `mark`: what was
        counted until now.  Empty blocks in between lower the CUSUM.
        """
        if event_time < self.end:
            return False
        begun = self.end > 0.0 and not self.explained
        if begun:
            self.z = min(self._score(expected - self.expected, phi), _MOST)
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
        return begun

    def _score(self, due: float, phi: float) -> float:
        """The score of the block in progress, from which the usual share and its deviation are learned as well."""
        n = self.negative + self.other
        p0 = self.usual_negative / self.usual_all
        spread = n * p0 * (1.0 - p0)
        deviation = sqrt(1.2 * spread + (_DRIFT_SHARE * spread) ** 2 + 0.25)
        scale = min(max(sqrt(self.squares / self.scored), _LEAST_SCALE), _MOST_SCALE)
        share = (self.negative - n * p0) / (deviation * scale)
        rate = (self.negative - due) / sqrt(phi * due + (_DRIFT_RATE * due) ** 2 + 0.5)
        seen = min(max(share, -1.5 * _TYPICAL), _TYPICAL) * scale
        self.run = run = _RUN * self.run + seen
        square = min(run * run * (1.0 - _RUN * _RUN), (_TYPICAL * scale) ** 2)
        self.squares = self.squares * _SCALE_DECAY + square
        self.scored = self.scored * _SCALE_DECAY + 1.0
        most = n * p0 + _TYPICAL * scale * deviation
        self.usual_negative = self.usual_negative * _SHARE_DECAY + min(self.negative, most)
        self.usual_all = self.usual_all * _SHARE_DECAY + n
        return share if rate > 0.0 < share else min(rate, share)

    def clear(self) -> None:
        """Forget the evidence: what it stood for has been reported."""
        self.evidence, self.quiet = 0.0, 0
