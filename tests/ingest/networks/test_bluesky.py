"""What the Bluesky agent makes of frames, honest and hostile."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contracts.decode import decode_raw
from pipeline.contracts.posts import AuthorDeleted, Post, PostDeleted
from pipeline.errors import Malformed
from pipeline.ingest.agent import DecodedFrame
from pipeline.ingest.networks.bluesky import BlueskyAgent
from pipeline.settings.networks import BlueskySettings
from tests.ingest.conformance.jetstream import DID, START, as_v2, event, post_id

AGENT = BlueskyAgent()
ARRIVED = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=START)


def read(frame: Any) -> DecodedFrame:
    return AGENT.read(frame if isinstance(frame, bytes) else json.dumps(frame).encode())


def the_post(**changes: Any) -> Post:
    (message,) = read(event(0, **changes)).messages
    assert isinstance(message, Post)
    return message


def test_a_post() -> None:
    reading = read(event(7))
    (message,) = reading.messages
    assert isinstance(message, Post)
    assert message.post_id == post_id(7)
    assert message.author.id == f"bluesky:{DID}"
    assert message.url == f"https://bsky.app/profile/{DID}/post/post7"
    assert (message.kind, message.lang, message.network) == ("post", "en", "bluesky")
    assert message.version == START + 70_000
    assert (reading.position, reading.at) == (str(START + 70_000), (START + 70_000) / 1e6)
    assert message.ingested_at == ARRIVED + timedelta(milliseconds=70)
    assert decode_raw(msgspec.json.encode(message), time.time()) == message


def test_a_reply_names_what_it_answers() -> None:
    root, parent = f"at://{DID}/app.bsky.feed.post/r", f"at://{DID}/app.bsky.feed.post/p"
    message = the_post(reply={"root": {"uri": root, "cid": "x"}, "parent": {"uri": parent, "cid": "x"}})
    assert (message.kind, message.root_id, message.parent_id) == ("reply", f"bluesky:{root}", f"bluesky:{parent}")


def test_a_quote_answers_what_it_quotes() -> None:
    uri = f"at://{DID}/app.bsky.feed.post/q"
    plain = {"$type": "app.bsky.embed.record", "record": {"uri": uri, "cid": "x"}}
    for embed in (plain, {"$type": "app.bsky.embed.recordWithMedia", "record": plain, "media": {}}):
        message = the_post(embed=embed)
        assert (message.kind, message.parent_id) == ("quote", f"bluesky:{uri}")
    others: tuple[object, ...] = (
        {"external": {"uri": uri}},
        {"record": {"uri": "at://x/app.bsky.feed.generator/y"}},
        3,
        [],
        {},
    )
    for other in others:
        assert the_post(embed=other).kind == "post"


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        ("2025-05-01T10:00:00+02:00", datetime(2025, 5, 1, 8, tzinfo=UTC)),
        ("2025-05-01T10:00:00", datetime(2025, 5, 1, 10, tzinfo=UTC)),
        ("2999-01-01T00:00:00Z", ARRIVED),
        ("0001-01-01T00:00:00+14:00", ARRIVED),
        ("1970-01-01T00:00:00Z", ARRIVED),
        ("soon", ARRIVED),
        (17, ARRIVED),
        (None, ARRIVED),
    ],
)
def test_the_claimed_time_is_checked(claimed: Any, expected: datetime) -> None:
    assert the_post(createdAt=claimed).created_at == expected


@pytest.mark.parametrize("langs", [None, [], "en", [3], ["<script>"], ["x" * 100], {"a": 1}])
def test_languages_that_are_none_are_left_out(langs: Any) -> None:
    assert the_post(langs=langs).lang is None


def changed(**changes: Any) -> dict[str, Any]:
    return {**event(1), **changes}


def commit(**changes: Any) -> dict[str, Any]:
    return {**event(1), "commit": {**event(1)["commit"], **changes}}


def test_deletions() -> None:
    deleted = commit(operation="delete")
    del deleted["commit"]["record"]
    (message,) = read(deleted).messages
    assert message == PostDeleted(
        post_id=post_id(1), network="bluesky", deleted_at=ARRIVED + timedelta(milliseconds=10), version=START + 10_000
    )


@pytest.mark.parametrize(
    ("account", "gone"),
    [
        ({"active": False, "status": "deleted", "seq": 5}, True),
        ({"active": False, "status": "takendown", "seq": 5}, True),
        ({"active": False, "status": "deactivated", "seq": 5}, False),
        ({"active": True, "seq": 5}, False),
    ],
)
def test_accounts(account: dict[str, Any], gone: bool) -> None:
    reading = read({"did": DID, "time_us": START, "kind": "account", "account": account})
    assert reading.position == str(START)
    if gone:
        (message,) = reading.messages
        assert isinstance(message, AuthorDeleted)
        assert message.author_id == f"bluesky:{DID}"
    else:
        assert reading.messages == ()


def test_an_edit_is_the_same_post_with_a_higher_version() -> None:
    edited = {**commit(operation="update", rev="rev9"), "time_us": START + 99}
    (before,), (after,) = read(event(1)).messages, read(edited).messages
    assert isinstance(before, Post)
    assert isinstance(after, Post)
    assert before.post_id == after.post_id
    assert read(event(1)).identity != read(edited).identity


def test_what_is_not_for_us_moves_the_position_only() -> None:
    for frame in (
        {"did": DID, "time_us": START, "kind": "identity", "identity": {"handle": "x"}},
        {"did": DID, "time_us": START, "kind": "something new"},
        {**commit(collection="app.bsky.feed.like"), "time_us": START},
    ):
        reading = read(frame)
        assert (reading.messages, reading.position) == ((), str(START))


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"", "empty"),
        (b"\x00\xff\xfe", "not_json"),
        (b"[]", "wrong_type"),
        (json.dumps(commit(record=0)).replace('"record": 0', '"record": ' + "[" * 50_000).encode(), "too_deep"),
        (changed(time_us="late"), "wrong_type"),
        (changed(time_us=-1), "bad_time"),
        (changed(time_us=9_999_999_999_999_999), "bad_time"),
        (changed(did="did:plc:../../etc"), "bad_did"),
        (changed(did="did:plc:" + "x" * 5_000), "bad_did"),
        (changed(commit=None), "missing_field"),
        (commit(rkey="a/b"), "bad_rkey"),
        (commit(rkey="x" * 600), "bad_rkey"),
        (commit(operation="burn"), "unknown_operation"),
        (commit(record=None), "missing_field"),
        (commit(record={"createdAt": "x"}), "missing_field"),
        (commit(record={"text": 5}), "wrong_type"),
        (commit(record={"text": "x" * 100_001}), "too_long"),
        (commit(record={"text": "a\x00b"}), "nul_character"),
        (json.dumps(commit(record={"text": "\ud800"})).encode(), "lone_surrogate"),
        (event(1, reply={"root": {"uri": "http://x"}, "parent": {"uri": "http://x"}}), "bad_reply"),
        (event(1, reply={"root": {}}), "missing_field"),
    ],
)
def test_malformed_frames_have_a_reason(frame: Any, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(frame)
    assert caught.value.code == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(["text", "createdAt", "langs", "reply", "embed"]), JSON))
def test_whatever_a_record_holds_becomes_a_valid_post_or_a_reason(record: dict[str, Any]) -> None:
    try:
        (message,) = read(json.dumps(commit(record={"text": "x", **record})).encode()).messages
    except Malformed:
        return
    assert decode_raw(msgspec.json.encode(message), time.time()) == message


V2 = BlueskyAgent(BlueskySettings(url="wss://jetstream.example/xrpc/network.bsky.jetstream.subscribeEvents"))


@pytest.mark.parametrize(
    "frame",
    [
        event(7),
        commit(operation="delete", record=None),
        {"did": DID, "time_us": START, "kind": "account", "account": {"active": False, "status": "deleted", "seq": 5}},
        {"did": DID, "time_us": START, "kind": "identity", "identity": {"handle": "x"}},
    ],
)
def test_both_wires_say_the_same(frame: dict[str, Any]) -> None:
    assert V2.read(json.dumps(as_v2(frame)).encode()) == AGENT.read(json.dumps(frame).encode())


@pytest.mark.parametrize(
    "frame",
    [b"{}", b'{"$type": "message"}', b'{"$type": "message", "payload": {"$type": "x#commit", "time": "soon"}}',
     b'{"$type": "message", "payload": {"$type": "x#commit", "time": "2026-01-01T00:00:00Z"}}',
     b'{"$type": "message", "payload": {"$type": "x#commit", "did": "did:plc:x", "time": "9999-01-01T00:00:00Z"}}'],
)  # fmt: skip
def test_frames_of_version_2_that_make_no_sense(frame: bytes) -> None:
    with pytest.raises(Malformed):
        V2.read(frame)


def test_descriptions_of_pictures_and_videos_are_part_of_the_text() -> None:
    images = {"$type": "app.bsky.embed.images", "images": [{"alt": "an empty desk"}, {"alt": " "}, {"alt": 3}, 7]}
    assert the_post(text="Look", embed=images).text == "Look [image: an empty desk]"
    video = {"media": {"video": {}, "alt": "the queue"}, "record": {"record": {"uri": "x"}}}
    assert the_post(text="Look", embed=video).text == "Look [video: the queue]"
    assert the_post(text="Look ", embed={"images": []}).text == "Look"
    assert the_post(text="Look ").text == "Look "
