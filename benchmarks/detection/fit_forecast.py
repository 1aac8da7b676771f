"""Fits the forecast of the final size and scores it on trees left out.

    python -m benchmarks.detection.fit_forecast --trees twitter16_cascades.csv.gz --write

Of the real trees every second one is kept for judging.  The others are fitted on, with simulated ones at a third of the
weight; how far the interval is widened comes from fits that leave out a third of them at a time.  Prints per age of the
snowball the median relative error and the cover of the 80 % interval.  Needs scikit-learn (the `train` extra).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from benchmarks.detection.streams import real_trees, simulated_tree
from pipeline.detect import forecast
from pipeline.detect.course import SPANS
from pipeline.detect.forecast import QUANTILES, Forest, Model
from pipeline.detect.outlook import features
from pipeline.detect.shares import shares

AGES = tuple(float(age) for age in np.unique(np.round(np.geomspace(2.0, 480.0, 28))))
SIZES = {"low": 50, "middle": 90, "high": 50}
"""Trees of each forest: the middle matters most, and all are asked while an incident grows."""

RATE, DEPTH, LEAF = 0.12, 3, 40
SIMULATED = 0.3
COVER, FOLDS = 0.8, 3
HELD_AT = (15.0, 22.0, 30.0, 45.0, 60.0, 90.0)
"""Ages in minutes at which the interval is to hold."""


def seen_at(tree: np.ndarray, age: float) -> tuple[int, tuple[float, ...]]:
    """Size and features `age` minutes after the beginning, from delays in minutes; as coarse as an incident knows."""
    n = int(np.searchsorted(tree, age, side="right"))
    decayed = [float(np.exp((tree[:n] - age) / tau).sum()) for tau in (5.0, 30.0, 180.0)]
    width = 1.0
    while age >= width * SPANS / 2:
        width *= 2.0
    counts = np.bincount((tree[:n] // width).astype(int), minlength=int(age // width) + 1).tolist()
    return n, features(n, decayed[0], decayed[1], decayed[2], age, shares(counts, width, 0.0, 0.0, age))


def rows(trees: list[np.ndarray], ages: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, log growth still to come, and age in minutes, at several ages of each tree."""
    x, y, at = [], [], []
    for tree in trees:
        for age in ages:
            n, features_then = seen_at(tree, age)
            if n >= 5 and age <= tree[-1] + 60.0:
                x.append(features_then)
                y.append(np.log(len(tree) / n))
                at.append(age)
    return np.array(x), np.array(y), np.array(at)


def forest(model: GradientBoostingRegressor) -> Forest:
    """A fitted model as plain numbers."""
    roots, feature, threshold, left, right = [], [], [], [], []
    for (regressor,) in model.estimators_:
        tree = regressor.tree_
        roots.append(len(feature))
        leaf = tree.children_left < 0
        feature += [int(f) for f in np.where(leaf, 0, tree.feature)]
        threshold += [float(f"{t:.5g}") for t in np.where(leaf, tree.value[:, 0, 0], tree.threshold)]
        left += [int(child) for child in np.where(leaf, 0, tree.children_left)]
        right += [int(child) for child in np.where(leaf, 0, tree.children_right)]
    base = float(model.init_.constant_.ravel()[0])
    return Forest(base, RATE, tuple(roots), tuple(feature), tuple(threshold), tuple(left), tuple(right))


def fitted(real: list[np.ndarray], simulated: list[np.ndarray]) -> dict[str, Forest]:
    """The forests for all quantiles."""
    x, y, _ = rows(real, AGES)
    more_x, more_y, _ = rows(simulated, AGES)
    weight = np.concatenate([np.ones(len(y)), np.full(len(more_y), SIMULATED)])
    x, y = np.concatenate([x, more_x]), np.concatenate([y, more_y])
    forests = {}
    for name, quantile in QUANTILES.items():
        model = GradientBoostingRegressor(
            loss="quantile", alpha=quantile, n_estimators=SIZES[name], max_depth=DEPTH, learning_rate=RATE,
            subsample=0.5, min_samples_leaf=LEAF, random_state=1,
        )  # fmt: skip
        forests[name] = forest(model.fit(x, y, weight))
    return forests


def widening(real: list[np.ndarray], simulated: list[np.ndarray]) -> float:
    """By how much the interval must be widened at both ends to hold as often as it says on trees not fitted on."""
    outside = []
    for fold in range(FOLDS):
        forests = fitted([tree for i, tree in enumerate(real) if i % FOLDS != fold], simulated)
        x, y, _ = rows(real[fold::FOLDS], HELD_AT)
        low, high = (np.array([forests[name].predict(one) for one in x]) for name in ("low", "high"))
        outside.append(np.maximum(np.maximum(low, 0.0) - y, y - np.maximum(high, 0.0)))
    return float(np.quantile(np.concatenate(outside), COVER))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="replace the shipped model")
    options = parser.parse_args()
    rng = np.random.default_rng(11)
    real = real_trees(options.trees)
    simulated = [simulated_tree(rng) / 60.0 for _ in range(240)]
    mine = real[::2]
    margin = widening(mine, simulated[::2])
    forests = fitted(mine, simulated[::2])
    made_by = "python -m benchmarks.detection.fit_forecast --trees twitter16_cascades.csv.gz --write"
    made = Model(made_by, round(margin, 4), forests)
    print(f"fitted on {len(mine)} real trees, widened by {margin:.3f}")
    for name, left_out in (("real", real[1::2]), ("simulated", simulated[1::2])):
        score(name, left_out, made)
    if options.write:
        Path(forecast.__file__).with_name("forecast.json").write_bytes(msgspec.json.encode(made) + b"\n")


def score(name: str, trees: list[np.ndarray], model: Model) -> None:
    """Print the error and the cover on trees that nothing was fitted on."""
    for age in (15.0, 30.0, 60.0, 120.0):
        x, y, _ = rows(trees, (age,))
        low, middle, high = (np.array([model.forests[k].predict(one) for one in x]) for k in QUANTILES)
        true = np.exp(y)
        error = np.median(np.abs(np.exp(np.maximum(middle, 0.0)) - true) / true)
        cover = np.mean((np.maximum(low - model.margin, 0.0) <= y + 1e-9) & (y <= high + model.margin))
        print(f"{name} after {age:.0f} min: error {error:.3f}, cover {cover:.2f}, trees {len(y)}")


if __name__ == "__main__":
    main()
