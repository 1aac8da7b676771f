"""The temperature and the shift that make a head's probabilities honest.

Fitted on a part of the training data that nothing else was fitted on.  A temperature changes no label; a shift makes up
for label shares in the training data that a stream of complaints does not have.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics import Floats, Ints, softmax
from models.manifest import Head
from models.training.config import HeadConfig
from models.training.readers import UNKNOWN


def calibrated(head: HeadConfig, logits: NDArray[np.floating], labels: Ints, learnt: Ints) -> Head:
    """How the logits of a head become honest probabilities: fitted on the calibration part's `logits` and `labels`
    (`UNKNOWN` ones are left out); `learnt` are the labels of the training part, whose shares are evened out."""
    counts = np.bincount(learnt[learnt != UNKNOWN], minlength=len(head.labels)).astype(np.float64)
    shares = np.maximum(counts, 1.0) / counts.sum()
    wanted = np.asarray(head.prior) if head.prior else shares ** (1.0 - head.balance)
    shift = prior_shift(shares, wanted)
    known = labels != UNKNOWN
    weights = (wanted / shares)[labels[known]]
    temperature = fit_temperature(logits[known] + shift, labels[known], weights)
    return Head(head.labels, temperature, tuple(round(float(value), 4) for value in shift), head.sure)


def prior_shift(shares: Floats, wanted: Floats) -> Floats:
    """Added to the logits, moves the label shares that they assume from `shares` to `wanted` (Saerens et al., 2002;
    logit adjustment: Menon et al., 2021); sums to zero."""
    shift = np.log(wanted / wanted.sum()) - np.log(shares)
    return np.asarray(shift - shift.mean())


def fit_temperature(logits: NDArray[np.floating], labels: Ints, weights: Floats) -> float:
    """The temperature with the least weighted log loss (Guo et al., 2017), between 0.2 and 5, to 1 %."""
    rows = np.arange(len(labels))

    def loss(temperature: float) -> float:
        chosen = softmax(np.asarray(logits, np.float64), temperature)[rows, labels]
        return float(np.average(-np.log(np.maximum(chosen, 1e-12)), weights=weights))

    grid = np.geomspace(0.2, 5.0, 324)
    return round(float(min(grid, key=loss)), 4)
