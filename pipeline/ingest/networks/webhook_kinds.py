"""What platforms send to webhooks, as messages: Discourse, GitHub, and our own posts.

Ids are the source's name and the platform's own: of Discourse topic and number, so that the thread is in the id; of
GitHub repository, number and comment.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import msgspec

from pipeline.contracts.decode import decode, decode_raw
from pipeline.contracts.posts import Author, AuthorDeleted, Post, PostDeleted, RawMessage
from pipeline.contracts.values import MAX_TEXT
from pipeline.errors import Malformed
from pipeline.ingest.agent import DecodedFrame
from pipeline.text.markup import plain_text

MAX_MESSAGES = 1_000
"""Messages in one request."""


class _DiscoursePost(msgspec.Struct):
    id: int
    topic_id: int
    post_number: int
    username: str = ""
    name: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    cooked: str = ""
    raw: str = ""
    reply_to_post_number: int | None = None
    topic_title: str | None = None
    post_url: str | None = None


class _DiscourseBody(msgspec.Struct):
    post: _DiscoursePost | None = None


class _User(msgspec.Struct):
    login: str = ""
    id: int = 0


class _Discussed(msgspec.Struct):
    """An issue, a discussion, or a comment on one."""

    id: int = 0
    number: int = 0
    title: str = ""
    body: str | None = None
    html_url: str = ""
    user: _User | None = None
    parent_id: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class _Repository(msgspec.Struct):
    full_name: str = ""


class _GitHubBody(msgspec.Struct):
    action: str = ""
    repository: _Repository | None = None
    issue: _Discussed | None = None
    discussion: _Discussed | None = None
    comment: _Discussed | None = None


_DISCOURSE = msgspec.json.Decoder(_DiscourseBody)
_GITHUB = msgspec.json.Decoder(_GitHubBody)
_BODY = msgspec.json.Decoder(msgspec.Raw)
_MANY = msgspec.json.Decoder(list[msgspec.Raw])


def discourse(source: str, event: str, body: bytes, at: float) -> DecodedFrame:
    """Posts of a forum that were made, edited, deleted, restored."""
    post = decode(body, _DISCOURSE).post
    if post is None or event not in ("post_created", "post_edited", "post_destroyed", "post_recovered"):
        return DecodedFrame((), _whole(source, event, body))
    post_id, root = f"{source}:t{post.topic_id}/{post.post_number}", f"{source}:t{post.topic_id}/1"
    first = post.post_number == 1
    version = _version(post.updated_at, at)
    identity = f"{event} {post_id} {version}"
    if event == "post_destroyed":
        gone = PostDeleted(
            post_id=post_id, network=source, deleted_at=_when(at), version=_version(None, at), root_id=root
        )
        return DecodedFrame((gone,), f"{event} {post_id} {version}", at)
    parent = f"{source}:t{post.topic_id}/{post.reply_to_post_number}" if post.reply_to_post_number else root
    title = post.topic_title if first and post.topic_title else ""
    if event == "post_recovered":  # above the deletion, which came at a moment after the last edit
        version = _version(None, at)
    message = _post(
        source, post_id, f"{title}\n{plain_text(post.cooked) or post.raw}", post.username, post.created_at, at,
        version=version, url=post.post_url or "", name=post.name or "",
        parent=None if first else parent, root=None if first else root,
    )  # fmt: skip
    return DecodedFrame((message,), identity, at)


def github(source: str, event: str, body: bytes, at: float) -> DecodedFrame:
    """Issues, discussions and comments on them that were opened, edited, deleted."""
    found = decode(body, _GITHUB)
    top = found.issue or found.discussion
    if top is None or found.repository is None or event not in _GITHUB_EVENTS or found.action not in _GITHUB_ACTIONS:
        return DecodedFrame((), _whole(source, event, body))
    root = f"{source}:{found.repository.full_name[:200]}#{top.number}"
    item, post_id, parent = top, root, None
    if found.comment is not None:
        item, post_id = found.comment, f"{root}/{found.comment.id}"
        parent = f"{root}/{found.comment.parent_id}" if found.comment.parent_id else root
    version = _version(item.updated_at, at)
    identity = f"{found.action} {post_id} {version}"
    if found.action in ("deleted", "transferred"):
        gone = PostDeleted(
            post_id=post_id, network=source, deleted_at=_when(at), version=_version(None, at), root_id=root
        )
        return DecodedFrame((gone,), f"{found.action} {post_id}", at)
    message = _post(
        source, post_id, f"{item.title}\n{item.body or ''}", item.user.login if item.user else "", item.created_at, at,
        version=version, url=item.html_url, parent=parent, root=None if parent is None else root,
    )  # fmt: skip
    return DecodedFrame((message,), identity, at)


_GITHUB_EVENTS = frozenset({"issues", "issue_comment", "discussion", "discussion_comment"})
_GITHUB_ACTIONS = frozenset({"opened", "created", "edited", "deleted", "transferred"})


def posts(source: str, event: str, body: bytes, at: float) -> DecodedFrame:
    """One of our messages, or an array of them; ids, network and threads are put under the source's name.

    Of a post only `post_id` and `text` are needed.
    """
    raw = bytes(decode(body, _BODY))
    many = decode(raw, _MANY) if raw.lstrip()[:1] == b"[" else [msgspec.Raw(raw)]
    if len(many) > MAX_MESSAGES:
        raise Malformed("too_many", f"{len(many):,} messages, more than the {MAX_MESSAGES:,} allowed")
    messages = tuple(_own(source, bytes(message), at) for message in many)
    return DecodedFrame(messages, _whole(source, "posts", raw), at)


_OBJECT = msgspec.json.Decoder(dict[str, Any])


def _own(source: str, body: bytes, at: float) -> RawMessage:
    fields = decode(body, _OBJECT)
    now = _when(at).isoformat()
    fields = {"type": "post", **fields, "network": source}
    if fields["type"] == "post":
        fields = {"author": {"id": f"unknown:{fields.get('post_id')}"[:400]}, "created_at": now, **fields}
        if isinstance(author := fields["author"], dict):
            author["id"] = _under(source, author.get("id"))
    else:
        fields = {"deleted_at": now, "version": _version(None, at), **fields}
    for name in ("post_id", "parent_id", "root_id", "author_id"):
        if fields.get(name) is not None:
            fields[name] = _under(source, fields[name])
    message = decode_raw(msgspec.json.encode(fields), time.time())
    assert isinstance(message, Post | PostDeleted | AuthorDeleted)
    return message


def _under(source: str, name: Any) -> Any:
    return name if not isinstance(name, str) or name.startswith(f"{source}:") else f"{source}:{name}"


def _post(
    source: str,
    post_id: str,
    text: str,
    user: str,
    created: datetime | None,
    at: float,
    *,
    version: int,
    url: str,
    parent: str | None,
    root: str | None,
    name: str = "",
) -> Post:
    text = text.strip().replace("\x00", "")
    if len(text) > MAX_TEXT:
        raise Malformed("too_long", f"the text has {len(text):,} characters")
    written = created if created is not None and created.tzinfo is not None else _when(at)
    return Post(
        post_id=post_id,
        network=source,
        kind="post" if parent is None else "reply",
        author=Author(id=f"{source}:@{user[:200] or 'unknown'}", handle=user[:200] or None, name=name[:1000] or None),
        text=text,
        url=url[:4096] if url.startswith(("https://", "http://")) else None,
        created_at=min(written, _when(at)),
        parent_id=parent,
        root_id=root,
        version=version,
    )


def _when(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _version(updated: datetime | None, at: float) -> int:
    """Microseconds of the last change, never in the future; of the request where the platform does not say."""
    seconds = at if updated is None or updated.tzinfo is None else min(at, max(0.0, updated.timestamp()))
    return int(seconds * 1e6)


def _whole(source: str, event: str, body: bytes) -> str:
    """The identity of a request that is one by its bytes."""
    return f"{source} {event} {blake2b(body, digest_size=16).hexdigest()}"
