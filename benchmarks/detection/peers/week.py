"""The last week against the seven before it, as dashboards around obsei do: many deviations over, and at least doubled.

Looked at every hour, over the weeks that there are (two at least).
"""

from __future__ import annotations

import numpy as np

from benchmarks.detection.peers.stream import HOURS_A_WEEK, Peer, Scores, Seen, rolling

WEEKS = 7


def scores(seen: Seen) -> Scores:
    """Deviations by which the week lies above the weeks before, 0 where it is less than twice their mean."""
    weeks = rolling(seen.hourly, HOURS_A_WEEK)
    z = np.zeros(len(weeks))
    for now in range(3 * HOURS_A_WEEK - 1, len(weeks)):
        before = weeks[now - HOURS_A_WEEK : max(HOURS_A_WEEK - 2, now - (WEEKS + 1) * HOURS_A_WEEK) : -HOURS_A_WEEK]
        mean, deviation = before.mean(), max(before.std(ddof=1), 1.0)
        if weeks[now] >= 2.0 * mean:
            z[now] = (weeks[now] - mean) / deviation
    return seen.hour_ends, z


PEER = Peer("week against seven", "as around obsei, z and doubling", scores, np.geomspace(0.2, 20_000, 160))
