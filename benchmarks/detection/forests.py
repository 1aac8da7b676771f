"""Fitted trees of scikit-learn as plain numbers, for `pipeline.detect.forest`."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier

from pipeline.detect.forest import Forest


def of_regressor(model: GradientBoostingRegressor) -> Forest:
    """A fitted regressor."""
    roots: list[int] = []
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    for (regressor,) in model.estimators_:
        tree = regressor.tree_
        roots.append(len(feature))
        leaf = tree.children_left < 0
        feature += [int(f) for f in np.where(leaf, 0, tree.feature)]
        threshold += [float(f"{t:.5g}") for t in np.where(leaf, tree.value[:, 0, 0], tree.threshold)]
        left += [int(child) for child in np.where(leaf, 0, tree.children_left)]
        right += [int(child) for child in np.where(leaf, 0, tree.children_right)]
    base = float(model.init_.constant_.ravel()[0])
    return Forest(base, model.learning_rate, tuple(roots), tuple(feature), tuple(threshold), tuple(left), tuple(right))


def of_classifier(model: HistGradientBoostingClassifier, zero: float = 0.0) -> Forest:
    """A fitted classifier of two classes, which gives log-odds counted from `zero`."""
    roots: list[int] = []
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        roots.append(len(feature))
        leaf = nodes["is_leaf"].astype(bool)
        feature += [int(f) for f in np.where(leaf, 0, nodes["feature_idx"])]
        threshold += [float(f"{t:.5g}") for t in np.where(leaf, nodes["value"], nodes["num_threshold"])]
        left += [int(child) for child in np.where(leaf, 0, nodes["left"])]
        right += [int(child) for child in np.where(leaf, 0, nodes["right"])]
    base = float(np.ravel(model._baseline_prediction)[0]) - zero
    return Forest(round(base, 5), 1.0, tuple(roots), tuple(feature), tuple(threshold), tuple(left), tuple(right))
