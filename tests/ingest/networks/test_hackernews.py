"""What the Hacker News agent makes of items: threads, edits, deletions, and what is no item."""

from __future__ import annotations

import json
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.decode import decode_raw
from pipeline.contracts.posts import UNVERSIONED, Post, PostDeleted
from pipeline.errors import Malformed
from pipeline.ingest.agent import Checkpoint, Hole
from pipeline.ingest.budget import Budget
from pipeline.ingest.http.client import HttpClient
from pipeline.ingest.networks.hackernews import ITEMS, HackerNewsAgent
from pipeline.settings.networks import HackerNewsSettings
from tests.ingest.conformance.wires.hackernews import FIRST, HackerNewsWire
from tests.ingest.conformance.world import World
from tests.ingest.conftest import Broker

AGENT = HackerNewsAgent(HackerNewsSettings(), HttpClient(Budget("hackernews")))


def envelope(item: Any, **extra: Any) -> bytes:
    return json.dumps({"item": item, **extra}).encode()


def item(**changes: Any) -> dict[str, Any]:
    return {"id": 17, "type": "story", "by": "ann", "time": 1_700_000_000, "title": "Acme &amp; me", **changes}


def the_post(**changes: Any) -> Post:
    (message,) = AGENT.read(envelope(item(**changes), root=5)).messages
    assert isinstance(message, Post)
    assert decode_raw(msgspec.json.encode(message), time.time()) == message
    return message


def test_a_story_and_a_comment() -> None:
    story = the_post(text="<p>Two hours in the queue.<p>Nobody there.")
    assert story.text == "Acme & me\nTwo hours in the queue.\nNobody there."
    assert (story.kind, story.parent_id, story.root_id, story.version) == ("post", None, None, UNVERSIONED)
    assert (story.author.id, story.url) == ("hackernews:@ann", "https://news.ycombinator.com/item?id=17")
    comment = the_post(type="comment", parent=9, title="", text="Same here")
    assert (comment.kind, comment.parent_id, comment.root_id) == ("comment", "hackernews:9", "hackernews:5")


def test_edits_and_deletions_have_identities_and_versions_of_their_own() -> None:
    first = AGENT.read(envelope(item()))
    assert AGENT.read(envelope(item(score=99, kids=[1, 2]), changed=1.7e9)).identity == first.identity
    edited = AGENT.read(envelope(item(title="Acme and I"), changed=1_700_000_100.0))
    assert edited.identity != first.identity
    assert isinstance(edited.messages[0], Post)
    assert edited.messages[0].version == 1_700_000_100_000_000
    gone = AGENT.read(envelope({"id": 17, "deleted": True, "time": 1_700_000_000}, changed=1_700_000_200.0, root=5))
    (deletion,) = gone.messages
    assert isinstance(deletion, PostDeleted)
    assert (deletion.post_id, deletion.root_id) == ("hackernews:17", "hackernews:5")
    assert deletion.version > edited.messages[0].version
    assert AGENT.read(envelope({"id": 17, "deleted": True})).messages == (), "deleted before it was ever read"


@pytest.mark.parametrize("frame", [b"", b"null", b"[]", envelope(None), envelope({"id": 0}), envelope({"id": "x"})])
def test_what_is_no_item_is_malformed(frame: bytes) -> None:
    with pytest.raises(Malformed):
        AGENT.read(frame)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(st.dictionaries(st.sampled_from([*item(), "parent", "text", "dead", "deleted"]), JSON))
def test_whatever_an_item_holds_becomes_a_valid_message_or_a_reason(fields: dict[str, Any]) -> None:
    try:
        messages = AGENT.read(envelope(item(**fields), root=5, changed=1.7e9)).messages
    except Malformed:
        return
    for message in messages:
        assert decode_raw(msgspec.json.encode(message), time.time()) == message


async def test_threads_edits_and_deletions_over_the_wire(broker: Broker, tmp_path: Path) -> None:
    world = World(broker.bootstrap, tmp_path)
    async with HackerNewsWire() as wire, world.running(wire) as observed:
        await observed.wait(lambda: observed.connections > 0)
        await wire.post(3)
        newest = FIRST + 3
        wire.items[newest]["parent"] = newest - 1
        await observed.wait(lambda: observed.delivered >= 3)
        wire.items[newest]["text"] = "Now three hours"
        wire.items[FIRST + 1] |= {"deleted": True, "text": ""}
        wire.updated = [newest, FIRST + 1, FIRST + 2]
        await observed.wait(lambda: observed.delivered >= 5)
    posts = [message for message in world.messages() if isinstance(message, Post)]
    assert {message.root_id for message in posts} == {f"hackernews:{FIRST}"}
    texts = [message.text for message in sorted(posts, key=lambda post: post.version)]
    assert texts[-1] == "Now three hours"
    assert len(posts) == 4, "what was announced without a change is no edit"
    assert world.deleted() == {f"hackernews:{FIRST + 1}"}


async def test_an_item_that_stays_empty_is_a_gap_and_holds_nothing_up_for_ever() -> None:
    async with HackerNewsWire() as wire:
        await wire.post(3)
        del wire.items[FIRST + 2]
        client = HttpClient(Budget("hackernews"), allow_private=True)
        agent = HackerNewsAgent(HackerNewsSettings(url=wire.url, poll=0.02), client, patience=0.2)
        seen = []
        async with aclosing(agent.listen({ITEMS: str(FIRST)})) as items:
            async for found in items:
                seen.append(found)
                if found == Checkpoint(str(FIRST + 3), ITEMS):
                    break
    frames = [AGENT.read(found).messages[0] for found in seen if isinstance(found, bytes)]
    assert {getattr(message, "post_id", "") for message in frames} == {f"hackernews:{FIRST + n}" for n in (1, 3)}
    assert [type(found) for found in seen if not isinstance(found, bytes)] == [Checkpoint, Hole, Checkpoint]
    assert Checkpoint(str(FIRST + 1), ITEMS) in seen, "until then the position waits before it"
