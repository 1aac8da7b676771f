"""What the Mastodon agent makes of statuses: threads, edits, deletions, and what is not public."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.decode import decode_raw
from pipeline.contracts.posts import UNVERSIONED, Post
from pipeline.errors import Malformed
from pipeline.ingest.budget import Budget
from pipeline.ingest.networks.mastodon_statuses import read
from pipeline.ingest.registry import AGENTS
from pipeline.ingest.repeats import RecentEvents
from pipeline.settings.ingest import IngestSettings
from tests.ingest.conformance.wires.mastodon import MastodonWire
from tests.ingest.conformance.world import World
from tests.ingest.conftest import Broker

AT = 1_773_478_800.0
STATUS: dict[str, Any] = {
    "id": "7", "uri": "https://a.example/7", "url": "https://a.example/@ann/7",
    "created_at": "2026-03-14T08:00:00.000Z",
    "content": "<p>Two hours &amp; nobody</p>", "language": "en", "visibility": "public",
    "account": {"acct": "ann", "display_name": "Ann", "followers_count": 9, "created_at": "2024-01-01T00:00:00Z"},
}  # fmt: skip


def frame(changes: dict[str, Any] | None = None, **fields: Any) -> bytes:
    return json.dumps(
        {"event": "update", "host": "b.example", "at": AT, "status": {**STATUS, **(changes or {})}, **fields}
    ).encode()


def the_post(changes: dict[str, Any] | None = None, **fields: Any) -> Post:
    (message,) = read(frame(changes, **fields)).messages
    assert isinstance(message, Post)
    assert decode_raw(msgspec.json.encode(message), time.time()) == message
    return message


def test_a_status() -> None:
    post = the_post()
    assert (post.post_id, post.text, post.lang) == ("mastodon:https://a.example/7", "Two hours & nobody", "en")
    assert (post.author.id, post.author.followers) == ("mastodon:@ann@b.example", 9)
    assert (post.kind, post.version, post.created_at) == ("post", UNVERSIONED, datetime(2026, 3, 14, 8, tzinfo=UTC))
    remote = the_post({"account": {"acct": "bob@c.example"}})
    assert remote.author.id == "mastodon:@bob@c.example", "the same wherever it is received"


def test_answers_quotes_warnings_and_media() -> None:
    answer = the_post(parent="https://a.example/6", root="https://a.example/1")
    assert (answer.kind, answer.parent_id, answer.root_id) == (
        "reply", "mastodon:https://a.example/6", "mastodon:https://a.example/1",
    )  # fmt: skip
    quoted = the_post({"quote": {"state": "accepted", "quoted_status": {"uri": "https://a.example/2"}}})
    assert (quoted.kind, quoted.parent_id) == ("quote", "mastodon:https://a.example/2")
    media = [{"type": "image", "description": "an empty desk"}, {"type": "video", "description": None}]
    shown = the_post({"spoiler_text": "Travel", "media_attachments": media})
    assert shown.text == "Travel\nTwo hours & nobody [image: an empty desk]"


def test_an_edit_is_later_and_what_is_not_public_is_nothing() -> None:
    edited = read(frame({"edited_at": "2026-03-14T08:30:00Z"}))
    assert edited.identity != read(frame()).identity
    assert isinstance(edited.messages[0], Post)
    assert edited.messages[0].version == int(datetime(2026, 3, 14, 8, 30, tzinfo=UTC).timestamp() * 1e6)
    for visibility in ("private", "direct", ""):
        assert read(frame({"visibility": visibility})).messages == ()


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", frame({"uri": "x"}), frame({"id": 7}), frame(event="delete"), frame(status=None), frame(at="x")],
)
def test_what_makes_no_sense_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=2))


@given(st.dictionaries(st.sampled_from([*STATUS, "edited_at", "quote", "reblog", "media_attachments"]), JSON))
def test_whatever_a_status_holds_becomes_a_valid_post_or_a_reason(changes: dict[str, Any]) -> None:
    try:
        messages = read(frame(changes, parent="https://a.example/1")).messages
    except Malformed:
        return
    for message in messages:
        assert decode_raw(msgspec.json.encode(message), time.time()) == message


async def test_threads_edits_and_deletions_over_the_wire(broker: Broker, tmp_path: Path) -> None:
    world = World(broker.bootstrap, tmp_path)
    async with MastodonWire() as wire:
        first = wire.status(100, AT)
        wire.statuses.append(first)  # of long ago: known only when it is asked for
        async with world.running(wire) as observed:
            await observed.wait(lambda: observed.connections > 0)
            await wire.post(1)
            await observed.wait(lambda: observed.delivered >= 1)
            answer = wire.status(wire._number + 1, time.time(), in_reply_to_id="100")
            again = wire.status(wire._number + 2, time.time(), in_reply_to_id=answer["id"])
            edited = {**answer, "edited_at": datetime.now(UTC).isoformat(), "content": "Three"}
            wire.events += [
                ("update", json.dumps(answer)), ("update", json.dumps(again)), ("status.update", json.dumps(edited)),
                ("delete", again["id"]), ("delete", "5"), ("notification", "{}"),
            ]  # fmt: skip
            await wire.announce()
            await observed.wait(lambda: observed.delivered >= 5)
    posts = [message for message in world.messages() if isinstance(message, Post)]
    roots = {post.post_id: post.root_id for post in posts if post.root_id}
    assert roots == {f"mastodon:{status['uri']}": f"mastodon:{first['uri']}" for status in (answer, again)}
    assert {post.text for post in posts if post.post_id == f"mastodon:{answer['uri']}"} == {
        f"Queue {answer['id']}",
        "Three",
    }
    assert world.deleted() == {f"mastodon:{again['uri']}"}


async def test_a_status_that_two_servers_bring_is_one_post(broker: Broker, tmp_path: Path) -> None:
    world = World(broker.bootstrap, tmp_path)
    recent = RecentEvents(world.cursors, "mastodon")
    async with (
        MastodonWire() as one,
        MastodonWire() as other,
        world.running(one, recent) as first,
        world.running(other, recent, "other.example") as second,
    ):
        await first.wait(lambda: first.connections > 0)
        await second.wait(lambda: second.connections > 0)
        await one.post(3)
        await first.wait(lambda: first.delivered >= 3)
        other.events += one.events
        other.statuses += one.statuses
        await other.announce()
        await second.wait(lambda: second.repeats >= 3)
    assert set(world.copies().values()) == {1}
    assert len(world.copies()) == 3


def test_each_server_is_an_agent_with_its_timelines(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    servers = {
        "a.example": {"token_file": tmp_path / "token", "tags": ["acme"]},
        "b.example": {"scope": "none", "tags": ["acme", "acmeair"]},
    }
    settings = IngestSettings.model_validate({"mastodon": {"servers": servers}})
    agents = AGENTS["mastodon"](settings, Budget("mastodon"))
    assert [agent.name for agent in agents] == ["mastodon/a.example", "mastodon/b.example"]
    assert settings.mastodon.servers["a.example"].timelines() == ["public", "tag/acme"]
    assert settings.mastodon.servers["b.example"].timelines() == ["tag/acme", "tag/acmeair"]
