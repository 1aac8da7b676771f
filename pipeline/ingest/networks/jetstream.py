"""Jetstream's two wires: addresses, frames and refusals of Bluesky's stream of events.

Version 1, ``/subscribe``: ``did, time_us, kind`` and ``commit{rev, operation, collection, rkey, record}``.  Version 2
(2026), ``/xrpc/network.bsky.jetstream.subscribeEvents``: ``{"$type": "message", "payload": {…, "seq", "did",
"time"}}``, and ``{"$type": "error", "error"}`` before the server closes.  Both resume from a time in microseconds,
which holds on any host, and replay some 36 hours; version 1 cuts an older cursor silently, version 2 answers
``CursorTooOld``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

from pipeline.contracts.decode import decode
from pipeline.errors import Busy, Malformed, TerminalError, TransientError
from pipeline.ingest.http.rests import asked_rest

COLLECTION = "app.bsky.feed.post"
MAX_FRAME = 262_144
"""Bytes of the largest frame taken in; a post with everything in it has a few thousand."""

DIDS_IN_ADDRESS = 50
"""Accounts that fit into an address of version 1; more are sent in a message."""

_V2 = "network.bsky.jetstream.subscribeEvents"
_MESSAGE_TOO_BIG = 1009
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Commit(msgspec.Struct):
    """A change of a record."""

    rev: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw(b"null")


class AccountState(msgspec.Struct):
    """What has become of an account."""

    active: bool = True
    status: str | None = None
    seq: int = 0


class NetworkEvent(msgspec.Struct):
    """One event, whichever wire it came by; `time_us` is in microseconds since 1970."""

    did: str
    time_us: int
    kind: str
    commit: Commit | None = None
    account: AccountState | None = None


class _Payload(msgspec.Struct):
    kind: str = msgspec.field(name="$type")
    did: str = ""
    time: datetime | None = None
    seq: int = 0
    rev: str = ""
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = msgspec.Raw(b"null")
    active: bool = True
    status: str | None = None


class _Message(msgspec.Struct):
    kind: str = msgspec.field(name="$type")
    payload: _Payload | None = None
    error: str = ""


_EVENT = msgspec.json.Decoder(NetworkEvent)
_MESSAGE = msgspec.json.Decoder(_Message)


class Oversized(TransientError):
    """A frame too large to be taken in; asking for the same position again would only bring it again."""


class CursorTooOld(TransientError):
    """The server does not replay from so long ago; it will from later."""


def is_v2(url: str) -> bool:
    """Whether an address is one of version 2."""
    return urlsplit(url).path.endswith(_V2)


def decode_event(frame: bytes, v2: bool) -> NetworkEvent:
    """The event in a frame.  Raises `Malformed`."""
    if not v2:
        return decode(frame, _EVENT)
    payload = decode(frame, _MESSAGE).payload
    if payload is None or payload.time is None or payload.time.tzinfo is None:
        raise Malformed("missing_field", "a message without an event and its time")
    kind = payload.kind.rpartition("#")[2]
    event = NetworkEvent(payload.did, (payload.time - _EPOCH) // timedelta(microseconds=1), kind)
    if kind == "commit":
        event.commit = Commit(payload.rev, payload.operation, payload.collection, payload.rkey, payload.record)
    elif kind == "account":
        event.account = AccountState(payload.active, payload.status, payload.seq)
    return event


def address(url: str, dids: Sequence[str], cursor: int | None) -> str:
    """Where to connect for the posts of these accounts, or of all, from a time on."""
    if is_v2(url):
        query = [("collections", COLLECTION), *(("kinds", kind) for kind in ("commit", "account"))]
        query += [("dids", did) for did in dids]
    else:
        query = [("wantedCollections", COLLECTION), ("maxMessageSizeBytes", str(MAX_FRAME))]
        many = len(dids) > DIDS_IN_ADDRESS
        query += [("requireHello", "true")] if many else [("wantedDids", did) for did in dids]
    if cursor is not None:
        query.append(("cursor", str(cursor)))
    return f"{url}?{urlencode(query)}"


def hello(url: str, dids: Sequence[str]) -> str | None:
    """The message with the accounts that do not fit into an address, of version 1: version 2 closes on any message."""
    if is_v2(url) or len(dids) <= DIDS_IN_ADDRESS:
        return None
    payload = {"wantedCollections": [COLLECTION], "wantedDids": list(dids), "maxMessageSizeBytes": MAX_FRAME}
    return msgspec.json.encode({"type": "options_update", "payload": payload}).decode()


def raise_if_error(frame: bytes, url: str) -> None:
    """Raises what a frame of version 2 says before the server closes."""
    if b'"error"' not in frame[:40]:
        return
    try:
        said = decode(frame, _MESSAGE)
    except Malformed:
        return
    if said.kind == "error":
        raise _named(said.error, url) or TransientError(f"the server says {said.error[:80]!r}", subject=url)


def closed(error: ConnectionClosed, url: str) -> TransientError:
    """Why a connection ended."""
    if error.sent is not None and error.sent.code == _MESSAGE_TOO_BIG:
        return Oversized(f"a frame of more than {MAX_FRAME:,} bytes", subject=url)
    return TransientError(f"the connection ended ({error})", subject=url)


def refused(response: Response, url: str) -> TransientError | TerminalError:
    """Why there is no connection."""
    status = response.status_code
    what = f"the server answered {status}"
    if status in (408, 425, 429) or status >= 500:
        rest = asked_rest({name.lower(): value for name, value in response.headers.raw_items()}, time.time())
        return Busy(what, subject=url, after=rest) if rest else TransientError(what, subject=url)
    if status == 400 and (too_old := _named((response.body or b"")[:2_000].decode("utf-8", "replace"), url)):
        return too_old
    return TerminalError(what, subject=url, todo="Check ingest.bluesky.url and dids")


def _named(said: str, url: str) -> TransientError | None:
    return CursorTooOld("the position is older than what is replayed", subject=url) if "CursorTooOld" in said else None
