"""The afternoon's peer works: one agent, a model on every post, a hopping table, one index call a post."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from confluent_kafka import Producer

from benchmarks.end_to_end.newcomer import companies_in, newcomer_app
from benchmarks.model.roberta import LABELS, Classify, balance, roberta_base
from pipeline.contracts.topics import POSTS_RAW
from pipeline.runtime.kafka.embedded_broker import EmbeddedBroker

NAMES = {"acme air": "demo:acme-air", "acmeair": "demo:acme-air", "kettle & co": "demo:kettle"}
EMBEDDED_PARTITIONS = 4
TEXTS = ("Acme Air lost my bag", "acme air is late AGAIN", "@AcmeAir hello", "rain", "Kettle & Co and Acme Air")


def test_companies_are_found_by_their_names() -> None:
    assert companies_in("@AcmeAir and ACME AIR lost my bag", NAMES) == {"demo:acme-air"}
    assert companies_in("nothing new", NAMES) == set()


def publish(broker: EmbeddedBroker, texts: Sequence[str]) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for number, text in enumerate(texts):
        post = {"post_id": f"n:{number}", "text": text, "created_at": "2026-01-01T00:00:00Z"}
        producer.produce(POSTS_RAW.name, json.dumps(post).encode(), partition=0)
    assert producer.flush(10.0) == 0


@asynccontextmanager
async def indexed(broker: EmbeddedBroker, classify: Classify) -> AsyncIterator[list[dict[str, Any]]]:
    """What the peer puts into the index, while it runs on the embedded broker (which makes topics by itself)."""
    documents: list[dict[str, Any]] = []

    async def write(document: dict[str, Any]) -> None:
        documents.append(document)

    app = newcomer_app(
        broker.bootstrap, classify, NAMES, write, topic_partitions=EMBEDDED_PARTITIONS, topic_allow_declare=False,
        topic_disable_leader=True, consumer_auto_offset_reset="earliest",
    )  # fmt: skip
    app.finalize()
    await app.start()
    try:
        yield documents
    finally:
        await app.stop()


async def until(documents: Sequence[object], count: int) -> None:
    async with asyncio.timeout(60.0):
        while len(documents) < count:  # noqa: ASYNC110 - filled by the app
            await asyncio.sleep(0.05)


async def test_every_post_is_read_counted_and_indexed(embedded_broker: EmbeddedBroker) -> None:
    def classify(text: str) -> list[dict[str, Any]]:
        return [{"label": "positive" if "hello" in text else "negative", "score": 0.9}]

    publish(embedded_broker, TEXTS)
    async with indexed(embedded_broker, classify) as documents:
        await until(documents, len(TEXTS))
    assert [document["text"] for document in documents] == list(TEXTS)
    assert [document["negatives"] for document in documents] == [
        {"demo:acme-air": 1},
        {"demo:acme-air": 2},
        {"demo:acme-air": 2},
        {},
        {"demo:acme-air": 3, "demo:kettle": 1},
    ]
    assert documents[2]["sentiment"] == {"label": "positive", "score": 0.9}


@pytest.mark.torch
async def test_with_a_tiny_transformer(embedded_broker: EmbeddedBroker) -> None:
    classify = roberta_base(1, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
    many = [f"{text} {number}, and {'so on ' * (number % 7)}" for number in range(12) for text in TEXTS]
    balance(classify, many)
    assert {classify(text)[0]["label"] for text in many} == set(LABELS)
    publish(embedded_broker, TEXTS)
    async with indexed(embedded_broker, classify) as documents:
        await until(documents, len(TEXTS))
    assert {document["sentiment"]["label"] for document in documents} <= set(LABELS)
    assert all(0.0 < document["sentiment"]["score"] < 1.0 for document in documents)
