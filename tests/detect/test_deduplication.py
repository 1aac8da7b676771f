"""What is published again after a crash counts once, however much it is, whoever is killed when."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts.origin import NUMBERS, origin, packed
from pipeline.contracts.topics import MENTIONS_SCORED
from pipeline.detect.deduplication import PARTITIONS, HighWaterMarks
from pipeline.detect.mentions.inbound import Inbound, InboundEntity
from pipeline.detect.partition import PartitionState
from pipeline.detect.stage import PARTITION, Detect, DetectCodec
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.keyed_hash import FIXED
from pipeline.stages.records import Outgoing, Record
from pipeline.stages.state import Change, MemoryStore, State
from tests.detect.streams import pile_on, quiet, together
from tests.detect.test_invariants import stream

ENTITIES = ("acme", "brook")
CODEC = DetectCodec()


class Line(NamedTuple):
    """A message as enrich makes it: the raw partition, its record there and the message's number, and the bytes."""

    partition: int
    offset: int
    number: int
    produced: int
    value: bytes

    @property
    def origin(self) -> bytes:
        return packed(self.partition, self.offset << NUMBERS | self.number, self.produced)


def lines(inbound: Sequence[Inbound], rng: random.Random, partitions: int = 3) -> list[Line]:
    """Messages that came of records of several raw partitions, of some records more than one; clocks of producers are
    apart by up to a minute."""
    offsets, numbers, made = [-1] * partitions, [0] * partitions, []
    produced = [0] * partitions
    for place, one in enumerate(inbound):
        p = rng.randrange(partitions)
        if offsets[p] >= 0 and rng.random() < 0.15:
            numbers[p] += 1
        else:
            offsets[p] += 1 + (rng.random() < 0.1)  # records about nobody leave no message
            numbers[p], produced[p] = 0, 1_000_000 + place * 1_000 + rng.randrange(60_000)
        made.append(Line(p, offsets[p], numbers[p], produced[p], msgspec.json.encode(one)))
    return made


def told_again(made: Sequence[Line], rng: random.Random) -> list[Line]:
    """What lies on the topic when workers are killed at any moment, begin at the last commit, and now and then go on
    for a while after they have lost their partition."""
    parts = [[line for line in made if line.partition == p] for p in sorted({line.partition for line in made})]
    workers, committed = [[0] for _ in parts], [0 for _ in parts]
    log: list[Line] = []
    while any(positions[-1] < len(part) for positions, part in zip(workers, parts, strict=True)):
        p = rng.randrange(len(parts))
        part, positions = parts[p], workers[p]
        which = rng.randrange(len(positions))
        end = min(len(part), positions[which] + rng.randrange(1, 120))
        log += part[positions[which] : end]
        positions[which] = end
        if rng.random() < 0.3:
            committed[p] = max(committed[p], whole_records(part, end))
        if rng.random() < 0.25:
            positions.append(committed[p])
            if rng.random() < 0.7:
                del positions[:-1]
    return log


def whole_records(part: Sequence[Line], end: int) -> int:
    """How far a worker may commit that has published up to `end`: to the beginning of the record that it is in."""
    while 0 < end < len(part) and part[end].offset == part[end - 1].offset:
        end -= 1
    return end


def records(log: Sequence[Line], *, known: bool = True) -> list[Record]:
    return [
        Record(MENTIONS_SCORED.name, 0, offset, b"k", line.value, origin=line.origin if known else b"")
        for offset, line in enumerate(log)
    ]


def once(log: Sequence[Line]) -> list[Line]:
    return list(dict.fromkeys(log))


class Torn(MemoryStore):
    """A store that is killed after so many changes of a batch."""

    most = 1_000_000

    async def write(self, changes: list[Change]) -> None:
        await super().write(changes[: self.most])


async def detected(log: Sequence[Line], rng: random.Random | None = None) -> tuple[list[Outgoing], list[Any]]:
    """Events, the bytes of the entities' states, what the watch holds; with `rng` in batches of any size, by workers
    that are killed between any two writes."""
    stage, store, out = Detect(5.0, secret=FIXED), Torn(), list[Outgoing]()
    inbound, at = records(log), 0
    while at < len(inbound):
        batch = inbound[at : at + (rng.randrange(1, 400) if rng else len(inbound))]
        killed = rng is not None and rng.random() < 0.2
        store.most = rng.randrange(4) if rng and killed else 1_000_000
        state = State(store, stage.codec)
        out += stage.handle(batch, state).publish
        await state.flush(0.0)
        at += 0 if killed else len(batch)
    state = State(store, stage.codec)
    first = Record(MENTIONS_SCORED.name, 0, 0, None, None)
    kept = [state.get(key, first) for key in ENTITIES]
    states = [CODEC.encode(one) for one in kept if one is not None]
    watch: PartitionState | None = state.get(f"{PARTITION}0", first)
    assert watch is not None
    return list(dict.fromkeys(out)), [*states, (watch.clock, watch.due, watch.high_water)]


def mixed(seed: int, rng: random.Random) -> list[Inbound]:
    """Any stream, of two entities."""
    inbound = stream(seed)
    for one in inbound:
        one.entity = InboundEntity(rng.choice(ENTITIES))
    return inbound


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
async def test_any_crashes_leave_the_same_state_and_the_same_incidents(seed: int) -> None:
    rng = random.Random(seed)
    log = told_again(lines(mixed(seed, rng), rng), rng)
    reported, states = await detected(once(log))
    assert await detected(log) == (reported, states)
    again, left = await detected(log, rng)
    assert left == states
    assert {one.value for one in again} == {one.value for one in reported}


def test_new_messages_come_at_rising_positions_whatever_is_killed() -> None:
    """The argument of `origins.py`, tried: what does not rise along its raw partition was on the topic before."""
    for seed in range(200):
        rng = random.Random(seed)
        log = told_again(lines(mixed(seed, rng), rng), rng)
        for _, part in groupby(sorted(once(log), key=lambda line: line.partition), key=lambda line: line.partition):
            positions = [line[1:3] for line in part]
            assert positions == sorted(set(positions))


async def mentions_counted(log: Sequence[Line], *, known: bool = True) -> int:
    stage = Detect()
    state = State(MemoryStore(), stage.codec)
    stage.handle(records(log, known=known), state)
    entity = state.get("acme", Record(MENTIONS_SCORED.name, 0, 0, None, None))
    assert isinstance(entity, EntityState)
    return entity.mentions


STORY = together(quiet(4), pile_on(3 * 86_400 + 50_000.0))


@pytest.mark.parametrize("back", [150, 170, 700])
async def test_any_number_of_repeats_counts_once(back: int) -> None:
    made = lines(STORY, random.Random(1))
    log = [*made[:750], *made[750 - back :]]
    assert await mentions_counted(log) == len(STORY)
    assert await mentions_counted(log, known=False) == len(STORY), "by the ids alone"


async def test_a_crash_between_the_messages_of_one_record() -> None:
    made = [Line(0, 5, number, 1_000, msgspec.json.encode(one)) for number, one in enumerate(STORY[:400])]
    assert await mentions_counted([*made[:300], *made]) == 400


async def test_producers_whose_clocks_are_apart() -> None:
    made = lines(STORY, random.Random(2), partitions=1)
    made = [line._replace(produced=line.produced + 86_400_000 * (line.offset % 3)) for line in made]
    assert await mentions_counted([*made, *made[10:], *made[5:]]) == len(STORY)


async def test_a_topic_that_begins_anew_is_heard() -> None:
    half = len(STORY) // 2
    before = lines(STORY[:half], random.Random(3))
    later = max(line.produced for line in before) + 1 - 1_000_000
    after = [line._replace(produced=line.produced + later) for line in lines(STORY[half:], random.Random(4))]
    assert await mentions_counted([*before, *after, *after[100:]]) == len(STORY)


async def test_fewer_partitions_or_more_are_heard() -> None:
    half = len(STORY) // 2
    rng = random.Random(5)
    before, after = lines(STORY[:half], rng, partitions=3), lines(STORY[half:], rng, partitions=12)
    last = {p: max(line.offset for line in before if line.partition == p) + 1 for p in range(3)}
    after = [line._replace(offset=line.offset + last.get(line.partition, 0)) for line in after]
    assert await mentions_counted([*before, *after, *after]) == len(STORY)


async def test_messages_of_others_are_known_by_their_ids() -> None:
    made = lines(STORY, random.Random(6))
    stage = Detect()
    state = State(MemoryStore(), stage.codec)
    inbound = records(made)
    others = [record._replace(origin=b"", offset=len(inbound) + n) for n, record in enumerate(inbound)]
    stage.handle([*inbound, *others], state)
    entity = state.get("acme", inbound[0])
    assert entity is not None
    assert entity.mentions == len(STORY)


def test_of_a_new_log_nothing_is_passed_over_once_it_is_known() -> None:
    """A record that is newer than all of the old log shows that this one is new; from then on positions count."""
    origins = HighWaterMarks()
    assert not origins.seen_or_mark(packed(0, 900, 5_000))
    assert origins.seen_or_mark(packed(0, 3, 5_000)), "might be a repeat"
    assert not origins.seen_or_mark(packed(0, 4, 5_001))
    assert not origins.seen_or_mark(packed(0, 5, 4_000))
    assert origins.seen_or_mark(packed(0, 5, 4_000))
    assert origins.seen_or_mark(packed(0, 4, 5_001))


def test_few_raw_partitions_are_remembered_and_the_others_forgotten() -> None:
    origins = HighWaterMarks()
    for partition in range(PARTITIONS + 50):
        assert not origins.seen_or_mark(packed(partition, 7, partition + 1))
    assert len(origins.marks) == PARTITIONS
    assert origins.seen_or_mark(packed(PARTITIONS, 7, PARTITIONS + 1))
    assert not origins.seen_or_mark(packed(0, 6, 1)), "forgotten, so known by its ids alone"
    assert len(msgspec.msgpack.encode(origins)) < 16_384


def test_what_was_kept_before_there_were_origins_is_read_and_goes_on() -> None:
    when = datetime.fromisoformat("2026-03-02T00:00:00Z")
    watch = CODEC.decode(b"\xc1" + msgspec.msgpack.encode([when, {"acme": when}, when]))
    assert (watch.clock, watch.due, watch.first) == (when, {"acme": when}, when)
    assert not watch.high_water.seen_or_mark(packed(1, 2, 3))
    again = CODEC.decode(CODEC.encode(watch))
    assert again == watch
    assert again.high_water.seen_or_mark(packed(1, 2, 3))


def test_an_origin_is_of_the_record_and_of_the_number() -> None:
    record = Record("posts.raw.v1", 3, 12_345, None, b"", timestamp=1_767_225_600.123)
    assert origin(record, 2) == packed(3, 12_345 << NUMBERS | 2, 1_767_225_600_123)
    assert origin(record, 1 << 20) == packed(3, 12_346 - 1 << NUMBERS | 0xFFFF, 1_767_225_600_123)
    assert origin(record._replace(timestamp=0.0), 2) == b""
