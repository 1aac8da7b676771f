"""A topic that was made a moment ago has partitions without a leader: they are asked again, not given up."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from pipeline.errors import TransientError
from pipeline.runtime.kafka import admin
from pipeline.runtime.kafka.admin import Offsets
from pipeline.runtime.kafka.embedded_broker import EmbeddedBroker
from pipeline.settings.kafka import KafkaSettings


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
