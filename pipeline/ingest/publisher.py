"""Publishes posts and gaps to their topics; what counts as delivered is in Kafka.

Built on kafka-python's producer: acknowledgement by all in-sync replicas, idempotence (no repeats and no reordering by
retries), murmur2 over explicit keys.  That producer keeps whatever is handed to it in memory, without bound; here the
bytes in flight are bounded, so that a slow broker slows the source down instead.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, NamedTuple, Protocol

import msgspec
import structlog
from kafka import KafkaProducer
from kafka import errors as kafka_errors
from kafka.partitioner import Partitioner

from pipeline.contracts.decode import MAX_BYTES
from pipeline.contracts.gaps import NetworkGap
from pipeline.contracts.headers import COPY, arrival_header
from pipeline.contracts.partitioning import partition_of
from pipeline.contracts.posts import AuthorDeleted, Post, PostDeleted, RawMessage
from pipeline.contracts.topics import GAPS, POSTS_RAW, Topic
from pipeline.errors import GroundswellError, Malformed, TerminalError, TransientError
from pipeline.settings.kafka import KafkaSettings

IN_FLIGHT_BYTES = 8_000_000
"""Most bytes handed to the producer and not acknowledged yet."""

RECORD_OVERHEAD = 96
"""About what Kafka adds to a key and a value, with our header, in bytes; generous, since flow control counts on it."""

log = structlog.get_logger()


class KeyedBackpressure(Protocol):
    """Says when a record may go out, for a producer that knows keys and may block."""

    def admit(self, topic: str, key: bytes, size: int) -> None:
        """Block until a record of `size` bytes may be published; raises `TransientError` when that never comes."""
        ...


class _Flight(NamedTuple):
    future: Any
    size: int
    counts: bool = True
    """Whether it is a message, not a copy of one."""


def key_of(message: RawMessage | NetworkGap) -> bytes:
    """The key that keeps a thread together and in order: the root's id; of a deletion that of the post's thread where
    it is known, else what it deletes.  Gaps of a network are in order."""
    if isinstance(message, NetworkGap):
        return message.network.encode()
    if isinstance(message, Post):
        return (message.root_id or message.parent_id or message.post_id).encode()
    if isinstance(message, PostDeleted):
        return (message.root_id or message.post_id).encode()
    return message.author_id.encode()


class RawPublisher:
    """Publishes raw messages in order, and knows how many of them are safe.

    Guarantees: `delivered` counts only an unbroken run from the first message on, so a cursor that follows it never
    passes a message that Kafka does not have.  The first failed delivery breaks the publisher: that and every later
    call raises the same error, nothing is skipped.  Record timestamps are the wall clock, never a post's own time, by
    which retention would delete history at once.  Calls may come from any one thread at a time.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        topic: Topic = POSTS_RAW,
        gaps: Topic = GAPS,
        backpressure: KeyedBackpressure | None = None,
        delivery_seconds: float = 120.0,
        in_flight_bytes: int = IN_FLIGHT_BYTES,
        client_id: str = "groundswell-ingest",
    ) -> None:
        """Connects.  Raises `TransientError` when no broker answers, `TerminalError` when the settings cannot work."""
        self._topic = topic
        self._gaps = gaps
        self._backpressure = backpressure
        self._delivery_seconds = delivery_seconds
        self._in_flight_bytes = in_flight_bytes
        self._encode = msgspec.json.Encoder().encode
        self._flights: deque[_Flight] = deque()
        self._bytes = 0
        self._delivered = 0
        self._handed = 0
        self._broken: GroundswellError | None = None
        self._lock = threading.Lock()
        options = producer_options(settings, topic, delivery_seconds, client_id)
        try:
            self._producer = KafkaProducer(**options)
        except Exception as error:
            raise explain(error, settings.bootstrap) from error

    def publish(self, message: RawMessage | NetworkGap | bytes, *, key: bytes | None = None, arrived: float) -> int:
        """Hand over one message; gives its number, counted from 1: it is safe once `delivered()` reaches that.

        `key` may be left out for a decoded message.  The deletion of an author goes to every partition, as a copy
        (`pipeline.contracts.headers.COPY`) to those that are not its own, and is one message.  Blocks while consumers
        are behind or too much is in flight.
        Raises `Malformed` for a message that is too large (the publisher stays usable), `TransientError` or
        `TerminalError` when this or an earlier message could not be delivered.
        """
        value = message if isinstance(message, bytes) else self._encode(message)
        if key is None:
            if isinstance(message, bytes):
                raise TypeError("bytes are published with an explicit key")
            key = key_of(message)
        if len(value) > MAX_BYTES:
            raise Malformed("too_large", f"the message has {len(value):,} bytes, more than the {MAX_BYTES:,} allowed")
        size = len(value) + len(key) + RECORD_OVERHEAD
        with self._lock:
            self._raise_if_broken()
            if isinstance(message, AuthorDeleted):
                for partition, header in self._others(key):
                    self._send(key, value, size, arrived, partition, (header,), topic=self._topic)
            self._send(key, value, size, arrived, topic=self._gaps if isinstance(message, NetworkGap) else self._topic)
            self._handed += 1
            return self._handed

    def _others(self, key: bytes) -> list[tuple[int, tuple[str, bytes]]]:
        """The partitions that a key does not belong to, and what marks a copy on them."""
        try:
            partitions = sorted(self._producer.partitions_for(self._topic.name))
        except Exception as error:
            raise self._break(error) from error
        own = partition_of(key, len(partitions))
        return [(partition, (COPY, b"%d" % own)) for partition in partitions if partition != own]

    def _send(
        self,
        key: bytes,
        value: bytes,
        size: int,
        arrived: float,
        partition: int | None = None,
        marks: tuple[tuple[str, bytes], ...] = (),
        *,
        topic: Topic,
    ) -> None:
        """Hand a record to the producer; a copy where a partition is given."""
        self._make_room(size)
        if self._backpressure is not None and topic is self._topic:  # gaps are few, and nobody reads them in step
            self._backpressure.admit(topic.name, key, size)
        headers = [arrival_header(arrived), *marks]
        try:
            future = self._producer.send(topic.name, value=value, key=key, headers=headers, partition=partition)
        except Exception as error:
            raise self._break(error) from error
        self._flights.append(_Flight(future, size, partition is None))
        self._bytes += size

    def delivered(self) -> int:
        """How many messages, counted from the first without a gap, Kafka has acknowledged.  Never blocks.

        Raises `TransientError` or `TerminalError` when the next one failed.
        """
        with self._lock:
            self._raise_if_broken()
            self._collect()
            return self._delivered

    @property
    def safe(self) -> int:
        """As `delivered`, but also of a broken publisher, and without looking anew: for reports."""
        return self._delivered

    def flush(self, seconds: float | None = None) -> int:
        """Waits until everything handed over is delivered; gives the number delivered.

        Raises `TransientError` when `seconds` are not enough, and as `delivered` does.
        """
        wait = self._delivery_seconds + 30.0 if seconds is None else seconds
        with self._lock:
            self._raise_if_broken()
            try:
                self._producer.flush(timeout=wait)
            except kafka_errors.KafkaTimeoutError:
                self._collect()
                if self._flights:
                    raise TransientError(
                        f"{len(self._flights):,} messages not acknowledged within {wait:.0f} s",
                        subject=self._topic.name,
                        todo="Check that the brokers are up; what was not acknowledged is not counted as published",
                    ) from None
            self._collect()
            return self._delivered

    def close(self, seconds: float = 10.0) -> None:
        """Lets go of the connections, after waiting at most `seconds` for what is in flight.  Never raises."""
        try:
            self._producer.close(timeout=seconds)
        except Exception as error:
            log.warning("producer did not close cleanly", error=str(error))

    def __enter__(self) -> RawPublisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make_room(self, size: int) -> None:
        """Wait for the oldest message while too many bytes are in flight."""
        if self._bytes + size <= self._in_flight_bytes:
            return
        self._collect()
        while self._flights and self._bytes + size > self._in_flight_bytes:
            try:
                self._flights[0].future.get(timeout=self._delivery_seconds + 30.0)
            except Exception as error:
                raise self._break(error) from error
            self._collect()

    def _collect(self) -> None:
        """Count what has been acknowledged, in order, up to the first that has not."""
        flights = self._flights
        while flights and flights[0].future.is_done:
            if flights[0].future.failed():
                raise self._break(flights[0].future.exception)
            flight = flights.popleft()
            self._bytes -= flight.size
            self._delivered += flight.counts

    def _break(self, error: BaseException) -> GroundswellError:
        self._broken = explain(error, self._topic.name)
        return self._broken

    def _raise_if_broken(self) -> None:
        if self._broken is not None:
            raise self._broken


class KeyPartitioner(Partitioner):  # type: ignore[misc]
    """kafka-python's default partitioner for records with a key, which here is all of them."""

    def partition(self, topic: str, key: Any, serialized_key: bytes, value: Any, serialized: Any, cluster: Any) -> int:
        partitions = cluster.partitions_for_topic(topic)
        if serialized_key is None or not partitions:
            raise ValueError(f"no key, or no partitions known for {topic}")
        return partition_of(bytes(serialized_key), len(partitions))


def producer_options(settings: KafkaSettings, topic: Topic, delivery_seconds: float, client_id: str) -> dict[str, Any]:
    """How kafka-python's producer is set up."""
    request_ms = int(min(30_000, delivery_seconds * 500))
    options: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in settings.bootstrap.split(",")],
        "client_id": client_id,
        "acks": "all",
        "enable_idempotence": True,
        "partitioner": KeyPartitioner(),
        "batch_size": 131_072,
        "linger_ms": 10,
        "delivery_timeout_ms": int(delivery_seconds * 1000),
        "request_timeout_ms": request_ms,
        "max_block_ms": int(min(60_000, delivery_seconds * 1000)),
        "bootstrap_timeout_ms": int(min(30_000, delivery_seconds * 1000)),
        "max_request_size": topic.max_message_bytes,
        "allow_auto_create_topics": settings.embedded,
        "metrics_enabled": False,
        "security_protocol": settings.security,
    }
    if settings.embedded:
        options["api_version"] = (2, 1)  # the embedded cluster does not answer the version request as 3.0 asks it
    if settings.security.startswith("SASL"):
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.username
        options["sasl_plain_password"] = settings.password.get_secret_value()
    if settings.ca_file is not None:
        options["ssl_cafile"] = str(settings.ca_file)
    return options


def explain(error: BaseException, subject: str) -> GroundswellError:
    """One of our errors for one of kafka-python's: what happened, and whether trying again may help."""
    if isinstance(error, GroundswellError):
        return error
    name, text = type(error).__name__, str(error).rstrip(".")
    what = text if text.startswith(name) else f"{name}: {text}".rstrip(": ")
    if isinstance(error, kafka_errors.UnknownTopicOrPartitionError):
        return TerminalError("there is no such topic", subject=subject, todo="Create it with `groundswell topics`")
    if isinstance(error, kafka_errors.KafkaTimeoutError) and "metadata" in text:
        todo = "Check that the brokers are up, and that the topic is there (`groundswell topics`)"
        return TransientError(what, subject=subject, todo=todo)
    if isinstance(error, kafka_errors.AuthorizationError | kafka_errors.SaslAuthenticationFailedError):
        return TerminalError(what, subject=subject, todo="Check the user, its password and its rights on the topic")
    if isinstance(error, kafka_errors.KafkaError) and error.retriable:
        return TransientError(what, subject=subject, todo="Check that the brokers are up and reachable")
    if isinstance(error, OSError):
        return TransientError(what, subject=subject, todo="Check that the brokers are up and reachable")
    return TerminalError(what, subject=subject, todo="Check the [kafka] settings")
