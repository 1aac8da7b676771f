"""A Kafka-protocol cluster in memory, and what the tests read back from it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from pipeline.contracts.posts import Author, Post
from pipeline.contracts.topics import Topic
from pipeline.settings.kafka import KafkaSettings
from tests.support import messages


class Broker:
    """An embedded cluster of one broker, with helpers to look at what was published."""

    def __init__(self) -> None:
        self._cluster = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
        brokers = self._cluster.list_topics(timeout=10).brokers.values()
        self.bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
        self.settings = KafkaSettings(bootstrap=self.bootstrap, embedded=True)


def read_back(bootstrap: str, topic: str) -> list[Any]:
    """Every record of a topic, partition by partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": uuid.uuid4().hex,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 5,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        spans = {
            number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10) for number in partitions
        }
        consumer.assign([TopicPartition(topic, number, low) for number, (low, high) in spans.items() if low < high])
        out: list[Any] = []
        while len(out) < sum(high - low for low, high in spans.values()):
            for record in consumer.consume(1000, timeout=0.05):
                assert record.error() is None, record.error()
                out.append(record)
        return sorted(out, key=lambda record: (record.partition(), record.offset()))
    finally:
        consumer.close()


@pytest.fixture(scope="session")
def broker() -> Broker:
    return Broker()


@pytest.fixture
def topic() -> Topic:
    """A topic of this test alone."""
    return Topic(f"posts.raw.{uuid.uuid4().hex[:8]}", key="root id", carries=Post)


def post(number: int = 1, text: str = "", **fields: Any) -> Post:
    """A post with what every network has, by one of seven authors."""
    values: dict[str, Any] = {
        "author": Author(id=f"test:author-{number % 7}"),
        "created_at": datetime(2026, 1, 31, 12, 0, number % 60, tzinfo=UTC),
    }
    return messages.post(number, text or f"The parcel number {number} never came.", network="test", **(values | fields))
