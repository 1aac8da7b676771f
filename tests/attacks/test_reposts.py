"""Farms of reposts: accounts that pass on what they are told to."""

from __future__ import annotations

import random

import pytest

from tests.attacks.crises import FAST, SHARE, WEEK, Crisis, Stream, aged, amplification, ordinary
from tests.attacks.crowds import posts
from tests.attacks.test_sock_puppets import WEEKS
from tests.attacks.verdict import assert_not_paged, assert_paged, paged
from tests.detect.streams import mention

TEXT = "Acme lost a parcel of mine and laughed about it at the counter"


def farm(accounts: int, each: int = 1, *, negative: float = 0.97, **more: object) -> Stream:
    """A post of the farm's, and its reposts within half an hour."""
    own = {"root": "bluesky:farm", "parent": "bluesky:farm", "kind": "repost"}
    shares = posts(
        accounts, each, name="share-of", negative=negative, text=lambda rng: TEXT, fields=own, span=1_800.0, **more  # type: ignore[arg-type]
    )  # fmt: skip
    return [*aged([mention("farm", 10 * 86_400.0 + 50_000.0, negative, TEXT)]), *shares]


@pytest.mark.parametrize("each", [1, 3, 10])
@pytest.mark.parametrize("accounts", [3, 8])
def test_eight_accounts_amplify_nothing(accounts: int, each: int) -> None:
    assert paged(ordinary(), farm(accounts, each)) is None


@pytest.mark.parametrize("accounts", [15, 25, 40])
def test_accounts_that_repost_often_are_few_authors(accounts: int) -> None:
    assert_not_paged(paged(ordinary(), farm(accounts, 10)), severity=4)


@pytest.mark.parametrize("accounts", [80, 400])
def test_eighty_new_accounts_are_coordinated(accounts: int) -> None:
    assert_not_paged(paged(ordinary(), farm(accounts, age=WEEKS)), severity=5)


@pytest.mark.parametrize("accounts", [20, 40])
def test_twenty_old_accounts_amplify(accounts: int) -> None:
    """The bound: a repost has no words by which to tell a farm from people."""
    verdict = paged(ordinary(), farm(accounts))
    assert verdict is not None
    assert verdict.stands


@pytest.mark.parametrize("accounts", [3, 100, 1_000])
@pytest.mark.parametrize("crisis", FAST)
def test_a_harmless_post_passed_on_beside_a_crisis_hides_nothing(crisis: Crisis, accounts: int) -> None:
    attack = farm(accounts, 200 if accounts == 3 else 1, negative=0.05)
    assert paged(ordinary(), attack) is None
    assert_paged(paged(ordinary(WEEK), crisis(), attack), paged(ordinary(WEEK), crisis()), later=3.0)


def praise(rng: random.Random) -> str:
    return "acme brought my parcel right to the door, what a lovely surprise"


@pytest.mark.parametrize(("accounts", "each"), [(1, 150), (3, 100), (40, 1)])
@pytest.mark.parametrize("crisis", FAST)
def test_friendly_reposts_in_its_thread_hide_nothing(crisis: Crisis, accounts: int, each: int) -> None:
    """Three accounts once cast so much doubt on what 150 people passed on that it was never paged."""
    attack = posts(accounts, each, name="doubt", negative=0.05, text=praise, fields=SHARE, span=1_800.0)
    assert_paged(paged(ordinary(), crisis(), attack), paged(ordinary(), crisis()), later=6.0)


def test_four_that_repost_praise_for_each_that_reposts_the_complaint_hide_it() -> None:
    """The bound: where three in ten reposts of the first minutes are in doubt, the text is."""
    attack = posts(400, name="doubt", negative=0.05, text=praise, fields=SHARE, span=600.0)
    assert paged(ordinary(), amplification(100), attack) is None
