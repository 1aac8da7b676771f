"""Fits the forecast of the final size and scores it on trees left out.

    python -m benchmarks.detection.fit_forecast --trees twitter16_cascades.csv.gz --write

Of the real trees every second one is kept for judging, and scored only with `--judge`.  The others are fitted on, with
simulated ones at a part of the weight; how far the interval is widened comes from fits that leave out a fifth of them
at a time.  Prints the scores of these fits (`score_forecast.py`).  Needs scikit-learn (the `train` extra).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from benchmarks.detection.forests import Columns, of_regressor
from benchmarks.detection.score_forecast import Guess, Rows, rows, score
from benchmarks.detection.streams import real_trees, simulated_tree
from pipeline.detect.evidence.boosted import Forest
from pipeline.detect.incidents import forecast
from pipeline.detect.incidents.forecast import QUANTILES, margin

AGES = tuple(float(age) for age in np.unique(np.round(np.geomspace(2.0, 480.0, 28))))
LEAVES = {"low": 8, "middle": 32, "high": 8}
SIZES = {"low": 50, "middle": 200, "high": 50}
RATES = {"low": 0.12, "middle": 0.035, "high": 0.12}
"""Leaves of a tree, trees of a forest, and how much of each is believed: the middle matters most, and all are asked
while an incident grows."""

LEAST = 60
"""Rows of a leaf at least."""

SIMULATED = {"low": 0.3, "middle": 0.1, "high": 0.3}
"""Weight of a simulated row.  The public trees have ninety posts at least: without the others the lower bound, which
severity rests on, would take every handful of posts for a beginning.  The middle pays for more of it with its error."""

COVER, FOLDS, REPEATS = 0.8, 5, 2
HELD_AT = {0.0: (7.0, 10.0, 15.0), 20.0: (22.0, 30.0, 40.0), 45.0: (50.0, 60.0, 80.0), 90.0: (100.0, 120.0, 180.0)}
"""From an age in minutes on, the ages at which the interval is to hold."""


def fitted(real: list[np.ndarray], simulated: list[np.ndarray], seed: int = 1) -> dict[str, Columns]:
    """The forests for all quantiles, as they are shipped."""
    mine, more = rows(real, AGES), rows(simulated, AGES)
    x, y = np.concatenate([mine.x, more.x]), np.concatenate([mine.y, more.y])
    forests = {}
    for name, quantile in QUANTILES.items():
        weight = np.concatenate([np.ones(len(mine.y)), np.full(len(more.y), SIMULATED[name])])
        model = GradientBoostingRegressor(
            loss="quantile", alpha=quantile, n_estimators=SIZES[name], max_depth=None, max_leaf_nodes=LEAVES[name],
            learning_rate=RATES[name], subsample=0.5, max_features=0.7, min_samples_leaf=LEAST, random_state=seed,
        )  # fmt: skip
        forests[name] = of_regressor(model.fit(x, y, weight))
    return forests


def guessed(forests: dict[str, Forest], asked: Rows) -> Guess:
    """What the forests say of each row, before the interval is widened; nothing shrinks."""
    low, middle, high = (
        np.array([max(forests[name].predict(tuple(map(float, x))), 0.0) for x in asked.x]) for name in QUANTILES
    )
    return Guess(low, middle, high)


def crossed(real: list[np.ndarray], simulated: list[np.ndarray], seed: int) -> tuple[Rows, Guess]:
    """Each tree as foretold by a fit without it and a fifth of the others."""
    fold = np.random.default_rng(seed).permutation(len(real)) % FOLDS
    asked = rows(real, tuple(age for ages in HELD_AT.values() for age in ages))
    found = Guess(*(np.zeros(len(asked.y)) for _ in QUANTILES))
    for one in range(FOLDS):
        forests = fitted([tree for tree, part in zip(real, fold, strict=True) if part != one], simulated, seed)
        here = fold[asked.tree] == one
        grown = {name: columns.forest() for name, columns in forests.items()}
        for whole, part in zip(found, guessed(grown, asked.where(here)), strict=True):
            whole[here] = part
    return asked, found


def widening(asked: Rows, guess: Guess) -> tuple[tuple[float, float], ...]:
    """By how much the interval must be widened at both ends, from each age on, to hold as often as it says."""
    outside = np.maximum(guess.low - asked.y, asked.y - guess.high)
    return tuple(
        (since, round(float(np.quantile(outside[np.isin(asked.at, ages)], COVER)), 4))
        for since, ages in HELD_AT.items()
    )


def widened(guess: Guess, asked: Rows, margins: Sequence[tuple[float, float]]) -> Guess:
    """The guess with its interval widened, as it is told."""
    by = np.array([margin(margins, age) for age in asked.at])
    low = np.maximum(guess.low - by, 0.0)
    middle = np.maximum(guess.middle, low)
    return Guess(low, middle, np.maximum(guess.high + by, middle))


def validate(real: list[np.ndarray], simulated: list[np.ndarray]) -> tuple[tuple[float, float], ...]:
    """Score fits on the trees that they left out; gives the widening.  The cover that is printed is that of each half
    of the trees when the other half says how far to widen."""
    every: list[tuple[Rows, Guess]] = []
    told: list[tuple[Rows, Guess]] = []
    for seed in range(REPEATS):
        asked, guess = crossed(real, simulated, seed)
        every.append((asked, guess))
        half = np.random.default_rng(100 + seed).permutation(len(real)) % 2
        for one in (0, 1):
            here, there = half[asked.tree] == one, half[asked.tree] != one
            mine = asked.where(here)
            told.append((mine, widened(guess.where(here), mine, widening(asked.where(there), guess.where(there)))))
    score(f"left out, {REPEATS} times", Rows.joined([a for a, _ in told]), Guess.joined([g for _, g in told]))
    return widening(Rows.joined([a for a, _ in every]), Guess.joined([g for _, g in every]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="replace the shipped model")
    parser.add_argument("--judge", action="store_true", help="score the shipped model on the trees kept for judging")
    options = parser.parse_args()
    rng = np.random.default_rng(11)
    real = real_trees(options.trees)
    simulated = [simulated_tree(rng) / 60.0 for _ in range(240)]
    if options.judge:
        made = forecast.shipped()
        for name, trees in (("judged", real[1::2]), ("simulated", simulated[1::2])):
            asked = rows(trees, (5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0))
            score(name, asked, widened(guessed(made.forests, asked), asked, made.margins))
        return
    mine = real[::2]
    margins = validate(mine, simulated[::2])
    made_by = "python -m benchmarks.detection.fit_forecast --trees twitter16_cascades.csv.gz --write"
    forests = {name: columns._asdict() for name, columns in fitted(mine, simulated[::2]).items()}
    print(f"fitted on {len(mine)} real trees, widened by {margins}")
    if options.write:
        found = {"made_by": made_by, "margins": margins, "forests": forests}
        Path(str(forecast.SHIPPED)).write_bytes(msgspec.json.encode(found) + b"\n")


if __name__ == "__main__":
    main()
