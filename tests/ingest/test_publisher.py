"""What the publisher promises, on the embedded cluster and on a real one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import errors as kafka_errors
from kafka.partitioner.default import murmur2 as reference_murmur2
from pydantic import SecretStr

from pipeline.contracts.decode import MAX_BYTES, decode_raw
from pipeline.contracts.headers import COPY
from pipeline.contracts.partitioning import murmur2, partition_of
from pipeline.contracts.posts import AuthorDeleted, PostDeleted
from pipeline.contracts.topics import Topic
from pipeline.errors import Malformed, TerminalError, TransientError
from pipeline.ingest.publisher import RawPublisher, explain, key_of, producer_options
from pipeline.settings.kafka import KafkaSettings
from tests.ingest.conftest import Broker, post, read_back

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def test_murmur2_is_the_one_of_kafka() -> None:
    for length in range(70):
        data = bytes((length * 37 + i * 91) % 256 for i in range(length))
        assert murmur2(data) == reference_murmur2(data)


def test_every_record_arrives_with_key_header_and_wall_clock(broker: Broker, topic: Topic) -> None:
    before = time.time()
    with RawPublisher(broker.settings, topic=topic) as publisher:
        for number in range(500):
            assert publisher.publish(post(number), arrived=1_500_000_000.25 + number) == number + 1
        assert publisher.flush() == 500
        assert publisher.delivered() == 500
    records = read_back(broker.bootstrap, topic.name)
    assert len(records) == 500
    partitions = len({record.partition() for record in records})
    assert partitions > 1
    for record in records:
        message = decode_raw(record.value(), before)
        number = int(message.post_id.split(":")[1])  # type: ignore[union-attr]
        assert record.key() == f"test:{number}".encode()
        assert record.headers() == [("arrived", b"%.6f" % (1_500_000_000.25 + number))]
        assert record.partition() == partition_of(record.key(), 4)
        assert before - 1 <= record.timestamp()[1] / 1000 <= time.time() + 1


def test_keys_keep_threads_together() -> None:
    assert key_of(post(1)) == b"test:1"
    assert key_of(post(2, parent_id="test:1")) == b"test:1"
    assert key_of(post(3, parent_id="test:2", root_id="test:0")) == b"test:0"
    assert key_of(PostDeleted(post_id="test:9", network="test", deleted_at=NOW, version=2)) == b"test:9"
    known = PostDeleted(post_id="test:9", network="test", deleted_at=NOW, version=2, root_id="test:0")
    assert key_of(known) == b"test:0"
    assert key_of(AuthorDeleted(author_id="test:a", network="test", deleted_at=NOW)) == b"test:a"


def test_the_deletion_of_an_author_reaches_every_partition_and_is_one_message(broker: Broker, topic: Topic) -> None:
    gone = AuthorDeleted(author_id="test:a", network="test", deleted_at=NOW)
    with RawPublisher(broker.settings, topic=topic) as publisher:
        assert [publisher.publish(message, arrived=1.0) for message in (post(1), gone, post(2))] == [1, 2, 3]
        assert publisher.flush() == 3
    found = [r for r in read_back(broker.bootstrap, topic.name) if r.key() == b"test:a"]
    own = partition_of(b"test:a", 4)
    assert sorted(r.partition() for r in found) == [0, 1, 2, 3]
    assert {r.value() for r in found} == {msgspec.json.encode(gone)}
    assert {r.partition() for r in found if COPY not in dict(r.headers())} == {own}
    assert {dict(r.headers())[COPY] for r in found if r.partition() != own} == {b"%d" % own}


def test_bytes_go_out_untouched_and_need_a_key(broker: Broker, topic: Topic) -> None:
    with RawPublisher(broker.settings, topic=topic) as publisher:
        publisher.publish(b"not json at all", key=b"k", arrived=1.0)
        with pytest.raises(TypeError):
            publisher.publish(b"{}", arrived=1.0)
        publisher.flush()
    assert [(record.key(), record.value()) for record in read_back(broker.bootstrap, topic.name)] == [
        (b"k", b"not json at all")
    ]


def test_a_message_too_large_is_refused_and_the_rest_goes_on(broker: Broker, topic: Topic) -> None:
    with RawPublisher(broker.settings, topic=topic) as publisher:
        with pytest.raises(Malformed, match="1,000,001"):
            publisher.publish(b"x" * (MAX_BYTES + 1), key=b"k", arrived=1.0)
        publisher.publish(post(1), arrived=2.0)
        assert publisher.flush() == 1


class CountingBackpressure:
    """Notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes, int]] = []

    def admit(self, topic: str, key: bytes, size: int) -> None:
        self.asked.append((topic, key, size))


def test_the_gate_is_asked_before_each_record(broker: Broker, topic: Topic) -> None:
    backpressure = CountingBackpressure()
    with RawPublisher(broker.settings, topic=topic, backpressure=backpressure) as publisher:
        for number in range(20):
            publisher.publish(post(number), arrived=float(number))
        publisher.flush()
    assert [asked[:2] for asked in backpressure.asked] == [(topic.name, f"test:{n}".encode()) for n in range(20)]
    assert all(size > len(msgspec.json.encode(post(1))) for _, _, size in backpressure.asked)


def test_memory_in_flight_is_bounded(broker: Broker, topic: Topic) -> None:
    text = "slow parcel " * 100
    with RawPublisher(broker.settings, topic=topic, in_flight_bytes=20_000) as publisher:
        for number in range(300):
            publisher.publish(post(number, text=text), arrived=float(number))
            assert publisher._bytes <= 20_000
        assert publisher.flush() == 300


def test_a_failed_delivery_is_raised_and_breaks_the_publisher(broker: Broker, topic: Topic) -> None:
    publisher = RawPublisher(broker.settings, topic=topic)
    publisher.publish(post(1), arrived=1.0)
    publisher.flush()
    publisher._producer._sender.force_close()
    publisher._producer._sender.join()
    publisher._flights.append(_failed())
    publisher._bytes += 1
    with pytest.raises(TransientError, match="KafkaTimeoutError"):
        publisher.delivered()
    for call in (publisher.delivered, publisher.flush, lambda: publisher.publish(post(2), arrived=2.0)):
        with pytest.raises(TransientError):
            call()
    assert publisher.safe == 1
    publisher.close(0.0)


def _failed() -> Any:
    from kafka.errors import KafkaTimeoutError
    from kafka.future import Future

    from pipeline.ingest.publisher import _Flight

    return _Flight(Future().failure(KafkaTimeoutError("took too long")), 1)


def test_a_broker_that_goes_away_is_a_transient_error(topic: Topic) -> None:
    gone = Broker()
    publisher = RawPublisher(gone.settings, topic=topic, delivery_seconds=1.0)
    publisher.publish(post(1), arrived=1.0)
    assert publisher.flush() == 1
    del gone._cluster
    publisher.publish(post(2), arrived=2.0)
    with pytest.raises(TransientError):
        publisher.flush(10.0)
    assert publisher.safe == 1
    publisher.close(0.0)


def test_no_broker_at_all_is_a_transient_error() -> None:
    settings = KafkaSettings(bootstrap="127.0.0.1:9", embedded=False)
    with pytest.raises(TransientError, match="brokers are up"):
        RawPublisher(settings, delivery_seconds=1.0)


def test_security_settings_reach_the_producer(topic: Topic) -> None:
    settings = KafkaSettings(
        bootstrap="a:9093, b:9093", security="SASL_SSL", username="u", password=SecretStr("p"), ca_file=Path("/ca.pem")
    )
    options = producer_options(settings, topic, 120.0, "test")
    assert options["bootstrap_servers"] == ["a:9093", "b:9093"]
    assert options["acks"] == "all"
    assert options["enable_idempotence"] is True
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("u", "p")
    assert options["ssl_cafile"] == "/ca.pem"
    assert options["allow_auto_create_topics"] is False
    assert "api_version" not in options


@pytest.mark.real
def test_a_topic_that_is_not_there_is_named(real_kafka: Any, topic: Topic) -> None:
    settings = KafkaSettings(bootstrap=real_kafka.bootstrap)
    publisher = RawPublisher(settings, topic=topic, delivery_seconds=3.0)
    with pytest.raises(TransientError, match="groundswell topics"):
        publisher.publish(post(1), arrived=1.0)
    publisher.close(0.0)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (kafka_errors.UnknownTopicOrPartitionError(), TerminalError, "groundswell topics"),
        (kafka_errors.TopicAuthorizationFailedError(), TerminalError, "rights"),
        (kafka_errors.SaslAuthenticationFailedError(), TerminalError, "password"),
        (kafka_errors.KafkaTimeoutError("slow"), TransientError, "brokers are up"),
        (
            kafka_errors.KafkaTimeoutError("Failed to update metadata after 60 secs."),
            TransientError,
            "groundswell topics",
        ),
        (kafka_errors.NotEnoughReplicasError(), TransientError, "brokers are up"),
        (ConnectionRefusedError("no"), TransientError, "brokers are up"),
        (kafka_errors.UnsupportedVersionError("old"), TerminalError, "settings"),
        (TransientError("as it is"), TransientError, "as it is"),
    ],
)
def test_errors_say_what_to_do(error: Exception, kind: type[Exception], words: str) -> None:
    explained = explain(error, "posts.raw.v1")
    assert isinstance(explained, kind)
    assert words in str(explained)


@pytest.mark.real
def test_real_kafka_takes_every_record(real_kafka: Any, topic: Topic) -> None:
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    admin.create_topics([NewTopic(topic.name, 12, 1)])[topic.name].result(30)
    with RawPublisher(KafkaSettings(bootstrap=real_kafka.bootstrap), topic=topic) as publisher:
        for number in range(2_000):
            publisher.publish(post(number), arrived=float(number))
        assert publisher.flush() == 2_000
    records = read_back(real_kafka.bootstrap, topic.name)
    assert sorted(int(record.key().split(b":")[1]) for record in records) == list(range(2_000))
    assert all(record.partition() == partition_of(record.key(), 12) for record in records)
