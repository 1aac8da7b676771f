"""The stage: records in, incident events out, whatever the batches and the crashes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.topics import MENTIONS_SCORED
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.stage import Detect
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState
from pipeline.stages.records import Outgoing, Record
from pipeline.stages.state import MemoryStore, State
from tests.detect.streams import pile_on, quiet, together

AT = 3 * 86_400 + 50_000.0


def records(mentions: Sequence[InboundMention]) -> list[Record]:
    return [
        Record(MENTIONS_SCORED.name, 0, offset, m.entity.id.encode(), msgspec.json.encode(m), arrived=float(offset))
        for offset, m in enumerate(mentions)
    ]


STORY = records(together(quiet(4), pile_on(AT)))


async def handled(stage: Detect, state: State, batch: Sequence[Record], *, flush: bool = True) -> list[Outgoing]:
    result = stage.handle(batch, state)
    assert not result.rejected
    if flush:
        await state.flush(0.0)
    return result.publish


@pytest.mark.parametrize("size", [1, 7, 500, 10_000])
async def test_any_split_into_batches_gives_the_same_events(size: int) -> None:
    stage = Detect()
    whole = await handled(stage, State(MemoryStore(), stage.codec), STORY)
    state = State(MemoryStore(), stage.codec)
    split = [out for at in range(0, len(STORY), size) for out in await handled(stage, state, STORY[at : at + size])]
    assert split == whole
    assert msgspec.json.decode(whole[0].value, type=IncidentEvent).event == "opened"
    assert all(out.key == msgspec.json.decode(out.value)["incident_id"].encode() for out in whole)


async def test_a_crash_before_the_state_is_written_gives_the_same_events_again() -> None:
    stage = Detect()
    whole = await handled(stage, State(MemoryStore(), stage.codec), STORY)
    store, seen = MemoryStore(), []
    for at in range(0, len(STORY), 97):
        batch = STORY[at : at + 97]
        lost = await handled(stage, State(store, stage.codec), batch, flush=False)  # sent, then killed
        again = await handled(stage, State(store, stage.codec), batch)
        assert lost == again
        seen += again
    assert seen == whole


async def test_absorbed_records_are_passed_over() -> None:
    stage, store = Detect(), MemoryStore()
    await handled(stage, State(store, stage.codec), STORY)
    before = store.read(0, "acme")
    assert await handled(stage, State(store, stage.codec), STORY[-300:]) == []
    assert store.read(0, "acme") == before


async def test_what_cannot_be_read_is_rejected_and_the_rest_is_heard() -> None:
    stage = Detect()
    bad = Record(MENTIONS_SCORED.name, 0, 1, b"acme", b"{nonsense")
    passed_over = Record(MENTIONS_SCORED.name, 0, 2, b"x:1", b'{"type":"post_deleted","post_id":"x:1"}')
    state = State(MemoryStore(), stage.codec)
    result = stage.handle([STORY[0], bad, passed_over, STORY[3]], state)
    assert [(r.record, r.reason.code) for r in result.rejected] == [(bad, "not_json")]
    entity = state.get("acme", STORY[0])
    assert entity is not None
    assert entity.mentions == 2


def test_state_of_a_version_not_known_is_refused() -> None:
    codec = EntityCodec()
    with pytest.raises(ValueError, match="version 99"):
        codec.decode(msgspec.msgpack.encode([99, *msgspec.msgpack.decode(codec.encode(EntityState()))[1:]]))
