"""Rows of trees as a forecast is asked about them, and how well it foretold them.

Two sizes are final.  The whole tree: all that ever came, also days later.  And the incident: what came until the first
hour without a post, after which an incident is over (`lifecycle.QUIET`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Self

import numpy as np

from pipeline.detect.incidents.forecast import features, shares
from pipeline.detect.incidents.lifecycle import QUIET
from pipeline.detect.state.timeline import SPANS

SEEN = 5
"""Posts that a tree has when it is first asked about."""

_DRAWS = 2000


class Rows(NamedTuple):
    """Features, log growth still to come of the whole tree, age in minutes, number of the tree, and log growth until
    the incident is over (nan where it is)."""

    x: np.ndarray
    y: np.ndarray
    at: np.ndarray
    tree: np.ndarray
    ends: np.ndarray

    def where(self, chosen: np.ndarray) -> Rows:
        """Some of the rows."""
        return Rows(*(column[chosen] for column in self))

    @classmethod
    def joined(cls, parts: list[Self]) -> Rows:
        """Rows one after another."""
        return Rows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class Guess(NamedTuple):
    """Log growth foretold, row by row: the bounds of the interval and the middle."""

    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray

    def where(self, chosen: np.ndarray) -> Guess:
        """Some of the rows."""
        return Guess(*(column[chosen] for column in self))

    @classmethod
    def joined(cls, parts: list[Self]) -> Guess:
        """Guesses one after another."""
        return Guess(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def seen_at(tree: np.ndarray, age: float) -> tuple[int, tuple[float, ...]]:
    """Size and features `age` minutes after the beginning, from delays in minutes; as coarse as an incident knows."""
    n = int(np.searchsorted(tree, age, side="right"))
    decayed = [float(np.exp((tree[:n] - age) / tau).sum()) for tau in (5.0, 30.0, 180.0)]
    width = 1.0
    while age >= width * SPANS / 2:
        width *= 2.0
    counts = np.bincount((tree[:n] // width).astype(int), minlength=int(age // width) + 1).tolist()
    return n, features(n, decayed[0], decayed[1], decayed[2], age, shares(counts, width, 0.0, 0.0, age))


def rows(trees: list[np.ndarray], ages: tuple[float, ...]) -> Rows:
    """Several ages of each tree, from when it has `SEEN` posts until an hour after its last."""
    x, y, at, number, ends = [], [], [], [], []
    for i, tree in enumerate(trees):
        pauses = np.flatnonzero(np.diff(tree) >= QUIET / 60.0)
        size = int(pauses[0]) + 1 if len(pauses) else len(tree)
        for age in ages:
            n, features_then = seen_at(tree, age)
            if n >= SEEN and age <= tree[-1] + QUIET / 60.0:
                x.append(features_then)
                y.append(np.log(len(tree) / n))
                at.append(age)
                number.append(i)
                ends.append(np.log(size / n) if n <= size and age < tree[size - 1] + QUIET / 60.0 else np.nan)
    return Rows(np.array(x), np.array(y), np.array(at), np.array(number), np.array(ends))


def score(name: str, asked: Rows, guess: Guess) -> None:
    """Print for each age the median relative error and the cover of the interval, with 90 % intervals by drawing trees
    anew (Efron 1979)."""
    for age in np.unique(asked.at):
        for what, true in (("whole tree", asked.y), ("incident", asked.ends)):
            here = (asked.at == age) & ~np.isnan(true)
            found, said, tree = true[here], guess.where(here), asked.tree[here]
            error = np.abs(np.exp(said.middle - found) - 1.0)
            inside = (said.low <= found + 1e-9) & (found <= said.high + 1e-9)
            print(
                f"{name}, {what} after {age:.0f} min: error {np.median(error):.3f} {_spread(error, tree, _median)},"
                f" cover {np.mean(inside):.3f} {_spread(inside, tree, _mean)}, trees {len(np.unique(tree))}"
            )


def _median(values: np.ndarray) -> float:
    return float(np.median(values))


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def _spread(values: np.ndarray, tree: np.ndarray, statistic: Callable[[np.ndarray], float]) -> str:
    """The 90 % interval of a statistic; all rows of a tree are drawn together."""
    rng = np.random.default_rng(3)
    place = {number: np.flatnonzero(tree == number) for number in np.unique(tree)}
    numbers = list(place)
    drawn = [
        statistic(values[np.concatenate([place[numbers[i]] for i in rng.integers(0, len(numbers), len(numbers))])])
        for _ in range(_DRAWS)
    ]
    low, high = np.quantile(drawn, (0.05, 0.95))
    return f"({low:.3f}–{high:.3f})"
