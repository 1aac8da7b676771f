"""The streams of the race: as many companies as promised, no two texts alike, the same at every call."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from benchmarks.end_to_end.newcomer import companies_in
from benchmarks.end_to_end.tweets import ORDINARY, tweets
from pipeline.contracts.posts import Post, RawMessage
from pipeline.simulate.companies import companies
from pipeline.simulate.texts import names

COMPANIES = companies(10)
NAMES = {name.lower(): company.id for company in COMPANIES for name in names(company)}


@pytest.mark.parametrize("every", [1, ORDINARY])
def test_one_in_so_many_names_a_company(every: int) -> None:
    posts = [msgspec.json.decode(line, type=RawMessage) for line in tweets(300, COMPANIES, 1, every)]
    texts = [post.text for post in posts if isinstance(post, Post)]
    assert [bool(companies_in(text, NAMES)) for text in texts] == [number % every == 0 for number in range(300)]
    assert len(set(texts)) == len(texts) == 300


def test_times_rise_and_the_stream_is_always_the_same() -> None:
    first, again = (list(tweets(50, COMPANIES, 1, ORDINARY)) for _ in range(2))
    assert first == again != list(tweets(50, COMPANIES, 2, ORDINARY))
    times = [msgspec.json.decode(line)["created_at"] for line in first]
    assert all(earlier < later for earlier, later in itertools.pairwise(times))
