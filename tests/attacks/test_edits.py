"""Edits and deletions as weapons: what has been counted is taken away again, or counted twice."""

from __future__ import annotations

import pytest

from tests.attacks.crises import ANSWER, AT, DAY, FAST, HOUR, Crisis, ordinary, words
from tests.attacks.crowds import deleted, edited, friendly, posts, thread
from tests.attacks.test_copied_texts import TEXT
from tests.attacks.verdict import assert_not_paged, assert_paged, paged


@pytest.mark.parametrize("back", [0.0, 300.0, 900.0, 3_600.0])
@pytest.mark.parametrize("accounts", [5, 20, 60])
@pytest.mark.parametrize("crisis", FAST)
def test_complaints_deleted_at_once_take_away_no_more_than_they_brought(
    crisis: Crisis, accounts: int, back: float
) -> None:
    """Twenty that were dated back, and so were no evidence, took half an hour of a surge with them."""
    without = paged(ordinary(), crisis())
    for fields in (None, ANSWER):
        attack = posts(accounts, span=1_500.0, back=back, fields=fields)
        assert_paged(paged(ordinary(), crisis(), attack, deleted(attack, after=20.0)), without, later=2.0, joins=True)


@pytest.mark.parametrize("minutes", [5.0, 10.0])
@pytest.mark.parametrize("span", [12 * HOUR, DAY])
@pytest.mark.parametrize("crisis", FAST)
def test_complaints_of_the_day_before_deleted_together_do_neither(crisis: Crisis, span: float, minutes: float) -> None:
    attack = posts(15, begin=-span, span=span)
    verdict = paged(ordinary(), crisis(), attack, deleted(attack, at=AT + minutes * 60.0))
    assert_paged(verdict, paged(ordinary(), crisis()), later=6.0)


@pytest.mark.parametrize("times", [1, 5, 30])
@pytest.mark.parametrize("accounts", [1, 3, 5])
def test_edits_of_few_are_no_crowd(accounts: int, times: int) -> None:
    attack = posts(accounts)
    for _ in range(times):
        attack += [edited(m, 30.0) for m in attack[-accounts:]]
    assert paged(ordinary(), attack) is None


@pytest.mark.parametrize("accounts", [4, 8])
def test_an_account_that_edits_its_post_makes_no_crowd_of_a_brigade(accounts: int) -> None:
    """Each edit was one more person who had complained once; eight of those are a crowd."""
    attack = [*thread(accounts, 40), *posts(1, name="editor", span=60.0)]
    for _ in range(40):
        attack.append(edited(attack[-1], 50.0))
    assert_not_paged(paged(ordinary(), attack), severity=4)


@pytest.mark.parametrize("accounts", [20, 60, 150])
def test_posts_edited_into_one_text_are_copies(accounts: int) -> None:
    """The second version of a post was taken for the first of its text."""
    before = friendly(accounts, text=lambda rng: f"acme lovely day {words(rng)}")
    assert paged(ordinary(), before, [edited(m, 90.0, TEXT) for m in before]) is None


@pytest.mark.parametrize("accounts", [3, 10])
@pytest.mark.parametrize("crisis", FAST)
def test_complaints_edited_into_praise_hide_no_others(crisis: Crisis, accounts: int) -> None:
    attack = posts(accounts, 3, span=1_200.0)
    praise = [edited(m, 60.0, "acme is lovely after all", 0.02) for m in attack]
    assert_paged(paged(ordinary(), crisis(), attack, praise), paged(ordinary(), crisis()), later=35.0, joins=True)
