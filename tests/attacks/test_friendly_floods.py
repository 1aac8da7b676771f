"""Friendly floods: praise that shall outweigh the complaints, beforehand or beside them."""

from __future__ import annotations

import pytest

from tests.attacks.crises import ANSWER, CRISES, DAY, DAYS, FAST, HOUR, WEEK, Crisis, ordinary, pile_on, surge
from tests.attacks.crowds import friendly
from tests.attacks.verdict import assert_paged, paged

BUSY = 1_500.0
"""Mentions a day of a company about which each test speaks for itself."""


@pytest.mark.parametrize("a_day", [200.0, BUSY])
@pytest.mark.parametrize(("accounts", "each"), [(1, 400), (3, 400), (10, 40)])
@pytest.mark.parametrize("crisis", FAST)
def test_few_accounts_hide_nothing_however_much_they_post(
    crisis: Crisis, accounts: int, each: int, a_day: float
) -> None:
    """One account with 150 friendly answers once made a pile-on wait for its surge, half an hour in a busy company."""
    talk = ordinary(a_day=a_day, since=DAYS - 4.0)
    without = paged(talk, crisis())
    for fields in (None, ANSWER):
        assert_paged(paged(talk, crisis(), friendly(accounts, each, fields=fields)), without, later=6.0)


@pytest.mark.parametrize("accounts", [20, 60, 150])
def test_a_pile_on_beside_a_friendly_crowd_is_paged_later(accounts: int) -> None:
    """People who answer in favour are a reason to wait: the thread is not of one mind."""
    without = paged(ordinary(), pile_on())
    assert_paged(paged(ordinary(), pile_on(), friendly(accounts, fields=ANSWER)), without, later=20.0)


def test_three_friendly_accounts_for_each_complaint_hide_a_pile_on() -> None:
    """The bound: nothing tells them from people who like the company."""
    assert paged(ordinary(), pile_on(), friendly(300, fields=ANSWER)) is None


@pytest.mark.parametrize("accounts", [60, 300, 1_000])
def test_a_surge_is_paged_when_the_flood_is_over(accounts: int) -> None:
    """Praise for forty minutes makes it wait for these forty, since it is no larger share of what is said."""
    without = paged(ordinary(), surge())
    assert_paged(paged(ordinary(), surge(), friendly(accounts)), without, later=80.0)


@pytest.mark.parametrize("accounts", [30, 300])
@pytest.mark.parametrize("crisis", CRISES)
def test_praise_of_the_days_before_hides_nothing(crisis: Crisis, accounts: int) -> None:
    talk = ordinary(WEEK)
    before = friendly(accounts, 7, begin=-7 * DAY, span=7 * DAY)
    later = 36 * 60.0 if crisis.__name__ == "groundswell" else 5.0
    assert_paged(paged(talk, crisis(), before), paged(talk, crisis()), later=later)


@pytest.mark.parametrize("accounts", [3, 100, 1_000])
def test_praise_alone_makes_no_page(accounts: int) -> None:
    assert paged(ordinary(), friendly(accounts, 5)) is None
    assert paged(ordinary(), friendly(accounts, 5, span=6 * HOUR)) is None
