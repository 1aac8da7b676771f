"""Hijacked threads: the anger of a crowd about something else, led to a company."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from pipeline.contracts.posts import Post
from pipeline.enrich.linking.linker import Linker
from tests.attacks.stages import answers, paged_of, written
from tests.attacks.verdict import assert_not_paged, assert_paged

LIBRARY = written(1, "they closed our library", 0.0)
VIRAL = [LIBRARY, *answers(range(1_000, 1_400), "this is so bad,", 30.0, 3_000.0)]
"""Four hundred angry people, none of whom speaks of the company."""

CRISIS = [
    written(5_000, "@Delta lost my bag again, so bad", 0.0),
    *answers(range(5_001, 5_101), "this is bad,", 30.0, 2_400.0, parents=(5_000,), root=5_000),
]


def naming(count: int, accounts: int) -> list[Post]:
    """Answers in the library's thread that speak of the company, by so many accounts."""
    return [
        written(
            10 + n, f"reminds me of @Delta, bad, time {n}", 60.0 * (n + 1), author=f"hijacker{n % accounts}",
            kind="reply", parent_id="twitter:1", root_id="twitter:1",
        )
        for n in range(count)
    ]  # fmt: skip


def arguing(count: int, authors: int | None = None) -> list[Post]:
    """Sixty angry answers to each of those."""
    numbers, parents = range(2_000, 2_000 + 60 * count), range(10, 10 + count)
    return answers(numbers, "this is so bad,", 120.0, 3_000.0, parents=parents, authors=authors)


def edited(after: float) -> Post:
    """The library's post in a version that names the company."""
    when = LIBRARY.created_at + timedelta(seconds=after)
    return msgspec.structs.replace(LIBRARY, text="@Delta closed our library, bad", version=2, ingested_at=when)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_remark_in_passing_makes_no_crisis_of_a_viral_thread(linker: Linker, count: int) -> None:
    assert paged_of(linker, VIRAL, naming(count, count)) is None


@pytest.mark.parametrize("count", [1, 2, 5])
def test_one_account_makes_none_of_those_who_argue_with_it(linker: Linker, count: int) -> None:
    """Two remarks of one account, and who answered them, were a crisis of severity 4."""
    assert paged_of(linker, VIRAL, naming(count, 1), arguing(count)) is None
    assert paged_of(linker, VIRAL, naming(count, 1), arguing(count, authors=6)) is None


def test_twenty_remarks_that_four_hundred_inherit_do(linker: Linker) -> None:
    """The bound: 192 authors are remembered, so among more the one account is new again."""
    assert paged_of(linker, VIRAL, naming(20, 1), arguing(20)) is not None


def test_two_accounts_that_a_hundred_people_answer_do(linker: Linker) -> None:
    """The bound: two who speak of the company, and many who answer them, are a thread about it."""
    verdict = paged_of(linker, VIRAL, naming(2, 2), arguing(2))
    assert verdict is not None
    assert verdict.stands


@pytest.mark.parametrize("after", [900.0, 3_000.0])
def test_an_edit_of_its_first_post_turns_no_thread_to_the_company(linker: Linker, after: float) -> None:
    """Four hundred people who had answered something else were a crisis of severity 4."""
    assert paged_of(linker, VIRAL, [edited(after)]) is None


def test_an_edit_within_ten_minutes_does(linker: Linker) -> None:
    """The bound: what is answered by then may be what the post says now."""
    verdict = paged_of(linker, VIRAL, [edited(120.0)])
    assert verdict is not None
    assert verdict.stands


@pytest.mark.parametrize("accounts", [3, 6])
def test_a_few_who_answer_the_companys_own_post_are_no_crowd(linker: Linker, accounts: int) -> None:
    own = written(1, "Our new lounge opens today", 0.0, author="Delta")
    few = answers(range(100, 340), "this is so bad,", 30.0, 2_400.0, authors=accounts)
    assert_not_paged(paged_of(linker, [own], few), severity=3)


@pytest.mark.parametrize("accounts", [40, 150])
def test_a_crowd_that_does_is_one(linker: Linker, accounts: int) -> None:
    """Since answers to the company's own posts named nobody, and its posts count nowhere, no crowd was seen there."""
    own = written(1, "Our new lounge opens today", 0.0, author="Delta")
    verdict = paged_of(linker, [own], answers(range(100, 100 + accounts), "this is so bad,", 30.0, 2_400.0))
    assert verdict is not None
    assert (verdict.kind, verdict.stands) == ("pile_on", True)


def test_a_crisis_beside_a_hijacked_thread_is_paged(linker: Linker) -> None:
    attack = [*VIRAL, *naming(5, 1), *arguing(5)]
    assert_paged(paged_of(linker, CRISIS, attack), paged_of(linker, CRISIS), later=6.0)
