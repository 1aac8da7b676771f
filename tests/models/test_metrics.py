"""Figures against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.evaluate import figures, render
from models.evaluation.metrics import calibration_error, interval, macro_recall, recalls, softmax
from models.export.calibrate import balancing_shift, fit_temperature


def test_macro_recall_is_the_mean_over_the_classes() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 0, 1, 1, 0, 2])
    assert recalls(predicted, labels, 3) == [0.75, 0.5, 1.0]
    assert macro_recall(predicted, labels, 3) == pytest.approx(0.75)
    assert macro_recall(predicted[:4], labels[:4], 3) == pytest.approx(0.75), "classes without texts are left out"


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    probabilities = np.tile([0.8, 0.2], (10, 1))
    assert calibration_error(probabilities, np.array([0] * 8 + [1] * 2)) == pytest.approx(0.0, abs=1e-12)
    assert calibration_error(probabilities, np.array([0] * 5 + [1] * 5)) == pytest.approx(0.3)


def test_a_temperature_is_found_again() -> None:
    random = np.random.default_rng(5)
    logits = random.normal(0, 2, (20_000, 3))
    honest = softmax(logits, 1.6)
    labels = np.array([random.choice(3, p=row) for row in honest])
    assert fit_temperature(logits, labels, np.ones(len(labels))) == pytest.approx(1.6, rel=0.05)


def test_full_balance_takes_out_the_shares_of_the_training_data() -> None:
    shares = np.array([0.1, 0.6, 0.3])
    assert softmax(np.log(shares) + balancing_shift(shares, 1.0)) == pytest.approx([1 / 3] * 3)
    assert softmax(np.log(shares) + balancing_shift(shares, 0.0)) == pytest.approx(shares)


def test_the_interval_is_repeatable_and_holds_the_figure() -> None:
    right = np.array([1.0] * 70 + [0.0] * 30)
    low, high = interval(lambda chosen: float(right[chosen].mean()), 100)
    assert (low, high) == interval(lambda chosen: float(right[chosen].mean()), 100)
    assert 0.55 < low < 0.7 < high < 0.85


def test_figures_say_what_quantisation_cost() -> None:
    labels = np.array([0, 1, 2, 2])
    good = np.eye(3)[labels] * 0.9 + 0.1 / 3
    worse = good.copy()
    worse[3] = worse[0]
    found = figures(worse, labels, name="own", reference=good)
    assert found.macro_recall.value == pytest.approx(0.8333)
    assert found.fp32_macro_recall == 1.0
    assert found.fp32_same_label == 0.75
    assert "0.8333" in render(found)
