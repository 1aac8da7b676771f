"""Classification metrics and their bootstrap intervals.

Shapes: `probabilities` is (rows, labels) float; `predicted` and `labels` are (rows,) int; `weights`, where they can be
given, is (rows,) float: how often each row counts.  A resample is nothing but such weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 15
"""Of confidence, for the calibration error."""


def confusion(predicted: Ints, labels: Ints, classes: int, weights: Floats | None = None) -> Floats:
    """How many rows of each label (row) were called each label (column), (classes, classes)."""
    counts = np.bincount(labels * classes + predicted, weights=weights, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.float64)


def recalls(predicted: Ints, labels: Ints, classes: int, weights: Floats | None = None) -> list[float]:
    """Recall of each class (0–1); 0 for a class without rows."""
    found = confusion(predicted, labels, classes, weights)
    return [_share(found[c, c], found[c].sum()) for c in range(classes)]


def macro_recall(predicted: Ints, labels: Ints, classes: int, weights: Floats | None = None) -> float:
    """Mean over the classes of the share of their rows that were found (0–1): the figure of SemEval-2017 task 4A.

    Classes without a row are left out; 0 when there is no row at all.
    """
    found = confusion(predicted, labels, classes, weights)
    there = [c for c in range(classes) if found[c].sum() > 0.0]
    return float(np.mean([found[c, c] / found[c].sum() for c in there])) if there else 0.0


def f1_of(label: int, predicted: Ints, labels: Ints, classes: int, weights: Floats | None = None) -> float:
    """Harmonic mean of precision and recall of one class (0–1); 0 when it is neither there nor called."""
    found = confusion(predicted, labels, classes, weights)
    return _share(2.0 * found[label, label], found[label].sum() + found[:, label].sum())


def macro_f1(predicted: Ints, labels: Ints, classes: int, weights: Floats | None = None) -> float:
    """Mean over the classes of `f1_of` (0–1), in which a class that is neither there nor called counts 0, as with
    scikit-learn where all labels are named."""
    return float(np.mean([f1_of(c, predicted, labels, classes, weights) for c in range(classes)]))


def accuracy(predicted: Ints, labels: Ints, classes: int, weights: Floats | None = None) -> float:
    """Share of the rows that were called what they are (0–1); 0 when there is none."""
    found = confusion(predicted, labels, classes, weights)
    return _share(float(np.trace(found)), found.sum())


def calibration_error(probabilities: Floats, labels: Ints, bins: int = BINS, weights: Floats | None = None) -> float:
    """`confidence_error` of the likeliest label."""
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    return confidence_error(probabilities.max(axis=1), right, bins, weights)


def confidence_error(confidence: Floats, right: Floats, bins: int = BINS, weights: Floats | None = None) -> float:
    """Expected calibration error (Guo et al., 2017): mean distance between confidence and accuracy over equal-width
    bins of confidence, weighted by the rows in each (0–1).  `right` is 1 where the answer was, else 0."""
    weight = np.ones(len(right)) if weights is None else weights
    gaps = np.bincount(bin_of(confidence, bins), weights=weight * (right - confidence), minlength=bins)
    return _share(float(np.abs(gaps).sum()), float(weight.sum()))


def bin_of(confidence: Floats, bins: int = BINS) -> Ints:
    """The bin of each confidence (0–1), counted from 0; all are equally wide."""
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)


def coverage(confidence: Floats, right: Floats, levels: Sequence[float]) -> list[tuple[float, float, float]]:
    """(least confidence, share of the rows with it, accuracy on them) for each level; 0 where there is no row."""
    inside = [confidence >= level for level in levels]
    return [
        (level, float(rows.mean()) if len(rows) else 0.0, float(right[rows].mean()) if rows.any() else 0.0)
        for level, rows in zip(levels, inside, strict=True)
    ]


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Probabilities of logits divided by a temperature."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    exponents = np.exp(scaled)
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True))


def interval(
    figure: Callable[[Floats], float],
    groups: Ints | int,
    *,
    rounds: int = 1000,
    seed: int = 1,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile bootstrap interval (Efron, 1979) of a figure that is computed from the weights of the rows.

    `groups` is the number of rows, or the group of each row: groups are drawn whole, since the rows of one (several
    names in one text) are not independent.  The same seed draws the same resamples: the interval of a difference of
    two systems is paired when `figure` is that difference.
    """
    values = [figure(weights) for weights in resamples(groups, rounds, seed)]
    low, high = np.quantile(values, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def resamples(groups: Ints | int, rounds: int, seed: int) -> Iterator[Floats]:
    """How often each row counts in each of `rounds` resamples; see `interval`."""
    of_row = np.arange(groups) if isinstance(groups, int) else np.unique(groups, return_inverse=True)[1]
    number = int(of_row.max()) + 1
    random = np.random.default_rng(seed)
    for _ in range(rounds):
        drawn = np.bincount(random.integers(0, number, number), minlength=number)
        yield drawn[of_row].astype(np.float64)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0.0 else 0.0
