"""Figures of a classifier: macro-averaged recall, calibration error, and their bootstrap intervals.

Shapes: `probabilities` is (texts, labels) float, `labels` is (texts,) int.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def macro_recall(predicted: Ints, labels: Ints, classes: int) -> float:
    """Mean over the classes of the share of their texts that were found (0–1): the figure of SemEval-2017 task 4A.

    Classes without a text are left out; 0 when there is no text at all.
    """
    recalls = [float(np.mean(predicted[labels == c] == c)) for c in range(classes) if np.any(labels == c)]
    return float(np.mean(recalls)) if recalls else 0.0


def recalls(predicted: Ints, labels: Ints, classes: int) -> list[float]:
    """Recall of each class (0–1); 0 for a class without texts."""
    return [float(np.mean(predicted[labels == c] == c)) if np.any(labels == c) else 0.0 for c in range(classes)]


def calibration_error(probabilities: Floats, labels: Ints, bins: int = 15, weights: Floats | None = None) -> float:
    """Expected calibration error of the top label (Guo et al., 2017): mean distance between confidence and accuracy
    over equal-width bins of confidence, weighted by the texts in each (0–1)."""
    confidence = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    weight = np.ones(len(labels)) if weights is None else weights
    which = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    total = 0.0
    for index in range(bins):
        inside = which == index
        mass = float(weight[inside].sum())
        if mass > 0.0:
            gap = np.average(right[inside], weights=weight[inside]) - np.average(
                confidence[inside], weights=weight[inside]
            )
            total += mass * abs(float(gap))
    return total / float(weight.sum()) if len(labels) else 0.0


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Probabilities of logits divided by a temperature."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    exponents = np.exp(scaled)
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True))


def interval(
    figure: Callable[[NDArray[np.int64]], float], texts: int, *, rounds: int = 1000, seed: int = 1, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval (Efron, 1979) of a figure that is computed from the indices of a resample."""
    random = np.random.default_rng(seed)
    values = [figure(random.integers(0, texts, texts)) for _ in range(rounds)]
    low, high = np.quantile(values, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)
