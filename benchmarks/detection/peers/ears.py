"""EARS C2 (Hutwagner et al. 2003): the day against seven days that ended two days ago.

Made for daily counts; here the day is the last 24 hours, looked at every hour.
"""

from __future__ import annotations

import numpy as np

from benchmarks.detection.peers.stream import HOURS_A_DAY, Peer, Scores, Seen, rolling

GUARD, BASELINE = 2, 7


def scores(seen: Seen) -> Scores:
    """Deviations of the baseline by which the day lies above its mean."""
    days = rolling(seen.hourly, HOURS_A_DAY)
    first = (GUARD + BASELINE + 1) * HOURS_A_DAY - 1
    ago = [k * HOURS_A_DAY for k in range(GUARD + 1, GUARD + BASELINE + 1)]
    past = np.stack([days[first - k : len(days) - k] for k in ago])
    z = np.zeros(len(days))
    z[first:] = (days[first:] - past.mean(axis=0)) / np.maximum(past.std(axis=0, ddof=1), 0.2)
    return seen.hour_ends, z


PEER = Peer("EARS C2", "Hutwagner et al. 2003", scores, np.geomspace(0.5, 300, 120))
