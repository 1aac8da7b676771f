"""The embedded Kafka broker: the mock cluster inside librdkafka, in memory, on loopback.

It speaks the protocol that producers and Faust need, creates topics when they are first named (4 partitions each), and
keeps the newest 5 MB of each partition.  It keeps nothing across a restart.
"""

from __future__ import annotations

from confluent_kafka import KafkaException, Producer

from pipeline.errors import TerminalError

RETAINED_BYTES = 5_242_880
"""Bytes that it retains of a partition; older records are dropped silently (hence `kafka/backpressure.py`)."""


class EmbeddedBroker:
    """Runs from construction until `close`, in threads of this process."""

    def __init__(self) -> None:
        try:
            self._cluster = Producer({"test.mock.num.brokers": 1, "log_level": 2})
            metadata = self._cluster.list_topics(timeout=10.0)
        except KafkaException as error:
            raise TerminalError(
                f"did not start ({error})", subject="the embedded broker", todo="Set kafka.bootstrap to a real cluster"
            ) from error
        brokers = list(metadata.brokers.values())
        self.bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def close(self) -> None:
        """Stop; everything it held is gone."""
        del self._cluster
