"""A topic that was made a moment ago has partitions without a leader: they are asked again, not given up."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from pipeline.contracts import topics
from pipeline.contracts.topics import POSTS_RAW
from pipeline.errors import TransientError
from pipeline.runtime.kafka import admin
from pipeline.runtime.kafka.admin import (
    Offsets,
    compacted_too_soon,
    create_all,
    least_in_sync,
    too_few_in_sync,
    topic_ids,
)
from pipeline.runtime.kafka.embedded_broker import EmbeddedBroker
from pipeline.settings.kafka import KafkaSettings
from tests.real_servers import RealKafka


class Leaderless:
    """A client of which the first answers are that there is no leader."""

    def __init__(self, client: object, times: int) -> None:
        self._client = client
        self.times = times

    def get_watermark_offsets(self, *_: object, **__: object) -> tuple[int, int]:
        if self.times:
            self.times -= 1
            raise KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION))
        return 0, 7

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)


@pytest.fixture
def offsets(embedded_broker: EmbeddedBroker) -> Offsets:
    return Offsets(KafkaSettings(bootstrap=embedded_broker.bootstrap, embedded=True))


def test_a_partition_without_a_leader_is_asked_again(offsets: Offsets) -> None:
    offsets.ends_of_existing("young")
    offsets._client = Leaderless(offsets._client, 3)  # type: ignore[assignment]
    assert offsets.ends("young") == {0: 7, 1: 7, 2: 7, 3: 7}
    offsets.close()


def test_one_that_stays_without_is_an_error_that_may_pass(offsets: Offsets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "LEADERLESS", 0.2)
    offsets.ends_of_existing("young")
    offsets._client = Leaderless(offsets._client, 10_000)  # type: ignore[assignment]
    with pytest.raises(TransientError, match="no answer"):
        offsets.ends("young")
    offsets.close()


@pytest.mark.parametrize(("replication", "least"), [(1, 1), (2, 1), (3, 2), (5, 4)])
def test_a_message_counts_as_delivered_when_all_replicas_but_one_have_it(replication: int, least: int) -> None:
    assert least_in_sync(replication) == least
    new = admin._new(POSTS_RAW, replication)
    assert new.config is not None
    assert (new.replication_factor, new.config["min.insync.replicas"]) == (replication, str(least))


@pytest.mark.real
def test_topics_are_made_so_that_no_replica_is_alone_and_one_made_otherwise_is_found(fresh_kafka: RealKafka) -> None:
    settings = KafkaSettings(bootstrap=fresh_kafka.bootstrap)
    assert len(create_all(settings)) == len(topics.ALL)
    assert too_few_in_sync(settings) == []
    stricter = settings.model_copy(update={"replication": 3})
    assert too_few_in_sync(stricter) == sorted(topic.name for topic in topics.ALL), "made for one replica"


@pytest.mark.real
def test_who_is_a_few_days_behind_reads_every_step_and_a_topic_made_otherwise_is_found(fresh_kafka: RealKafka) -> None:
    settings = KafkaSettings(bootstrap=fresh_kafka.bootstrap)
    client = AdminClient({"bootstrap.servers": fresh_kafka.bootstrap})
    for future in client.create_topics([NewTopic(topics.INCIDENTS.name, num_partitions=12)]).values():
        future.result(30.0)
    assert compacted_too_soon(settings) == [topics.INCIDENTS.name]
    for future in client.delete_topics([topics.INCIDENTS.name]).values():
        future.result(30.0)
    with suppress(TransientError):  # that it is gone spreads in a moment
        create_all(settings)
    create_all(settings)
    assert compacted_too_soon(settings) == []


def test_compacted_topics_say_when_a_record_goes() -> None:
    config = admin._new(topics.INCIDENTS, 1).config
    assert config is not None
    assert 0 < int(config["min.compaction.lag.ms"]) < int(config["max.compaction.lag.ms"])
    assert "max.compaction.lag.ms" not in (admin._new(POSTS_RAW, 1).config or {})


@pytest.mark.real
def test_a_topic_that_is_made_anew_is_another_one(fresh_kafka: RealKafka) -> None:
    settings = KafkaSettings(bootstrap=fresh_kafka.bootstrap)
    create_all(settings)
    first = topic_ids(settings, [POSTS_RAW.name])
    assert first
    assert topic_ids(settings, [POSTS_RAW.name]) == first
    client = AdminClient({"bootstrap.servers": settings.bootstrap})
    client.delete_topics([POSTS_RAW.name])[POSTS_RAW.name].result(30.0)
    deadline = time.monotonic() + 90.0
    while POSTS_RAW.name not in create_all(settings):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    now = first
    while now == first:  # a busy broker answers by the old id for seconds, then by none
        assert time.monotonic() < deadline
        time.sleep(0.2)
        with suppress(TransientError):
            now = topic_ids(settings, [POSTS_RAW.name])
    assert now
