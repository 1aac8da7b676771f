"""Reads whole topics, and a state topic as a worker would, without a claim."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord, TopicPartition

from pipeline.contracts.topics import PARTITIONS
from pipeline.runtime.kafka.clients import aiokafka_options
from pipeline.runtime.stores.fencing import ENDED, WRITER, LogFold, LogRecord
from pipeline.settings.kafka import KafkaSettings


async def everything(kafka: KafkaSettings, topic: str) -> list[ConsumerRecord[bytes, bytes]]:
    """The records of a topic, each partition in its order."""
    where = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        group_id=None, enable_auto_commit=False, auto_offset_reset="earliest", **aiokafka_options(kafka)
    )
    found = []
    await consumer.start()
    try:
        consumer.assign(where)
        ends = await consumer.end_offsets(where)
        for part in where:
            while await consumer.position(part) < ends[part]:
                for records in (await consumer.getmany(timeout_ms=300)).values():
                    found += records
    finally:
        await consumer.stop()
    return found


async def folded(kafka: KafkaSettings, topic: str) -> list[dict[str, bytes]]:
    """The values that count of each partition of a state topic, by key."""
    folds = [LogFold() for _ in range(PARTITIONS)]
    for record in await everything(kafka, topic):
        writer = next((int(value) for name, value in record.headers if name == WRITER), None)
        key = (record.key or b"").decode()
        folds[record.partition].add(LogRecord(record.offset, key, record.value, writer))
    return [{key: live.data for key, live in fold.recovered().values.items() if key != ENDED} for fold in folds]
