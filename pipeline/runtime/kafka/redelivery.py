"""Publishes dead letters again to the topics that they came from.

What is published carries how often that was done, the letter that it comes from, and the stage that it is for: the
topic's other consumers had no trouble with it and pass over it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

import msgspec
import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from pipeline.contracts import topics
from pipeline.contracts.headers import LETTER, ONLY_FOR, REPLAYED
from pipeline.errors import RefusedByBroker
from pipeline.index.load import open_index
from pipeline.index.protocol import DeadLetter
from pipeline.runtime.kafka.clients import confluent_options
from pipeline.runtime.kafka.publisher import Publisher, ToSend
from pipeline.settings.kafka import KafkaSettings
from pipeline.settings.settings import Settings

log = structlog.get_logger()

CHUNK = 200

REPLAY_KEY = b"\0replayed"
"""Ends the key of what is replayed on a compacted topic: so it never takes the place of a newer record of its key."""

FETCH_SECONDS = 15.0
"""Within which an original is to be found on its topic."""

_COMPACTED = frozenset(topic.name for topic in topics.ALL if topic.compacted)

Originals = Callable[[DeadLetter], "Original | None"]


class Original(NamedTuple):
    """A record as its topic still has it."""

    key: bytes | None
    value: bytes | None


class NotReplayed(NamedTuple):
    """A letter that is not published again, why, and what to do."""

    letter: DeadLetter
    why: str


class Redelivery(NamedTuple):
    """What came of it: how many letters were published again, and which were not."""

    published: int
    refused: list[NotReplayed]


async def redeliver(settings: Settings, letters: Sequence[DeadLetter]) -> Redelivery:
    """Publish letters again under their old key, oldest first, then mark them as replayed.

    Killed in between, some are published and not marked: they are published again next time, which does no harm.
    Of a letter that was cut the original is fetched from its topic; one whose topic has it no more is refused.
    """
    publisher = Publisher(settings.kafka)
    index = open_index(settings)
    await publisher.start()
    published, refused = 0, list[NotReplayed]()
    try:
        remaining = iter(sorted(letters, key=lambda letter: (letter.topic, letter.partition, letter.offset)))
        while chunk := list(islice(remaining, CHUNK)):
            done = []
            for letter in chunk:
                messages = await asyncio.to_thread(replay_of, letter, lambda given: fetch(settings.kafka, given))
                why = messages if isinstance(messages, str) else await _refusal(publisher, messages)
                if why:
                    log.warning("not published again", letter=letter.letter_id, why=why)
                    refused.append(NotReplayed(letter, why))
                else:
                    done.append(letter)
            now = datetime.now(UTC)
            await index.write([msgspec.structs.replace(letter, replayed_at=now) for letter in done])
            published += len(done)
    finally:
        await publisher.close()
        await index.close()
    return Redelivery(published, refused)


async def _refusal(publisher: Publisher, messages: Sequence[ToSend]) -> str:
    """Publish; why the broker will not have it, or nothing."""
    sent = await publisher.send(messages)
    return str(RefusedByBroker(sent.refused[0].reason, subject=messages[0].topic)) if sent.refused else ""


def replay_of(letter: DeadLetter, fetched: Originals) -> list[ToSend] | str:
    """What to publish for a letter, or why it cannot be."""
    original: Original | None = Original(letter.key, letter.value)
    if not whole(letter):
        original = fetched(letter)
    if original is None:
        return (
            f"{letter.topic}/{letter.partition}/{letter.offset} was cut and its topic has it no more; "
            "publish the original again from its source"
        )
    headers = (
        (REPLAYED, b"%d" % (letter.tries + 1)),
        (LETTER, letter.letter_id.encode("utf-8", "replace")),
        (ONLY_FOR, letter.stage.encode("utf-8", "replace")),
    )
    if letter.topic not in _COMPACTED:
        return [ToSend(letter.topic, original.key, original.value, headers)]
    key = (original.key or b"") + REPLAY_KEY
    replay = ToSend(letter.topic, key, original.value, headers, letter.partition)
    return [replay, replay._replace(value=None)]  # its readers have seen it; compaction is not to retain it


def whole(letter: DeadLetter) -> bool:
    """Whether a letter holds all of its record."""
    cut_before_sizes = "are kept" in letter.reason
    return letter.value is not None and letter.value_bytes is None and letter.key_bytes is None and not cut_before_sizes


def fetch(settings: KafkaSettings, letter: DeadLetter) -> Original | None:
    """The record that a letter is about, from its topic; None where that has it no more."""
    consumer = Consumer(
        {
            **confluent_options(settings),
            "group.id": f"{settings.prefix}-originals",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "fetch.message.max.bytes": 10_000_000,
        }
    )
    try:
        consumer.assign([TopicPartition(letter.topic, letter.partition, letter.offset)])
        found = consumer.poll(FETCH_SECONDS)
        if found is None or found.error() or found.offset() != letter.offset:
            return None
        value = found.value()
        if letter.value is not None and not (value or b"").startswith(letter.value):
            return None  # the topic was made anew: another record lies there now
        return Original(found.key(), value)
    except KafkaException as error:
        log.warning("the original cannot be fetched", letter=letter.letter_id, error=str(error))
        return None
    finally:
        consumer.close()
