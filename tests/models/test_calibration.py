"""Temperatures and shifts against what they must undo."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.metrics import softmax
from models.export.calibrate import fit_temperature, prior_shift


def test_a_temperature_is_found_again() -> None:
    random = np.random.default_rng(5)
    logits = random.normal(0, 2, (20_000, 3))
    honest = softmax(logits, 1.6)
    labels = np.array([random.choice(3, p=row) for row in honest])
    assert fit_temperature(logits, labels, np.ones(len(labels))) == pytest.approx(1.6, rel=0.05)


def test_full_balance_takes_out_the_shares_of_the_training_data() -> None:
    shares = np.array([0.1, 0.6, 0.3])
    assert softmax(np.log(shares) + prior_shift(shares, np.full(3, 1 / 3))) == pytest.approx([1 / 3] * 3)
    assert softmax(np.log(shares) + prior_shift(shares, shares)) == pytest.approx(shares)
