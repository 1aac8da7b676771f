"""Figures of a model as the manifest stores them and the card prints them.

Nothing here measures.
"""

from __future__ import annotations

from math import sqrt

from msgspec import Struct


class Interval(Struct, frozen=True):
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class CalibrationChance(Struct, frozen=True):
    """What honest probabilities would show as calibration error on as many rows with the same confidences: on average,
    and at most in 95 of 100 draws; and the error found less its bias, never below 0."""

    mean: float
    high: float
    debiased: float


class SeedFigures(Struct, frozen=True):
    """One training run of several that differ in the seed alone, on the same texts; `metrics` has the names of
    `Figures.metrics`, and `calibration error`."""

    seed: int
    metrics: dict[str, float]


class Slice(Struct, frozen=True):
    """A part of a set: texts of one length, one style of writing, with marks of one dialect or none.

    `metric` is the accuracy.  `false_alarms`, for heads that say yes or no, is the share of the texts labelled no that
    are called yes; null for others and where there is no such text.
    """

    by: str
    name: str
    texts: int
    metric: Interval
    false_alarms: float | None = None


class Compared(Struct, frozen=True):
    """Another system on the same texts: its figure in the official metric, and how much the model is ahead of it
    (paired bootstrap; below 0 it is behind)."""

    name: str
    metric: Interval
    ahead: Interval


class Figures(Struct, frozen=True):
    """One head on one set of texts that it was not trained on; `fp32` is the same weights before quantisation."""

    head: str
    data: str
    texts: int
    metric: str
    """The official one of the set, a key of `metrics`."""
    metrics: dict[str, Interval]
    recalls: dict[str, float]
    calibration_error: Interval | None
    """Null where the head gives no probability."""
    accuracy_by_confidence: list[tuple[float, float, float]]
    """(least confidence, share of texts with it, accuracy on them)."""
    fp32: float | None = None
    """The official metric of the unquantised weights."""
    fp32_same_label: float | None = None
    seeds: tuple[SeedFigures, ...] = ()
    slices: tuple[Slice, ...] = ()
    compared: tuple[Compared, ...] = ()
    calibration_chance: CalibrationChance | None = None
    """How much of `calibration_error` may be chance; null where that was not asked."""

    @property
    def official(self) -> Interval:
        """The figure in the official metric of the set."""
        return self.metrics[self.metric]


class Capability(Struct, frozen=True):
    """Behavioural checks of one capability: how many there are, how many pass, and some that do not: the text, what
    was expected, what was answered."""

    name: str
    cases: int
    passed: int
    failures: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """CountedShare that passes (0–1)."""
        return self.passed / self.cases


class Retrieval(Struct, frozen=True):
    """How well embeddings find the paraphrase of a text among those of all groups (0–1)."""

    encoder: str
    data: str
    groups: int
    recall_at_1: float
    mean_reciprocal_rank: float


class CountedShare(Struct, frozen=True):
    """So many of so many."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """The share (0–1); 0 of none."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> Interval:
        """The share with the 95 % interval of Wilson (1927), as of independent draws."""
        if not self.of:
            return Interval(0.0, 0.0, 1.0)
        z = 1.96
        scale = 1.0 + z * z / self.of
        middle = (self.value + z * z / (2 * self.of)) / scale
        half = z / scale * sqrt(self.value * (1.0 - self.value) / self.of + z * z / (4 * self.of * self.of))
        return Interval(self.value, max(0.0, middle - half), min(1.0, middle + half))


class HardPart(Struct, frozen=True):
    """A part of the hard posts: of its targets, those read right, and those read wrong by an answer that is sure."""

    by: str
    name: str
    posts: int
    right: CountedShare
    surely_wrong: CountedShare


class HardFigures(Struct, frozen=True):
    """Hard posts that no model was trained on: in all, and by category and language.

    `sentiment` is of the posts; `direction` of the pairs of targets in comparisons that a post likes unequally.
    """

    all: HardPart
    sentiment: CountedShare
    direction: CountedShare
    parts: tuple[HardPart, ...]
