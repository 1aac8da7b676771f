"""Reads RSS 2.0 and 1.0, Atom (RFC 4287, 2005) and JSON Feed 1.1 into entries of one shape."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

import msgspec

from pipeline.contracts.decode import decode
from pipeline.errors import Malformed
from pipeline.ingest.http.client import MAX_BODY
from pipeline.ingest.http.xml import Element, parse_xml

MAX_ENTRIES = 1_000
"""Entries of one document that are read; feeds have ten to a hundred."""

MAX_PART = 200_000
"""Characters of a title or a text that are read."""

_ATOM = "w3.org/2005/Atom"
_CONTENT = "purl.org/rss/1.0/modules/content"
_DC = "purl.org/dc/elements/1.1"
_MEDIA = "search.yahoo.com/mrss"


class FeedEntry(msgspec.Struct, omit_defaults=True):
    """One entry, as the feed has it; texts may be HTML."""

    id: str
    """The feed's own name of it, else its link; never empty."""
    link: str = ""
    title: str = ""
    text: str = ""
    author: str = ""
    published: float | None = None
    updated: float | None = None
    """Both in seconds since 1970."""
    comments_feed: str = ""
    comments: int | None = None
    """How many there are, where the feed says so."""


class FeedDocument(msgspec.Struct):
    """A feed at one moment, newest first as most have it."""

    title: str = ""
    language: str = ""
    ttl: float = 0.0
    """Seconds for which the feed asks to be left alone."""
    entries: list[FeedEntry] = []


class _JsonFeed(msgspec.Struct):
    version: str
    title: str = ""
    language: str = ""
    items: list[dict[str, Any]] = []


_JSON = msgspec.json.Decoder(_JsonFeed)


def parse_feed(body: bytes, base: str) -> FeedDocument:
    """The feed in a document that came from the address `base`.  Raises `Malformed`, and nothing else."""
    if body.lstrip()[:1] == b"{":
        return _json_feed(decode(body, _JSON, MAX_BODY), base)
    root = parse_xml(body)
    if root.local == "feed":
        return _atom(root, base)
    channel = root.first("channel")
    if root.local not in ("rss", "RDF") or channel is None:
        raise Malformed("no_feed", f"the document is <{root.local[:60]}>, which is no feed")
    items = [*channel.all("item"), *root.all("item")][:MAX_ENTRIES]
    ttl = channel.words("ttl")
    return FeedDocument(
        channel.words("title"),
        channel.words("language") or channel.words("language", _DC),
        min(86_400.0, float(ttl) * 60.0) if ttl.isascii() and ttl.isdigit() and len(ttl) < 7 else 0.0,
        [entry for entry in (_rss_item(item, base) for item in items) if entry is not None],
    )


def _rss_item(item: Element, base: str) -> FeedEntry | None:
    link = urljoin_or_empty(base, item.words("link"))
    name = item.words("guid") or item.attributes.get("http://www.w3.org/1999/02/22-rdf-syntax-ns# about", "") or link
    if not name:
        return None
    comments = item.words("comments", "slash") or item.words("comments", "purl.org/rss/1.0/modules/slash")
    return FeedEntry(
        name,
        link,
        item.words("title")[:MAX_PART],
        (item.words("encoded", _CONTENT) or item.words("description"))[:MAX_PART],
        item.words("creator", _DC) or item.words("author"),
        instant(item.words("pubDate") or item.words("date", _DC)),
        instant(item.words("updated", _ATOM)),
        urljoin_or_empty(base, item.words("commentRss") or item.words("commentRSS")),
        int(comments) if comments.isascii() and comments.isdigit() and len(comments) < 9 else None,
    )


def _atom(root: Element, base: str) -> FeedDocument:
    entries = []
    for item in list(root.all("entry"))[:MAX_ENTRIES]:
        link = next(
            (found.attributes.get("href", "") for found in item.all("link")
             if found.attributes.get("rel", "alternate") == "alternate"), "",
        )  # fmt: skip
        replies = next((found for found in item.all("link") if found.attributes.get("rel") == "replies"), None)
        name = item.words("id") or link
        if not name:
            continue
        author = item.first("author")
        content = item.first("content") or item.first("summary")
        media = item.first("group", _MEDIA)
        text = _markup(content) if content is not None else media.words("description") if media is not None else ""
        count = "" if replies is None else replies.attributes.get("http://purl.org/syndication/thread/1.0 count", "")
        entry = FeedEntry(
            name, urljoin_or_empty(base, link), item.words("title")[:MAX_PART], text[:MAX_PART],
            author.words("name") if author is not None else "",
            instant(item.words("published")), instant(item.words("updated")),
            "" if replies is None else urljoin_or_empty(base, replies.attributes.get("href", "")),
            int(count) if count.isascii() and count.isdigit() and len(count) < 9 else None,
        )  # fmt: skip
        entries.append(entry)
    language = root.attributes.get("http://www.w3.org/XML/1998/namespace lang", "")
    return FeedDocument(root.words("title"), language, 0.0, entries)


def _markup(content: Element) -> str:
    """The text of an Atom text construct; of XHTML what its elements hold."""
    if content.attributes.get("type") == "xhtml":
        return " ".join(part for part in _texts(content) if part)
    return content.text


def _texts(element: Element) -> list[str]:
    """All texts within, in the order of the elements."""
    out = [element.text.strip()]
    for child in element.children:
        out += _texts(child)
    return out


def _json_feed(feed: _JsonFeed, base: str) -> FeedDocument:
    if not feed.version.startswith("https://jsonfeed.org/"):
        raise Malformed("no_feed", "the document is JSON, but no JSON Feed")
    entries = []
    for item in feed.items[:MAX_ENTRIES]:
        name = str(item.get("id") or item.get("url") or "")
        if not name:
            continue
        authors = item.get("authors")
        author = authors[0] if isinstance(authors, list) and authors else item.get("author")
        entry = FeedEntry(
            name, urljoin_or_empty(base, _string(item.get("url"))), _string(item.get("title"))[:MAX_PART],
            (_string(item.get("content_html")) or _string(item.get("content_text")))[:MAX_PART],
            _string(author.get("name")) if isinstance(author, dict) else "",
            instant(_string(item.get("date_published"))), instant(_string(item.get("date_modified"))),
        )  # fmt: skip
        entries.append(entry)
    return FeedDocument(feed.title, feed.language, 0.0, entries)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def urljoin_or_empty(base: str, link: str) -> str:
    """A link by its whole address; empty where it is none."""
    if not link:
        return ""
    try:
        joined = urljoin(base, link.strip())
    except ValueError:
        return ""
    return joined if joined.startswith(("https://", "http://")) and len(joined) <= 4_000 else ""


def instant(text: str) -> float | None:
    """Seconds since 1970 of a date as feeds have them (RFC 822 or RFC 3339); None for what is neither.

    >>> instant("Sat, 14 Mar 2026 09:00:00 GMT") == instant("2026-03-14T10:00:00+01:00") == 1773478800.0
    True
    """
    text = text.strip()[:64]
    if not text:
        return None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = parse(text)
            return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
