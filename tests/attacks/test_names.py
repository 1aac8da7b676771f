"""Names: hidden among invisible characters, or joined into hashtags, by those who complain or by those who attack."""

from __future__ import annotations

import random

import pytest

from pipeline.contracts.posts import Post
from pipeline.enrich.linking.linker import Linker
from tests.attacks.crises import words
from tests.attacks.stages import DELTA, mentions, paged_of, written
from tests.attacks.verdict import assert_paged

PLAIN = "Delta Air Lines"
WRITTEN = (
    "Delta\u200b Air Lines",
    "D\u200belta A\u2060ir L\u00adines",
    "\U0001d403\U0001d41e\U0001d425\U0001d42d\U0001d41a Air Lines",
    "D̶e̶l̶t̶a̶ Air Lines",
    "#DeltaAirLines",
    "#BoycottDeltaAirLines",
    "#DeltaAirlinesSucks",
)
"""Ways of writing it that dodge filters."""

DODGED = ("Dеlta Air Lines", "De1ta Air Lines", "D e l t a Air Lines", "Deltaaa Air Lines")
"""Ways in which it is not found: a Cyrillic letter, a digit in a short word, spaces, letters repeated."""


def complaints(name: str, count: int = 40) -> list[Post]:
    """A surge of complaints within forty minutes that name the company so."""
    rng = random.Random(8)
    return [
        written(100 + n, f"{name} lost my bag again, this is so bad, {words(rng, 9)}", rng.uniform(1.0, 2_400.0))
        for n in range(count)
    ]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_crisis_is_paged_however_the_name_is_written(linker: Linker, name: str) -> None:
    assert_paged(paged_of(linker, complaints(name)), paged_of(linker, complaints(PLAIN)), later=1.0)


@pytest.mark.parametrize("name", DODGED)
def test_some_ways_hide_the_writers_own_complaints_only(linker: Linker, name: str) -> None:
    """The bound: such posts are about nobody; they take no others with them."""
    assert paged_of(linker, complaints(name)) is None
    both = paged_of(linker, complaints(PLAIN), [written(9_000, f"{name}, this is so bad", 60.0)])
    assert_paged(both, paged_of(linker, complaints(PLAIN)), later=1.0)


def test_joined_names_make_one_mention_of_each(linker: Linker) -> None:
    """However often a post says a name, and in however many ways."""
    tags = "#DeltaAirLines #BoycottDeltaAirLines @Delta Delta Air Lines #Nike #Sony #Tesla #DeltaNikeSonyTesla"
    found = mentions(linker, [written(1, f"{tags} this is so bad", 1.0)])
    assert len(found) == len({m.entity.id for m in found})
    assert sum(m.entity.id == DELTA for m in found) == 1


@pytest.mark.parametrize("accounts", [1, 3, 5])
def test_few_accounts_page_nobody_with_tags_of_many(linker: Linker, accounts: int) -> None:
    tags = "#DeltaAirLines #Nike #Sony #Tesla #Toyota #Amazon"
    attack = [
        written(100 + n, f"{tags} this is so bad, shame {n}", 8.0 * n, author=f"tagger{n % accounts}")
        for n in range(200)
    ]
    assert paged_of(linker, attack) is None
