"""Posts and what takes them back: the messages on ``posts.raw.v1``.

All messages are one JSON object each; times are RFC 3339 in UTC; identifiers are strings that begin with the network's
name.  Changes are additive only: a field may be added with a default, never renamed or removed (golden messages of
every past version are decoded by the tests).  JSON Schemas generated from here are kept in ``docs/contracts/``.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from pipeline.contracts.values import Id, PostKind, Text, Time, Version


class Author(Struct, frozen=True):
    """Who wrote a post; `id` is unique within the network."""

    id: Id
    handle: Annotated[str, Meta(max_length=512)] | None = None
    name: Annotated[str, Meta(max_length=1024)] | None = None
    followers: Annotated[int, Meta(ge=0)] | None = None
    created_at: Time | None = None
    """When the account was made, where the network says so."""


class Post(Struct, tag_field="type", tag="post", kw_only=True):
    """A public post as an ingest agent received it.  `version` grows with each edit at the source."""

    post_id: Id
    network: Id
    kind: PostKind = "post"
    author: Author
    text: Text
    lang: Annotated[str, Meta(max_length=35)] | None = None
    url: Annotated[str, Meta(max_length=4096)] | None = None
    created_at: Time
    ingested_at: Time | None = None
    parent_id: Id | None = None
    root_id: Id | None = None
    version: Version = 1
    rating: Annotated[float, Meta(ge=0.0, le=10.0)] | None = None


class PostDeleted(Struct, tag_field="type", tag="post_deleted", kw_only=True):
    """The author or the network took a post back: everything that came of it goes too.  `root_id`, where the agent
    remembers it, lets the deletion follow the post on the partition of its thread."""

    post_id: Id
    network: Id
    deleted_at: Time
    version: Version
    root_id: Id | None = None


class AuthorDeleted(Struct, tag_field="type", tag="author_deleted", kw_only=True):
    """An account is gone: all its posts go too.  Agents put it on every partition, for its posts lie on any."""

    author_id: Id
    network: Id
    deleted_at: Time
    version: Version = 1


RawMessage = Post | PostDeleted | AuthorDeleted

UNVERSIONED = 1
"""Version of the posts, and of the deletions, of a network that has no versions."""


def covered_by_author(version: int, deleted: int, posted: int, *dates: int) -> bool:
    """Whether an account's deletion, by its version and its time, covers a post of version `posted` that was written
    and received at those dates; times in one unit.

    Either date suffices, for authors can date their posts ahead.  Where the deletion has a version of its own it is
    comparable with the posts' (the same clock gave both), and covers the older ones as well.
    """
    return UNVERSIONED < version >= posted or min(dates) <= deleted
