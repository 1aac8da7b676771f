"""What must hold for any stream whatever."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.detector import Detector
from pipeline.detect.mentions.inbound import Inbound, InboundDeletion, InboundEntity, InboundMention
from pipeline.detect.stage import run
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState
from tests.detect.streams import MONDAY, mention, pile_on, quiet, together

CODEC = EntityCodec()
DETECTOR = Detector(5.0)  # a generous promise, so that random streams tell something
JSON = msgspec.json.Encoder()


def observe_all(inbound: list[Inbound], reload_at: frozenset[int] = frozenset()) -> tuple[list[bytes], EntityState]:
    state, events = EntityState(), list[bytes]()
    for number, one in enumerate(inbound):
        if number in reload_at:
            state = reloaded(state)
        events.extend(JSON.encode(event) for event in DETECTOR.observe(state, one))
    return events, state


def reloaded(state: EntityState) -> EntityState:
    """The state as read back, with the pages of its posts."""
    again = CODEC.decode(CODEC.encode(state))
    again.memory.posts.restore(again.clock // 60, state.memory.posts.held.get)
    return again


SEEDS = st.integers(0, 2**32)


def stream(seed: int) -> list[Inbound]:
    """Bursts, silences, threads, copies, late and deleted mentions."""
    rng = random.Random(seed)
    at, inbound, number = rng.uniform(0, 7 * 86_400), list[Inbound](), 0
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
            inbound.append(
                mention(number, at - late, negative, text, root=root, parent=parent, kind=kind,
                     author=f"a{rng.randrange(1, 200)}", lag=late + 1.0)
            )  # fmt: skip
            if rng.random() < 0.02:
                gone = f"bluesky:{rng.randrange(1, number + 1)}"
                when = MONDAY + timedelta(seconds=at)
                inbound.append(InboundDeletion(post_id=gone, entity=InboundEntity("acme"), deleted_at=when))
        at += rng.choice((0.0, 3_600.0, 90_000.0, 2_000_000.0))
    return inbound


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.frozensets(st.integers(0, 900), max_size=12))
def test_state_reloaded_anywhere_goes_on_the_same(seed: int, cuts: frozenset[int]) -> None:
    inbound = stream(seed)
    events, state = observe_all(inbound)
    again, reloaded = observe_all(inbound, cuts)
    assert events == again
    assert CODEC.encode(state) == CODEC.encode(reloaded)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 40))
def test_repeats_have_no_effect(seed: int, every: int) -> None:
    inbound = stream(seed)
    repeated: list[Inbound] = []
    for number, one in enumerate(inbound):
        repeated.append(one)
        if number % every == 0 and isinstance(one, InboundMention):
            repeated.append(one)
            repeated.append(inbound[max(0, number - 20)])
    mentions_only = [one for one in repeated if isinstance(one, InboundMention)]
    plain = [one for one in inbound if isinstance(one, InboundMention)]
    assert observe_all([*plain])[0] == observe_all([*mentions_only])[0]


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_state_stays_within_ten_kilobytes(seed: int) -> None:
    inbound = stream(seed)
    _, state = observe_all(inbound)
    assert len(CODEC.encode(state)) <= 10_000


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_events_make_sense(seed: int) -> None:
    inbound = stream(seed)
    events = [msgspec.json.decode(event, type=IncidentEvent) for event in observe_all(inbound)[0]]
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


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 900))
def test_what_is_deleted_is_taken_back_once(seed: int, count: int) -> None:
    plain = [one for one in stream(seed) if isinstance(one, InboundMention)]
    state = observe_all([*plain])[1]
    known = [m for m in plain[-count:] if is_recent(state, m)]
    mentions, rate = state.mentions, [*state.evidence.rate]
    deletions = [InboundDeletion(post_id=m.post_id, entity=m.entity, deleted_at=m.created_at) for m in known]
    for deletion in deletions * 2:
        assert not DETECTOR.observe(state, deletion)
    assert state.mentions == mentions - len({m.post_id for m in known})
    assert state.negative >= 0
    assert all(after <= before for after, before in zip(state.evidence.rate, rate, strict=True))
    assert all(thread.evidence >= 0.0 and thread.exposure >= 0.0 for thread in state.threads.values())
    for m in known:
        assert not DETECTOR.observe(state, m), "what was deleted does not come back"


def is_recent(state: EntityState, m: InboundMention) -> bool:
    """Whether a post is remembered and still weighs: two days at most."""
    post = state.memory.recall(state.memory.number(m.post_id), state.clock // 60)
    return post is not None and not post.gone


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.floats(1.0, 500.0))
def test_arriving_out_of_order_neither_raises_nor_hides(seed: int, spread: float) -> None:
    """Every mention comes later than it was made, by up to some minutes, each by a time of its own."""
    rng = random.Random(seed)
    calm, story = quiet(6), pile_on(5 * 86_400.0 + 50_000.0)
    for m in (*calm, *story):
        m.ingested_at = m.created_at + timedelta(seconds=rng.uniform(0.0, spread))
    assert not list(run(together(calm)))
    events = list(run(together(calm, story)))
    assert [event.kind for event in events if event.event == "opened"] == ["pile_on"]
    assert events[0].at - MONDAY < timedelta(days=5, seconds=50_000.0 + 1_200.0 + 2.0 * spread)


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.floats(0.5, 30.0), st.floats(0.05, 1.0))
def test_a_consumer_that_catches_up_hears_no_burst(seed: int, hours: float, share: float) -> None:
    """A source falls silent for hours and then hands over everything, or a part of it, at once and in any order."""
    rng = random.Random(seed)
    mentions = quiet(8, seed=seed % 5)
    begin = MONDAY + timedelta(days=rng.uniform(3.0, 6.0))
    end = begin + timedelta(hours=hours)
    for m in mentions:
        if begin <= m.created_at < end and rng.random() < share:
            m.ingested_at = end + timedelta(seconds=rng.uniform(0.0, 60.0))
    assert list(run(together(mentions))) == []


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.integers(1, 400))
def test_a_replay_tells_nothing_twice(seed: int, back: int) -> None:
    """A producer sends a part of a story once more, of up to 400 mentions."""
    inbound = [*together(quiet(6), pile_on(5 * 86_400.0 + 50_000.0))]
    cut = len(inbound) - random.Random(seed).randrange(1, 200)
    again: list[Inbound] = [*inbound[:cut], *inbound[max(0, cut - back) : cut], *inbound[cut:]]
    assert observe_all(again)[0] == observe_all([*inbound])[0]


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
    inbound: list[Inbound] = []
    for k in range(3_000):
        number = f"{k:0>300}" if k % 3 else f"{k}"
        text = f"{'𝕬' * 30} {k} {'ж' * 14} {'ы' * 14} " * 20
        inbound.append(
            mention(number, 10 * 86_400 + k * 2.0, 0.95, text, author=f"{'ü' * 200}{k}", root=f"bluesky:{k % 9:0>400}",
                 parent=f"bluesky:{k % 9:0>400}", kind="reply")
        )  # fmt: skip
    _, state = observe_all(inbound)
    assert state.acute is not None
    assert len(CODEC.encode(state)) <= 10_000
