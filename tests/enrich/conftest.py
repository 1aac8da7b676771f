"""A small catalogue, a linker over the shipped one, a scorer that remembers what it read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from models.scorer import Reading, Scores, Target
from pipeline.contracts.messages import Author, ModelRef, Post, Sentiment
from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.enrich.threads.threads import Thread
from pipeline.enrich.threads.waiting import Segment
from pipeline.stages.records import Outgoing, Record
from pipeline.stages.state import MemoryStore

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


BAD, FINE = Sentiment(0.9, 0.05, 0.05, "negative", True), Sentiment(0.1, 0.8, 0.1, "neutral", True)


class FixedScorer:
    """Negative for a text with "bad" in it, else neutral; toward whom a text names, by the sentence that names them.
    Keeps the readings that it was given, by batches."""

    ref = ModelRef("fixed", "1")

    def __init__(self) -> None:
        self.batches: list[list[Reading]] = []

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        given = [Reading(one) if isinstance(one, str) else one for one in readings]
        self.batches.append(given)
        return [Scores(_felt(one.text), tuple(_toward(one.text, target) for target in one.targets)) for one in given]


def _felt(text: str) -> Sentiment:
    return BAD if "bad" in text else FINE


def _toward(text: str, target: Target) -> Sentiment:
    if not target:
        return _felt(text)
    start, end = target[0]
    return _felt(text[text.rfind(". ", 0, start) + 1 : text.find(". ", end) % (len(text) + 1)])


def post(number: int | str, text: str, **fields: Any) -> Post:
    """Post number `number`, `number` minutes after the start."""
    made: dict[str, Any] = {
        "post_id": f"twitter:{number}",
        "network": "twitter",
        "author": Author(f"twitter:user{number}", f"user{number}"),
        "text": text,
        "created_at": START + timedelta(minutes=number if isinstance(number, int) else 0),
    }
    return Post(**(made | fields))


def reply(number: int, text: str, parent: int, root: int, **fields: Any) -> Post:
    """A reply to post `parent` in the thread of post `root`."""
    return post(number, text, kind="reply", parent_id=f"twitter:{parent}", root_id=f"twitter:{root}", **fields)


def records(messages: Sequence[Any], first_offset: int = 0) -> list[Record]:
    """The messages as records of one partition, heard two seconds after the start of 2026-03-02."""
    heard = (START + timedelta(days=1)).timestamp()
    return [
        Record("posts.raw.v1", 0, first_offset + i, b"key", msgspec.json.encode(m), heard + i, heard + i)
        for i, m in enumerate(messages)
    ]


def stored(stage: Enrich, store: MemoryStore) -> dict[str, Any]:
    """What a stage has stored, by key: of each value what it says, not how it is written."""
    values = {key: msgspec.msgpack.decode(data)[2] for key, data in store._data.items()}
    decoded = {key: stage.codec.decode(value) for key, value in values.items()}
    return {key: value for key, value in decoded.items() if value not in (Thread(), Segment())}


def repeats(record: Record, first: Sequence[Outgoing], again: Sequence[Outgoing]) -> bool:
    """Whether a record that is read again gives what it gave.  Nothing else comes of it; missing may be what it brought
    of other posts, replies that were replaced or erased since."""
    given, repeated = {(o.key, o.value) for o in first}, {(o.key, o.value) for o in again}
    own = msgspec.json.decode(record.value or b"").get("post_id")
    return repeated <= given and all(msgspec.json.decode(value)["post_id"] != own for _, value in given - repeated)


@pytest.fixture(scope="session")
def linker() -> Linker:
    return Linker(load_catalogue())


@pytest.fixture
def scorer() -> FixedScorer:
    return FixedScorer()
