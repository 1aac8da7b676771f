"""How the threshold of groundswells is fitted and judged over worlds."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.detection.streams import DAY, Truth
from pipeline.detect.evidence.groundswell import BLOCK


@pytest.fixture(autouse=True)
def form() -> Iterator[None]:
    """The bench asks for the plain form of what is imported after it; other tests choose for themselves."""
    before = os.environ.get("GROUNDSWELL_PURE")
    yield
    if before is None:
        os.environ.pop("GROUNDSWELL_PURE", None)
    else:
        os.environ["GROUNDSWELL_PURE"] = before


def test_a_groundswell_is_found_and_what_nothing_explains_is_false() -> None:
    from benchmarks.detection.worlds import slow

    def blocks(share: float, first: int, count: int) -> list[slow.Block]:
        every = [10.0 + i % 5 for i in range(first, first + count)]
        return [
            slow.Block((first + i + 1) * BLOCK, n * share, n * (1.0 - share), n * 0.2, 1.4, False)
            for i, n in enumerate(every)
        ]

    whole = [*blocks(0.2, 0, 80), *blocks(0.6, 80, 16), *blocks(0.2, 96, 40)]
    truth = Truth("groundswell", 80 * BLOCK, 96 * BLOCK, 100, np.array([20.0 * DAY]))
    found = slow.verdict(slow.Trace("w", 50.0, [truth], whole))
    assert found.false[0] == 0
    assert 0.0 < found.days[0, 0] < 4.0
    unlabelled = slow.verdict(slow.Trace("w", 50.0, [], whole))
    assert unlabelled.false[0] == 1
    assert unlabelled.days.size == 0
    assert np.all(np.diff(unlabelled.false) <= 0)


def test_the_curve_falls_and_weighs_worlds_alike() -> None:
    from benchmarks.detection.worlds import slow

    falling = np.exp(-0.5 * slow.GRID)
    few = [slow.Trace("few", 1.0, [], [])] * 2
    many = [slow.Trace("many", 1.0, [], [])] * 50
    verdicts = [slow.Verdict(8.0 * falling, np.empty((0, slow.GRID.size)))] * 2
    verdicts += [slow.Verdict(2.0 * falling, np.empty((0, slow.GRID.size)))] * 50
    curve = slow.curve([*few, *many], verdicts)
    assert np.all(np.diff(curve.false_alarms) < 0.0)
    assert curve.false_alarms[0] == pytest.approx(5.0 * falling[0], rel=0.01)
