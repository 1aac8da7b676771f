"""The Mastodon agent: timelines by server-sent events, holes filled by paging.

A stream cannot be resumed: after every connection the timeline is paged from a little before the position, while what
comes meanwhile waits.  The last statuses known must come again; where none of them does, the server has left out what
lay between, a gap.  A status is known by its address (``uri``), which is the same on every server of the federation.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from pipeline.contracts.decode import decode
from pipeline.errors import GroundswellError, Malformed, TransientError
from pipeline.ingest.agent import Checkpoint, DecodedFrame, Hole, Item
from pipeline.ingest.http.client import MAX_BODY, HttpClient, RefusedByServer
from pipeline.ingest.http.events import ServerEvent, server_events
from pipeline.ingest.networks import mastodon_statuses
from pipeline.ingest.networks.mastodon_statuses import NETWORK, Status, StatusFrame
from pipeline.ingest.networks.memory import Bounded
from pipeline.settings.networks import MastodonServer

SILENCE = 60.0
"""Seconds without anything after which a stream is given up: a heartbeat comes every fifteen."""

REWIND = 30
"""Seconds before the position that are paged again: statuses of other servers arrive late, under the number of the
moment at which they were written."""

PAGE = 40
MAX_PAGES = 250
"""Pages of one hole; what lies beyond is published as a gap.  A server allows 300 requests in five minutes."""

KNOWN_LAST = 5
"""Statuses of which one must come again after a hole."""

DOUBTS = 3
"""Times that a timeline may show none of them before that is believed: an empty answer may be a lie."""

AHEAD = 60
"""Seconds by which a number may be ahead of our clock to count as a position."""

WAITING = 2_000
"""Events that wait while a hole is filled; when they are full the stream is not read, and the server waits."""

_REMEMBERED = 200_000
_encode = msgspec.json.Encoder().encode
_PAGE = msgspec.json.Decoder(list[msgspec.Raw])
_STATUS = msgspec.json.Decoder(Status)

_Event = tuple[str, ServerEvent | None] | GroundswellError
"""An event of a timeline; None when its stream is connected; or the error that ends it."""


@dataclass(slots=True)
class _Reached:
    """How far a timeline was taken in: a number, and the last statuses, of which one must come again."""

    number: int
    last: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, position: str | None) -> _Reached:
        """From a stored position; without one from now on."""
        number, _, last = (position or "").partition(":")
        if not number.isdigit():
            return cls(_number(time.time()))
        return cls(int(number), [int(known) for known in last.split(",") if known.isdigit()])

    def add(self, number: int) -> None:
        """A status was taken in; numbers of the future are no position."""
        if number > _number(time.time() + AHEAD):
            return
        self.number = max(self.number, number)
        self.last = sorted({*self.last, number})[-KNOWN_LAST:]

    def checkpoint(self, timeline: str) -> Checkpoint:
        return Checkpoint(f"{self.number}:{','.join(map(str, self.last))}", timeline)


class MastodonAgent:
    """The timelines of one server: all that it knows, its own people's, or tags.

    A position is a number and those of the last statuses; numbers hold the time in their upper 48 bits.
    """

    network = NETWORK

    def __init__(
        self, host: str, server: MastodonServer, client: HttpClient, token: str = "", silence: float = SILENCE
    ) -> None:
        self.name = f"{NETWORK}/{host}"
        self._host = host
        self._base = server.url or f"https://{host}"
        self._timelines = server.timelines()
        self._client = client
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._silence = silence
        self._addresses: Bounded[str, tuple[str, str]] = Bounded(_REMEMBERED)
        """Number on this server → address of the status and of the first of its thread."""
        self._doubts = 0

    async def listen(self, since: Mapping[str, str]) -> AsyncGenerator[Item, None]:
        """What was missed, then what comes."""
        events: asyncio.Queue[_Event] = asyncio.Queue(WAITING)
        reached = {timeline: _Reached.of(since.get(timeline)) for timeline in self._timelines}
        readers = [asyncio.create_task(self._follow(timeline, events)) for timeline in self._timelines]
        early: list[tuple[str, ServerEvent]] = []
        connected = 0
        try:
            while connected < len(readers):
                timeline, event = _raised(await events.get())
                if event is None:
                    connected += 1
                else:
                    early.append((timeline, event))
            for timeline in self._timelines:
                async for item in self._missed(timeline, reached[timeline]):
                    yield item
            self._doubts = 0
            while True:
                timeline, event = early.pop(0) if early else _raised(await events.get())
                for item in await self._items(timeline, event, reached[timeline]) if event is not None else ():
                    yield item
        finally:
            for task in readers:
                task.cancel()
            await asyncio.wait(readers)
            await self._client.close()

    def read(self, frame: bytes) -> DecodedFrame:
        """The post or deletion in a frame.  Raises `Malformed`."""
        return mastodon_statuses.read(frame)

    async def _follow(self, timeline: str, events: asyncio.Queue[_Event]) -> None:
        """Events of a timeline into the queue, and the error that ends them."""
        tag = timeline.removeprefix("tag/")
        address = {"public": "public", "local": "public/local"}.get(timeline, f"hashtag?tag={quote(tag)}")
        url = f"{self._base}/api/v1/streaming/{address}"
        try:
            async with self._client.stream(url, self._headers, silence=self._silence) as pieces:
                await events.put((timeline, None))
                async for event in server_events(pieces, self.name):
                    if event.data:
                        await events.put((timeline, event))
            raise TransientError("the stream ended", subject=self.name)
        except GroundswellError as error:
            await events.put(error)

    async def _missed(self, timeline: str, reached: _Reached) -> AsyncGenerator[Item, None]:
        """Statuses since the position, page by page; a hole for what the server does not give."""
        yield reached.checkpoint(timeline)
        before, known = reached.number, set(reached.last)
        at = before - (REWIND * 1000 << 16) if known else before
        for _ in range(MAX_PAGES):
            try:
                page = await self._page(timeline, max(0, at))
            except RefusedByServer:
                yield Hole(_when(before), _when(_number(time.time())), "withheld", timeline)
                return
            numbers = [number for number, _ in page]
            if known and not known.isdisjoint(numbers):
                known.clear()  # the server still has what was there: nothing is missing before it
            if known and (not numbers or numbers[-1] > before):
                self._doubt()
                first = next((number for number in numbers if number > before), _number(time.time()))
                yield Hole(_when(before), _when(first), "too_old", timeline)
                known.clear()
            for number, status in page:
                yield await self._frame("update", status)
                reached.add(number)
            yield reached.checkpoint(timeline)
            if len(page) < PAGE:
                return
            at = numbers[-1]
        yield Hole(_when(at), _when(_number(time.time())), "withheld", timeline)

    def _doubt(self) -> None:
        """Raises `TransientError` the first times that a timeline shows nothing of what was there."""
        self._doubts += 1
        if self._doubts <= DOUBTS:
            raise TransientError("the timeline shows nothing of what was there", subject=self.name)

    async def _page(self, timeline: str, since: int) -> list[tuple[int, msgspec.Raw]]:
        """Statuses after a number, oldest first."""
        tag = timeline.removeprefix("tag/")
        address = f"tag/{quote(tag)}" if timeline.startswith("tag/") else "public"
        params = {"min_id": str(since), "limit": str(PAGE), **({"local": "true"} if timeline == "local" else {})}
        answer = await self._client.get(f"{self._base}/api/v1/timelines/{address}", params, self._headers)
        try:
            page = [(int(decode(bytes(raw), _STATUS).id), raw) for raw in decode(answer.body, _PAGE, MAX_BODY)]
        except (Malformed, ValueError) as error:
            raise TransientError(f"a page makes no sense ({type(error).__name__})", subject=self.name) from None
        return sorted(page, key=lambda entry: entry[0])

    async def _items(self, timeline: str, event: ServerEvent, reached: _Reached) -> list[Item]:
        """What one event becomes."""
        if event.name == "delete":
            return await self._deletion(event.data.decode("utf-8", "replace").strip())
        if event.name not in ("update", "status.update"):
            return []
        out: list[Item] = [await self._frame(event.name, msgspec.Raw(event.data))]
        if event.name == "update" and (status := _parsed(event.data)) is not None and status.id.isdigit():
            reached.add(int(status.id))
            out.append(reached.checkpoint(timeline))
        return out

    async def _deletion(self, number: str) -> list[Item]:
        """A deletion names the status by its number here: only of those that are remembered is the address known."""
        known = self._addresses.get(number)
        if known is None:
            return []
        return [_encode(StatusFrame("delete", self._host, time.time(), uri=known[0], root=known[1]))]

    async def _frame(self, event: str, raw: msgspec.Raw) -> bytes:
        """A status with the addresses of what it answers; asked for where they are not known."""
        status = _parsed(bytes(raw))
        parent = root = ""
        if status is not None and status.in_reply_to_id:
            parent, root = await self._thread(status.in_reply_to_id)
        if status is not None and status.uri:
            self._addresses[status.id] = (status.uri, root or status.uri)
        # What is no JSON cannot be a part of JSON: it goes as text, for `read` to reject.
        body = bytes(raw) if status is not None else _encode(bytes(raw).decode("utf-8", "replace"))
        frame = StatusFrame(event, self._host, time.time(), msgspec.Raw(body), parent=parent, root=root)
        return _encode(frame)

    async def _thread(self, number: str) -> tuple[str, str]:
        """Address of a status and of the first of its thread."""
        known = self._addresses.get(number)
        if known is None:
            with suppress(RefusedByServer, TransientError, Malformed):
                answer = await self._client.get(f"{self._base}/api/v1/statuses/{quote(number)}", headers=self._headers)
                above = decode(answer.body, _STATUS)
                top = self._addresses.get(above.in_reply_to_id or "")
                if above.uri:
                    known = above.uri, top[1] if top is not None else above.uri
            known = known or (f"{self._base}/statuses/{number}",) * 2
            self._addresses[number] = known
        return known


def _parsed(data: bytes) -> Status | None:
    try:
        status: Status | None = decode(data, _STATUS)
    except Malformed:
        return None
    return status


def _raised(event: _Event) -> tuple[str, ServerEvent | None]:
    if isinstance(event, GroundswellError):
        raise event
    return event


def _number(seconds: float) -> int:
    """The least number of a status that was written at a time."""
    return int(seconds * 1000) << 16


def _when(number: int) -> datetime:
    """The time in a number."""
    return datetime.fromtimestamp((number >> 16) / 1000.0, UTC)
