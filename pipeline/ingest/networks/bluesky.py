"""The Bluesky agent: JSON frames of the Jetstream service (version 1) over a WebSocket.

Frames: ``did, time_us, kind`` (commit, identity, account) and ``commit{rev, operation, collection, rkey, record}``.
The server replays from ``cursor`` (microseconds, inclusive) for about 36 hours back, and cuts an older one silently.
What people write into a record is theirs: text, languages, the claimed time and the posts answered are all checked.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, SecurityError
from websockets.http11 import Response

from pipeline.contracts.decode import decode
from pipeline.contracts.posts import Author, AuthorDeleted, Post, PostDeleted, RawMessage
from pipeline.contracts.values import MAX_TEXT, PostKind
from pipeline.errors import Busy, Malformed, TerminalError, TransientError
from pipeline.ingest.agent import Checkpoint, DecodedFrame, Hole, Item
from pipeline.ingest.budget import Budget
from pipeline.ingest.http.rests import asked_rest
from pipeline.settings.networks import BlueskySettings

NETWORK = "bluesky"
COLLECTION = "app.bsky.feed.post"
MAX_FRAME = 262_144
"""Bytes of the largest frame taken in; a post with everything in it has a few thousand."""

FIRST_SKIP = 1_000
"""Microseconds passed over where a frame is too large; doubled while that does not help."""

MAX_CLOCK_AHEAD = 300.0
"""Seconds that the server's clock may be ahead of ours before a frame is called malformed."""

EARLIEST = datetime(2006, 1, 1, tzinfo=UTC)
"""Nothing was posted before: an older claimed time is not believed."""

GONE = frozenset({"deleted", "takendown"})
"""States of an account that take its posts away for good; deactivated and suspended ones may come back."""

_DIDS_IN_ADDRESS = 50
_MESSAGE_TOO_BIG = 1009
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DID = re.compile(r"did:[a-z]{1,16}:[A-Za-z0-9._:%-]{1,160}")
_RKEY = re.compile(r"[A-Za-z0-9._:~-]{1,256}")
_POST_URI = re.compile(rf"at://{_DID.pattern}/{re.escape(COLLECTION)}/{_RKEY.pattern}")
_LANG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")


class _Commit(msgspec.Struct):
    rev: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw(b"null")


class _Account(msgspec.Struct):
    active: bool = True
    status: str | None = None
    seq: int = 0


class _Frame(msgspec.Struct):
    did: str
    time_us: int
    kind: str
    commit: _Commit | None = None
    account: _Account | None = None


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


_FRAME = msgspec.json.Decoder(_Frame)
_RECORD = msgspec.json.Decoder(_Record)


class Oversized(TransientError):
    """A frame too large to be taken in; asking for the same position again would only bring it again."""


class BlueskyAgent:
    """Every public post, reply, quote and deletion on Bluesky, or those of the accounts in the settings.

    A position is the time of an event in microseconds since 1970; with a tilde before it, a time of which no event is
    known.
    """

    name = network = NETWORK

    def __init__(self, settings: BlueskySettings | None = None, budget: Budget | None = None) -> None:
        self._settings = settings or BlueskySettings()
        self._budget = budget or Budget(NETWORK)
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
                await self._choose_accounts(socket)
                yield Checkpoint(stored)
                while True:
                    last = await self._next(socket)
                    if expected is not None and (first := self._time_of(last)):
                        if first > expected:  # the last event known did not come again: the server has cut us off
                            yield Hole(_time(expected), _time(first), "too_old")
                        expected = None
                    yield last
        except ConnectionClosed as error:
            failure = _closed(error, self._settings.url)
        except InvalidStatus as error:
            failure = _refused(error.response, self._settings.url)
        except (InvalidURI, SecurityError) as error:
            failure = TerminalError(str(error), subject=self._settings.url, todo="Check ingest.bluesky.url")
        except (InvalidHandshake, OSError, EOFError) as error:  # OSError has TimeoutError and TLS errors in it
            failure = TransientError(f"{type(error).__name__}: {error}", subject=self._settings.url)
        if isinstance(failure, Oversized):
            for item in self._pass_over(self._time_of(last) or position):
                yield item
        raise failure

    def _rewind(self) -> int:
        return int(self._settings.rewind * 1e6)

    def _pass_over(self, position: int) -> Iterator[Item]:
        """Give up what follows a position, where a frame is too large: asking again would only bring it again.

        As little as possible; more while that does not help.
        """
        if position > self._skip_from + self._skip:
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
        return connect(self._address(cursor), max_size=MAX_FRAME, max_queue=64, open_timeout=15.0, close_timeout=2.0)

    def read(self, frame: bytes) -> DecodedFrame:
        """The messages in a frame.  Raises `Malformed`."""
        event = decode(frame, _FRAME)
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

    def _address(self, since: int | None) -> str:
        query: list[tuple[str, str]] = [("wantedCollections", COLLECTION), ("maxMessageSizeBytes", str(MAX_FRAME))]
        if len(self._settings.dids) > _DIDS_IN_ADDRESS:
            query.append(("requireHello", "true"))
        else:
            query += [("wantedDids", did) for did in self._settings.dids]
        if since is not None:
            query.append(("cursor", str(since)))
        return f"{self._settings.url}?{urlencode(query)}"

    async def _choose_accounts(self, socket: ClientConnection) -> None:
        """Many accounts do not fit into an address: the server waits for them in a message."""
        if len(self._settings.dids) <= _DIDS_IN_ADDRESS:
            return
        payload = {
            "wantedCollections": [COLLECTION],
            "wantedDids": self._settings.dids,
            "maxMessageSizeBytes": MAX_FRAME,
        }
        hello = {"type": "options_update", "payload": payload}
        await socket.send(msgspec.json.encode(hello).decode())

    async def _next(self, socket: ClientConnection) -> bytes:
        try:
            async with asyncio.timeout(self._settings.stall):
                frame = await socket.recv(decode=False)
        except TimeoutError:
            raise TransientError(f"silent for {self._settings.stall:g} s", subject=self._settings.url) from None
        self._budget.spend("bytes", len(frame))
        return frame


def _closed(error: ConnectionClosed, url: str) -> TransientError:
    if error.sent is not None and error.sent.code == _MESSAGE_TOO_BIG:
        return Oversized(f"a frame of more than {MAX_FRAME:,} bytes", subject=url)
    return TransientError(f"the connection ended ({error})", subject=url)


def _refused(response: Response, url: str) -> TransientError | TerminalError:
    status = response.status_code
    what = f"the server answered {status}"
    if status in (408, 425, 429) or status >= 500:
        rest = asked_rest({name.lower(): value for name, value in response.headers.raw_items()}, time.time())
        return Busy(what, subject=url, after=rest) if rest else TransientError(what, subject=url)
    return TerminalError(what, subject=url, todo="Check ingest.bluesky.url and dids")


def _decoded(event: _Frame, identity: str, *messages: RawMessage) -> DecodedFrame:
    """The position is never in the future, and follows a clock that runs backwards: reading again is safe."""
    return DecodedFrame(messages, identity, event.time_us / 1e6, str(min(event.time_us, int(time.time() * 1e6))))


def _account(event: _Frame, account: _Account) -> DecodedFrame:
    identity = f"account {event.did} {account.seq} {account.status}"
    if account.active or account.status not in GONE:
        return _decoded(event, identity)
    gone = AuthorDeleted(
        author_id=f"{NETWORK}:{event.did}", network=NETWORK, deleted_at=_time(event.time_us), version=event.time_us
    )
    return _decoded(event, identity, gone)


def _commit(event: _Frame, commit: _Commit) -> DecodedFrame:
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


def _post(event: _Frame, rkey: str, post_id: str, record: _Record) -> Post:
    if len(record.text) > MAX_TEXT:
        raise Malformed("too_long", f"the text has {len(record.text):,} characters")
    if "\x00" in record.text:
        raise Malformed("nul_character", "the text holds a NUL character")
    arrived = _time(event.time_us)
    kind, parent, root = _context(record)
    return Post(
        post_id=post_id,
        network=NETWORK,
        kind=kind,
        author=Author(id=f"{NETWORK}:{event.did}"),
        text=record.text,
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
