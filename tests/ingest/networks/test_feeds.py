"""What the agent makes of feeds: all formats, edits, comments, and what is no feed."""

from __future__ import annotations

import json
import time
from contextlib import aclosing
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.decode import decode_raw
from pipeline.contracts.posts import UNVERSIONED, Post
from pipeline.errors import Malformed
from pipeline.ingest.agent import Checkpoint, Item
from pipeline.ingest.budget import Budget
from pipeline.ingest.http.client import HttpClient
from pipeline.ingest.http.xml import parse_xml
from pipeline.ingest.networks.feed_documents import FeedEntry, instant, parse_feed
from pipeline.ingest.networks.feeds import FeedsAgent, entry_id
from pipeline.settings.networks import FeedsSettings
from tests.ingest.conformance.web import Reply, Request
from tests.ingest.conformance.wires.feeds import FeedsWire

BASE = "https://blog.example/feed"
AGENT = FeedsAgent(FeedsSettings(), HttpClient(Budget("feeds")))

RSS = b"""\xef\xbb\xbf
<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape//DTD" "http://my.netscape.com/rss.dtd">
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:wfw="http://wellformedweb.org/CommentAPI/">
<channel><title>Caf&eacute;</title><language>en-gb</language><ttl>15</ttl><item><title>Two&nbsp;hours \x08</title>
<link>/two</link><guid>https://blog.example/?p=2</guid><dc:creator>Ann</dc:creator>
<pubDate>Sat, 14 Mar 2026 09:00:00 GMT</pubDate><description>Teaser</description>
<content:encoded><![CDATA[<p>At the <b>desk</b>.</p>]]></content:encoded><slash:comments>3</slash:comments>
<wfw:commentRss>https://blog.example/two/feed</wfw:commentRss></item><item><description>nothing</description></item>
</channel></rss>"""

RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel><title>Old</title></channel><item rdf:about="https://blog.example/2"><title>Two hours</title></item>
</rdf:RDF>"""

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>A</title><entry><id>tag:x,2026:2</id>
<link rel="alternate" href="/two"/><link rel="replies" href="/two/replies" xmlns:thr="http://purl.org/syndication/thread/1.0"
 thr:count="4"/><title>Two hours</title><author><name>Ann</name></author><updated>2026-03-14T10:00:00+01:00</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">At the <b>desk</b></div></content></entry></feed>"""

JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1", "title": "J", "language": "en",
        "items": [{"id": "2", "url": "https://blog.example/two", "title": "Two hours", "authors": [{"name": "Ann"}],
                   "content_text": "At the desk", "date_published": "2026-03-14T09:00:00Z"}, {"title": "no id"}],
    }
).encode()  # fmt: skip

NOON = 1773478800.0


def test_rss() -> None:
    feed = parse_feed(RSS, BASE)
    assert (feed.title, feed.language, feed.ttl) == ("Café", "en-gb", 900.0)
    (entry,) = feed.entries
    assert entry == FeedEntry(
        "https://blog.example/?p=2", "https://blog.example/two", "Two\u00a0hours", "<p>At the <b>desk</b>.</p>", "Ann",
        NOON, None, "https://blog.example/two/feed", 3,
    )  # fmt: skip


def test_rdf_atom_and_json() -> None:
    (entry,) = parse_feed(RDF, BASE).entries
    assert (entry.id, entry.title) == ("https://blog.example/2", "Two hours")
    feed = parse_feed(ATOM, BASE)
    (entry,) = feed.entries
    assert (feed.language, entry.id, entry.link, entry.author) == (
        "de",
        "tag:x,2026:2",
        "https://blog.example/two",
        "Ann",
    )
    assert (entry.updated, entry.comments, entry.comments_feed) == (NOON, 4, "https://blog.example/two/replies")
    assert "desk" in entry.text
    (entry,) = parse_feed(JSON_FEED, BASE).entries
    assert (entry.id, entry.author, entry.text, entry.published) == ("2", "Ann", "At the desk", NOON)
    assert entry_id(BASE, entry) == "feeds:blog.example/2"


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><rss><channel>&b;</channel></rss>'


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "not_xml"),
        (b"<rss", "not_xml"),
        (b"<html><body>404</body></html>", "no_feed"),
        (b"<rss><item/></rss>", "no_feed"),
        (b'{"version": "1"}', "no_feed"),
        (b'{"a": [1, ', "not_json"),
        (b'{"a":' + b"[" * 100_000, "too_deep"),
        (b"<a>" * 100_000, "too_deep"),
        (b"<a>" + b"<b/>" * 200_000 + b"</a>", "too_deep"),
        (BOMB, "entities"),
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><channel>&a;</channel></rss>', "entities"),
        (b'<?xml version="1.0" encoding="no-such"?><rss/>', "not_xml"),
    ],
)
def test_what_is_no_feed_has_a_reason(document: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_feed(document, BASE)
    assert caught.value.code == code


def test_a_document_of_elsewhere_is_never_fetched() -> None:
    root = parse_xml(b'<!DOCTYPE x SYSTEM "http://169.254.169.254/x.dtd"><x>a&unknown;b&eacute;</x>')
    assert root.text == "abé"


@given(st.binary(max_size=400) | st.text(alphabet="<>/&;!?[]-='\" aérss:itemfeedCDATA", max_size=400).map(str.encode))
def test_whatever_the_bytes_it_is_a_feed_or_malformed(document: bytes) -> None:
    try:
        parse_feed(document, BASE)
    except Malformed:
        return


VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=2)


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["id", "url", "title", "content_html", "authors", "date_published"]), VALUES),
        max_size=3,
    )
)
def test_whatever_an_entry_holds_becomes_a_valid_post(items: list[dict[str, Any]]) -> None:
    feed = parse_feed(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode(), BASE)
    for entry in feed.entries:
        try:
            (post,) = AGENT.read(msgspec.json.encode({"entry": entry, "feed": BASE, "article": "feeds:x"})).messages
        except Malformed:
            continue
        assert decode_raw(msgspec.json.encode(post), time.time()) == post


@pytest.mark.parametrize("text", ["", "soon", "Sat, 99 Mar", "2026-13-01", "9" * 60, "0001-01-01T00:00:00+14:00"])
def test_what_is_no_date(text: str) -> None:
    assert instant(text) is None or text.startswith("0001")


class ArticleWire(FeedsWire):
    """An RSS feed of one article, with comments."""

    def __init__(self) -> None:
        super().__init__()
        self.text = "At the desk."
        self.comments: list[str] = []
        self.broken = False

    def answer(self, request: Request) -> Reply:
        if request.path == "/comments":
            items = "".join(
                f"<item><guid>c{n}</guid><title>{text}</title></item>" for n, text in enumerate(self.comments)
            )
            return Reply(b"oh", 500) if self.broken else Reply(f"<rss><channel>{items}</channel></rss>".encode())
        item = (
            f"<item><guid>1</guid><title>Two hours</title><description>{self.text}</description>"
            f"<slash:comments>{len(self.comments)}</slash:comments><commentRss>/comments</commentRss></item>"
        )
        slash = "http://purl.org/rss/1.0/modules/slash/"
        return Reply(f"<rss xmlns:slash='{slash}'><channel>{item}</channel></rss>".encode())


async def test_edits_and_comments_are_followed() -> None:
    async with ArticleWire() as wire:
        posts: list[Post] = []
        async with aclosing(wire.agent(wire.url).listen({})) as items:

            async def until(count: int) -> None:
                async for item in items:
                    if isinstance(item, bytes):
                        (post,) = AGENT.read(item).messages
                        assert isinstance(post, Post)
                        posts.append(post)
                    if isinstance(item, Checkpoint) and len(posts) >= count:
                        return

            await until(0)
            assert posts == [], "what was there before is not news"
            wire.text = "At the desk. Update: three."
            await until(1)
            wire.broken, wire.comments = True, ["Me too", "And me"]
            await until(1)
            wire.broken = False
            await until(3)
            wire.comments.append("Same here")
            await until(4)
        host = wire.url.removeprefix("http://")
    assert [post.text for post in posts] == ["Two hours\nAt the desk. Update: three.", "And me", "Me too", "Same here"]
    assert posts[0].version > UNVERSIONED
    assert {post.kind for post in posts[1:]} == {"comment"}
    assert {(post.parent_id, post.root_id) for post in posts[1:]} == {(f"feeds:{host}/1", f"feeds:{host}/1")}


async def test_one_feed_that_fails_does_not_stop_the_others() -> None:
    async with FeedsWire() as wire:
        client = HttpClient(Budget("feeds"), allow_private=True, timeout=0.3)
        urls = ["http://127.0.0.1:9/feed", f"{wire.url}/feed.xml"]
        agent = FeedsAgent(FeedsSettings(urls=urls, every=0.02), client)
        seen: list[Item] = []
        async with aclosing(agent.listen({})) as items:
            seen.append(await anext(items))
            await wire.post(2)
            seen += [await anext(items) for _ in range(3)]
    assert [type(item) for item in seen] == [Checkpoint, bytes, bytes, Checkpoint]
