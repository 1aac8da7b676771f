"""Bulk writes in chunks of bounded size; the fate of every document is known.

The library's helpers give results out of order, lose connection errors in the middle of a run and do not repeat single
documents.  Here results are matched by (index, id).  A document that the server will never take is given back; what may
pass is repeated a few times with growing, jittered pauses, and is then a `TransientError`: the caller holds its
position and comes again.  Writing again is harmless, for ids and versions are the caller's.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from elasticsearch import ApiError, AsyncElasticsearch

from pipeline.errors import TransientError
from pipeline.index.elastic.client import TRANSIENT, explained, kind_of, reason_of

MAX_BYTES = 5_000_000
"""Bytes of one request, unless a single document is larger."""

MAX_ACTIONS = 2_000
PAUSES = (0.2, 0.8)
"""Seconds between attempts, before jitter; one attempt more than there are pauses."""

_JSON = msgspec.json.Encoder()
_ANSWER = ["items.*._index", "items.*._id", "items.*.status", "items.*.error.type", "items.*.error.reason",
           "items.*.error.caused_by.reason"]  # fmt: skip
_NOT_THE_DOCUMENT = frozenset((
    "validation_exception", "index_closed_exception", "cluster_block_exception", "strict_dynamic_mapping_exception",
    "security_exception", "index_not_found_exception", "illegal_index_name_exception", "invalid_index_name_exception",
))  # fmt: skip
"""Errors that say nothing about the document, whatever their status: too many shards, a closed or blocked index, a
mapping older than our documents, rights that are missing.  They are held until somebody mends them."""

_PROBE = "\0probe"
"""An id that no document has: to delete it changes nothing, and is refused only by an index that refuses everything."""


class Action(NamedTuple):
    """One document to write under an id and an external version, or to delete for good.

    `target` is an index by its own name, not an alias.  Within one run (target, id) must be unique.
    """

    target: str
    id: str
    version: int
    source: bytes
    op: Literal["index", "delete"] = "index"

    def lines(self) -> bytes:
        """The action as the bulk interface wants it, with its final line break."""
        if self.op == "delete":
            return _JSON.encode({"delete": {"_index": self.target, "_id": self.id}}) + b"\n"
        head = {"_index": self.target, "_id": self.id, "version": self.version, "version_type": "external_gte"}
        return _JSON.encode({"index": head}) + b"\n" + self.source + b"\n"


class Refusal(NamedTuple):
    """An action that the server will never take, with its words."""

    action: Action
    reason: str


class _Left(NamedTuple):
    """What of an attempt is to be repeated, why, and the indices that must be made first."""

    actions: list[Action]
    why: str
    missing: frozenset[str] = frozenset()


class Bulk:
    """Writes actions; see the module."""

    def __init__(
        self,
        client: AsyncElasticsearch,
        url: str,
        create: Callable[[str], Awaitable[None]],
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """`create` makes an index that turns out to be missing, by its template."""
        self._client = client
        self._url = url
        self._create = create
        self._pauses = pauses

    async def write(self, actions: Sequence[Action]) -> list[Refusal]:
        """Write all; gives what was refused.  An older version than the server's counts as written.

        Raises `TransientError` when something is still not written after the last attempt, also where it is the server
        or the index that does not let us write: that is mended outside, and nothing is to be lost meanwhile.
        """
        refused: list[Refusal] = []
        for chunk in _chunks(actions):
            left: Sequence[Action] = chunk
            for pause in (*self._pauses, None):
                rest = await self._attempt(left, refused)
                left = rest.actions
                if not left:
                    break
                if pause is None:
                    raise TransientError(f"{len(left):,} documents are not written ({rest.why})", subject=self._url)
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
        return refused

    async def _attempt(self, actions: Sequence[Action], refused: list[Refusal]) -> _Left:
        """Send once, and once more to indices that had to be made; gives what is left to repeat."""
        left = await self._once(actions, refused)
        if not left.missing:
            return left
        for index in left.missing:
            await self._create(index)
        return await self._once(left.actions, refused)

    async def _once(self, actions: Sequence[Action], refused: list[Refusal]) -> _Left:
        try:
            items = await self._send(actions)
        except TransientError as error:
            return _Left(list(actions), error.what)
        except _TooMuch as error:
            if not error.size and (why := await self._refuses_everything(actions[0].target)):
                return _Left(list(actions), why)
            if len(actions) == 1:
                refused.append(Refusal(actions[0], error.reason))
                return _Left([], "")
            middle = len(actions) // 2
            first, second = [await self._once(half, refused) for half in (actions[:middle], actions[middle:])]
            return _Left(first.actions + second.actions, first.why or second.why, first.missing | second.missing)
        return _fates(actions, items, refused)

    async def _send(self, actions: Sequence[Action]) -> list[dict[str, Any]]:
        body = b"".join(action.lines() for action in actions)
        with explained(self._url):
            try:
                answer = await self._client.perform_request(
                    "POST",
                    "/_bulk",
                    params={"filter_path": ",".join(_ANSWER)},
                    headers={"content-type": "application/x-ndjson", "accept": "application/json"},
                    body=body,
                )
            except ApiError as error:
                why = f"{error.status_code}: {reason_of(error.body)}"
                if error.status_code in (401, 403) and kind_of(error.body) != "cluster_block_exception":
                    why = f"{why}; check index.username, index.password or index.api_key, and what they may do"
                if error.status_code in (401, 403) or kind_of(error.body) in _NOT_THE_DOCUMENT:
                    raise TransientError(f"Elasticsearch does not let us write ({why})", subject=self._url) from error
                if error.status_code in (400, 413):  # something in it, or its size: halve until it is one document
                    raise _TooMuch(why, size=error.status_code == 413) from error
                raise
        items: list[dict[str, Any]] = answer.body.get("items", []) if isinstance(answer.body, dict) else []
        return items

    async def _refuses_everything(self, index: str) -> str:
        """Why an index refuses what no document can have spoilt; empty when it does not."""
        try:
            await self._send([Action(index, _PROBE, 0, b"", "delete")])
        except TransientError as error:
            return error.what
        except _TooMuch as error:
            return error.reason
        return ""


class _TooMuch(Exception):
    """The server did not want the request as a whole; `size` when that is why."""

    def __init__(self, reason: str, *, size: bool) -> None:
        self.reason = reason
        self.size = size
        super().__init__(reason)


def _chunks(actions: Sequence[Action]) -> Iterator[list[Action]]:
    chunk: list[Action] = []
    size = 0
    for action in actions:
        length = len(action.source) + len(action.id) + 200
        if chunk and (size + length > MAX_BYTES or len(chunk) >= MAX_ACTIONS):
            yield chunk
            chunk, size = [], 0
        chunk.append(action)
        size += length
    if chunk:
        yield chunk


def _fates(actions: Sequence[Action], items: Sequence[dict[str, Any]], refused: list[Refusal]) -> _Left:
    """Match the answers with the actions: what is left to repeat, and why."""
    waiting = {(action.target, action.id): action for action in actions}
    again: list[Action] = []
    missing: set[str] = set()
    why = ""
    for item in items:
        ((op, fate),) = item.items()
        action = waiting.pop((fate.get("_index", ""), fate.get("_id", "")), None)
        status, error = int(fate.get("status", 500)), fate.get("error") or {}
        if action is None or status < 300 or status == 409:
            continue
        if error.get("type") == "index_not_found_exception" and op == "index":
            missing.add(action.target)
        elif status == 404 and op == "delete":
            continue
        elif _hopeless(status, error.get("type", "")):
            refused.append(Refusal(action, reason_of(fate)))
            continue
        again.append(action)
        why = f"{status}, {reason_of(fate)}"
    if waiting:
        again += waiting.values()
        why = why or f"the server answered for {len(actions) - len(waiting)} of {len(actions)} documents"
    return _Left(again, why, frozenset(missing))


def _hopeless(status: int, kind: str) -> bool:
    """Whether it is the document that the server will not have."""
    return status not in TRANSIENT and status not in (401, 403, 404) and kind not in _NOT_THE_DOCUMENT
