"""Fits the forecast of the final size and scores it on trees left out.

    python -m benchmarks.detection.fit_forecast --trees twitter16_cascades.csv.gz

Prints the coefficients for `pipeline/detect/forecast.py` and, per age of the snowball, the median relative error and
the cover of the 80 % interval on every second tree.  Needs scikit-learn (the `train` extra).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.linear_model import QuantileRegressor

from benchmarks.detection.streams import real_trees, simulated_tree
from pipeline.detect.forecast import QUANTILES, features

AGES = (2, 4, 8, 15, 22, 30, 45, 60, 90, 120, 240, 480)


def rows(trees: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, log growth still to come, and age in minutes, at several ages of each tree (delays in minutes)."""
    x, y, ages = [], [], []
    for tree in trees:
        for age in AGES:
            n = int(np.searchsorted(tree, age, side="right"))
            if n < 5 or age > tree[-1] + 60.0:
                continue
            past = age - tree[:n]
            decayed = [float(np.exp(-past / tau).sum()) for tau in (5.0, 30.0, 180.0)]
            x.append(features(n, decayed[0], decayed[1], decayed[2], float(age)))
            y.append(np.log(len(tree) / n))
            ages.append(age)
    return np.array(x), np.array(y), np.array(ages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=Path, required=True)
    options = parser.parse_args()
    rng = np.random.default_rng(11)
    real = real_trees(options.trees)
    simulated = [simulated_tree(rng) / 60.0 for _ in range(200)]
    x, y, _ = rows(real[::2] + simulated[::2])
    fitted = {}
    for name, quantile in QUANTILES.items():
        model = QuantileRegressor(quantile=quantile, alpha=3e-4, solver="highs").fit(x[:, 1:], y)
        fitted[name] = (float(model.intercept_), *(float(c) for c in model.coef_))
        print(f'    "{name}": (', ", ".join(f"{c:.4f}" for c in fitted[name]), "),")
    for name, left_out in (("real", real[1::2]), ("simulated", simulated[1::2])):
        x, y, ages = rows(left_out)
        low, middle, high = (np.exp(np.maximum(x @ np.array(fitted[k]), 0.0)) for k in ("low", "middle", "high"))
        true = np.exp(y)
        for age in (15, 30, 60, 120):
            at = ages == age
            error = np.median(np.abs(middle - true)[at] / true[at])
            cover = np.mean((low[at] <= true[at] * 1.001) & (true[at] <= high[at]))
            print(f"{name} after {age} min: error {error:.3f}, cover {cover:.2f}, trees {at.sum()}")


if __name__ == "__main__":
    main()
