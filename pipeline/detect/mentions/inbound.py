"""Inbound mentions: what the detector reads of a message, and nothing more.

Lenient where the contract lets fields default, so that a hand-written file of mentions works too: `type`, `text`,
`kind`, `root_id` and `ingested_at` may be missing.  Unknown fields are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from pipeline.contracts.decode import decode
from pipeline.contracts.sketch import LENGTH
from pipeline.contracts.values import MAX_TEXT, MAX_VERSION, Id, Probability, Time, Version
from pipeline.errors import Malformed

Name = Annotated[str, Meta(max_length=1024)]


class InboundAuthor(Struct, frozen=True, gc=False):
    """Who wrote it, and since when the account has existed, where that is known."""

    id: Id
    handle: Name | None = None
    created_at: Time | None = None


class InboundEntity(Struct, frozen=True, gc=False):
    """Whom it is about."""

    id: Id
    name: Name = ""


class InboundSentiment(Struct, frozen=True, gc=False):
    """How likely it is negative toward the entity, and how likely positive; whether the model is sure of it."""

    negative: Probability
    positive: Probability = 0.0
    sure: bool = True


class InboundMention(Struct, kw_only=True, gc=False, tag_field="type", tag="mention"):
    """A mention as the detector reads it; the defaults are those of the contract."""

    post_id: Id
    entity: InboundEntity
    author: InboundAuthor
    created_at: Time
    sentiment: InboundSentiment
    ingested_at: Time | None = None
    kind: Annotated[str, Meta(max_length=64)] = "post"
    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    root_id: Id | None = None
    parent_id: Id | None = None
    network: Name = ""
    url: Annotated[str, Meta(max_length=4096)] | None = None
    fingerprint: Annotated[str, Meta(max_length=512)] | None = None
    sketch: Annotated[str, Meta(max_length=LENGTH)] | None = None
    author_role: str = "public"
    version: Version = 1
    untrained: Annotated[str, Meta(max_length=64)] | None = None
    category: Name | None = None
    depth: Annotated[int, Meta(ge=0)] = 0


class InboundDeletion(Struct, kw_only=True, tag_field="type", tag="mention_deleted"):
    """A mention taken back, in that version and all older ones; in every version where it does not say;
    `author_key` says whose it was."""

    post_id: Id
    entity: InboundEntity
    deleted_at: Time
    version: Version = MAX_VERSION
    author_key: Annotated[str, Meta(max_length=64)] | None = None


class _Tag(Struct):
    type: str = "mention"


Inbound = InboundMention | InboundDeletion

_MENTION = msgspec.json.Decoder(InboundMention)
_DELETION = msgspec.json.Decoder(InboundDeletion)
_TAG = msgspec.json.Decoder(_Tag)
_PASSED_OVER = ("post_deleted", "author_deleted")


def read(data: bytes | None) -> Inbound | None:
    """A mention or a deletion; None for messages on the topic that are not for the detector.

    Raises `Malformed`, and nothing else, whatever the bytes.
    """
    try:
        return decode(data, _MENTION)
    except Malformed as reason:
        # Mentions are nearly everything, so the type is looked at only when one could not be read as a mention.
        return _other(data, reason)


def _other(data: bytes | None, reason: Malformed) -> Inbound | None:
    try:
        tag = decode(data, _TAG).type
    except Malformed:
        raise reason from None
    if tag in _PASSED_OVER:
        return None
    if tag == "mention_deleted":
        return decode(data, _DELETION)
    if tag != "mention":
        raise Malformed(
            "unknown_type",
            f"the type is {tag[:60]!r}",
            todo="Known types are mention, mention_deleted, post_deleted, author_deleted",
        )
    raise reason


def read_lines(lines: Iterable[bytes]) -> Iterator[Inbound | Malformed]:
    """The mentions of a file of JSON lines, in order; what cannot be read comes as the reason.  Empty lines are
    passed over."""
    for line in lines:
        if line.isspace() or not line:
            continue
        try:
            inbound = read(line)
        except Malformed as reason:
            yield reason
        else:
            if inbound is not None:
                yield inbound
