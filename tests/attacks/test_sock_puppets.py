"""Sock puppets: a few people with many accounts, who shall look like a crowd, or make one look like them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.attacks.crises import DAY, FAST, HOUR, Crisis, ordinary, surge
from tests.attacks.crowds import own_words, posts, thread
from tests.attacks.verdict import assert_not_paged, assert_paged, paged

WEEKS = timedelta(days=20)
ACCUSATION = "Acme dumps its waste in our bay and pays the papers to be silent, so copy this before they delete it all"


@pytest.mark.parametrize("each", [1, 3, 10, 100])
@pytest.mark.parametrize("accounts", [1, 2, 3])
def test_up_to_three_accounts_make_no_incident_at_all(accounts: int, each: int) -> None:
    for crowd in (posts(accounts, each), thread(accounts, each)):
        assert paged(ordinary(), crowd) is None


@pytest.mark.parametrize("each", [10, 40])
@pytest.mark.parametrize("accounts", [4, 6, 8, 16, 24])
def test_accounts_that_post_often_are_few_authors(accounts: int, each: int) -> None:
    """Their first posts may look like a small crowd; the page is taken back."""
    for crowd in (posts(accounts, each), thread(accounts, each)):
        verdict = paged(ordinary(), crowd)
        assert_not_paged(verdict, severity=4)


@pytest.mark.parametrize("accounts", [6, 10, 40])
def test_six_old_accounts_with_words_of_their_own_are_a_crowd(accounts: int) -> None:
    """The bound: six people whom one complaint drives to post within forty minutes look the same."""
    verdict = paged(ordinary(), posts(accounts))
    assert verdict is not None
    assert verdict.stands
    assert verdict.severity <= (2 if accounts <= 10 else 3)


@pytest.mark.parametrize("accounts", [2, 4, 5])
def test_five_are_not(accounts: int) -> None:
    assert paged(ordinary(), posts(accounts)) is None
    assert paged(ordinary(), thread(accounts)) is None


@pytest.mark.parametrize("accounts", [20, 100, 1_000])
def test_new_accounts_of_one_network_are_coordinated(accounts: int) -> None:
    for crowd in (posts(accounts, age=WEEKS), thread(accounts, age=WEEKS)):
        assert_not_paged(paged(ordinary(), crowd), severity=3)


@pytest.mark.parametrize("begin", [-HOUR, -600.0])
@pytest.mark.parametrize("crisis", FAST)
def test_a_brigade_of_few_or_new_accounts_is_no_cloak(crisis: Crisis, begin: float) -> None:
    """What looks coordinated is paged as soon as a crowd of people joins it."""
    without = paged(ordinary(), crisis())
    for attack in (
        posts(6, 40, begin=begin, span=2 * HOUR),
        posts(3, 400, begin=begin, span=2 * HOUR),
        posts(1_000, begin=begin, span=2 * HOUR, age=WEEKS),
    ):
        assert_paged(paged(ordinary(), crisis(), attack), without, later=35.0, joins=True)


def test_four_copies_for_each_complaint_are_a_cloak() -> None:
    """The bound: so many copiers have as many who changed some words as there are complaints."""

    def copies(accounts: int) -> list[object]:
        return [*posts(accounts, text=lambda rng: ACCUSATION, begin=-600.0, span=2 * HOUR)]

    assert_paged(paged(ordinary(), surge(), copies(60)), paged(ordinary(), surge()), later=60.0)  # type: ignore[arg-type]
    assert paged(ordinary(), surge(), copies(400)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("a_day", [30, 100])
@pytest.mark.parametrize("crisis", FAST)
def test_complaints_every_day_do_not_become_what_is_usual(crisis: Crisis, a_day: int) -> None:
    """Three times the usual complaints, for nine days, so that a crisis be nothing out of the ordinary."""
    before = posts(a_day, 9, begin=-9 * DAY, span=9 * DAY, text=own_words)
    assert_paged(paged(ordinary(), crisis(), before), paged(ordinary(), crisis()), later=5.0)
