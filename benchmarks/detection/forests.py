"""Fitted trees of scikit-learn as plain numbers, for `Forest` of the detector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier

from pipeline.detect.evidence.boosted import Forest


class Columns(NamedTuple):
    """Trees laid end to end, as `Forest` is made of them and as they are shipped."""

    base: float
    rate: float
    roots: list[int]
    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]

    def forest(self) -> Forest:
        """The trees, to be asked."""
        return Forest(*self)


class _Tree(NamedTuple):
    """A tree node by node: whether it is a leaf, what it asks, the leaf's value, and its children."""

    leaf: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    left: np.ndarray
    right: np.ndarray


def of_regressor(model: GradientBoostingRegressor) -> Columns:
    """A fitted regressor."""
    trees = (regressor.tree_ for (regressor,) in model.estimators_)
    laid = (
        _Tree(t.children_left < 0, t.feature, t.threshold, t.value[:, 0, 0], t.children_left, t.children_right)
        for t in trees
    )
    return _columns(float(model.init_.constant_.ravel()[0]), model.learning_rate, laid)


def of_classifier(model: HistGradientBoostingClassifier, zero: float = 0.0) -> Columns:
    """A fitted classifier of two classes, which gives log-odds counted from `zero`."""
    every = (predictor.nodes for (predictor,) in model._predictors)
    laid = (
        _Tree(n["is_leaf"].astype(bool), n["feature_idx"], n["num_threshold"], n["value"], n["left"], n["right"])
        for n in every
    )
    return _columns(round(float(np.ravel(model._baseline_prediction)[0]) - zero, 5), 1.0, laid)


def _columns(base: float, rate: float, trees: Iterable[_Tree]) -> Columns:
    roots: list[int] = []
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    for tree in trees:
        roots.append(len(feature))
        feature += [int(f) for f in np.where(tree.leaf, 0, tree.feature)]
        threshold += [float(f"{t:.5g}") for t in np.where(tree.leaf, tree.value, tree.threshold)]
        left += [int(child) for child in np.where(tree.leaf, 0, tree.left)]
        right += [int(child) for child in np.where(tree.leaf, 0, tree.right)]
    return Columns(base, rate, roots, feature, threshold, left, right)
