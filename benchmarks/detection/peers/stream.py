"""What a peer gets to see of a month: distinct posts counted in bins, by arrival."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from benchmarks.detection.streams import DAY, EPOCH, JUDGED, WARM, Month

BIN, HOUR = 600.0, 3_600.0
HOURS_A_DAY, HOURS_A_WEEK = 24, 168


@dataclass
class Seen:
    """A month as counts.  Times are seconds since the streams' epoch; a count is known at the end of its bin."""

    month: Month

    @cached_property
    def negative(self) -> np.ndarray:
        """Distinct posts called negative, in bins of ten minutes."""
        return self._counts(distinct=True)

    @cached_property
    def deliveries(self) -> np.ndarray:
        """The same with posts that were delivered again."""
        return self._counts(distinct=False)

    @cached_property
    def hourly(self) -> np.ndarray:
        """Distinct negative posts an hour."""
        return np.asarray(self.negative.reshape(-1, int(HOUR / BIN)).sum(axis=1))

    @cached_property
    def bin_ends(self) -> np.ndarray:
        return (np.arange(len(self.negative)) + 1.0) * BIN

    @cached_property
    def hour_ends(self) -> np.ndarray:
        return (np.arange(len(self.hourly)) + 1.0) * HOUR

    def _counts(self, distinct: bool) -> np.ndarray:
        start, known = EPOCH.timestamp(), set[str]()
        counts = np.zeros(int((WARM + JUDGED) * DAY / BIN))
        for m in self.month.mentions:
            if distinct and m.post_id in known:
                continue
            known.add(m.post_id)
            place = int(((m.ingested_at or m.created_at).timestamp() - start) // BIN)
            if m.sentiment.negative >= 0.5 and 0 <= place < len(counts):
                counts[place] += 1.0
        return counts


Scores = tuple[np.ndarray, np.ndarray]
"""Times, rising, and the score at each."""


class Peer(NamedTuple):
    """A rule: where it comes from, its scores, the thresholds to choose from, the seconds it keeps silent, and whether
    it is `slow`."""

    name: str
    source: str
    scores: Callable[[Seen], Scores]
    levels: np.ndarray
    silence: float = 6 * HOUR
    slow: bool = False


def alarms(peer: Peer, scored: Scores, level: float) -> list[float]:
    """Times of alarms: scores over the level, each at least the peer's silence after the last such score."""
    last, out = -np.inf, []
    for at in scored[0][scored[1] >= level]:
        if at - last >= peer.silence:
            out.append(float(at))
        last = at
    return out


def rolling(counts: np.ndarray, width: int) -> np.ndarray:
    """Sum of each value and the `width` - 1 before it; of fewer at the beginning."""
    total = np.concatenate([[0.0], np.cumsum(counts)])
    place = np.arange(1, len(total))
    return np.asarray(total[place] - total[np.maximum(place - width, 0)])
