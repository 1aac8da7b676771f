"""What a world looks like when all is over: the index, the detector's counts, the letters, what receivers were sent."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import Mention
from pipeline.contracts.partitioning import partition_of
from pipeline.contracts.topics import DEAD_LETTERS, INCIDENTS, STATEFUL
from pipeline.detect.stage import DetectCodec
from pipeline.index.protocol import DeadLetter, Query
from pipeline.runtime.kafka.publisher import Publisher
from pipeline.runtime.kafka.redelivery import REPLAY_KEY
from pipeline.simulate.companies import demo_companies
from pipeline.stages.state import StoredValue
from tests.simulation.world.broker import PARTITIONS, Stored
from tests.simulation.world.world import World

_EVENT = msgspec.json.Decoder(IncidentEvent)


class Counted(Struct, frozen=True):
    """What the detector has counted of a company."""

    mentions: int = 0
    negative: int = 0


class Observation(Struct):
    """See the module."""

    settled: bool
    waiting: list[str]
    mentions: dict[str, Mention]
    counted: dict[int, Counted]
    letters: list[DeadLetter]
    shown: dict[str, IncidentEvent]
    """By incident the event that the index shows."""
    newest: dict[str, IncidentEvent]
    """By incident the newest event that the detector published."""
    events: dict[str, list[IncidentEvent]]
    """By incident every event under its key, in order, repeats too; what a person replays has a key of its own."""
    delivered: list[tuple[str, IncidentEvent]]
    places: dict[str, bytes]
    """By place everything that is kept there, as bytes: for finding what should not be there any more."""
    notes: list[str]
    lost: list[Stored]
    """Records that retention removed before anybody read them."""
    lost_known: int
    """How many of these workers can know of."""
    lost_counted: dict[tuple[str, str], int]
    """How many workers say they have lost, by stage and topic."""
    interruptions: int
    """Times that a worker of alerts died, or the like, between a receiver's answer and its mark."""


async def observe(world: World, settled: bool) -> Observation:
    """Look at everything."""
    index = world.outside.open_index()
    await index.refresh()
    page = await index.search(Query(limit=1_000))
    letters = await index.dead_letters(limit=1_000)
    shown = await index.incidents(limit=1_000)
    history = {event.incident_id: await index.incident_history(event.incident_id) for event in shown}
    await index.close()
    events: dict[str, list[IncidentEvent]] = {}
    for _, record in world.broker.everything(INCIDENTS.name):
        if record.value is not None and not (record.key or b"").endswith(REPLAY_KEY):
            event = _EVENT.decode(record.value)
            events.setdefault(event.incident_id, []).append(event)
    counted = await _counted(world)
    world.broker.compact(at_once=True)  # what is kept for ever is what compaction leaves
    return Observation(
        settled=settled,
        waiting=world.waiting(),
        mentions={mention.mention_id: mention for mention in page.mentions},
        counted=counted,
        letters=letters,
        shown={event.incident_id: event for event in shown},
        newest={incident: max(told, key=lambda event: event.at) for incident, told in events.items()},
        events=events,
        delivered=world.outside.delivered,
        places={
            "index": msgspec.json.encode(page.mentions),
            "incidents in the index": msgspec.json.encode((shown, history)),
            "letters in the index": b"".join(letter.value or b"" for letter in letters),
            **dict(_places(world)),
        },
        notes=world.notes,
        lost=[record for _, record in world.lost],
        lost_known=world.lost_known,
        lost_counted=_lost_counted(world),
        interruptions=world.interruptions,
    )


def _lost_counted(world: World) -> dict[tuple[str, str], int]:
    samples = (sample for metric in world.metrics.gap_records.collect() for sample in metric.samples)
    return {
        (sample.labels["stage"], sample.labels["topic"]): int(sample.value)
        for sample in samples
        if sample.name.endswith("_total")
    }


async def _counted(world: World) -> dict[int, Counted]:
    """The detector's counts by company, from its state."""
    store = world.outside.open_store("detect", Publisher(world.kafka))
    codec, out = DetectCodec(), {}
    for partition in range(PARTITIONS):
        await store.recover(partition)
    for number, company in enumerate(demo_companies()):
        data = store.read(partition_of(company.id.encode(), PARTITIONS), company.id)
        if data is not None:
            entity = codec.decode(msgspec.msgpack.decode(data, type=StoredValue).value)
            out[number] = Counted(entity.mentions, entity.negative)
    return out


def _places(world: World) -> Iterator[tuple[str, bytes]]:
    names = [INCIDENTS.name, *(topic.name for topic in DEAD_LETTERS)]
    for name in names:
        yield f"topic {name}", b"".join(record.value or b"" for record in world.broker.present(name))
    for stage in STATEFUL:
        yield f"state of {stage}", b"".join(map(_inflated, world.outside.stored(stage)))


def _inflated(data: bytes) -> bytes:
    """The bytes of a value of state; what the detector has compressed as it was before."""
    try:
        value = msgspec.msgpack.decode(data, type=StoredValue).value
        _, packed = msgspec.msgpack.decode(value, type=tuple[int, bytes])
        return zlib.decompress(packed)
    except (msgspec.DecodeError, zlib.error):
        return data
