"""Mentions of entities and what takes them back: the messages on ``mentions.scored.v1``.

The rules of `posts.py` hold for them, too.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from pipeline.contracts.posts import Author, AuthorDeleted, PostDeleted
from pipeline.contracts.values import (
    AuthorRole,
    Id,
    Label,
    LinkHow,
    PostKind,
    Probability,
    Text,
    Time,
    Untrained,
    Version,
)


class EntityRef(Struct, frozen=True):
    """A company or brand of the catalogue."""

    id: Id
    name: str


class Link(Struct, frozen=True):
    """Why a post is taken to be about an entity: the words, how they were recognised, how surely (0–1)."""

    surface: str
    how: LinkHow
    confidence: Probability


class Sentiment(Struct, frozen=True):
    """What a post feels about the entity: calibrated probabilities that sum to 1.

    `sure` is false when the highest probability is below the model's stated confidence.
    """

    negative: Probability
    neutral: Probability
    positive: Probability
    label: Label
    sure: bool


class Signals(Struct, frozen=True):
    """Further probabilities that the model reads from a post."""

    offensive: Probability
    hate: Probability
    irony: Probability
    complaint: Probability
    question: Probability
    praise: Probability


class Route(Struct, frozen=True):
    """The department that should act, why, and by when."""

    department: str
    reason: str
    due_at: Time | None = None


class ModelRef(Struct, frozen=True):
    """The model that scored a mention."""

    name: str
    version: str


class Mention(Struct, tag_field="type", tag="mention", kw_only=True):
    """One post about one entity.  A post about two companies makes two mentions.

    `mention_id` is the post id and the entity id: the same post gives the same mentions, however often it is read.
    Fields that no stage has filled yet are null.  `compared_with` is the other company where the post sets two against
    each other ("switched from A to B"); what it feels may be about either.  `sketch` says in 64 small numbers what the
    text is about (``contracts/sketch.py``).  `depth` is over how many answers the link was inherited (at least, where
    one in between is not known), 0 when the post itself speaks of the entity.  `untrained` says why the model was not
    trained for the text (another language, no words, hashtags only, code, too long); its sentiment is then never sure,
    and must page nobody.  `category` is the entity's first industry in the catalogue.
    """

    mention_id: Id
    post_id: Id
    network: Id
    kind: PostKind = "post"
    author: Author
    text: Text
    lang: Annotated[str, Meta(max_length=35)] | None = None
    url: Annotated[str, Meta(max_length=4096)] | None = None
    created_at: Time
    ingested_at: Time
    parent_id: Id | None = None
    root_id: Id
    version: Version = 1
    rating: Annotated[float, Meta(ge=0.0, le=10.0)] | None = None
    entity: EntityRef
    link: Link
    sentiment: Sentiment
    signals: Signals | None = None
    emotion: str | None = None
    route: Route | None = None
    fingerprint: str | None = None
    author_role: AuthorRole = "public"
    compared_with: Id | None = None
    depth: Annotated[int, Meta(ge=0)] = 0
    untrained: Untrained | None = None
    sketch: Annotated[str, Meta(max_length=88)] | None = None
    category: Annotated[str, Meta(max_length=200)] | None = None
    model: ModelRef


class MentionDeleted(Struct, tag_field="type", tag="mention_deleted", kw_only=True):
    """A mention taken back, because its post or its author is gone; `author_key` says whose it was
    (``contracts/account.py``), where that is known."""

    mention_id: Id
    post_id: Id
    entity: EntityRef
    deleted_at: Time
    version: Version
    author_key: Annotated[str, Meta(max_length=64)] | None = None


ScoredMessage = Mention | MentionDeleted | PostDeleted | AuthorDeleted
"""What travels on ``mentions.scored.v1``.  Deletions of posts whose mentions are not known yet pass through to the
index, which knows them and answers with a `MentionDeleted` for each entity."""


def mention_id(post_id: str, entity_id: str) -> str:
    """The identifier of the mention of an entity in a post; deterministic.

    >>> mention_id("bluesky:1", "acme")
    'bluesky:1|acme'
    """
    return f"{post_id}|{entity_id}"
