"""How much of a calibration error is chance, against models that are honest by construction and ones that are not."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.calibration_null import calibration_chance
from models.metrics import Floats, confidence_error

ROWS = 374


def answers(seed: int, boast: float = 0.0, rows: int = ROWS) -> tuple[Floats, Floats]:
    """Confidences of a model that is right less often than it says, by `boast`."""
    draw = np.random.default_rng(seed)
    confidence = draw.uniform(0.4, 0.95, rows)
    return confidence, (draw.random(rows) < confidence - boast).astype(np.float64)


def test_honest_probabilities_show_the_error_that_is_said_to_be_chance() -> None:
    found = [confidence_error(*answers(seed)) for seed in range(200)]
    said = calibration_chance(*answers(0))
    assert said.mean == pytest.approx(np.mean(found), abs=0.003)
    assert said.high == pytest.approx(np.quantile(found, 0.95), abs=0.006)
    assert said.mean > 0.04, "as much as a limit of 0.05 allows in all"


def test_more_rows_leave_less_to_chance() -> None:
    few, many = calibration_chance(*answers(1)), calibration_chance(*answers(1, rows=16 * ROWS))
    assert many.mean < few.mean / 3
    assert many.high < few.high / 3


def test_a_boast_shows_when_chance_is_taken_off() -> None:
    raw, debiased = [], []
    for seed in range(30):
        confidence, right = answers(seed, boast=0.03)
        raw.append(confidence_error(confidence, right))
        debiased.append(calibration_chance(confidence, right).debiased)
    assert abs(np.mean(debiased) - 0.03) < 0.5 * abs(np.mean(raw) - 0.03)


def test_little_is_left_of_an_honest_model_and_never_less_than_nothing() -> None:
    found = [calibration_chance(*answers(seed)).debiased for seed in range(10)]
    assert min(found) >= 0.0
    assert np.mean(found) < 0.8 * np.mean([confidence_error(*answers(seed)) for seed in range(10)])


def test_the_same_seed_draws_the_same() -> None:
    assert calibration_chance(*answers(2)) == calibration_chance(*answers(2))
