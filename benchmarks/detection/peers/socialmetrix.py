"""Socialmetrix's variation alert (its help pages, about 2015), checked every hour.

An alert when the average of the last 24 hours is over the average of the last 7 days by 1.5, 2 or 3 deviations of them.
"""

from __future__ import annotations

import numpy as np

from benchmarks.detection.peers.stream import HOURS_A_DAY, HOURS_A_WEEK, Peer, Scores, Seen, rolling


def scores(seen: Seen) -> Scores:
    """Deviations by which the day's average lies above the week's."""
    counts = seen.hourly
    week = rolling(counts, HOURS_A_WEEK) / HOURS_A_WEEK
    deviation = np.sqrt(np.maximum(rolling(counts**2, HOURS_A_WEEK) / HOURS_A_WEEK - week**2, 1e-9))
    z = (rolling(counts, HOURS_A_DAY) / HOURS_A_DAY - week) / deviation
    z[:HOURS_A_WEEK] = 0.0
    return seen.hour_ends, z


PEER = Peer("Socialmetrix's variation", "Socialmetrix help, variation alerts", scores, np.linspace(0.05, 3, 119))
