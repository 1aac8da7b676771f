"""Worlds that thresholds are fitted in: the same seed gives the same month, and each differs where it says."""

from __future__ import annotations

import gzip
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detection.streams import EPOCH, JUDGED, WARM, Month
from benchmarks.detection.worlds.catalogue import NAMES, WORLDS, named
from benchmarks.detection.worlds.month import month
from benchmarks.detection.worlds.trees import REPLIES, REPOSTS
from benchmarks.detection.worlds.world import QUIET, UNTOUCHED, Happenings

CRISES = Happenings(snowballs=3.0, groundswells=3.0)


@pytest.fixture
def threads(tmp_path: Path) -> Path:
    """Three reply threads of four answers, and two repost trees of twenty."""
    rows = ["split,thread_id,post_id,parent_id,epoch,text,stance,thread_veracity"]
    for thread in range(3):
        rows.append(f"d,{thread},{thread},,1000,first,comment,true")
        rows += [f"d,{thread},{thread}-{i},{thread},{1000 + 60 * i},answer,comment,true" for i in range(1, 5)]
    (tmp_path / REPLIES).write_text("\n".join(rows), encoding="utf-8")
    posts = [f"{tree},{tree}-{i},{i}.5" for tree in range(2) for i in range(20)]
    (tmp_path / REPOSTS).write_bytes(gzip.compress("\n".join(["root_tweet_id,tweet_id,delay_min", *posts]).encode()))
    return tmp_path


def small(name: str, happenings: Happenings, threads: Path, seed: int = 3) -> Month:
    return month(seed, named(name), happenings, threads)


def test_there_are_at_least_six_of_different_names() -> None:
    assert len(set(NAMES)) == len(WORLDS) >= 6


@pytest.mark.parametrize("name", ["plain", "bursts", "seldom", "trees"])
def test_the_same_seed_gives_the_same_month_in_order_of_arrival(name: str, threads: Path) -> None:
    first, again = (small(name, CRISES, threads) for _ in range(2))
    assert first.mentions == again.mentions
    arrivals = [m.ingested_at for m in first.mentions if m.ingested_at is not None]
    others = small(name, CRISES, threads, seed=4)
    assert others.mentions != first.mentions
    late = sum(b < a for a, b in pairwise(arrivals))
    assert late <= 0.05 * len(arrivals)  # only what is delivered again goes back
    assert all(m.created_at < EPOCH + timedelta(days=WARM + JUDGED) for m in first.mentions)


def test_labels_say_where_the_posts_lie(threads: Path) -> None:
    truths = [t for seed in range(4) for t in small("plain", CRISES, threads, seed).truths]
    kinds = Counter(t.kind for t in truths)
    assert kinds["cascade"] >= 4
    assert kinds["groundswell"] >= 2
    for truth in truths:
        assert truth.size == len(truth.posts)
        assert np.all(np.diff(truth.posts) >= 0.0)
        assert WARM * 86_400.0 <= truth.start <= truth.posts[0]
        assert truth.kind != "cascade" or truth.size >= 20


def test_nothing_is_put_into_a_quiet_month(threads: Path) -> None:
    assert not small("campaigns", QUIET, threads).truths
    assert all(t.kind == "brigade" for t in small("campaigns", UNTOUCHED, threads).truths)


def test_models_are_as_sharp_as_they_say(threads: Path) -> None:
    hard = {m.sentiment.negative for m in small("hard", QUIET, threads).mentions}
    assert hard == {0.02, 0.98}
    read = [m.sentiment for m in small("abstaining", QUIET, threads).mentions]
    unsure = [s.negative for s in read if not s.sure]
    assert 0.08 < len(unsure) / len(read) < 0.16
    assert all(0.35 <= p <= 0.65 for p in unsure)


def test_copies_of_a_text_are_read_alike(threads: Path) -> None:
    read: dict[str, set[float]] = {}
    for m in small("bursts", UNTOUCHED, threads).mentions:
        read.setdefault(m.text, set()).add(m.sentiment.negative)
    assert max(map(len, read.values())) == 1


def test_a_campaign_comes_at_the_same_hour_of_every_week(threads: Path) -> None:
    hours: Counter[int] = Counter()
    for seed in range(2):
        week = Counter(
            int((m.created_at - EPOCH).total_seconds() // 3600) % 168
            for m in small("campaigns", UNTOUCHED, threads, seed).mentions
        )
        hours[seed] = int(max(week.values()) / (sum(week.values()) / 168))
    assert min(hours.values()) >= 3


def test_a_world_of_real_shapes_needs_them(threads: Path) -> None:
    with pytest.raises(ValueError, match="--threads"):
        month(1, named("trees"), QUIET)
    posts = {m.post_id: m for m in small("trees", QUIET, threads).mentions}
    answers = Counter(m.root_id for m in posts.values() if m.kind == "reply")
    assert set(answers.values()) <= {1, 2, 3, 4}  # the last ones may lie behind the end
    assert answers.most_common(1)[0][1] == 4
