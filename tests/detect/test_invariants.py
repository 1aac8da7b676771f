"""What must hold for any stream whatever."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.detector import Detector
from pipeline.detect.entity import EntityCodec, EntityState
from pipeline.detect.heard import Heard, HeardDeletion, HeardEntity, HeardMention
from pipeline.detect.stage import run
from pipeline.messages import IncidentEvent
from tests.detect.scene import MONDAY, pile_on, quiet, said, together

CODEC = EntityCodec()
DETECTOR = Detector(5.0)  # a generous promise, so that random streams tell something
JSON = msgspec.json.Encoder()


def hear_all(heard: list[Heard], reload_at: frozenset[int] = frozenset()) -> tuple[list[bytes], EntityState]:
    state, events = EntityState(), []
    for number, one in enumerate(heard):
        if number in reload_at:
            state = CODEC.decode(CODEC.encode(state))
        events.extend(JSON.encode(event) for event in DETECTOR.hear(state, one))
    return events, state


SEEDS = st.integers(0, 2**32)


def stream(seed: int) -> list[Heard]:
    """Bursts, silences, threads, copies, late and deleted mentions."""
    rng = random.Random(seed)
    at, heard, number = rng.uniform(0, 7 * 86_400), [], 0
    for _ in range(rng.randrange(1, 9)):
        pace = rng.choice((2.0, 60.0, 600.0, 20_000.0))
        share, roots = rng.random(), rng.randrange(1, 40)
        kinds = rng.choice((("post",), ("reply",), ("reply", "repost", "quote")))
        for _ in range(rng.randrange(1, 120)):
            at += rng.expovariate(1.0 / pace)
            number += 1
            kind = rng.choice(kinds)
            root = f"bluesky:r{rng.randrange(roots)}" if kind != "post" else None
            parent = rng.choice((root, f"bluesky:{rng.randrange(max(1, number - 10), number + 1)}")) if root else None
            late = rng.choice((0.0, 0.0, 0.0, 300.0, 5_000.0, 200_000.0))
            text = rng.choice((f"acme {number} is late again", "acme is a disgrace today", "ok", "", "é" * 500))
            negative = 0.95 if rng.random() < share else 0.1
            heard.append(
                said(number, at - late, negative, text, root=root, parent=parent, kind=kind,
                     author=f"a{rng.randrange(1, 200)}", lag=late + 1.0)
            )  # fmt: skip
            if rng.random() < 0.02:
                gone = f"bluesky:{rng.randrange(1, number + 1)}"
                when = MONDAY + timedelta(seconds=at)
                heard.append(HeardDeletion(post_id=gone, entity=HeardEntity("acme"), deleted_at=when))
        at += rng.choice((0.0, 3_600.0, 90_000.0, 2_000_000.0))
    return heard


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.frozensets(st.integers(0, 900), max_size=12))
def test_state_reloaded_anywhere_goes_on_the_same(seed: int, cuts: frozenset[int]) -> None:
    heard = stream(seed)
    events, state = hear_all(heard)
    again, reloaded = hear_all(heard, cuts)
    assert events == again
    assert CODEC.encode(state) == CODEC.encode(reloaded)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 40))
def test_repeats_have_no_effect(seed: int, every: int) -> None:
    heard = stream(seed)
    repeated: list[Heard] = []
    for number, one in enumerate(heard):
        repeated.append(one)
        if number % every == 0 and isinstance(one, HeardMention):
            repeated.append(one)
            repeated.append(heard[max(0, number - 20)])
    mentions_only = [one for one in repeated if isinstance(one, HeardMention)]
    plain = [one for one in heard if isinstance(one, HeardMention)]
    assert hear_all(plain)[0] == hear_all(mentions_only)[0]


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_state_stays_within_ten_kilobytes(seed: int) -> None:
    heard = stream(seed)
    _, state = hear_all(heard)
    assert len(CODEC.encode(state)) <= 10_000


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_events_make_sense(seed: int) -> None:
    heard = stream(seed)
    events = [msgspec.json.decode(event, type=IncidentEvent) for event in hear_all(heard)[0]]
    opened: set[str] = set()
    for event in events:
        assert 0 <= event.severity <= 5
        assert event.counts.negative <= event.counts.mentions
        assert 0.0 <= event.share.now <= 1.0
        assert event.pageable is not event.coordinated
        if event.event == "opened":
            opened.add(event.incident_id)
        assert event.incident_id in opened
        if event.forecast is not None:
            assert event.forecast.low <= event.forecast.size <= event.forecast.high


def test_catching_up_makes_no_burst() -> None:
    """A day of quiet mentions that all arrive within a minute is still a quiet day."""
    mentions = quiet(8)
    for m in mentions[-200:]:
        m.ingested_at = MONDAY + timedelta(days=9)
    assert list(run(mentions)) == []


def test_history_that_arrives_late_raises_nothing() -> None:
    """A pile-on that is only heard of half a day after it happened is no burst now."""
    late = pile_on(7 * 86_400.0)
    for m in late:
        m.ingested_at = m.created_at + timedelta(hours=12)
    assert list(run(together(quiet(9), late))) == []


def test_hostile_ids_and_texts_stay_within_ten_kilobytes() -> None:
    heard: list[Heard] = []
    for k in range(3_000):
        number = f"{k:0>300}" if k % 3 else f"{k}"
        text = f"{'𝕬' * 30} {k} {'ж' * 14} {'ы' * 14} " * 20
        heard.append(
            said(number, 10 * 86_400 + k * 2.0, 0.95, text, author=f"{'ü' * 200}{k}", root=f"bluesky:{k % 9:0>400}",
                 parent=f"bluesky:{k % 9:0>400}", kind="reply")
        )  # fmt: skip
    _, state = hear_all(heard)
    assert state.acute is not None
    assert len(CODEC.encode(state)) <= 10_000
