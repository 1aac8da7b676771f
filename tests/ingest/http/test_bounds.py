"""Bodies, events and rests out of whatever a server sends."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import TransientError
from pipeline.ingest.http.bodies import PIECE, BodyTooLarge, Unpacker
from pipeline.ingest.http.events import MAX_EVENT, ServerEvent, server_events
from pipeline.ingest.http.rests import MAX_REST, asked_rest, rest_until_reset


def test_a_gzip_bomb_is_an_error_before_it_is_large() -> None:
    bomb = gzip.compress(b"\x00" * 50_000_000)
    assert len(bomb) < 60_000
    unpacker = Unpacker("gzip", 1_000_000, "test")
    sizes = []
    with pytest.raises(BodyTooLarge, match="more than 1,000,000 bytes"):
        sizes += [len(part) for part in unpacker.feed(bomb)]
    unpacker = Unpacker("gzip", 10**9, "test")
    assert max(len(part) for part in unpacker.feed(bomb)) <= PIECE


@given(st.binary(max_size=3_000), st.integers(1, 500))
def test_what_was_packed_comes_out(body: bytes, step: int) -> None:
    packed = gzip.compress(body)
    unpacker = Unpacker("gzip", 10_000, "test")
    pieces = [packed[at : at + step] for at in range(0, len(packed), step)]
    assert b"".join(part for piece in pieces for part in unpacker.feed(piece)) == body
    unpacker.finish()


def test_a_body_that_is_cut_off_or_damaged_is_an_error() -> None:
    packed = gzip.compress(b"two hours in the queue" * 50)
    unpacker = Unpacker("gzip", 10_000, "test")
    list(unpacker.feed(packed[:-9]))
    with pytest.raises(TransientError, match="cut off"):
        unpacker.finish()
    with pytest.raises(TransientError, match="damaged"):
        list(Unpacker("gzip", 10_000, "test").feed(b"no gzip at all"))
    with pytest.raises(TransientError, match="not asked for"):
        Unpacker("br", 10_000, "test")


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


STREAM = b':thump\n\nevent: update\ndata: {"a":\ndata: 1}\nid: 7\n\nevent: delete\ndata: 9\n\ndata: cut off'


@pytest.mark.parametrize("step", [1, 2, 7, 1_000])
async def test_events_come_out_however_the_bytes_are_cut(step: int) -> None:
    for text in (STREAM, STREAM.replace(b"\n", b"\r\n")):
        cut = [text[at : at + step] for at in range(0, len(text), step)]
        found = [event async for event in server_events(pieces(*cut), "test")]
        assert found == [
            ServerEvent("", b"", ""),
            ServerEvent("update", b'{"a":\n1}', "7"),
            ServerEvent("delete", b"9", "7"),
        ]


async def test_an_event_without_an_end_is_an_error() -> None:
    for line in (b"data: " + b"x" * 70_000, b"data: xxxxxxxxxx\n" * 5_000):
        events = server_events(pieces(*[line] * (MAX_EVENT // 40_000)), "test")
        with pytest.raises(TransientError, match="an event of more than"):
            await anext(events)


@pytest.mark.parametrize(
    ("headers", "rest"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 1970 00:20:00 GMT"}, 200.0),
        ({"retry-after": "Wed, 31 Dec 1969 23:59:00 GMT"}, 0.0),
        ({"retry-after": "99999999999999999999"}, MAX_REST),
        ({"retry-after": "soon"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({}, 0.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "60"}, 60.0),
        ({"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "1970-01-01T00:17:40.5Z"}, 60.5),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": "60"}, 0.0),
        ({"x-ratelimit-remaining": "?", "x-ratelimit-reset": "60"}, 0.0),
    ],
)
def test_rests(headers: dict[str, str], rest: float) -> None:
    assert asked_rest(headers, now=1_000.0) == rest
    if "retry-after" not in headers:
        assert rest_until_reset(headers, now=1_000.0) == rest


@given(st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"]), st.text()))
def test_whatever_a_header_says_the_rest_is_bounded(headers: dict[str, str]) -> None:
    assert 0.0 <= asked_rest(headers, now=1e9) <= MAX_REST
