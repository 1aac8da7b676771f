"""The Hacker News agent: items by number over its public API, and their changes.

Items have ascending numbers; ``maxitem`` is the newest, ``updates`` names those that changed lately.  Nothing is ever
withdrawn from the API, so that any hole is filled, however old.  A new item may read ``null`` for a while: the position
does not pass it before it is there, or has stayed away for `PATIENCE`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.contracts.decode import decode
from pipeline.contracts.posts import UNVERSIONED, Author, Post, PostDeleted, RawMessage
from pipeline.contracts.values import MAX_TEXT
from pipeline.errors import Malformed, TransientError
from pipeline.ingest.agent import Checkpoint, DecodedFrame, Hole, Item
from pipeline.ingest.http.client import HttpClient
from pipeline.ingest.networks.memory import Bounded
from pipeline.settings.networks import HackerNewsSettings
from pipeline.text.markup import plain_text

NETWORK = "hackernews"
ITEMS = "items"
"""The stream of new items; its position is the number of the last one taken in."""

AT_ONCE = 8
"""Items asked for side by side."""
BATCH = 80
"""Items between two checkpoints."""
PATIENCE = 600.0
"""Seconds for which an item may read null before it is given up, and its span published as a gap."""
MAX_CLIMB = 60
"""Answers that are climbed from a comment to its story, where its thread is not known."""
REMEMBERED = 50_000

_Frame = msgspec.json.Encoder()


class _Item(msgspec.Struct):
    """An item as the API has it; every field may be missing."""

    id: int
    type: str = ""
    by: str = ""
    time: int = 0
    text: str = ""
    title: str = ""
    parent: int | None = None
    deleted: bool = False
    dead: bool = False


class _Envelope(msgspec.Struct):
    """A frame: an item with what the agent knows of it."""

    item: msgspec.Raw
    root: int | None = None
    changed: float | None = None
    """When it was seen changed, seconds since 1970; None the first time."""


class _Updates(msgspec.Struct):
    items: list[int] = []


_ITEM = msgspec.json.Decoder(_Item)
_MAYBE = msgspec.json.Decoder(_Item | None)
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_NUMBER = msgspec.json.Decoder(int)
_UPDATES = msgspec.json.Decoder(_Updates)


class HackerNewsAgent:
    """Every story, comment and job, with deletions, and with edits of what is remembered (the newest 50,000)."""

    name = network = NETWORK

    def __init__(self, settings: HackerNewsSettings, client: HttpClient, patience: float = PATIENCE) -> None:
        self._settings = settings
        self._client = client
        self._patience = patience
        self._roots: Bounded[int, int] = Bounded(4 * REMEMBERED)
        self._contents: Bounded[int, int] = Bounded(REMEMBERED)
        self._empty_since: dict[int, float] = {}
        self._ahead: set[int] = set()
        """Items taken in beyond the position, which waits for one that reads null."""
        self._latest = 0

    async def listen(self, since: Mapping[str, str]) -> AsyncGenerator[Item, None]:
        """New items in the order of their numbers, and changes as they are announced."""
        last = int(since[ITEMS]) if ITEMS in since else None
        self._ahead.clear()
        next_updates = 0.0
        try:
            while True:
                newest = await self._json("maxitem", _NUMBER)
                if last is None:
                    last = newest
                    yield Checkpoint(str(last), ITEMS)
                while last < newest:
                    numbers = range(last + 1, min(newest, last + BATCH) + 1)
                    frames, complete = await self._new_items(numbers, newest)
                    for frame in frames:
                        yield frame
                    if complete == last:
                        break
                    last = complete
                    yield Checkpoint(str(last), ITEMS)
                if time.monotonic() >= next_updates:
                    for frame in await self._changed_items():
                        yield frame
                    next_updates = time.monotonic() + self._settings.updates_every
                await asyncio.sleep(self._settings.poll)
        finally:
            await self._client.close()

    def read(self, frame: bytes) -> DecodedFrame:
        """The message of an item.  Raises `Malformed`."""
        envelope = decode(frame, _ENVELOPE)
        item = decode(bytes(envelope.item), _ITEM)
        if item.id <= 0 or not 0 <= item.time <= time.time() + 3600:
            raise Malformed("bad_time", f"item {item.id} is dated {item.time}")
        identity = f"{item.id} {_content(item)}"
        post_id = f"{NETWORK}:{item.id}"
        if (item.deleted or item.dead) and envelope.changed is None:
            return DecodedFrame((), identity)
        if item.deleted or item.dead:
            at = datetime.fromtimestamp(envelope.changed or 0.0, UTC)
            gone: RawMessage = PostDeleted(
                post_id=post_id, network=NETWORK, deleted_at=at, version=_version(envelope.changed or 0.0),
                root_id=None if envelope.root is None else f"{NETWORK}:{envelope.root}",
            )  # fmt: skip
            return DecodedFrame((gone,), identity)
        if item.type not in ("story", "comment", "job", "poll") or not item.by or not item.time:
            return DecodedFrame((), identity)
        return DecodedFrame((_post(item, envelope, post_id),), identity)

    async def _new_items(self, numbers: Sequence[int], newest: int) -> tuple[list[Item], int]:
        """Frames of the items there are, holes for those given up, and the number up to which all is complete."""
        asked = [number for number in numbers if number not in self._ahead]
        raw = await self._items(asked)
        if not any(raw) and newest - numbers[0] > BATCH:
            raise TransientError(f"items {numbers[0]} to {numbers[-1]} are all empty", subject=NETWORK)
        out: list[Item] = []
        complete = numbers[-1]
        for number, body in zip(asked, raw, strict=True):
            if _parsed(body) is None and not self._given_up(number):
                complete = min(complete, number - 1)
                continue
            if body is None:
                out.append(self._hole(number))
                continue
            out.append(await self._frame(body, None))
            self._ahead.add(number)
        self._ahead = {number for number in self._ahead if number > complete}
        self._empty_since = {number: at for number, at in self._empty_since.items() if number > complete}
        return out, complete

    def _given_up(self, number: int) -> bool:
        """Whether an item has made no sense for too long; the first time that it makes none is noted."""
        now = time.time()
        return now - self._empty_since.setdefault(number, now) >= self._patience

    def _hole(self, number: int) -> Hole:
        """The span in which an item was made that reads null."""
        now = time.time()
        since = self._latest or self._empty_since[number] - self._patience
        return Hole(datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(now, UTC), "not_given", ITEMS)

    async def _changed_items(self) -> list[bytes]:
        """Those of the announced items whose content has changed since we read it, or that are gone."""
        updates = await self._json("updates", _UPDATES)
        frames = []
        numbers = [number for number in updates.items if number > 0][:500]
        for number, body in zip(numbers, await self._items(numbers), strict=True):
            item = _parsed(body)
            if body is None or item is None:
                continue
            before = self._contents.get(number)
            if (item.deleted or item.dead) if before is None else before != hash(_content(item)):
                frames.append(await self._frame(body, time.time()))
        return frames

    async def _frame(self, body: bytes, changed: float | None) -> bytes:
        item = _parsed(body)
        root = None
        if item is not None:
            self._contents[item.id] = hash(_content(item))
            self._latest = max(self._latest, min(item.time, int(time.time())))
            root = await self._root(item)
        return _Frame.encode(_Envelope(msgspec.Raw(body), root, changed))

    async def _root(self, item: _Item) -> int | None:
        """The story at the top of an item's thread; itself for a story.  Climbs where that is not known."""
        path: list[int] = []
        current = item
        while current.parent is not None and len(path) < MAX_CLIMB:
            path.append(current.id)
            if (known := self._roots.get(current.parent)) is not None:
                break
            above = _parsed((await self._items([current.parent]))[0])
            if above is None or above.id >= current.id:
                known = current.parent
                break
            current = above
        else:
            known = current.id
        for number in (*path, current.id):
            self._roots[number] = known
        return known

    async def _items(self, numbers: Sequence[int]) -> list[bytes | None]:
        out: list[bytes | None] = []
        for begin in range(0, len(numbers), AT_ONCE):
            urls = [f"{self._settings.url}/item/{number}.json" for number in numbers[begin : begin + AT_ONCE]]
            bodies = [answer.body.strip() for answer in await self._client.get_all(urls)]
            out += [None if body in (b"null", b"") else body for body in bodies]
        return out

    async def _json(self, name: str, decoder: msgspec.json.Decoder[Any]) -> Any:
        try:
            return decode((await self._client.get(f"{self._settings.url}/{name}.json")).body, decoder)
        except Malformed as error:
            raise TransientError(f"{name} makes no sense ({error.code})", subject=self._settings.url) from None


def _parsed(body: bytes | None) -> _Item | None:
    if body is None:
        return None
    try:
        item: _Item | None = decode(body, _MAYBE)
    except Malformed:
        return None
    return item


def _content(item: _Item) -> str:
    """What an edit or a deletion changes; points and answers are no part of it."""
    return "gone" if item.deleted or item.dead else f"{item.title}\x00{item.text}"


def _version(seconds: float) -> int:
    return int(seconds * 1e6)


def _post(item: _Item, envelope: _Envelope, post_id: str) -> Post:
    text = "\n".join(part for part in (plain_text(item.title), plain_text(item.text)) if part)
    parent = None if item.parent is None else f"{NETWORK}:{item.parent}"
    return Post(
        post_id=post_id,
        network=NETWORK,
        kind="post" if parent is None else "comment",
        author=Author(id=f"{NETWORK}:@{item.by[:200]}", handle=item.by[:200]),
        text=text[:MAX_TEXT],
        url=f"https://news.ycombinator.com/item?id={item.id}",
        created_at=datetime.fromtimestamp(item.time, UTC),
        parent_id=parent,
        root_id=parent and (f"{NETWORK}:{envelope.root}" if envelope.root is not None else parent),
        version=_version(envelope.changed) if envelope.changed else UNVERSIONED,
    )
