"""Where a message came from travels in a header, and nothing that is late passes for a repeat."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.contracts.headers import ARRIVED
from pipeline.contracts.origin import ORIGIN, packed
from pipeline.contracts.topics import MENTIONS_SCORED, POSTS_RAW
from pipeline.errors import Malformed
from pipeline.runtime.kafka.publisher import headers
from pipeline.runtime.worker.consume import ConsumeLoop, _record
from pipeline.runtime.worker.dead_letters import dead_letter
from pipeline.settings.worker import WorkerSettings
from pipeline.stages.records import Outgoing, Record, Rejected

WHERE = packed(3, 12_345, 1_767_225_600_000)


@dataclass(eq=False)
class Message:
    """A message as Faust hands it over."""

    offset: int = 0
    generation_id: int = 1
    headers: Any = ()
    topic: str = POSTS_RAW.name
    partition: int = 0
    key: bytes = b"k"
    value: bytes = b"v"
    timestamp: float = 5.0


def test_an_origin_travels_in_a_header() -> None:
    sent = headers(Outgoing(MENTIONS_SCORED.name, b"k", b"v", 7.0, WHERE))
    assert [name for name, _ in sent] == [ARRIVED, ORIGIN]
    for given in (sent, dict(sent)):
        record = _record(Message(headers=given))
        assert (record.origin, record.arrived) == (WHERE, 7.0)


def test_there_is_none_where_nobody_gives_one() -> None:
    assert headers(Outgoing("out", b"k", b"v")) == ()
    assert headers(Outgoing("out", b"k", b"v", 7.0)) == ((ARRIVED, b"7.000000"),)
    assert _record(Message()).origin == b""


@pytest.mark.parametrize("value", [b"", b"3/4", WHERE + b"x", WHERE[:-1]])
def test_what_is_no_origin_is_not_taken_for_one(value: bytes) -> None:
    assert _record(Message(headers=((ORIGIN, value),))).origin == b""


def test_a_dead_letter_has_none_so_that_it_counts_when_it_is_replayed() -> None:
    record = Record(MENTIONS_SCORED.name, 0, 1, b"k", b"{", headers=((ORIGIN, WHERE),), origin=WHERE)
    letter = dead_letter("detect", Rejected(record, Malformed("not_json", "it is bad")))
    assert ORIGIN not in dict(letter.headers)


def test_what_was_read_before_a_rebalance_does_not_overtake_what_comes_again() -> None:
    stale = Message(9, generation_id=1)
    consumer = SimpleNamespace(_unacked_messages={stale}, _committed_offset={})
    app: Any = SimpleNamespace(consumer=consumer, consumer_generation_id=2)
    stage = SimpleNamespace(name="enrich", sources=(POSTS_RAW,), merges=True)
    processor: Any = SimpleNamespace(outbox=None, stage=stage)
    metrics: Any = SimpleNamespace(records_in=Counted(), gap_records=Counted())
    store: Any = None
    progress: Any = SimpleNamespace()
    loop = ConsumeLoop(app, processor, store, WorkerSettings(), metrics, progress)
    loop._receive([SimpleNamespace(message=one) for one in (stale, *(Message(n, generation_id=2) for n in (4, 5, 6)))])
    taken = loop._merge.pop(10, 100.0, lambda where: False, [])
    assert [record.offset for record, _ in taken] == [4, 5, 6]
    assert not consumer._unacked_messages, "nobody waits for it to be acknowledged"


class Counted:
    """A metric that nobody looks at."""

    def labels(self, *_: str) -> Counted:
        return self

    def inc(self, _: float = 1.0) -> None:
        return
