"""Temperature and shift of a head, fitted so that its probabilities are calibrated.

Fitted on texts that nothing else was fitted on.  A temperature changes no label; a shift makes up for label shares in
the training data that a stream of complaints does not have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from models.evaluation.cross_fitting import TENTHS
from models.manifest import Head
from models.metrics import Floats, Ints, softmax
from models.training.config import HeadConfig
from models.training.dataset.readers import UNKNOWN

ALWAYS = -1
"""The tenth of a text that no figure is reported on."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Answers of a head to labelled rows: `logits` (rows, labels), `labels` (rows,), and `tenth` (rows,): which tenth
    of the reported texts a row belongs to, or `ALWAYS`."""

    logits: NDArray[np.floating]
    labels: Ints
    tenth: Ints


def shifted(head: HeadConfig, learnt: Ints) -> Head:
    """A head that is not tempered yet, with the shift that evens out the label shares of the training part's labels,
    `learnt` (`UNKNOWN` ones are left out)."""
    counts = np.bincount(learnt[learnt != UNKNOWN], minlength=len(head.labels)).astype(np.float64)
    shares = np.maximum(counts, 1.0) / counts.sum()
    wanted = np.asarray(head.prior) if head.prior else shares ** (1.0 - head.balance)
    shift = prior_shift(shares, wanted)
    return Head(head.labels, 1.0, tuple(round(float(value), 4) for value in shift), head.sure)


def tempered(head: Head, found: Judged) -> Head:
    """The head with the temperature that fits all rows, and those that fit without each tenth of the reported ones."""
    shift = np.asarray(head.shift)
    weights = np.exp(shift)[found.labels]  # a label that is to be so much likelier counts so much more

    def fit(rows: NDArray[np.bool_]) -> float:
        return fit_temperature(found.logits[rows] + shift, found.labels[rows], weights[rows])

    reported = bool((found.tenth != ALWAYS).any())
    tenths = tuple(fit(found.tenth != tenth) for tenth in range(TENTHS)) if reported else ()
    return replace(head, temperature=fit(np.ones(len(found.labels), bool)), tenths=tenths)


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
