"""The demonstration keeps its times, its size and its script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import msgspec
import pytest

from pipeline.contracts.decode import decode_raw
from pipeline.contracts.posts import Post
from pipeline.simulate.companies import demo_companies
from pipeline.simulate.demo import CHATTER, Demo, demo_posts
from pipeline.simulate.texts import names

NOW = datetime(2026, 3, 4, 21, 30, tzinfo=UTC)
SECONDS = 1_700.0


def first(seed: int, now: datetime = NOW, seconds: float = SECONDS) -> list[tuple[Post, float]]:
    return list(takewhile(lambda item: item[1] <= seconds, demo_posts(seed, now)))


@pytest.fixture(scope="module")
def shown() -> list[tuple[Post, float]]:
    return first(0)


def test_it_is_repeatable(shown: list[tuple[Post, float]]) -> None:
    assert first(0, seconds=60.0) == [item for item in shown if item[1] <= 60.0]
    assert [post.text for post, _ in first(1, seconds=0.0)[:20]] != [post.text for post, _ in shown[:20]]


def test_nothing_lies_in_the_future_and_arrivals_rise_strictly(shown: list[tuple[Post, float]]) -> None:
    last = datetime.min.replace(tzinfo=UTC)
    for post, due in shown:
        assert post.ingested_at is not None
        assert post.created_at <= post.ingested_at <= NOW + timedelta(seconds=due)
        assert post.ingested_at > last
        last = post.ingested_at
    dues = [due for _, due in shown]
    assert dues == sorted(dues)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("hour", [0, 7, 15])
def test_the_backlog_is_small_enough(seed: int, hour: int) -> None:
    backlog = first(seed, NOW + timedelta(hours=hour, days=hour), seconds=0.0)
    assert 3_800 <= len(backlog) <= 6_000


@pytest.mark.parametrize("seed", range(6))
def test_a_snowball_starts_and_grows_within_twenty_seconds(seed: int) -> None:
    posts = first(seed, seconds=120.0)
    snowball = [due for post, due in posts if ":acme-air.1000" in post.post_id]
    assert 8.0 <= snowball[0] < 9.0
    assert sum(due < 20.0 for due in snowball) >= 15
    assert len(snowball) >= 100


def test_the_script_is_what_happens(shown: list[tuple[Post, float]]) -> None:
    script = Demo(0, NOW).script(600.0)
    assert [told.story.kind for told in script] == [
        "cascade", "promotion", "repost_flood", "brigade", "cascade", "news_surge", "cascade",
    ]  # fmt: skip
    assert script[0].name == "Acme Air"
    assert "should be noticed" in script[0].line()
    assert "should not page" in script[1].line()
    ids = Counter(post.post_id.split(":")[1] for post, _ in shown)
    snowball = [post for post in ids if post.startswith("acme-air.1000")]
    assert len(snowball) == script[0].story.size
    assert all(told.story.end <= Demo(0, NOW).clock(2_000.0) for told in script[:3])


def test_posts_are_valid_messages(shown: list[tuple[Post, float]]) -> None:
    for post, _ in shown[::25]:
        assert decode_raw(msgspec.json.encode(post), NOW.timestamp()) == post
        assert post.network.startswith("demo-")
        assert post.post_id.startswith(f"{post.network}:")
        assert post.author.id.startswith(f"{post.network}:")


def test_threads_stay_on_their_network_and_reviews_have_stars(shown: list[tuple[Post, float]]) -> None:
    for post, _ in shown:
        assert post.root_id is not None
        assert post.root_id.startswith(f"{post.network}:")
        assert (post.rating is not None) == (post.kind == "review")
        assert post.network == "demo-reviews" or post.kind not in ("review", "comment")
    assert {post.network for post, _ in shown} == {"demo-bluesky", "demo-mastodon", "demo-forum", "demo-reviews"}


def test_talk_about_nobody_names_nobody(shown: list[tuple[Post, float]]) -> None:
    everything = [name.casefold() for company in demo_companies() for name in names(company)]
    nobody = [post for post, _ in shown if f":{CHATTER.partition(':')[2]}." in post.post_id]
    assert len(nobody) > 200
    assert not any(name in post.text.casefold() for post in nobody for name in everything)


def test_some_are_delivered_twice(shown: list[tuple[Post, float]]) -> None:
    ids = Counter(post.post_id for post, _ in shown)
    twice = sum(count > 1 for count in ids.values())
    assert 0.002 < twice / len(ids) < 0.01


def test_the_clock_runs_fast_and_then_keeps_pace() -> None:
    demo = Demo(0, NOW)
    assert demo.clock(0.0) == demo.live_from == NOW - timedelta(days=1)
    assert demo.clock(10.0) - demo.clock(0.0) == timedelta(minutes=10)
    assert demo.clock(7_200.0) == NOW + timedelta(hours=2)


def test_it_goes_on() -> None:
    def late() -> Iterator[float]:
        for post, due in Demo(0, NOW).posts():
            if due > 2 * 86_400.0:
                assert post.created_at <= NOW + timedelta(seconds=due)
                yield due

    assert next(late()) > 0.0


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        Demo(0, datetime(2026, 1, 1))
