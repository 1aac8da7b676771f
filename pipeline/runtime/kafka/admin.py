"""Creates topics, and reads their end offsets."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic  # type: ignore[attr-defined]
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from pipeline.contracts import topics
from pipeline.errors import TerminalError, TransientError
from pipeline.runtime.kafka.clients import confluent_options
from pipeline.settings.kafka import KafkaSettings

_EXISTS = 36  # TOPIC_ALREADY_EXISTS

MIN_IN_SYNC = "min.insync.replicas"
UNCOMPACTED = "min.compaction.lag.ms"
COMPACTED = "max.compaction.lag.ms"

LEADERLESS = 15.0
"""Seconds for which a partition may be without a leader."""

_LEADERLESS = (KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION)


def _leaderless(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in _LEADERLESS


def create_all(settings: KafkaSettings) -> list[str]:
    """Create every topic that is missing; gives the names of those created.  Safe to repeat and to run twice at once.

    On the embedded broker there is nothing to do: it makes topics when they are first named.
    """
    if settings.embedded:
        return []
    admin = AdminClient(confluent_options(settings))
    wanted = [_new(topic, settings.replication) for topic in topics.ALL]
    created = []
    for name, future in admin.create_topics(wanted, operation_timeout=30.0).items():
        try:
            future.result(timeout=40.0)
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != _EXISTS:
                raise TransientError(f"not created ({error.args[0].str()})", subject=f"topic {name}") from error
    return created


def _new(topic: topics.Topic, replication: int) -> NewTopic:
    config = {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "max.message.bytes": str(topic.max_message_bytes),
        MIN_IN_SYNC: str(least_in_sync(replication)),
    }
    if topic.retention_days is not None:
        config["retention.ms"] = str(milliseconds_of(topic.retention_days))
    if topic.compacted:
        config[UNCOMPACTED] = str(milliseconds_of(topic.uncompacted_days))
        config[COMPACTED] = str(milliseconds_of(topic.compacted_days))
    return NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=replication, config=config)


def least_in_sync(replication: int) -> int:
    """Replicas that must have a message before it counts as delivered: all but one, so that one may be away."""
    return max(1, replication - 1)


def too_few_in_sync(settings: KafkaSettings) -> list[str]:
    """The topics that exist and would acknowledge a message which fewer replicas have than `least_in_sync`.

    Raises `TransientError` when the broker does not answer.
    """
    least = least_in_sync(settings.replication)
    return _below(settings, MIN_IN_SYNC, {topic.name: least for topic in topics.ALL})


def compacted_too_soon(settings: KafkaSettings) -> list[str]:
    """The topics that exist and of which a reader that is behind may miss records which it should see.

    Raises `TransientError` when the broker does not answer.
    """
    least = {topic.name: milliseconds_of(topic.uncompacted_days) for topic in topics.ALL if topic.uncompacted_days}
    return _below(settings, UNCOMPACTED, least)


def milliseconds_of(days: float) -> int:
    """As Kafka's settings have it.

    >>> milliseconds_of(7)
    604800000
    """
    return int(days * 86_400_000)


def _below(settings: KafkaSettings, name: str, least: Mapping[str, int]) -> list[str]:
    """Those of these topics that exist and have less than that in a setting."""
    admin = AdminClient(confluent_options(settings))
    resources = [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in least]
    below = []
    for resource, future in admin.describe_configs(resources, request_timeout=10.0).items():
        try:
            found = future.result(timeout=20.0).get(name)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                continue
            raise TransientError(f"no answer ({error})", subject=f"topic {resource.name}") from error
        if found is not None and found.value is not None and int(found.value) < least[resource.name]:
            below.append(resource.name)
    return sorted(below)


def topic_ids(settings: KafkaSettings, names: Sequence[str]) -> str:
    """What tells these topics from others that bore their names before: the broker's ids for them (KIP-516).

    Of the embedded broker, whose topics live as long as it does, its address; empty where the broker has no ids.
    Raises `TransientError` when the broker does not answer.
    """
    if settings.embedded:
        return f"embedded {settings.bootstrap}"
    admin = AdminClient(confluent_options(settings))
    ids = []
    for name, future in admin.describe_topics(TopicCollection(list(names)), request_timeout=10.0).items():
        try:
            found = future.result(timeout=20.0).topic_id
        except KafkaException as error:
            raise TransientError(f"no answer ({error})", subject=f"topic {name}") from error
        if found is None or not (found.get_most_significant_bits() or found.get_least_significant_bits()):
            return ""
        ids.append(f"{name} {found}")
    return ", ".join(sorted(ids))


class Offsets:
    """End offsets of topics, as the broker has them now."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._client = Consumer(
            {
                **confluent_options(settings),
                "group.id": f"{settings.prefix}-offsets",
                "enable.auto.commit": False,
                "allow.auto.create.topics": settings.embedded,
            }
        )
        self._subject = f"Kafka at {settings.bootstrap}"

    def ends(self, topic: str) -> dict[int, int]:
        """Partition → offset of the next record; empty while the topic does not exist.

        A partition without a leader (its topic was made a moment ago, or a broker has gone) is asked again for
        `LEADERLESS` seconds.  Raises `TransientError` when the broker does not answer.
        """
        try:
            metadata = self._client.list_topics(topic, timeout=10.0).topics.get(topic)
            partitions = [] if metadata is None or metadata.error else list(metadata.partitions)
            return {p: self._end(topic, p) for p in partitions}
        except KafkaException as error:
            raise TransientError(f"no answer ({error})", subject=self._subject, todo="Is it running?") from error

    def ends_of_existing(self, topic: str, within: float = 15.0) -> dict[int, int]:
        """As `ends`, but waits for the topic to be there (naming it makes the embedded broker create it).

        Raises `TerminalError` when it does not come.
        """
        deadline = time.monotonic() + within
        while not (ends := self.ends(topic)):
            if time.monotonic() > deadline:
                raise TerminalError("does not exist", subject=f"topic {topic}", todo="Run `groundswell topics create`")
            time.sleep(0.05)
        return ends

    def _end(self, topic: str, partition: int) -> int:
        for attempt in Retrying(
            retry=retry_if_exception(_leaderless), stop=stop_after_delay(LEADERLESS), wait=wait_fixed(0.1), reraise=True
        ):
            with attempt:
                _, high = self._client.get_watermark_offsets(TopicPartition(topic, partition), timeout=10.0)
        return int(high)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()
