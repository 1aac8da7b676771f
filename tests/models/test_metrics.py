"""Figures against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.metrics import (
    accuracy,
    calibration_error,
    confidence_error,
    confusion,
    coverage,
    f1_of,
    interval,
    macro_f1,
    macro_recall,
    recalls,
    resamples,
)

LABELS = np.array([0, 0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 0, 2])


def test_confusion_counts_labels_by_what_they_were_called() -> None:
    assert confusion(PREDICTED, LABELS, 3).tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 1]]
    weights = np.array([2.0, 0, 0, 1, 0, 0, 3])
    assert confusion(PREDICTED, LABELS, 3, weights).tolist() == [[2, 1, 0], [0, 0, 0], [0, 0, 3]]


def test_macro_recall_is_the_mean_over_the_classes() -> None:
    assert recalls(PREDICTED, LABELS, 3) == [0.75, 0.5, 1.0]
    assert macro_recall(PREDICTED, LABELS, 3) == pytest.approx(0.75)
    assert macro_recall(PREDICTED[:4], LABELS[:4], 3) == pytest.approx(0.75), "classes without rows are left out"
    assert macro_recall(PREDICTED[:0], LABELS[:0], 3) == 0.0


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    # class 0: precision 3/4, recall 3/4; class 1: precision 1/2, recall 1/2; class 2: 1, 1
    assert f1_of(0, PREDICTED, LABELS, 3) == pytest.approx(0.75)
    assert f1_of(1, PREDICTED, LABELS, 3) == pytest.approx(0.5)
    assert macro_f1(PREDICTED, LABELS, 3) == pytest.approx((0.75 + 0.5 + 1.0) / 3)
    yes = np.array([1, 1, 1, 0, 0])
    called = np.array([1, 0, 1, 1, 1])  # precision 2/4, recall 2/3
    assert f1_of(1, called, yes, 2) == pytest.approx(2 * 0.5 * (2 / 3) / (0.5 + 2 / 3))


def test_a_class_that_is_neither_there_nor_called_counts_nothing() -> None:
    assert f1_of(2, np.array([0, 1]), np.array([0, 1]), 3) == 0.0
    assert macro_f1(np.array([0, 1]), np.array([0, 1]), 3) == pytest.approx(2 / 3)


def test_accuracy_is_the_share_that_was_called_what_it_is() -> None:
    assert accuracy(PREDICTED, LABELS, 3) == pytest.approx(5 / 7)
    assert accuracy(PREDICTED, LABELS, 3, np.array([1.0, 0, 0, 1, 0, 0, 0])) == pytest.approx(0.5)
    assert accuracy(PREDICTED[:0], LABELS[:0], 3) == 0.0


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    probabilities = np.tile([0.8, 0.2], (10, 1))
    assert calibration_error(probabilities, np.array([0] * 8 + [1] * 2)) == pytest.approx(0.0, abs=1e-12)
    assert calibration_error(probabilities, np.array([0] * 5 + [1] * 5)) == pytest.approx(0.3)


def test_calibration_error_weighs_each_bin_by_its_rows() -> None:
    # bin of 0.9: three rows, two right, gap 0.9 - 2/3; bin of 0.6: one row, right, gap 0.4
    confidence, right = np.array([0.9, 0.9, 0.9, 0.6]), np.array([1.0, 1.0, 0.0, 1.0])
    assert confidence_error(confidence, right) == pytest.approx((3 * (0.9 - 2 / 3) + 0.4) / 4)
    weights = np.array([1.0, 0.0, 0.0, 1.0])
    assert confidence_error(confidence, right, weights=weights) == pytest.approx((0.1 + 0.4) / 2)
    assert confidence_error(np.array([1.0]), np.array([1.0])) == 0.0, "full confidence is in the last bin"


def test_coverage_says_what_share_is_left_and_how_right_it_is() -> None:
    confidence, right = np.array([0.9, 0.8, 0.6, 0.4]), np.array([1.0, 0.0, 1.0, 0.0])
    assert coverage(confidence, right, (0.0, 0.5, 0.85, 0.95)) == [
        (0.0, 1.0, 0.5),
        (0.5, 0.75, pytest.approx(2 / 3)),
        (0.85, 0.25, 1.0),
        (0.95, 0.0, 0.0),
    ]


def test_the_interval_is_repeatable_and_near_the_normal_one() -> None:
    right = np.array([1.0] * 70 + [0.0] * 30)

    def share(weights: np.ndarray) -> float:
        return float(np.average(right, weights=weights))

    low, high = interval(share, 100)
    assert (low, high) == interval(share, 100)
    wide = 1.96 * (0.7 * 0.3 / 100) ** 0.5
    assert low == pytest.approx(0.7 - wide, abs=0.02)
    assert high == pytest.approx(0.7 + wide, abs=0.02)


def test_rows_of_one_group_are_drawn_together() -> None:
    groups = np.array([5, 5, 5, 9])
    drawn = list(resamples(groups, 50, 1))
    assert all(len(set(weights[:3].tolist())) == 1 for weights in drawn)
    assert all((weights[0] + weights[3]) == 2 for weights in drawn), "as many groups as there are"
    right = np.repeat([1.0, 0.0], 500)
    alone = interval(lambda weights: float(np.average(right, weights=weights)), 1000)
    together = interval(lambda weights: float(np.average(right, weights=weights)), np.repeat(np.arange(100), 10))
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_the_interval_of_a_difference_is_paired() -> None:
    random = np.random.default_rng(3)
    first = (random.random(400) < 0.7).astype(float)
    second = first.copy()
    second[:8] = 1 - second[:8]
    low, high = interval(lambda weights: float(np.average(first - second, weights=weights)), 400)
    assert high - low < 0.04, "the two differ on 8 rows alone; unpaired it would be about 0.13"
