"""Every message says which raw record led to it, and its number among those that did."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts.origin import NUMBERS, origin, unpacked
from pipeline.contracts.posts import PostDeleted
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.records import Outgoing, Record
from pipeline.stages.state import MemoryStore, State
from tests.enrich.linking.test_properties import streams
from tests.support.messages import START, post, records, reply
from tests.support.scorers import FixedScorer


@pytest.fixture
def stage(linker: Linker) -> Enrich:
    return Enrich(linker, FixedScorer())


def told(stage: Enrich, heard: list[Record]) -> list[Outgoing]:
    result = stage.handle(heard, State(MemoryStore(), stage.codec))
    assert result.rejected == []
    return result.publish


def from_where(published: list[Outgoing]) -> list[tuple[int, int]]:
    """Offset and number of each."""
    positions = [unpacked(out.origin)[1] for out in published]
    return [(position >> NUMBERS, position & 0xFFFF) for position in positions]


def test_the_mentions_of_a_post_are_numbered(stage: Enrich) -> None:
    heard = records([post(1, "nothing"), post(2, "Verizon and T-Mobile are bad"), post(3, "Ryanair is bad")], 70)
    published = told(stage, heard)
    assert from_where(published) == [(71, 0), (71, 1), (72, 0)]
    assert published[1].origin == origin(heard[1], 1)


def test_a_reply_published_again_comes_of_the_parent_that_was_late(stage: Enrich) -> None:
    heard = records([reply(2, "they are bad", 1, 1), reply(3, "so bad", 1, 1), post(1, "@Delta lost my bag")])
    published = told(stage, heard)
    assert [msgspec.json.decode(out.value)["post_id"] for out in published] == ["twitter:1", "twitter:2", "twitter:3"]
    assert from_where(published) == [(2, 0), (2, 1), (2, 2)]


def test_what_is_taken_back_comes_of_the_edit_or_the_deletion(stage: Enrich) -> None:
    edit = msgspec.structs.replace(post(1, "Verizon is bad"), version=2)
    gone = PostDeleted(post_id="twitter:1", network="twitter", deleted_at=START + timedelta(hours=1), version=3)
    published = told(stage, records([post(1, "Ryanair is bad"), edit, gone]))
    types = [msgspec.json.decode(out.value)["type"] for out in published]
    assert types == ["mention", "mention_deleted", "mention", "mention_deleted", "mention_deleted", "post_deleted"]
    assert from_where(published) == [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]


def test_a_file_has_no_origins(stage: Enrich) -> None:
    [heard] = records([post(1, "Ryanair is bad")])
    [mention] = told(stage, [heard._replace(timestamp=0.0)])
    assert mention.origin == b""


@settings(max_examples=60, deadline=None)
@given(messages=streams(), first=st.integers(0, 2**40))
def test_positions_rise_along_any_stream(linker: Linker, messages: list[object], first: int) -> None:
    stage = Enrich(linker, FixedScorer())
    places = from_where(stage.handle(records(messages, first), State(MemoryStore(), stage.codec)).publish)
    assert places == sorted(set(places))
