"""What platforms send to us: who may, what becomes of it, and when it is answered."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.decode import decode_raw
from pipeline.contracts.posts import Post, PostDeleted, RawMessage
from pipeline.errors import Malformed, SettingsError
from pipeline.ingest.networks.webhook import WebhookAgent, signed
from pipeline.ingest.networks.webhook_kinds import discourse, github, posts
from pipeline.settings.networks import WebhookSettings
from tests.ingest.conformance.wires.webhook import HEADER, WebhookWire, send, signature
from tests.ingest.conformance.world import World
from tests.ingest.conftest import Broker

AT = 1_773_478_800.0
NOON = datetime.fromtimestamp(AT, UTC)


def body(number: int = 2, **changes: Any) -> bytes:
    return WebhookWire.body(number, NOON - timedelta(minutes=5), **changes)


def only(messages: tuple[RawMessage, ...]) -> Any:
    (message,) = messages
    assert decode_raw(msgspec.json.encode(message), time.time()) == message
    return message


def test_a_topic_of_discourse_is_a_thread() -> None:
    first = only(discourse("forum", "post_created", body(1, topic_title="Two hours"), AT).messages)
    assert (first.post_id, first.parent_id, first.root_id) == ("forum:t7/1", None, None)
    assert (first.network, first.text, first.author.id) == ("forum", "Two hours\nQueue 1", "forum:@ann")
    answer = only(discourse("forum", "post_created", body(3, reply_to_post_number=2), AT).messages)
    assert (answer.kind, answer.parent_id, answer.root_id) == ("reply", "forum:t7/2", "forum:t7/1")


def test_edits_deletions_and_restorations_of_discourse_supersede_each_other() -> None:
    edited = NOON - timedelta(minutes=1)
    steps = [
        discourse("forum", "post_created", body(), AT),
        discourse("forum", "post_edited", body(updated_at=edited.isoformat()), AT + 1),
        discourse("forum", "post_destroyed", body(), AT + 2),
        discourse("forum", "post_recovered", body(), AT + 3),
    ]
    assert len({step.identity for step in steps}) == 4
    messages = [only(step.messages) for step in steps]
    assert [type(message) for message in messages] == [Post, Post, PostDeleted, Post]
    versions = [message.version for message in messages]
    assert versions == sorted(set(versions))
    assert discourse("forum", "post_created", body(), AT + 9).identity == steps[0].identity, "tried again"
    assert discourse("forum", "user_created", b'{"user": {}}', AT).messages == ()


def issue(action: str, **parts: Any) -> bytes:
    top = {
        "number": 7, "title": "It crashes", "body": "On start", "html_url": "https://github.example/a/b/issues/7",
        "user": {"login": "ann"}, "created_at": "2026-03-14T08:00:00Z", "updated_at": "2026-03-14T08:30:00Z",
    }  # fmt: skip
    return json.dumps({"action": action, "repository": {"full_name": "a/b"}, "issue": top, **parts}).encode()


def test_issues_and_comments_of_github() -> None:
    opened = only(github("code", "issues", issue("opened"), AT).messages)
    assert (opened.post_id, opened.text, opened.kind) == ("code:a/b#7", "It crashes\nOn start", "post")
    comment = {"id": 9, "body": "Same here", "user": {"login": "bob"}, "updated_at": "2026-03-14T08:40:00Z"}
    said = only(github("code", "issue_comment", issue("created", comment=comment), AT).messages)
    assert (said.post_id, said.parent_id, said.root_id) == ("code:a/b#7/9", "code:a/b#7", "code:a/b#7")
    assert said.author.handle == "bob"
    gone = only(github("code", "issue_comment", issue("deleted", comment=comment), AT).messages)
    assert isinstance(gone, PostDeleted)
    assert gone.version > said.version
    for event, action in (("ping", "opened"), ("issues", "labeled")):
        assert github("code", event, issue(action), AT).messages == ()


def test_our_own_messages_are_under_the_name_of_their_source() -> None:
    many = [{"post_id": "1", "text": "Two hours"}, {"type": "post_deleted", "post_id": "shop:0"}]
    post, gone = posts("shop", "", json.dumps(many).encode(), AT).messages
    assert isinstance(post, Post)
    assert isinstance(gone, PostDeleted)
    assert (post.post_id, post.network, gone.post_id) == ("shop:1", "shop", "shop:0")
    answer = only(
        posts("shop", "", b'{"post_id": "2", "text": "x", "parent_id": "1", "network": "bluesky"}', AT).messages
    )
    assert (answer.network, answer.parent_id) == ("shop", "shop:1")
    with pytest.raises(Malformed, match="1,001 messages"):
        posts("shop", "", json.dumps(many[:1] * 1_001).encode(), AT)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda x: st.lists(x, max_size=2) | st.dictionaries(st.text(), x),
)
FIELDS = st.sampled_from(["id", "topic_id", "post_number", "cooked", "updated_at", "username", "title", "body", "user"])


@given(st.dictionaries(FIELDS, JSON), st.sampled_from(["discourse", "github", "posts"]))
def test_whatever_is_sent_becomes_valid_messages_or_a_reason(fields: dict[str, Any], kind: str) -> None:
    bodies = {
        "discourse": (discourse, "post_created", {"post": {**json.loads(body())["post"], **fields}}),
        "github": (github, "issues", {**json.loads(issue("opened")), "issue": fields}),
        "posts": (posts, "", {"post_id": "1", "text": "x", **fields}),
    }
    reader, event, sent = bodies[kind]
    try:
        messages = reader("shop", event, json.dumps(sent).encode(), AT).messages
    except Malformed:
        return
    for message in messages:
        assert decode_raw(msgspec.json.encode(message), time.time()) == message


async def test_who_may_send_and_what_is_answered(broker: Broker, tmp_path: Path) -> None:
    world = World(broker.bootstrap, tmp_path)
    sent, signs = body(), {HEADER: signature(body()), "X-Discourse-Event": "post_created"}
    async with WebhookWire() as wire:
        async with world.running(wire) as observed:
            await observed.wait(lambda: observed.connections > 0)
            assert await send(wire.port, sent, signs) == 200
            assert sum(world.copies().values()) == 1, "what was answered 200 is in Kafka"
            assert await send(wire.port, sent, signs) == 200
            assert await send(wire.port, sent) == 401
            assert await send(wire.port, sent, {HEADER: signature(sent, "another secret 00")}) == 401
            assert await send(wire.port, sent, signs, path="/hooks/other") == 404
            assert await send(wire.port, b"x" * 1_100_000, signs) == 413
            assert await send(wire.port, sent, signs, path="/a b\x00") == 0
            assert await send(wire.port, sent + b" ", signs) == 401
        assert await send(wire.port, sent, signs) == 0
    assert sum(world.copies().values()) == 1


async def test_what_kafka_does_not_take_is_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes the frames here: the sender is asked to try again."""
    monkeypatch.setattr("pipeline.ingest.networks.webhook.ANSWER_SECONDS", 0.05)
    async with WebhookWire() as wire:
        items = wire.agent(wire.url).listen({})
        await anext(items)
        signs = {HEADER: signature(body()), "X-Discourse-Event": "post_created"}
        assert await send(wire.port, body(), signs) == 503
        await items.aclose()


def test_a_signature_is_that_of_the_body_and_the_secret() -> None:
    assert signed(b"secret", b"body", signature(b"body", "secret"))
    for wrong in ("", "sha256=", signature(b"body", "secret")[:-1], signature(b"Body", "secret"), "ä"):
        assert not signed(b"secret", b"body", wrong)


def test_a_source_needs_a_secret(tmp_path: Path) -> None:
    def agent(**source: Any) -> WebhookAgent:
        return WebhookAgent(WebhookSettings.model_validate({"sources": {"forum": {"kind": "discourse", **source}}}))

    for source in ({}, {"secret": "short"}, {"secret_file": tmp_path / "none"}):
        with pytest.raises(SettingsError, match=r"ingest\.webhook\.sources\.forum\.secret"):
            agent(**source)
    (tmp_path / "secret").write_text("of this test alone\n")
    assert agent(secret_file=tmp_path / "secret").network == "webhook"
