"""Posts through both stages: enrich over the shipped catalogue, then the detector, on top of ordinary talk."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from pipeline.contracts.posts import Author, Post
from pipeline.detect.mentions.inbound import InboundEntity, InboundMention, read
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.attacks.crises import AT, YEARS, Stream, ordinary, words
from tests.attacks.verdict import Verdict, paged
from tests.detect.streams import MONDAY
from tests.support.messages import post
from tests.support.scorers import FixedScorer

NAME, DELTA = "Delta Air Lines", "Q188920"


def written(number: int, text: str, second: float, *, author: str | None = None, **fields: Any) -> Post:
    """A post so many seconds after `AT`, by somebody with an account of years."""
    when = MONDAY + timedelta(seconds=AT + second)
    by = author or f"user{number}"
    return post(
        number, text, created_at=when, ingested_at=when + timedelta(seconds=2),
        author=Author(f"twitter:{by}", by, created_at=when - YEARS), **fields,
    )  # fmt: skip


def answers(
    numbers: Sequence[int], text: str, begin: float, span: float, *, parents: Sequence[int] = (1,), root: int = 1,
    authors: int | None = None,
) -> list[Post]:  # fmt: skip
    """Answers at random times, to these posts in turn; by strangers, or by so many accounts."""
    rng = random.Random(3)
    return [
        written(
            number, f"{text} {words(rng)}", begin + rng.uniform(1.0, span), kind="reply",
            author=None if authors is None else f"sock{number % authors}",
            parent_id=f"twitter:{parents[number % len(parents)]}", root_id=f"twitter:{root}",
        )
        for number in numbers
    ]  # fmt: skip


def mentions(linker: Linker, posts: Sequence[Post]) -> Stream:
    """What enrich publishes of posts in order of their arrival, about anybody."""
    stage = Enrich(linker, FixedScorer())
    inbound = sorted(posts, key=lambda each: each.ingested_at or each.created_at)
    arrivals = [(each.ingested_at or each.created_at).timestamp() for each in inbound]
    batch = [
        Record("posts.raw.v1", 0, offset, b"key", msgspec.json.encode(each), arrival, arrival)
        for offset, (each, arrival) in enumerate(zip(inbound, arrivals, strict=True))
    ]
    result = stage.handle(batch, State(MemoryStore(), stage.codec))
    assert not result.rejected
    published = result.publish
    found = [read(outgoing.value) for outgoing in published]
    return [m for m in found if isinstance(m, InboundMention)]


def talk() -> Stream:
    """Days of ordinary talk about the company."""
    return [msgspec.structs.replace(m, entity=InboundEntity(DELTA, NAME)) for m in ordinary()]


def paged_of(linker: Linker, *streams: Sequence[Post]) -> Verdict | None:
    """The verdict about the company on posts together."""
    posts = [each for stream in streams for each in stream]
    return paged(talk(), [m for m in mentions(linker, posts) if m.entity.id == DELTA])
