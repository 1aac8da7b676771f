"""Boosted trees as plain numbers: what has been fitted elsewhere, asked here without the library that fitted it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct

from pipeline.detect.trees import Trees


class Forest(Struct, frozen=True, dict=True):
    """Trees laid end to end; a node without children (`left` 0) holds a value, the others ask whether `feature` is at
    most `threshold` and go left if so.  Children are counted from their tree's root."""

    base: float
    rate: float
    roots: tuple[int, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    def predict(self, x: Sequence[float]) -> float:
        """The sum over all trees."""
        return self.base + self.rate * self.trees.added(tuple(x))

    @cached_property
    def trees(self) -> Trees:
        """The same, as they are walked."""
        return Trees(self.feature, self.threshold, self.left, self.right, self.roots)
