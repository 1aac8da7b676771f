"""Gnip's Poisson model with cycle correction (Gnip Trend Detection white paper and code, 2013-2015).

The mean of each hour of the day is learned as a running mean; eta is the excess over it by the width of the interval
that holds 99 % of a Poisson variable of that mean.
"""

from __future__ import annotations

from functools import cache
from math import exp, sqrt

import numpy as np

from benchmarks.detection.peers.stream import HOURS_A_DAY, Peer, Scores, Seen

OUTSIDE = 0.005


@cache
def width(hundredths: int) -> int:
    """Width of the 99 % interval of a Poisson variable, its mean in hundredths."""
    mean = hundredths / 100.0
    if mean > 500.0:
        return round(2.0 * 2.5758 * sqrt(mean))
    chance = total = exp(-mean)
    number = low = 0
    while total < 1.0 - OUTSIDE:
        if total < OUTSIDE:
            low = number + 1
        number += 1
        chance *= mean / number
        total += chance
    return number - low


def scores(seen: Seen) -> Scores:
    """Eta, where the count is above the mean."""
    days = seen.hourly.reshape(-1, HOURS_A_DAY)
    means = np.cumsum(days, axis=0) / np.arange(1, len(days) + 1)[:, None]
    widths = np.vectorize(width)((means * 100.0).round().astype(int))
    eta = (days - means) / np.maximum(widths, 1)
    return seen.hour_ends, np.maximum(eta, 0.0).ravel()


PEER = Peer("Gnip's Poisson", "Gnip-Trend-Detection, models.py, 2015", scores, np.geomspace(0.1, 60, 120))
