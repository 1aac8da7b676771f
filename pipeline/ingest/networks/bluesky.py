"""The Bluesky agent: posts, replies, quotes and deletions out of Jetstream, by either wire.

What people write into a record is theirs: text, languages, the claimed time and the posts answered are all checked.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, SecurityError

from pipeline.contracts.decode import decode
from pipeline.contracts.posts import Author, AuthorDeleted, Post, PostDeleted, RawMessage
from pipeline.contracts.values import MAX_TEXT, PostKind
from pipeline.errors import Malformed, TerminalError, TransientError
from pipeline.ingest.agent import Checkpoint, DecodedFrame, Hole, Item
from pipeline.ingest.budget import Budget
from pipeline.ingest.networks import jetstream
from pipeline.ingest.networks.jetstream import (
    COLLECTION,
    MAX_FRAME,
    AccountState,
    Commit,
    CursorTooOld,
    NetworkEvent,
    Oversized,
    decode_event,
)
from pipeline.settings.networks import BlueskySettings
from pipeline.text.markup import described

NETWORK = "bluesky"
FIRST_SKIP = 1_000
"""Microseconds passed over where a frame is too large; doubled while that does not help."""

MAX_CLOCK_AHEAD = 300.0
"""Seconds that the server's clock may be ahead of ours before a frame is called malformed."""

EARLIEST = datetime(2006, 1, 1, tzinfo=UTC)
"""Nothing was posted before: an older claimed time is not believed."""

GONE = frozenset({"deleted", "takendown"})
"""States of an account that take its posts away for good; deactivated and suspended ones may come back."""

MAX_IMAGES = 10
MAX_ALT = 2_000
"""Characters of a description that are read."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DID = re.compile(r"did:[a-z]{1,16}:[A-Za-z0-9._:%-]{1,160}")
_RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,256}")
_POST_URI = re.compile(rf"at://{_DID.pattern}/{re.escape(COLLECTION)}/{_RKEY.pattern}")
_LANG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")


class _Ref(msgspec.Struct):
    uri: str


class _Reply(msgspec.Struct):
    root: _Ref
    parent: _Ref


class _Record(msgspec.Struct):
    text: str
    createdAt: Any = None  # noqa: N815
    langs: Any = None
    reply: _Reply | None = None
    embed: Any = None


_RECORD = msgspec.json.Decoder(_Record)


class BlueskyAgent:
    """Every public post, reply, quote and deletion on Bluesky, or those of the accounts in the settings.

    A position is the time of an event in microseconds since 1970; with a tilde before it, a time of which no event is
    known.
    """

    name = network = NETWORK

    def __init__(self, settings: BlueskySettings | None = None, budget: Budget | None = None) -> None:
        self._settings = settings or BlueskySettings()
        self._budget = budget or Budget(NETWORK)
        self._v2 = jetstream.is_v2(self._settings.url)
        self._skip = FIRST_SKIP
        self._skip_from = 0

    async def listen(self, since: Mapping[str, str]) -> AsyncGenerator[Item, None]:
        """Frames from a little before the position on.  Errors as the `Agent` protocol has them."""
        stored = since.get("") or f"~{int(time.time() * 1e6)}"
        position, known = int(stored.lstrip("~")), not stored.startswith("~")
        cursor = None if "" not in since else max(0, position - self._rewind()) if known else position
        expected = position if known else None
        last = b""
        failure: TransientError | TerminalError
        try:
            async with self._connect(cursor) as socket:
                if (hello := jetstream.hello(self._settings.url, self._settings.dids)) is not None:
                    await socket.send(hello)
                yield Checkpoint(stored)
                while True:
                    last = await self._next(socket)
                    if expected is not None and (first := self._time_of(last)):
                        if first > expected:  # the last event known did not come again: the server has cut us off
                            yield Hole(_time(expected), _time(first), "too_old")
                        expected = None
                    yield last
        except ConnectionClosed as error:
            failure = jetstream.closed(error, self._settings.url)
        except CursorTooOld as error:
            failure = error
        except InvalidStatus as error:
            failure = jetstream.refused(error.response, self._settings.url)
        except (InvalidURI, SecurityError) as error:
            failure = TerminalError(str(error), subject=self._settings.url, todo="Check ingest.bluesky.url")
        except (InvalidHandshake, OSError, EOFError) as error:  # OSError has TimeoutError and TLS errors in it
            failure = TransientError(f"{type(error).__name__}: {error}", subject=self._settings.url)
        if isinstance(failure, Oversized):
            for item in self._pass_over(self._time_of(last) or position):
                yield item
        elif isinstance(failure, CursorTooOld):
            until = self._replayed_from(position)
            yield Hole(_time(position), _time(until), "too_old")
            yield Checkpoint(f"~{until}")
        raise failure

    def _rewind(self) -> int:
        return int(self._settings.rewind * 1e6)

    def _replayed_from(self, position: int) -> int:
        """From when to ask for, where a position is too old; half of the way to now where even that should not be."""
        now = int(time.time() * 1e6)
        return max(now - int(self._settings.replayed * 1e6), position + (now - position) // 2)

    def _pass_over(self, position: int) -> Iterator[Item]:
        """Give up what follows a position, where a frame is too large: asking again would only bring it again.

        As little as possible; more while that does not help.
        """
        if position > self._skip_from + self._skip:
            self._v2 = jetstream.is_v2(self._settings.url)
        self._skip = FIRST_SKIP
        self._skip_from = position
        yield Hole(_time(position), _time(position + self._skip), "too_large")
        yield Checkpoint(f"~{position + self._skip}")
        self._skip *= 2

    def _time_of(self, frame: bytes) -> int | None:
        """When a frame was sent, in microseconds; None where that makes no sense, or lies in the future: it proves
        nothing then."""
        try:
            at = int((self.read(frame).at or 0.0) * 1e6)
        except Malformed:
            return None
        return at if at <= time.time() * 1e6 else None

    def _connect(self, cursor: int | None) -> connect:
        address = jetstream.address(self._settings.url, self._settings.dids, cursor)
        return connect(address, max_size=MAX_FRAME, max_queue=64, open_timeout=15.0, close_timeout=2.0)

    def read(self, frame: bytes) -> DecodedFrame:
        """The messages in a frame.  Raises `Malformed`."""
        event = decode_event(frame, self._v2)
        if not 0 < event.time_us <= (time.time() + MAX_CLOCK_AHEAD) * 1e6:
            raise Malformed("bad_time", f"time_us is {event.time_us}, which is no time up to now")
        if not _DID.fullmatch(event.did):
            raise Malformed("bad_did", f"did is {event.did[:200]!r}")
        if event.kind == "account" and event.account is not None:
            return _account(event, event.account)
        if event.kind == "commit":
            if event.commit is None:
                raise Malformed("missing_field", "a commit frame without its commit")
            return _commit(event, event.commit)
        return _decoded(event, f"{event.kind} {event.did} {event.time_us}")

    async def _next(self, socket: ClientConnection) -> bytes:
        try:
            async with asyncio.timeout(self._settings.stall):
                frame = await socket.recv(decode=False)
        except TimeoutError:
            raise TransientError(f"silent for {self._settings.stall:g} s", subject=self._settings.url) from None
        self._budget.spend("bytes", len(frame))
        if self._v2:
            jetstream.raise_if_error(frame, self._settings.url)
        return frame


def _decoded(event: NetworkEvent, identity: str, *messages: RawMessage) -> DecodedFrame:
    """The position is never in the future, and follows a clock that runs backwards: reading again is safe."""
    return DecodedFrame(messages, identity, event.time_us / 1e6, str(min(event.time_us, int(time.time() * 1e6))))


def _account(event: NetworkEvent, account: AccountState) -> DecodedFrame:
    identity = f"account {event.did} {account.seq} {account.status}"
    if account.active or account.status not in GONE:
        return _decoded(event, identity)
    gone = AuthorDeleted(
        author_id=f"{NETWORK}:{event.did}", network=NETWORK, deleted_at=_time(event.time_us), version=event.time_us
    )
    return _decoded(event, identity, gone)


def _commit(event: NetworkEvent, commit: Commit) -> DecodedFrame:
    identity = f"{commit.operation} {event.did} {commit.collection} {commit.rkey} {commit.rev}"
    if commit.collection != COLLECTION:
        return _decoded(event, identity)
    if not _RKEY.fullmatch(commit.rkey):
        raise Malformed("bad_rkey", f"rkey is {commit.rkey[:200]!r}")
    post_id = f"{NETWORK}:at://{event.did}/{COLLECTION}/{commit.rkey}"
    if commit.operation == "delete":
        at = _time(event.time_us)
        message: RawMessage = PostDeleted(post_id=post_id, network=NETWORK, deleted_at=at, version=event.time_us)
    elif commit.operation in ("create", "update"):
        if bytes(commit.record) == b"null":
            raise Malformed("missing_field", f"a {commit.operation} without its record")
        message = _post(event, commit.rkey, post_id, decode(bytes(commit.record), _RECORD))
    else:
        raise Malformed("unknown_operation", f"operation is {commit.operation[:80]!r}")
    return _decoded(event, identity, message)


def _post(event: NetworkEvent, rkey: str, post_id: str, record: _Record) -> Post:
    text = "".join([record.text, *_descriptions(record.embed)]).rstrip(" ") if record.embed else record.text
    if len(text) > MAX_TEXT:
        raise Malformed("too_long", f"the text has {len(text):,} characters")
    if "\x00" in text:
        raise Malformed("nul_character", "the text holds a NUL character")
    arrived = _time(event.time_us)
    kind, parent, root = _context(record)
    return Post(
        post_id=post_id,
        network=NETWORK,
        kind=kind,
        author=Author(id=f"{NETWORK}:{event.did}"),
        text=text,
        lang=_language(record.langs),
        url=f"https://bsky.app/profile/{event.did}/post/{rkey}",
        created_at=_claimed(record.createdAt, arrived),
        ingested_at=arrived,
        parent_id=parent,
        root_id=root,
        version=event.time_us,
    )


def _context(record: _Record) -> tuple[PostKind, str | None, str | None]:
    """Kind, post answered and root.  A quote answers the post that it quotes, unless it is a reply as well."""
    if record.reply is not None:
        return "reply", _post_id(record.reply.parent.uri), _post_id(record.reply.root.uri)
    quoted = _quoted(record.embed)
    if quoted is None:
        return "post", None, None
    return "quote", f"{NETWORK}:{quoted}", f"{NETWORK}:{quoted}"


def _quoted(embed: Any) -> str | None:
    """The address of the post in an embed, with or without media beside it; None if there is none."""
    for _ in range(2):
        if not isinstance(embed, dict):
            return None
        uri = embed.get("uri")
        if isinstance(uri, str):
            return uri if _POST_URI.fullmatch(uri) else None
        embed = embed.get("record")
    uri = embed.get("uri") if isinstance(embed, dict) else None
    return uri if isinstance(uri, str) and _POST_URI.fullmatch(uri) else None


def _descriptions(embed: Any) -> Iterator[str]:
    """How the author describes pictures and videos, with or without a quote beside them."""
    if not isinstance(embed, dict):
        return
    inner = embed.get("media")
    media: dict[Any, Any] = inner if isinstance(inner, dict) else embed
    images = media.get("images")
    for image in images[:MAX_IMAGES] if isinstance(images, list) else ():
        if isinstance(image, dict) and isinstance(alt := image.get("alt"), str) and alt.strip():
            yield described("image", alt[:MAX_ALT])
    if "video" in media and isinstance(alt := media.get("alt"), str) and alt.strip():
        yield described("video", alt[:MAX_ALT])


def _post_id(uri: str) -> str:
    if not _POST_URI.fullmatch(uri):
        raise Malformed("bad_reply", f"it answers {uri[:200]!r}, which is no address of a post")
    return f"{NETWORK}:{uri}"


def _language(langs: Any) -> str | None:
    first = langs[0] if isinstance(langs, list) and langs else None
    return first if isinstance(first, str) and _LANG.fullmatch(first) else None


def _claimed(value: Any, arrived: datetime) -> datetime:
    """When the author claims to have written it; the arrival if that is no time, too old, or still to come."""
    try:
        claimed = datetime.fromisoformat(value)
        claimed = claimed.replace(tzinfo=UTC) if claimed.tzinfo is None else claimed.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return arrived
    return claimed if EARLIEST <= claimed <= arrived else arrived


def _time(time_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_us)
