"""Posts, mentions, incidents and dead letters of the tests: the one place that fills in what a test does not care for.

Texts are of our own; every builder takes any field of its message by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from pipeline.contracts.incidents import (
    Counts,
    Driver,
    Explanation,
    Forecast,
    IncidentEvent,
    Phrase,
    PostRef,
    Share,
    TestResult,
)
from pipeline.contracts.mentions import EntityRef, Link, Mention, MentionDeleted, ModelRef, Sentiment, mention_id
from pipeline.contracts.posts import Author, AuthorDeleted, Post, PostDeleted
from pipeline.contracts.values import Label
from pipeline.index.protocol import DeadLetter
from pipeline.stages.records import Record

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""When posts begin."""
NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
"""When mentions and the incident begin."""
OPENED = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
"""When the pile-on begins."""


def at(minutes: float) -> datetime:
    """Minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def post(number: int | str, text: str, *, network: str = "twitter", **fields: Any) -> Post:
    """Post number `number`, `number` minutes after the start."""
    made: dict[str, Any] = {
        "post_id": f"{network}:{number}",
        "network": network,
        "author": Author(f"{network}:user{number}", f"user{number}"),
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


def mention(
    post: str = "net:1",
    text: str = "The parcel never came",
    *,
    entity: str | EntityRef = "acme",
    minutes: float = 0.0,
    label: Label = "negative",
    version: int = 1,
    author: str | Author = "net:ann",
    network: str = "net",
    **more: Any,
) -> Mention:
    whom = entity if isinstance(entity, EntityRef) else EntityRef(id=entity, name=entity.title())
    sure = {"negative": 0.1, "neutral": 0.1, "positive": 0.1} | {label: 0.8}
    fields: dict[str, Any] = {
        "mention_id": mention_id(post, whom.id),
        "post_id": post,
        "network": network,
        "author": author if isinstance(author, Author) else Author(id=author, handle="ann", name="Ann", followers=7),
        "text": text,
        "created_at": at(minutes),
        "ingested_at": at(minutes),
        "root_id": post,
        "version": version,
        "entity": whom,
        "link": Link(surface=whom.id, how="name", confidence=0.9),
        "sentiment": Sentiment(**sure, label=label, sure=True),
        "model": ModelRef(name="test", version="1"),
    }
    return Mention(**(fields | more))


def mention_deleted(of: Mention, version: int = 2, minutes: float = 5.0) -> MentionDeleted:
    return MentionDeleted(
        mention_id=of.mention_id, post_id=of.post_id, entity=of.entity, deleted_at=at(minutes), version=version
    )


def post_deleted(post: str = "net:1", version: int = 2, minutes: float = 5.0) -> PostDeleted:
    return PostDeleted(post_id=post, network="net", deleted_at=at(minutes), version=version)


def author_deleted(author: str = "net:ann", version: int = 1, minutes: float = 5.0) -> AuthorDeleted:
    return AuthorDeleted(author_id=author, network="net", deleted_at=at(minutes), version=version)


def incident(name: str = "acme:surge:1", event: Any = "opened", minutes: float = 0.0, **more: Any) -> IncidentEvent:
    quote = PostRef(post_id="net:1", author="ann", text="The parcel never came", created_at=NOON)
    fields: dict[str, Any] = {
        "incident_id": name,
        "entity": EntityRef(id="acme", name="Acme"),
        "kind": "surge",
        "event": event,
        "at": at(minutes),
        "severity": 3,
        "opened_at": NOON,
        "counts": Counts(mentions=30, negative=25, authors=20, expected=4.5),
        "share": Share(before=0.1, now=0.8),
        "explanation": Explanation(
            summary="Parcels are late",
            first_post=quote,
            top_posts=(quote,),
            phrases=(Phrase(text="never came", count=9),),
            networks={"net.with.dots": 30},
        ),
        "test": TestResult(name="surge", value=9.5, threshold=8.0, false_alarms=0.2),
    }
    return IncidentEvent(**(fields | more))


def pile_on(
    event: Any = "opened", minutes: float = 0.0, name: str = "acme:pile_on:test:1", **more: Any
) -> IncidentEvent:
    """An event of an incident about Acme, so many minutes after it opened."""
    at = OPENED + timedelta(minutes=minutes)
    fields: dict[str, Any] = {
        "entity": EntityRef("acme", "Acme Air"),
        "kind": "pile_on",
        "at": at,
        "severity": 3,
        "opened_at": OPENED,
        "resolved_at": at if event == "resolved" else None,
        "counts": Counts(48, 41, 37, 6.5),
        "share": Share(0.22, 0.85),
        "forecast": Forecast(210, 120, 380, 14.0),
        "explanation": Explanation(
            summary="48 people answer one complaint about lost luggage at Acme Air",
            first_post=PostRef("test:1", "@stranded", "Day three without my suitcase", OPENED, None, 31),
            phrases=(Phrase("lost luggage", 19), Phrase("day three", 8)),
            networks={"bluesky": 40, "mastodon": 8},
            drivers=(Driver("@stranded", 4),),
        ),
        "test": TestResult("thread", 7.2, 4.0, 0.08),
    }
    return incident(name, event, **(fields | more))


def letter(
    offset: int = 0, *, stage: str = "enrich", code: str = "not_json", minutes: float = 0.0, **more: Any
) -> DeadLetter:
    fields: dict[str, Any] = {
        "letter_id": f"{stage}/posts.raw.v1/3/{offset}",
        "stage": stage,
        "topic": "posts.raw.v1",
        "partition": 3,
        "offset": offset,
        "code": code,
        "reason": "the record is not JSON",
        "key": b"k",
        "value": b"\xff\x00{",
        "first_seen": at(minutes),
    }
    return DeadLetter(**(fields | more))
