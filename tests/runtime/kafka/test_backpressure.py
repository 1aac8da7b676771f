"""On the embedded broker producers wait for the slowest reader, so that nothing falls off the end."""

from __future__ import annotations

import asyncio

from confluent_kafka import Consumer, TopicPartition

from pipeline.contracts.partitioning import partition_of
from pipeline.runtime.kafka.backpressure import BUDGET, ByteBudget, CommittedOffsets
from pipeline.runtime.kafka.embedded_broker import EmbeddedBroker
from pipeline.runtime.kafka.keyed_backpressure import KeyedByteBudget
from pipeline.runtime.kafka.publisher import Publisher, ToSend
from pipeline.settings.kafka import KafkaSettings

TOPIC = "flow-test"
COUNT = 20_000


class Fixed:
    """CommittedOffsets offsets as a test says them."""

    def __init__(self) -> None:
        self.at = 0

    def offset(self, group: str, topic: str, partition: int) -> int:
        return self.at


def test_what_is_unread_stays_within_the_budget() -> None:
    committed = Fixed()
    budget = ByteBudget(committed, {"t": ["g"]})  # type: ignore[arg-type]
    offset = 0
    while budget.fits("t", 0, 1_000):
        budget.sent("t", 0, offset, 1_000)
        offset += 1
    assert offset * 1_000 <= BUDGET < (offset + 1) * 1_000
    committed.at = 500
    assert budget.fits("t", 0, 400_000)
    assert not budget.fits("t", 0, 600_000)


def test_a_message_larger_than_the_budget_goes_when_nothing_is_unread() -> None:
    budget = ByteBudget(Fixed(), {"t": ["g"]})  # type: ignore[arg-type]
    assert budget.fits("t", 0, BUDGET * 2)


def test_topics_that_nobody_reads_are_never_waited_for() -> None:
    budget = ByteBudget(Fixed(), {})  # type: ignore[arg-type]
    for offset in range(10):
        budget.sent("t", 0, offset, BUDGET)
    assert budget.fits("t", 0, BUDGET)


async def test_a_slow_reader_loses_nothing(embedded_broker: EmbeddedBroker) -> None:
    """20 MB through a broker that keeps 5 MB a partition: every record comes out, once."""
    settings = KafkaSettings(bootstrap=embedded_broker.bootstrap, embedded=True)
    committed = CommittedOffsets(settings)
    budget = ByteBudget(committed, {TOPIC: ["slow"]})
    publisher = Publisher(settings, budget)
    await publisher.start()
    reading = asyncio.create_task(asyncio.to_thread(_read, settings, COUNT))
    for begin in range(0, COUNT, 500):
        await publisher.send([ToSend(TOPIC, b"one key", b"%06d" % n + b"x" * 1_000) for n in range(begin, begin + 500)])
    assert await reading == [b"%06d" % n for n in range(COUNT)]
    await publisher.close()
    committed.close()


def _read(settings: KafkaSettings, count: int) -> list[bytes]:
    consumer = Consumer(
        {
            "bootstrap.servers": settings.bootstrap,
            "group.id": "slow",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "topic.metadata.refresh.interval.ms": 200,
        }
    )
    consumer.subscribe([TOPIC])
    out: list[bytes] = []
    while len(out) < count:
        records = [record for record in consumer.consume(400, 1.0) if not record.error()]
        out += [(record.value() or b"")[:6] for record in records]
        if records:
            consumer.commit(asynchronous=False)
    consumer.close()
    return out


async def test_the_gate_of_ingest_counts_by_key(embedded_broker: EmbeddedBroker) -> None:
    settings = KafkaSettings(bootstrap=embedded_broker.bootstrap, embedded=True)
    budget = KeyedByteBudget(settings)
    for _ in range(BUDGET // 100_000):
        budget.admit("posts.raw.v1", b"one thread", 100_000)
    blocked = asyncio.create_task(asyncio.to_thread(budget.admit, "posts.raw.v1", b"one thread", 100_000))
    done, _ = await asyncio.wait({blocked}, timeout=0.3)
    assert not done, "the partition is full and nobody has read"
    budget.admit("posts.raw.v1", b"another thread!", 100_000)
    reader = Consumer({"bootstrap.servers": settings.bootstrap, "group.id": "groundswell-enrich"})
    where = TopicPartition("posts.raw.v1", partition_of(b"one thread", 4), 20)
    reader.commit(offsets=[where], asynchronous=False)
    await asyncio.wait_for(blocked, 5.0)
    reader.close()
    budget.close()
