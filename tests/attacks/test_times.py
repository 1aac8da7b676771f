"""Times: posts dated ahead, back, at one second or out of order, where authors may choose."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from tests.attacks.crises import ANSWER, AT, FAST, Crisis, ordinary
from tests.attacks.crowds import friendly, posts, thread
from tests.attacks.verdict import assert_paged, paged
from tests.detect.streams import MONDAY

HISTORY = (900.0, 7_200.0, 43_200.0)
"""Seconds back for which a post is history: more than ten minutes."""


@pytest.mark.parametrize("accounts", [3, 100, 400])
@pytest.mark.parametrize("crisis", FAST)
def test_posts_dated_ahead_make_nobody_late(crisis: Crisis, accounts: int) -> None:
    """A clock that ran ahead would make history of all that comes after."""
    attack = friendly(accounts, begin=-1_800.0, back=-3_500.0)
    for m in attack:
        m.ingested_at = m.created_at - timedelta(seconds=3_500.0)
    assert_paged(paged(ordinary(), crisis(), attack), paged(ordinary(), crisis()), later=6.0)


@pytest.mark.parametrize("back", HISTORY)
@pytest.mark.parametrize("crisis", FAST)
def test_praise_dated_back_hides_nothing(crisis: Crisis, back: float) -> None:
    without = paged(ordinary(), crisis())
    for fields in (None, ANSWER):
        assert_paged(paged(ordinary(), crisis(), friendly(400, back=back, fields=fields)), without, later=1.0)


@pytest.mark.parametrize("back", HISTORY[1:])
@pytest.mark.parametrize("accounts", [20, 100, 400])
def test_complaints_dated_back_are_no_crisis_now(accounts: int, back: float) -> None:
    assert paged(ordinary(), posts(accounts, back=back)) is None
    assert paged(ordinary(), thread(accounts, back=back)[1:]) is None


@pytest.mark.parametrize("accounts", [1, 3])
def test_posts_of_one_second_are_no_crowd(accounts: int) -> None:
    attack = posts(accounts, 400 // accounts)
    for m in attack:
        m.created_at = MONDAY + timedelta(seconds=AT + 60.0)
        m.ingested_at = m.created_at
    assert paged(ordinary(), attack) is None


@pytest.mark.parametrize("spread", [30.0, 300.0])
@pytest.mark.parametrize("crisis", FAST)
def test_a_crisis_out_of_order_is_paged(crisis: Crisis, spread: float) -> None:
    """Each comes later than it was written, by a time of its own."""
    rng, story = random.Random(2), crisis()
    for m in story:
        m.ingested_at = m.created_at + timedelta(seconds=rng.uniform(0.0, spread))
    assert_paged(paged(ordinary(), story), paged(ordinary(), crisis()), later=2.0 * spread / 60.0)
