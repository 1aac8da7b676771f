"""Huginn's PeakDetectorAgent (2013): a count over the mean of two weeks by three standard deviations, once it falls.

As shipped: the mean and deviation leave out the newest two counts; a peak is told when the newest count is below the
one before; two days of silence after it.  Fed with negatives an hour.
"""

from __future__ import annotations

import numpy as np

from benchmarks.detection.peers.stream import HOURS_A_DAY, Peer, Scores, Seen, rolling

FORTNIGHT = 14 * HOURS_A_DAY


def scores(seen: Seen) -> Scores:
    """Deviations by which the count before the newest lay above the mean, where the newest is lower."""
    counts = seen.hourly
    number = np.minimum(np.arange(1, len(counts) + 1), FORTNIGHT).astype(float)
    mean = rolling(counts, FORTNIGHT) / number
    deviation = np.sqrt(np.maximum(rolling(counts**2, FORTNIGHT) / number - mean**2, 1e-9))
    z = np.zeros(len(counts))
    past = slice(None, -2)  # statistics until two counts ago
    z[2:] = np.where(counts[2:] < counts[1:-1], (counts[1:-1] - mean[past]) / deviation[past], 0.0)
    z[:HOURS_A_DAY] = 0.0
    return seen.hour_ends, z


PEER = Peer("Huginn's peak", "huginn, peak_detector_agent.rb, 2013", scores, np.linspace(1, 40, 157), 2 * 86_400.0)
