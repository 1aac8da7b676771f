"""A NUL character makes a post a dead letter; a post that only spells one out is a good one."""

from __future__ import annotations

import json

import pytest

from pipeline.contracts.decode import decode_raw
from pipeline.contracts.posts import Post
from pipeline.errors import Malformed


def raw(text: str, author: str = "test:a") -> bytes:
    post = {
        "type": "post", "post_id": "test:1", "network": "test", "author": {"id": author}, "text": text,
        "created_at": "2026-01-05T12:00:00Z",
    }  # fmt: skip
    return json.dumps(post).encode()


@pytest.mark.parametrize("data", [raw("a\x00b"), raw("ab", author="test:\x00")])
def test_a_nul_character_is_refused_wherever_it_stands(data: bytes) -> None:
    with pytest.raises(Malformed) as raised:
        decode_raw(data, 0.0)
    assert raised.value.code == "nul_character"


def test_a_post_about_the_escape_itself_is_a_good_one() -> None:
    text = "why does my terminal print \\u0000 here?"
    message = decode_raw(raw(text), 0.0)
    assert isinstance(message, Post)
    assert message.text == text
