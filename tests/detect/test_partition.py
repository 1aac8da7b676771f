"""Silence ends an incident, on the clock of the partition, the same on every replay."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.topics import MENTIONS_SCORED
from pipeline.detect.mentions.inbound import InboundEntity, InboundMention
from pipeline.detect.partition import WATCHED, PartitionState
from pipeline.detect.stage import PARTITION, Detect, DetectCodec, run
from pipeline.detect.state.entity import EntityState
from pipeline.stages.records import Outgoing, Record
from pipeline.stages.state import Change, MemoryStore, State
from tests.detect.streams import MONDAY, mention, pile_on, quiet, together

AT = 86_400 + 50_000.0


def of(entity: str, mentions: list[InboundMention]) -> list[InboundMention]:
    for m in mentions:
        m.entity = InboundEntity(entity, entity.capitalize())
    return mentions


def until(mentions: list[InboundMention], at: float) -> list[InboundMention]:
    """What is said before `at`, seconds after the Monday."""
    return [m for m in mentions if m.created_at < MONDAY + timedelta(seconds=at)]


def story(end: float = AT + 6 * 3600.0) -> list[InboundMention]:
    """Acme's pile-on, after which nobody says a word about Acme; others are talked about until `end`."""
    acme = together(until(quiet(2), AT), pile_on(AT))
    others = of("brook", until(quiet(3, seed=2), end))
    return together(acme, others)


def records(mentions: list[InboundMention]) -> list[Record]:
    return [
        Record(MENTIONS_SCORED.name, 0, offset, m.entity.id.encode(), msgspec.json.encode(m), arrived=float(offset))
        for offset, m in enumerate(mentions)
    ]


def names(events: list[IncidentEvent]) -> list[str]:
    return [event.event for event in events]


def test_silence_ends_an_incident_when_others_are_heard() -> None:
    events = list(run(story()))
    last = events[-1]
    assert (last.event, last.entity.id, last.entity.name) == ("resolved", "acme", "Acme")
    assert names(events).count("resolved") == 1
    assert last.resolved_at is not None
    quiet_for = last.resolved_at - max(m.created_at for m in story() if m.entity.id == "acme")
    assert timedelta(minutes=55) < quiet_for <= timedelta(hours=1)
    assert timedelta() <= last.at - last.resolved_at < timedelta(minutes=40)
    assert all(a.at <= b.at for a, b in pairwise(events))


def test_nothing_ends_when_all_streams_fall_silent() -> None:
    events = list(run(story(end=AT + 2_000.0)))
    assert names(events)[0] == "opened"
    assert "resolved" not in names(events)


def test_the_next_mention_of_anybody_settles_it() -> None:
    later = of("brook", [mention("later", AT + 9 * 86_400.0, 0.1, "brook again")])
    events = list(run(together(story(end=AT + 2_000.0), later)))
    assert names(events)[-1] == "resolved"
    assert events[-1].at == later[0].ingested_at


def flare(hours: float, root: str) -> list[InboundMention]:
    """Another forty answers in a thread, so many hours later."""
    rng = random.Random(8)
    return [
        mention(f"flare-{k}", AT + hours * 3600 + k * 20.0, 0.92, f"charged twice, still no refund {rng.random()}",
             root=root, parent=root, kind="reply")
        for k in range(40)
    ]  # fmt: skip


def test_what_flares_up_within_six_hours_of_its_end_is_the_same_incident() -> None:
    events = [e for e in run(together(story(AT + 9 * 3600.0), flare(4.0, "bluesky:root"))) if e.entity.id == "acme"]
    assert len({e.incident_id for e in events}) == 1
    reported = names(events)
    over = reported.index("resolved")
    assert reported[over + 1] == "escalated"
    assert events[over + 1].resolved_at is None
    assert reported[-1] == "resolved"
    assert reported.count("opened") == 1
    assert [fired.name for fired in events[-1].fired].count("pile_on") == 2  # it keeps which fired when


def test_what_flares_up_later_is_a_new_one() -> None:
    events = [e for e in run(together(story(AT + 16 * 3600.0), flare(9.0, "bluesky:other"))) if e.entity.id == "acme"]
    assert names(events).count("opened") == 2
    assert len({e.incident_id for e in events}) == 2


def test_a_groundswell_ends_in_silence_too() -> None:
    rng = random.Random(3)
    worse = [
        mention(f"w-{k}", 20 * 86_400 + k * 1_100.0, 0.9 if rng.random() < 0.6 else 0.1, f"acme {k}")
        for k in range(400)
    ]
    others = of("brook", quiet(32, a_day=60.0, seed=4))
    events = [e for e in run(together(quiet(20), worse, others)) if e.kind == "groundswell" and e.entity.id == "acme"]
    assert names(events)[0] == "opened"
    assert names(events)[-1] == "resolved"


def test_a_network_that_is_caught_up_on_stays_alive() -> None:
    """Acme is heard on a network that lags half a day behind; the clock of the others does not end its incident."""
    acme = together(until(quiet(2), AT), pile_on(AT, answers=300, minutes=300.0))
    for m in acme:
        m.ingested_at = m.created_at + timedelta(hours=12)
    others = of("brook", quiet(4, seed=2))
    events = [e for e in run(together(acme, others)) if e.entity.id == "acme"]
    assert names(events).count("opened") == 1
    assert names(events).count("resolved") == 1
    assert names(events)[-1] == "resolved"


def test_a_post_dated_ahead_ends_nothing() -> None:
    ahead = of("brook", [mention("ahead", AT + 40 * 86_400.0, 0.1, "brook", lag=-40 * 86_400.0)])
    at_once = list(run(together(story(end=AT + 2_000.0), ahead)))
    assert "resolved" not in names(at_once)


@pytest.mark.parametrize("size", [1, 13, 400])
async def test_any_split_into_batches_gives_the_same_events(size: int) -> None:
    stage, inbound = Detect(), records(story())
    whole = stage.handle(inbound, State(MemoryStore(), stage.codec)).publish
    state, split = State(MemoryStore(), stage.codec), []
    for at in range(0, len(inbound), size):
        split += stage.handle(inbound[at : at + size], state).publish
        await state.flush(0.0)
        state.drop()  # everything is read back from its bytes
    assert split == whole
    assert msgspec.json.decode(whole[-1].value)["event"] == "resolved"


class Torn(MemoryStore):
    """A store that is killed after so many changes of a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 1_000_000

    async def write(self, changes: list[Change]) -> None:
        await super().write(changes[: self.most])


@pytest.mark.parametrize("size", [2, 37, 300])
@pytest.mark.parametrize("kept", [0, 1, 2])
async def test_a_crash_between_two_writes_leaves_nobody_open_and_tells_nothing_else(kept: int, size: int) -> None:
    stage, inbound = Detect(), records(story())
    whole = stage.handle(inbound, State(MemoryStore(), stage.codec)).publish
    store, seen = Torn(), []
    for at in range(0, len(inbound), size):
        batch = inbound[at : at + size]
        store.most = kept
        seen += await carried(stage, store, batch)
        store.most = 1_000_000
        seen += await carried(stage, store, batch)
    assert list(dict.fromkeys(seen)) == whole


async def carried(stage: Detect, store: MemoryStore, batch: list[Record]) -> list[Outgoing]:
    """A batch by a worker that has just started."""
    state = State(store, stage.codec)
    result = stage.handle(batch, state)
    await state.flush(0.0)
    return result.publish


def test_a_watch_is_bounded_and_survives_its_bytes() -> None:
    watch, codec = PartitionState(), DetectCodec()
    assert codec.decode(codec.encode(watch)) == watch
    states = [m for m in story() if m.entity.id == "acme"]
    stage, state = Detect(), State(MemoryStore(), DetectCodec())
    stage.handle(records(states), state)
    open_one: EntityState | None = state.get("acme", records(states)[0])
    assert open_one is not None
    for number in range(WATCHED + 10):
        watch.schedule(f"e{number}", open_one)
    assert len(watch.due) == WATCHED
    assert codec.decode(codec.encode(watch)) == watch


def test_an_entity_cannot_pass_for_a_watch() -> None:
    stage = Detect()
    bad = of(f"{PARTITION}0", [mention("x", AT, 0.9, "bad")])
    result = stage.handle(records(bad), State(MemoryStore(), stage.codec))
    assert [r.reason.code for r in result.rejected] == ["wrong_value"]
