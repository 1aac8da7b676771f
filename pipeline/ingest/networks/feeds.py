"""The agent for feeds of blogs, news and channels, with comments under their articles.

Each feed is a stream.  Its position holds the validators of conditional requests and what the last document had, so
that an entry is published once however long it stays in the feed, and anew when its content changes.  A document that
shares nothing with the last one may have left out what came between: a gap.  Feeds never say that an entry is gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec
import structlog

from pipeline.contracts.decode import decode
from pipeline.contracts.posts import UNVERSIONED, Author, Post
from pipeline.contracts.values import MAX_TEXT
from pipeline.errors import Busy, GroundswellError, Malformed, TransientError
from pipeline.ingest.agent import Checkpoint, DecodedFrame, Hole, Item
from pipeline.ingest.budget import BudgetSpent
from pipeline.ingest.http.client import Answer, HttpClient, shown
from pipeline.ingest.networks.feed_documents import FeedDocument, FeedEntry, parse_feed
from pipeline.settings.networks import FeedsSettings
from pipeline.text.markup import plain_text

NETWORK = "feeds"
LONGEST_PAUSE = 6 * 3600.0
"""Seconds between two tries of a feed that fails again and again."""

MAX_COMMENT_FEEDS = 5
"""Feeds of comments that are read after one document: those of articles whose number of comments has grown."""

MIN_KNOWN = 200
"""Entries that are known, at least, after they have left a feed."""

AT_ONCE = 8
"""Feeds asked side by side."""

log = structlog.get_logger()


class FeedPosition(msgspec.Struct, omit_defaults=True):
    """What is known of a feed: validators, when it was read, and its entries' contents by their names, as hashes."""

    etag: str = ""
    modified: str = ""
    read_at: float = 0.0
    seen: dict[str, str] = {}
    comments: dict[str, int] = {}


class _FeedFrame(msgspec.Struct, omit_defaults=True):
    """A frame: an entry with what the agent knows of it."""

    entry: FeedEntry
    feed: str
    language: str = ""
    changed: float | None = None
    article: str = ""
    """Of a comment: the post id of the article."""


_POSITION = msgspec.json.Decoder(FeedPosition)
_FRAME = msgspec.json.Decoder(_FeedFrame)
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Schedule:
    """When a feed is asked next, and what is known of it."""

    position: FeedPosition | None
    due: float = 0.0
    failures: int = 0


class FeedsAgent:
    """The feeds of the settings, each asked in turn."""

    name = network = NETWORK

    def __init__(self, settings: FeedsSettings, client: HttpClient) -> None:
        self._settings = settings
        self._client = client
        self._spent: BudgetSpent | None = None

    async def listen(self, since: Mapping[str, str]) -> AsyncGenerator[Item, None]:
        """Entries of each feed since its position.  One feed that fails does not stop the others; all of them do."""
        self._spent = None
        schedules = {url: _Schedule(_stored(since.get(url))) for url in self._settings.urls}
        try:
            while True:
                due = [(url, found) for url, found in schedules.items() if found.due <= time.monotonic()]
                for begin in range(0, len(due), AT_ONCE):
                    turns = (self._turn(url, schedule) for url, schedule in due[begin : begin + AT_ONCE])
                    for items in await asyncio.gather(*turns):
                        for item in items:
                            yield item
                    if self._spent is not None:
                        raise self._spent
                if all(schedule.failures for schedule in schedules.values()):
                    raise TransientError("no feed can be read", subject=NETWORK, todo="See the log for each")
                await asyncio.sleep(max(0.0, min(s.due for s in schedules.values()) - time.monotonic()))
        finally:
            await self._client.close()

    def read(self, frame: bytes) -> DecodedFrame:
        """The post of an entry.  Raises `Malformed`."""
        found = decode(frame, _FRAME)
        entry = found.entry
        name = entry_id(found.feed, entry)
        text = "\n".join(part for part in (plain_text(entry.title), plain_text(entry.text)) if part)
        now = time.time()
        created = entry.published or entry.updated or now
        author = f"{_host(entry.link or found.feed)}/{entry.author or found.feed}"
        post = Post(
            post_id=name,
            network=NETWORK,
            kind="comment" if found.article else "post",
            author=Author(id=f"{NETWORK}:{_short(author)}", name=entry.author[:1000] or None),
            text=text[:MAX_TEXT],
            lang=found.language[:35] or None,
            url=entry.link or None,
            created_at=datetime.fromtimestamp(min(max(created, 0.0), now), UTC),
            parent_id=found.article or None,
            root_id=found.article or None,
            version=int(found.changed * 1e6) if found.changed else UNVERSIONED,
        )
        return DecodedFrame((post,), f"{name} {_content(entry)}")

    async def _turn(self, url: str, schedule: _Schedule) -> list[Item]:
        """Ask one feed: what it has that is new.  Sets when it is asked next."""
        try:
            items = await self._ask(url, schedule)
            schedule.failures = 0
            return items
        except BudgetSpent as error:
            self._spent = error
        except GroundswellError as error:
            schedule.failures += 1
            pause = min(LONGEST_PAUSE, self._settings.every * 2.0 ** min(schedule.failures, 12))
            if isinstance(error, Busy):
                pause = max(pause, error.after)
            schedule.due = time.monotonic() + pause
            log.warning("a feed cannot be read", feed=shown(url), error=str(error), again_in=round(pause))
        return []

    async def _ask(self, url: str, schedule: _Schedule) -> list[Item]:
        position = schedule.position
        answer = await self._client.get(url, headers=_conditions(position))
        schedule.due = time.monotonic() + self._settings.every
        if answer.status == 304 and position is not None:
            position.read_at = time.time()
            return [_checkpoint(url, position)]
        document = parse_feed(answer.body, answer.url)
        schedule.due = max(schedule.due, time.monotonic() + document.ttl)
        if not document.entries and position is not None:
            # An empty feed says nothing: what it had is still known when it comes again.
            return [_checkpoint(url, position)]
        after = _position(url, answer, document, position)
        items = _news(url, document, position)
        if position is not None and self._settings.comments:
            items += await self._comments(url, document, position, after)
        schedule.position = after
        return [*items, _checkpoint(url, after)]

    async def _comments(
        self, url: str, document: FeedDocument, before: FeedPosition, after: FeedPosition
    ) -> list[Item]:
        """New comments under articles that have more of them than before.  Where they cannot be had now, the count
        stays as it was, so that they are asked for again."""
        out: list[Item] = []
        asked = 0
        for entry in document.entries:
            article = entry_id(url, entry)
            known = before.comments.get(_hash(article), 0)
            if not entry.comments_feed or (entry.comments or 0) <= known:
                continue
            asked += 1
            try:
                if asked > MAX_COMMENT_FEEDS:
                    raise TransientError("next time")
                answer = await self._client.get(entry.comments_feed)
                comments = parse_feed(answer.body, answer.url).entries
            except BudgetSpent:
                raise
            except GroundswellError as error:
                after.comments[_hash(article)] = known
                log.info("comments are not read now", feed=shown(entry.comments_feed), why=str(error))
                continue
            for comment in reversed(comments):
                key = _hash(entry_id(entry.comments_feed, comment))
                if before.seen.get(key) != _content(comment):
                    out.append(_encode(_FeedFrame(comment, entry.comments_feed, document.language, article=article)))
                after.seen[key] = _content(comment)
        return out


def _news(url: str, document: FeedDocument, position: FeedPosition | None) -> list[Item]:
    """Frames of what is new or changed since a position, oldest first, after a hole where the feed has run past it."""
    if position is None:
        return []  # what was there before we came is not news
    out: list[Item] = []
    keys = {_hash(entry_id(url, entry)) for entry in document.entries}
    if position.seen and not keys & position.seen.keys():
        dates = [entry.published or entry.updated or time.time() for entry in document.entries]
        since, until = (datetime.fromtimestamp(at, UTC) for at in (position.read_at, min(*dates, time.time())))
        out.append(Hole(since, until, "not_given", url))
    for entry in reversed(document.entries):
        before = position.seen.get(_hash(entry_id(url, entry)))
        if before != _content(entry):
            changed = None if before is None else max(entry.updated or 0.0, time.time())
            out.append(_encode(_FeedFrame(entry, url, document.language, changed)))
    return out


def _position(url: str, answer: Answer, document: FeedDocument, before: FeedPosition | None) -> FeedPosition:
    """What is known after a document.  Entries of documents before stay known for a while: feeds that are served by
    several machines go back and forth."""
    entries = {_hash(entry_id(url, entry)): entry for entry in document.entries}
    earlier = {} if before is None else {key: hashed for key, hashed in before.seen.items() if key not in entries}
    stay = max(MIN_KNOWN, 3 * len(entries))
    return FeedPosition(
        answer.headers.get("etag", "")[:500],
        answer.headers.get("last-modified", "")[:100],
        time.time(),
        dict(list(earlier.items())[-stay:]) | {key: _content(entry) for key, entry in entries.items()},
        {key: entry.comments for key, entry in entries.items() if entry.comments},
    )


def _checkpoint(url: str, position: FeedPosition) -> Checkpoint:
    return Checkpoint(_encode(position).decode(), url)


def _conditions(position: FeedPosition | None) -> dict[str, str]:
    if position is None:
        return {}
    found = {"if-none-match": position.etag, "if-modified-since": position.modified}
    return {name: value for name, value in found.items() if value}


def _stored(position: str | None) -> FeedPosition | None:
    """A stored position; one that a person has damaged begins anew."""
    if position is None:
        return None
    try:
        return decode(position.encode(), _POSITION, limit=4_000_000)
    except Malformed:
        return None


def entry_id(feed: str, entry: FeedEntry) -> str:
    """The post id of an entry: names that are unique in the world stand for themselves, others with the feed's host.

    >>> entry_id("https://blog.example/feed", FeedEntry("https://blog.example/?p=7"))
    'feeds:https://blog.example/?p=7'
    >>> entry_id("https://blog.example/feed", FeedEntry("7"))
    'feeds:blog.example/7'
    """
    unique = entry.id.startswith(("http://", "https://", "tag:", "urn:"))
    return f"{NETWORK}:{_short(entry.id if unique else f'{_host(feed)}/{entry.id}')}"


def _short(text: str) -> str:
    """At most 400 characters; of longer ones the end is a hash."""
    text = text.replace("\x00", "")
    return text if len(text) <= 400 else f"{text[:360]}…{_hash(text)}"


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].lower()[:200]


def _content(entry: FeedEntry) -> str:
    """What an edit changes: the words, not the markup, in which many feeds have a counter or a token."""
    return _hash(f"{plain_text(entry.title)}\x00{plain_text(entry.text[:8_000])}")


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
