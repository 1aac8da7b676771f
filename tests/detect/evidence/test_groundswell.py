"""Evidence of a groundswell means the same whatever the model and the company are like."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.detect.evidence.change_point import ChangePoint
from pipeline.detect.evidence.groundswell import BLOCK, Groundswell

SHARE = 0.2


def fed(swell: Groundswell, blocks: list[tuple[float, float]]) -> list[float]:
    """The scores of the blocks, each of (negatives, all); negatives are due at the usual share."""
    found, expected = [], swell.expected
    if swell.end == 0.0:
        swell.close(0.0, expected, 1.4, ChangePoint())
    for negative, every in blocks:
        swell.negative, swell.other = negative, every - negative
        expected += SHARE * every
        swell.close(swell.end, expected, 1.4, ChangePoint())
        found.append(swell.z)
    return found


def quiet(rng: np.random.Generator, every: int, count: int, part: float, lean: float) -> list[tuple[float, float]]:
    """Quiet blocks: each negative counts for `part`, and twice as many are there; the share leans for days."""
    walk, blocks = 0.0, []
    for _ in range(count):
        walk = 0.88 * walk + rng.normal(0.0, lean * 0.47)
        odds = SHARE / (1.0 - SHARE) * np.exp(walk)
        blocks.append((float(rng.binomial(round(every / part), odds / (1.0 + odds))) * part, float(every)))
    return blocks


@pytest.mark.parametrize("every", [20, 200, 1000])
@pytest.mark.parametrize(("part", "lean"), [(1.0, 0.0), (0.5, 0.0), (1.0, 0.15)], ids=["whole", "soft", "leaning"])
def test_scores_of_quiet_blocks_vary_alike(every: int, part: float, lean: float) -> None:
    rng = np.random.default_rng(7)
    swell = Groundswell()
    fed(swell, quiet(rng, every, 400, part, lean))
    after = np.array(fed(swell, quiet(rng, every, 1200, part, lean)))
    assert 0.4 <= np.quantile(after, 0.84) <= 1.3  # one deviation above, of a minimum of two and of whole negatives


def test_a_groundswell_is_found_and_hardly_taught() -> None:
    rng = np.random.default_rng(8)
    swell = Groundswell()
    fed(swell, quiet(rng, 50, 120, 1.0, 0.1))
    usual = swell.usual_negative / swell.usual_all
    assert usual == pytest.approx(SHARE, abs=0.03)
    assert swell.evidence < 6.0
    fed(swell, [(20.0, 60.0)] * 16)
    assert swell.evidence > 10.0
    assert swell.usual_negative / swell.usual_all < usual + 0.03


def test_more_of_everything_is_no_evidence() -> None:
    rng = np.random.default_rng(9)
    swell = Groundswell()
    fed(swell, quiet(rng, 50, 120, 1.0, 0.1))
    swell.clear()
    fed(swell, quiet(rng, 5000, 4, 1.0, 0.0))
    assert swell.evidence < 4.0


def test_an_explained_block_is_neither_scored_nor_learned_from() -> None:
    swell = Groundswell()
    fed(swell, [(10.0, 50.0)] * 40)
    known = (swell.usual_negative, swell.usual_all, swell.squares, swell.scored, swell.evidence)
    swell.negative, swell.other, swell.explained = 400.0, 10.0, True
    assert not swell.close(swell.end + BLOCK, swell.expected, 1.4, ChangePoint())
    assert known == (swell.usual_negative, swell.usual_all, swell.squares, swell.scored, swell.evidence)
