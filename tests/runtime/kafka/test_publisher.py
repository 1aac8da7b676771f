"""What becomes of messages when the broker refuses some, or the producer is of no more use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiokafka.errors import KafkaConnectionError, OutOfOrderSequenceNumber, ProducerFenced, UnknownProducerId

from pipeline.runtime.kafka import publisher as module
from pipeline.runtime.kafka.publisher import Publisher, ToSend, Undelivered
from pipeline.settings.kafka import KafkaSettings
from tests.runtime.kafka.fake_producer import Broker

LARGE = b"x" * 3_000_000


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker().connected() as broker:
        yield broker


def messages(*values: bytes, partition: int | None = 0) -> list[ToSend]:
    return [ToSend("out", b"%d" % number, value, (), partition) for number, value in enumerate(values)]


async def test_a_message_too_large_is_given_back_and_the_others_go_once(broker: Broker) -> None:
    publisher = Publisher(KafkaSettings())
    sent = await publisher.send(messages(b"one", LARGE, b"two"))
    assert [refused.message.value for refused in sent.refused] == [LARGE]
    assert "MessageSizeTooLarge" in sent.refused[0].reason
    assert broker.values() == [b"one", b"two"]


async def test_after_a_refusal_the_same_partition_goes_on(broker: Broker) -> None:
    """The idempotent producer's numbers have a hole then: it would be answered `OutOfOrderSequenceNumber` for ever."""
    publisher = Publisher(KafkaSettings())
    await publisher.send(messages(LARGE))
    assert (await publisher.send(messages(b"later"))).refused == []
    assert broker.values() == [b"later"]


async def test_messages_that_only_together_are_too_large_are_all_delivered() -> None:
    with Broker(most_bytes=1_000).connected() as broker:
        sent = await Publisher(KafkaSettings()).send(messages(b"a" * 600, b"b" * 600, b"c" * 2_000, b"d" * 600))
    assert [len(value or b"") for value in broker.values()] == [600, 600, 600]
    assert [refused.message.value for refused in sent.refused] == [b"c" * 2_000]


@pytest.mark.parametrize("error", [OutOfOrderSequenceNumber, ProducerFenced, UnknownProducerId, KafkaConnectionError])
async def test_only_what_was_not_delivered_is_to_be_sent_again(broker: Broker, error: type[Exception]) -> None:
    publisher = Publisher(KafkaSettings())
    batch = messages(b"a" * 600_000, b"b" * 600_000, b"c" * 600_000)
    broker.faults = [None, error()]
    with pytest.raises(Undelivered) as raised:
        await publisher.send(batch)
    assert raised.value.left == batch[1:]
    await publisher.send(raised.value.left)
    assert [(value or b"")[:1] for value in broker.values()] == [b"a", b"b", b"c"], "each once, in order"
    assert broker.producers == 2, "the producer was made anew"


async def test_one_partition_that_fails_does_not_have_another_sent_again(broker: Broker) -> None:
    publisher = Publisher(KafkaSettings())
    good, bad = messages(b"good", partition=1), messages(b"bad", partition=2)
    broker.faults = [None, KafkaConnectionError()]
    with pytest.raises(Undelivered) as raised:
        await publisher.send([*good, *bad])
    assert raised.value.left == bad


async def test_what_was_refused_is_not_forgotten_when_something_else_fails(broker: Broker) -> None:
    publisher = Publisher(KafkaSettings())
    large, other = messages(LARGE, partition=1), messages(b"other", partition=2)
    broker.faults = [None, KafkaConnectionError()]
    with pytest.raises(Undelivered) as raised:
        await publisher.send([*large, *other])
    sent = await publisher.send(raised.value.left)
    assert [refused.message for refused in sent.refused] == large
    assert broker.values() == [b"other"]


async def test_a_broker_that_never_answers_is_not_waited_for_without_end(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DELIVERY_SECONDS", 0.05)
    publisher = Publisher(KafkaSettings())
    broker.silent = True
    with pytest.raises(Undelivered):
        await publisher.send(messages(b"one"))
    broker.silent = False
    await publisher.send(messages(b"one"))
    assert broker.values() == [b"one"]
