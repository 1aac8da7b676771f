"""Mentions, incidents and dead letters for the tests; texts of our own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.contracts.messages import (
    Author,
    AuthorDeleted,
    Counts,
    EntityRef,
    Explanation,
    IncidentEvent,
    Label,
    Link,
    Mention,
    MentionDeleted,
    ModelRef,
    Phrase,
    PostDeleted,
    PostRef,
    Sentiment,
    Share,
    TestResult,
    mention_id,
)
from pipeline.index.protocol import DeadLetter

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """Minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def mention(
    post: str = "net:1",
    text: str = "The parcel never came",
    *,
    entity: str = "acme",
    minutes: float = 0.0,
    label: Label = "negative",
    version: int = 1,
    author: str = "net:ann",
    network: str = "net",
    **more: Any,
) -> Mention:
    sure = {"negative": 0.1, "neutral": 0.1, "positive": 0.1} | {label: 0.8}
    fields: dict[str, Any] = {
        "mention_id": mention_id(post, entity),
        "post_id": post,
        "network": network,
        "author": Author(id=author, handle="ann", name="Ann", followers=7),
        "text": text,
        "created_at": at(minutes),
        "ingested_at": at(minutes),
        "root_id": post,
        "version": version,
        "entity": EntityRef(id=entity, name=entity.title()),
        "link": Link(surface=entity, how="name", confidence=0.9),
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
