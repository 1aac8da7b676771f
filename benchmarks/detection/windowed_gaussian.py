"""The windowed Gaussian of NAB (2015), whose published score shows that marks here are marks there."""

from __future__ import annotations

import numpy as np

WINDOW, STEP = 6_400, 100
"""Rows of the window, and by how many it moves at a time."""


def windowed_gaussian(counts: np.ndarray) -> np.ndarray:
    """How far each row lies from the mean of the window, in its deviations; both directions, as there."""
    scores = np.zeros(len(counts))
    for row in range(1, len(counts)):
        end = row if row <= WINDOW else WINDOW + (row - WINDOW) // STEP * STEP
        if row <= WINDOW or (row - WINDOW) % STEP == 0:
            window = counts[max(0, end - WINDOW) : end]
            mean, deviation = window.mean(), window.std() or 1e-6
        scores[row] = abs(counts[row] - mean) / deviation
    return scores
