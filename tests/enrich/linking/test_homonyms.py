"""Brands that are ordinary words, on posts of our own; the part that nothing was tuned on sets the floor."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.fitting.linking_calibration import doubtful
from benchmarks.linking.quality import figures, judge, read, wilson
from pipeline.enrich.linking.calibration import expected_error, fit, logistic
from pipeline.enrich.linking.linker import Linker

PRECISION, RECALL, ERROR = 0.94, 0.84, 0.06
"""A little under (the error: over) what was measured on the judging part: 0.960, 0.865, 0.041."""


def test_the_set_is_balanced_and_split() -> None:
    posts = read("all")
    about = sum(post.about is not None for post in posts)
    assert len(posts) >= 600
    assert len({post.words for post in posts}) == 40
    assert abs(about - len(posts) / 2) < 10
    assert len({post.text for post in posts}) == len(posts)
    assert 0.3 < len(read("development")) / len(posts) < 0.36
    assert {msgspec.structs.asdict(post)["split"] for post in posts} == {"development", "judging"}


def test_ordinary_words_are_linked_when_they_mean_the_brand_and_not_else(linker: Linker) -> None:
    judged = figures(judge(linker, read("judging")))
    assert judged.precision >= PRECISION
    assert judged.recall >= RECALL


def test_the_context_is_what_tells_them_apart(linker: Linker) -> None:
    assert figures(judge(linker, read("judging"), everything=True)).precision < 0.6


def test_confidences_are_frequencies(linker: Linker) -> None:
    _, confidences, right = doubtful(linker, read("judging"))
    assert expected_error(confidences, right) < ERROR


def test_a_fit_finds_the_curve_that_made_the_labels() -> None:
    scores = [x / 10 for x in range(-40, 41) for _ in range(40)]
    right = [(i % 40 + 0.5) / 40 < logistic(1.5 * score - 0.5) for i, score in enumerate(scores)]
    slope, intercept = fit(scores, right)
    assert slope == pytest.approx(1.5, abs=0.15)
    assert intercept == pytest.approx(-0.5, abs=0.15)


def test_intervals_are_wilsons() -> None:
    assert wilson(95, 100) == pytest.approx((0.8882, 0.9785), abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)
