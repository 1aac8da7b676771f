"""What the order and the time of arrival may not do, over thousands of small streams.

Arrival in any batches, with crashes in between, gives the same incidents; what comes again or comes late raises nothing
and hides nothing; an order that is a little off costs little.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from functools import cache

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.topics import MENTIONS_SCORED
from pipeline.detect.detector import LATE, Detector
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.stage import Detect
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.detect.streams import mention, pile_on, quiet

CODEC = EntityCodec()
GENEROUS = Detector(5.0)
"""A promise so loose that random streams tell something."""

DAY = 86_400.0
NOW = 3 * DAY + 40_000.0
SEEDS = st.integers(0, 2**40)


@cache
def before() -> bytes:
    """The state of an entity that three ordinary days have been heard of."""
    state = EntityState()
    for m in quiet(NOW / DAY, a_day=120.0)[:-1]:  # the last one lies after NOW
        GENEROUS.observe(state, m)
    return CODEC.encode(state)


def hear(state: EntityState, mentions: Sequence[InboundMention]) -> list[IncidentEvent]:
    return [event for m in mentions for event in GENEROUS.observe(state, m)]


def flurry(rng: random.Random, count: int, entity: str = "acme", start: float = NOW) -> list[InboundMention]:
    """Mentions at some pace, in some threads, of some mood."""
    at, pace = start, rng.choice((3.0, 30.0, 300.0))
    share, roots = rng.random(), rng.randrange(1, 5)
    out = []
    for number in range(count):
        at += rng.expovariate(1.0 / pace)
        root = f"bluesky:{entity}-root-{rng.randrange(roots)}" if rng.random() < 0.7 else None
        text = f"{entity} said no to number {number}" if rng.random() < 0.9 else f"{entity} never again, never ever"
        out.append(
            mention(f"{entity}-{start:.0f}-{number}", at, 0.95 if rng.random() < share else 0.1, text, root=root,
                 parent=root, kind="reply" if root else "post", author=f"{entity}-a{rng.randrange(80)}", entity=entity)
        )  # fmt: skip
    return out


def by_arrival(mentions: Sequence[InboundMention]) -> list[InboundMention]:
    return sorted(mentions, key=lambda m: m.ingested_at or m.created_at)


async def staged(records: Sequence[Record], cuts: Sequence[int], crashes: frozenset[int]) -> list[tuple[bytes, bytes]]:
    """What the stage publishes of batches cut there; at a crash a batch is handled, and comes again."""
    stage, store, out = Detect(5.0), MemoryStore(), []
    state = State(store, stage.codec)
    for number, (start, end) in enumerate(zip((0, *cuts), (*cuts, len(records)), strict=True)):
        batch = records[start:end]
        if number in crashes:
            stage.handle(batch, State(store, stage.codec))  # killed before its state was written
            state = State(store, stage.codec)
        out += [(one.key, one.value) for one in stage.handle(batch, state).publish]
        await state.flush(0.0)
    return out


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_batches_and_crashes_change_nothing(seed: int) -> None:
    rng = random.Random(seed)
    names = ("acme", "bolt", "cove")
    mentions = by_arrival(
        [m for name in names for m in flurry(rng, rng.randrange(1, 25), name, NOW + rng.uniform(0.0, 900.0))]
    )
    records = [
        Record(MENTIONS_SCORED.name, 0, offset, m.entity.id.encode(), msgspec.json.encode(m), arrived=float(offset))
        for offset, m in enumerate(mentions)
    ]
    whole = asyncio.run(staged(records, (), frozenset()))
    cuts = sorted(rng.sample(range(1, len(records)), min(len(records) - 1, rng.randrange(0, 8))))
    crashes = frozenset(number for number in range(len(cuts) + 1) if rng.random() < 0.3)
    assert asyncio.run(staged(records, cuts, crashes)) == whole


@settings(max_examples=800, deadline=None)
@given(SEEDS)
def test_everything_once_more_raises_nothing(seed: int) -> None:
    """The whole stream is delivered again, in any order: no event at all."""
    rng = random.Random(seed)
    state, mentions = CODEC.decode(before()), flurry(rng, rng.randrange(1, 60))
    hear(state, mentions)
    again = [msgspec.structs.replace(m, ingested_at=mentions[-1].ingested_at) for m in mentions]
    rng.shuffle(again)
    assert hear(state, again) == []


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_old_posts_that_were_forgotten_raise_nothing(seed: int) -> None:
    """More posts than are remembered come again, all older than the newest by more than the time that is allowed."""
    rng = random.Random(seed)
    state, mentions = CODEC.decode(before()), flurry(rng, 260)
    hear(state, mentions)
    newest = mentions[-1].created_at + timedelta(hours=8)
    fresh = mention(
        "fresh", (newest - mention("x", 0.0, 0.1, "").created_at).total_seconds(), 0.05, "acme is open on Sunday"
    )
    hear(state, [fresh])
    again = [msgspec.structs.replace(m, ingested_at=newest) for m in mentions]
    assert [event.event for event in hear(state, again) if event.event in ("opened", "escalated")] == []


@settings(max_examples=800, deadline=None)
@given(SEEDS)
def test_late_posts_raise_nothing(seed: int) -> None:
    """A burst that happened, and is heard of only when it is older than the time that is allowed."""
    rng = random.Random(seed)
    state = CODEC.decode(before())
    fresh = mention("fresh", NOW + 10.0, 0.05, "acme is open on Sunday")
    assert hear(state, [fresh]) == []
    burst = flurry(rng, rng.randrange(5, 60), start=NOW - rng.uniform(LATE + 1.0, DAY))
    late = [
        msgspec.structs.replace(m, ingested_at=fresh.ingested_at)
        for m in burst
        if (fresh.created_at - m.created_at).total_seconds() > LATE + 1.0
    ]
    assert hear(state, late) == []


STORY = pile_on(NOW + 60.0, answers=25, minutes=12.0)


@cache
def reported() -> IncidentEvent:
    """How the story opens when nothing comes in between."""
    return next(event for event in hear(CODEC.decode(before()), STORY) if event.event == "opened")


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_late_posts_hide_nothing(seed: int) -> None:
    """Any number of old posts among the story: it is told, as the same incident, by the same post."""
    rng = random.Random(seed)
    old = flurry(rng, rng.randrange(1, 60), start=NOW - rng.uniform(3_600.0, 2 * DAY))
    mixed = list(STORY)
    for m in old:
        if (STORY[0].created_at - m.created_at).total_seconds() <= LATE + 1.0:
            continue
        place = rng.randrange(1, len(mixed))
        mixed.insert(place, msgspec.structs.replace(m, ingested_at=mixed[place - 1].ingested_at))
    opened = [event for event in hear(CODEC.decode(before()), mixed) if event.event == "opened"]
    assert [(event.incident_id, event.at) for event in opened] == [(reported().incident_id, reported().at)]


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_an_order_a_little_off_costs_little(seed: int) -> None:
    """Each post is up to two minutes late: the story is told with at most a few posts more."""
    rng = random.Random(seed)
    jittered = [
        msgspec.structs.replace(m, ingested_at=m.created_at + timedelta(seconds=rng.uniform(0.5, 120.0))) for m in STORY
    ]
    opened = [event for event in hear(CODEC.decode(before()), by_arrival(jittered)) if event.event == "opened"]
    assert [event.incident_id for event in opened] == [reported().incident_id]
    assert (opened[0].at - reported().at).total_seconds() <= 240.0
