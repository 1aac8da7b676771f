"""Reads statuses of Mastodon as posts: answers, quotes, edits, media."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import msgspec

from pipeline.contracts.decode import decode
from pipeline.contracts.posts import UNVERSIONED, Author, Post, PostDeleted
from pipeline.contracts.values import MAX_TEXT, PostKind
from pipeline.errors import Malformed
from pipeline.ingest.agent import DecodedFrame
from pipeline.text.markup import described, plain_text

NETWORK = "mastodon"
MAX_MEDIA = 16
PUBLIC = frozenset({"public", "unlisted"})
"""Nothing else is taken in, whatever a server sends."""


class _Account(msgspec.Struct):
    id: str = ""
    acct: str = ""
    display_name: str = ""
    followers_count: int = 0
    created_at: str | None = None


class _Media(msgspec.Struct):
    type: str = "image"
    description: str | None = None


class _Quoted(msgspec.Struct):
    uri: str = ""


class _Quote(msgspec.Struct):
    state: str = ""
    quoted_status: _Quoted | None = None


class Status(msgspec.Struct):
    """A status as the API has it."""

    id: str
    uri: str = ""
    url: str | None = None
    created_at: str | None = None
    edited_at: str | None = None
    in_reply_to_id: str | None = None
    visibility: str = "public"
    language: str | None = None
    spoiler_text: str = ""
    content: str = ""
    account: _Account | None = None
    media_attachments: list[_Media] = []
    quote: _Quote | None = None
    reblog: _Quoted | None = None


class StatusFrame(msgspec.Struct, omit_defaults=True):
    """A frame: an event with what the agent knows of its thread; addresses are those of the federation."""

    event: str
    host: str
    at: float
    status: msgspec.Raw = msgspec.Raw(b"null")
    parent: str = ""
    root: str = ""
    uri: str = ""


_FRAME = msgspec.json.Decoder(StatusFrame)
_STATUS = msgspec.json.Decoder(Status)


def read(frame: bytes) -> DecodedFrame:
    """The post or deletion in a frame.  Raises `Malformed`."""
    found = decode(frame, _FRAME, 4_000_000)
    if found.event == "delete":
        if not found.uri:
            raise Malformed("missing_field", "a deletion without an address")
        gone = PostDeleted(
            post_id=_id(found.uri), network=NETWORK, deleted_at=_moment(found.at), version=int(found.at * 1e6),
            root_id=_id(found.root) if found.root else None,
        )  # fmt: skip
        return DecodedFrame((gone,), f"delete {found.uri}")
    status = decode(bytes(found.status), _STATUS)
    if not status.uri.startswith(("https://", "http://")):
        raise Malformed("bad_uri", f"uri is {status.uri[:200]!r}")
    edited = _instant(status.edited_at)
    identity = f"{status.uri} {edited or 0.0}"
    if status.visibility not in PUBLIC or status.account is None or not status.account.acct:
        return DecodedFrame((), identity)
    return DecodedFrame((_post(status, status.account, found, edited),), identity)


def _post(status: Status, account: _Account, found: StatusFrame, edited: float | None) -> Post:
    kind: PostKind = "post"
    parent, root = found.parent, found.root
    if parent:
        kind = "reply"
    elif status.reblog is not None and status.reblog.uri:
        kind, parent = "repost", status.reblog.uri
    elif status.quote is not None and status.quote.quoted_status is not None and status.quote.quoted_status.uri:
        kind, parent = "quote", status.quote.quoted_status.uri
    text = "\n".join(part for part in (status.spoiler_text.strip(), plain_text(status.content)) if part)
    for media in status.media_attachments[:MAX_MEDIA]:
        text += described(media.type[:20] or "image", (media.description or "")[:2_000])
    acct = account.acct if "@" in account.acct else f"{account.acct}@{found.host}"
    created = _instant(status.created_at)
    joined = _instant(account.created_at)
    return Post(
        post_id=_id(status.uri),
        network=NETWORK,
        kind=kind,
        author=Author(
            id=f"{NETWORK}:@{acct[:400]}", handle=acct[:500], name=account.display_name[:1000] or None,
            followers=max(0, account.followers_count), created_at=None if joined is None else _moment(joined),
        ),
        text=text.replace("\x00", "").rstrip()[:MAX_TEXT],
        lang=(status.language or "")[:35] or None,
        url=status.url[:4096] if status.url and status.url.startswith("https://") else None,
        created_at=_moment(min(found.at if created is None else created, found.at)),
        parent_id=_id(parent) if parent else None,
        root_id=_id(root or parent) if parent else None,
        version=int(edited * 1e6) if edited else UNVERSIONED,
    )  # fmt: skip


def _id(uri: str) -> str:
    return f"{NETWORK}:{uri[:500]}"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0.0), time.time()), UTC)


def _instant(text: str | None) -> float | None:
    """Seconds since 1970 of an RFC 3339 time; None for none."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text[:40])
        seconds = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if 0.0 < seconds < 4e9 else None
