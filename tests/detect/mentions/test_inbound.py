"""What the detector hears of a record, and what it says of one that it cannot read."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.mentions import EntityRef, Link, Mention, ModelRef, Sentiment
from pipeline.contracts.posts import Author
from pipeline.detect.mentions.inbound import InboundDeletion, InboundMention, read, read_lines
from pipeline.errors import Malformed

LEAST = {
    "post_id": "x:1",
    "entity": {"id": "acme"},
    "author": {"id": "x:a"},
    "created_at": "2026-03-02T10:00:00Z",
    "sentiment": {"negative": 0.9},
}


def test_five_fields_are_enough() -> None:
    inbound = read(msgspec.json.encode(LEAST))
    assert isinstance(inbound, InboundMention)
    assert (inbound.kind, inbound.text, inbound.root_id, inbound.ingested_at) == ("post", "", None, None)


def test_the_message_of_the_contract_is_heard() -> None:
    when = datetime(2026, 3, 2, tzinfo=UTC)
    mention = Mention(
        mention_id="x:1|acme", post_id="x:1", network="x", author=Author("x:a"), text="bad", created_at=when,
        ingested_at=when, root_id="x:1", entity=EntityRef("acme", "Acme"), link=Link("acme", "name", 1.0),
        sentiment=Sentiment(0.8, 0.1, 0.1, "negative", True), model=ModelRef("m", "1"),
    )  # fmt: skip
    inbound = read(msgspec.json.encode(mention))
    assert isinstance(inbound, InboundMention)
    assert inbound.entity.name == "Acme"


def test_deletions_of_mentions_are_heard_and_of_posts_are_not() -> None:
    deletion = {"type": "mention_deleted", "mention_id": "x:1|acme", "post_id": "x:1", "entity": {"id": "acme"},
                "deleted_at": "2026-03-02T10:00:00Z", "version": 2}  # fmt: skip
    assert isinstance(read(msgspec.json.encode(deletion)), InboundDeletion)
    for other in ("post_deleted", "author_deleted"):
        assert read(msgspec.json.encode({"type": other, "post_id": "x:1"})) is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (None, "empty"),
        (b"{", "not_json"),
        (b"[1]", "wrong_type"),
        (b'{"type":"weather"}', "unknown_type"),
        (msgspec.json.encode({k: v for k, v in LEAST.items() if k != "author"}), "missing_field"),
        (msgspec.json.encode({**LEAST, "created_at": "yesterday"}), "bad_time"),
        (msgspec.json.encode({**LEAST, "sentiment": {"negative": 2.0}}), "wrong_value"),
        (msgspec.json.encode({**LEAST, "post_id": ""}), "empty_field"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes | None, code: str) -> None:
    with pytest.raises(Malformed) as raised:
        read(data)
    assert raised.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(data: bytes) -> None:
    with suppress(Malformed):
        read(data)


def test_lines_keep_their_order_and_empty_ones_are_passed_over() -> None:
    good = msgspec.json.encode(LEAST)
    kinds = [type(one) for one in read_lines([good, b"\n", b"{}", good])]
    assert kinds == [InboundMention, Malformed, InboundMention]
