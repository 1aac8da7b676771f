"""Records that are read again after a crash: what may come of them once more, and what is stored then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from pipeline.enrich.stage import Enrich
from pipeline.enrich.threads.threads import Thread
from pipeline.enrich.threads.waiting import QueueSegment
from pipeline.stages.records import Outgoing, Record
from pipeline.stages.state import MemoryStore


def stored(stage: Enrich, store: MemoryStore) -> dict[str, Any]:
    """What a stage has stored, by key: of each value what it says, not how it is written."""
    values = {key: msgspec.msgpack.decode(data)[2] for key, data in store._data.items()}
    decoded = {key: stage.codec.decode(value) for key, value in values.items()}
    return {key: value for key, value in decoded.items() if value not in (Thread(), QueueSegment())}


def repeats(record: Record, first: Sequence[Outgoing], again: Sequence[Outgoing]) -> bool:
    """Whether a record that is read again gives what it gave.  Nothing else comes of it; missing may be what it brought
    of other posts, replies that were replaced or erased since."""
    given, repeated = {(o.key, o.value) for o in first}, {(o.key, o.value) for o in again}
    own = msgspec.json.decode(record.value or b"").get("post_id")
    return repeated <= given and all(msgspec.json.decode(value)["post_id"] != own for _, value in given - repeated)
