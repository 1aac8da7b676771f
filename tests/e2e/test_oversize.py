"""Records that are too large for their own dead letter stop nothing: each becomes a letter, the others go on once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from pipeline.contracts.topics import MENTIONS_SCORED, POSTS_RAW
from pipeline.runtime.kafka.admin import Offsets
from pipeline.runtime.kafka.backpressure import ByteBudget, CommittedOffsets
from pipeline.runtime.kafka.consumer_groups import consumer_groups
from pipeline.runtime.kafka.publisher import Publisher, ToSend
from pipeline.settings.settings import Settings, load
from pipeline.simulate.companies import demo_catalogue
from tests.e2e.conftest import drained, opened, running
from tests.e2e.test_malformed import post

GOOD = 20


def settings_for(tmp_path: Path, **sections: Any) -> Settings:
    catalogue = tmp_path / "companies.yaml"
    catalogue.write_text(demo_catalogue(), encoding="utf-8")
    return load(data=tmp_path / "data", model={"backend": "fixed"}, enrich={"catalogue": catalogue}, **sections)


def mixed(large: bytes, count: int) -> list[bytes]:
    """Good posts with so many large records among them."""
    posts = [json.dumps(post(number)).encode() for number in range(GOOD)]
    for number in range(count):
        posts.insert(5 * (number + 1), large)
    return posts


async def examine(settings: Settings, large: bytes, count: int) -> None:
    """Every good post was published and indexed once, every large record is a letter that says what it holds."""
    await drained(settings)
    async with opened(settings) as index:
        letters = await index.dead_letters()
        assert [letter.code for letter in letters] == ["too_large"] * count
        assert all(letter.value_bytes == len(large) for letter in letters)
        assert all(large.startswith(letter.value or b"?") for letter in letters)
        assert await index.count() == GOOD
    offsets = Offsets(settings.kafka)
    assert sum(offsets.ends(MENTIONS_SCORED.name).values()) == GOOD, "none was published again"
    offsets.close()


async def test_two_of_almost_four_megabytes_on_the_embedded_broker(tmp_path: Path) -> None:
    large = b"x" * 3_900_000
    async with running(settings_for(tmp_path)) as stack:
        kafka = stack.settings.kafka
        publisher = Publisher(kafka, ByteBudget(CommittedOffsets(kafka), consumer_groups(kafka)))
        await publisher.start()
        for number, value in enumerate(mixed(large, 2)):
            await publisher.send([ToSend(POSTS_RAW.name, b"key-%d" % number, value)])
        await publisher.close()
        await examine(stack.settings, large, 2)
        assert stack.supervisor is not None
        assert [child.restarts for child in stack.supervisor.children.values()] == [0, 0, 0, 0]


@pytest.mark.real
async def test_three_megabytes_that_its_producer_packed_into_four_kilobytes(fresh_kafka: Any, tmp_path: Path) -> None:
    large = b"x" * 3_000_000
    async with running(settings_for(tmp_path, kafka={"bootstrap": fresh_kafka.bootstrap})) as stack:
        producer = Producer(
            {"bootstrap.servers": fresh_kafka.bootstrap, "compression.type": "gzip", "message.max.bytes": 4_000_000}
        )
        for number, value in enumerate(mixed(large, 1)):
            producer.produce(POSTS_RAW.name, key=b"key-%d" % number, value=value)
        assert producer.flush(30.0) == 0
        await examine(stack.settings, large, 1)
        assert stack.supervisor is not None
        assert [child.restarts for child in stack.supervisor.children.values()] == [0, 0, 0, 0]
