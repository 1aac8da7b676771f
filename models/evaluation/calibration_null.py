"""Null distribution of the calibration error: how much of it is chance.

The error in bins is never below 0, so few rows make even honest probabilities look wrong: with 374 rows by 0.04 or so.
What an honest model would show is found by drawing, many times, whether each answer is right from its own confidence
(consistency resampling: Bröcker and Smith, 2007).  Beside it, the error found less its bias, which is estimated by
drawing the accuracy of each bin anew, normally, with its own standard error (debiasing: Kumar, Liang and Ma, 2019).

The figure that counts stays the one as found.  Rows are drawn one by one, although the names in one text are not
independent: for these, chance is somewhat larger than said.
"""

from __future__ import annotations

import numpy as np

from models.figures import CalibrationChance
from models.metrics import BINS, Floats, bin_of, confidence_error

ROUNDS = 1_000
LEVEL = 0.95


def calibration_chance(confidence: Floats, right: Floats, *, seed: int = 1) -> CalibrationChance:
    """What honest probabilities of the same `confidence` would show, and the error less its bias; `right` is 1 where
    the answer was, else 0.  The same for the same seed."""
    draw = np.random.default_rng(seed)
    honest = [
        confidence_error(confidence, (draw.random(len(confidence)) < confidence).astype(np.float64))
        for _ in range(ROUNDS)
    ]
    return CalibrationChance(
        round(float(np.mean(honest)), 4),
        round(float(np.quantile(honest, LEVEL)), 4),
        round(_debiased(confidence, right, draw), 4),
    )


def _debiased(confidence: Floats, right: Floats, draw: np.random.Generator) -> float:
    which = bin_of(confidence, BINS)
    rows = np.bincount(which, minlength=BINS)
    counts = np.maximum(rows, 1)
    accuracy = np.bincount(which, weights=right, minlength=BINS) / counts
    mean = np.bincount(which, weights=confidence, minlength=BINS) / counts
    share = rows / max(len(right), 1)
    drawn = draw.normal(accuracy, np.sqrt(accuracy * (1.0 - accuracy) / counts), (ROUNDS, BINS))
    found = float((share * np.abs(accuracy - mean)).sum())
    return max(0.0, 2.0 * found - float((share * np.abs(drawn - mean)).sum(axis=1).mean()))
