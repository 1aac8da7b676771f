"""Calibration of the linker: from log-odds to the frequency of right links (Platt).

The weights of `log_odds.py` are set by hand, so that their sum orders candidates but is no probability.  Platt's method
(1999) fits two numbers on labelled posts: confidence = logistic(slope * score + intercept).  It is for ordinary words;
other names (a handle, a distinct name, a brand that few know), of which there are no such posts, keep the plain
logistic.

The numbers are data, made by `python -m benchmarks.fitting.linking_calibration --write` from the development part of
the posts of our own.  Half of those are about the brand.  On a stream fewer are; where it is one in five, the odds are
a quarter of what the confidence says, so that even odds there are a confidence of 0.8 here: that is the cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import exp, log
from pathlib import Path

import msgspec

FILE = Path(__file__).parents[1] / "catalogue" / "data" / "calibration.json"


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`cut` is the confidence from which an ordinary word is linked; `candidates` is how many were fitted on."""

    slope: float
    intercept: float
    cut: float
    candidates: int
    made_by: str


@cache
def shipped() -> Calibration:
    """The calibration of the shipped weights."""
    return msgspec.json.decode(FILE.read_bytes(), type=Calibration)


def logistic(value: float) -> float:
    """Probability for log-odds.

    >>> logistic(0.0), round(logistic(2.0), 3)
    (0.5, 0.881)
    """
    return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, value))))


def fit(scores: Sequence[float], right: Sequence[bool], *, steps: int = 100) -> tuple[float, float]:
    """Slope and intercept by Newton's method, with Platt's smoothed targets against overconfidence."""
    positive = sum(right)
    high, low = (positive + 1) / (positive + 2), 1 / (len(right) - positive + 2)
    slope, intercept = 1.0, 0.0
    for _ in range(steps):
        gradient_a = gradient_b = 0.0
        aa = ab = bb = 1e-9
        for score, yes in zip(scores, right, strict=True):
            chance = logistic(slope * score + intercept)
            error, weight = chance - (high if yes else low), chance * (1 - chance)
            gradient_a += error * score
            gradient_b += error
            aa += weight * score * score
            ab += weight * score
            bb += weight
        determinant = aa * bb - ab * ab
        slope -= (bb * gradient_a - ab * gradient_b) / determinant
        intercept -= (aa * gradient_b - ab * gradient_a) / determinant
    return slope, intercept


def loss(scores: Sequence[float], right: Sequence[bool], slope: float, intercept: float) -> float:
    """Mean log-loss in nats."""
    total = 0.0
    for score, yes in zip(scores, right, strict=True):
        chance = logistic(slope * score + intercept)
        total -= log(chance if yes else 1 - chance)
    return total / max(1, len(scores))


def expected_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015): by bins of equal width, |share right - mean confidence|."""
    total = 0.0
    for number in range(bins):
        inside = [(c, r) for c, r in zip(confidences, right, strict=True) if min(int(c * bins), bins - 1) == number]
        total += abs(sum(c for c, _ in inside) - sum(r for _, r in inside))
    return total / max(1, len(confidences))
