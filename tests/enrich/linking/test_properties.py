"""What holds for whatever comes in: no exception, spans inside the text, the same mentions in any batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.contracts.mentions import Mention, ScoredMessage
from pipeline.contracts.posts import Author, PostDeleted
from pipeline.enrich.explanation import PartialPost, explanation
from pipeline.enrich.linking.embeddings import EmbeddingReader
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.records import Outgoing, Record
from pipeline.stages.state import MemoryStore, State
from tests.enrich.linking.counted import Counted, fitted
from tests.enrich.repeats import repeats
from tests.support.messages import START, post, records
from tests.support.scorers import FixedScorer

DECODER = msgspec.json.Decoder(ScoredMessage)

WORDS_TEXT = (
    "Ryanair @Delta #BoycottVerizon target bad better than switched from to <b> &amp; > RT @x: http://x.y "
    "AT&amp;T NestlÃ© 😡 \u200b \u202e 客服 mañana"
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60),
    st.lists(st.sampled_from(WORDS_TEXT.split()), max_size=12).map(" ".join),
)
HANDLES = st.sampled_from([None, "TMobile", "VerizonHelp", "jane.delta.com", "@", "nytimes"])


@st.composite
def streams(draw: st.DrawFn) -> list[Any]:
    """Posts of a few threads that answer each other, come twice, are edited and deleted, in any order."""
    out: list[Any] = []
    for _ in range(draw(st.integers(1, 14))):
        number = draw(st.integers(1, 7))
        if draw(st.integers(0, 9)) == 0:
            version = draw(st.integers(0, 3))
            out.append(PostDeleted(post_id=f"twitter:{number}", network="twitter", deleted_at=START, version=version))
            continue
        parent = draw(st.none() | st.integers(1, 7).map("twitter:{}".format))
        fields: dict[str, Any] = {
            "kind": draw(st.sampled_from(["post", "reply", "quote", "repost"])),
            "author": Author(f"twitter:user{number}", draw(HANDLES)),
            "version": draw(st.integers(0, 3)),
            "parent_id": parent,
            "root_id": draw(st.sampled_from([None, "twitter:1"])),
            "lang": draw(st.sampled_from([None, "en", "es-MX", "?"])),
        }
        out.append(post(number, draw(TEXTS), **fields))
    return out


def handled(stage: Enrich, batches: Sequence[Sequence[Record]]) -> list[Outgoing]:
    state = State(MemoryStore(), stage.codec)
    published: list[Outgoing] = []
    for batch in batches:
        result = stage.handle(batch, state)
        assert result.rejected == []
        published += result.publish
    return published


@settings(max_examples=200, deadline=None)
@given(messages=streams(), cuts=st.lists(st.integers(0, 14), max_size=5))
def test_any_stream_gives_the_same_in_any_batch(linker: Linker, messages: list[Any], cuts: list[int]) -> None:
    heard = records(messages)
    edges = sorted({0, *(min(cut, len(heard)) for cut in cuts), len(heard)})
    batches = [heard[left:right] for left, right in pairwise(edges)]
    whole = handled(Enrich(linker, FixedScorer()), [heard])
    assert handled(Enrich(linker, FixedScorer()), batches) == whole
    for outgoing in whole:
        message = DECODER.decode(outgoing.value)
        if isinstance(message, Mention):
            assert 0.0 < message.link.confidence <= 1.0
            assert message.link.surface in message.text or message.link.how in ("inherited", "handle")


@pytest.fixture(scope="module")
def reading(linker: Linker) -> Linker:
    """The linker, with a reading of posts that turns names one way or the other."""
    return Linker(linker.catalogue, EmbeddingReader(Counted(), fitted(company=9.0, other=-9.0)))


@settings(max_examples=60, deadline=None)
@given(messages=streams(), cuts=st.lists(st.integers(0, 14), max_size=5))
def test_so_it_does_when_posts_are_read(reading: Linker, messages: list[Any], cuts: list[int]) -> None:
    heard = records(messages)
    edges = sorted({0, *(min(cut, len(heard)) for cut in cuts), len(heard)})
    batches = [heard[left:right] for left, right in pairwise(edges)]
    assert handled(Enrich(reading, FixedScorer()), batches) == handled(Enrich(reading, FixedScorer()), [heard])


def overtaken(handle: str | None, *between: Any) -> list[Any]:
    """An older version of a reply that comes while a newer one waits, which is replaced later."""
    said = Author("twitter:user2", handle)
    versions = [post(2, "", root_id="twitter:1", version=number, author=said) for number in (1, 0, 2)]
    deleted = PostDeleted(post_id="twitter:1", network="twitter", deleted_at=START, version=0)
    return [*versions[:2], deleted, *between, versions[2]]


@settings(max_examples=100, deadline=None)
@given(messages=streams(), start=st.integers(0, 14))
@example(messages=overtaken(None, post(1, "", version=0), post(1, "@TMobile", version=0)), start=1)
@example(messages=overtaken("TMobile", post(1, "", version=0), post(1, "", version=0)), start=1)
def test_any_stream_read_again_gives_the_same(linker: Linker, messages: list[Any], start: int) -> None:
    """From any place, on the state that all of it has left, as after a crash."""
    heard = records(messages)
    stage = Enrich(linker, FixedScorer())
    state = State(MemoryStore(), stage.codec)
    first = [stage.handle([record], state).publish for record in heard]
    written = {key: stage.codec.encode(cell.value) for key, cell in state._cells.items() if cell.value is not None}
    again = [stage.handle([record], state).publish for record in heard[start:]]
    assert all(map(repeats, heard[start:], first[start:], again))
    left = {key: stage.codec.encode(cell.value) for key, cell in state._cells.items() if cell.value is not None}
    assert left == written


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=200) | TEXTS, lang=st.none() | st.text(max_size=8))
def test_any_text_is_explained(linker: Linker, text: str, lang: str | None) -> None:
    found = explanation(linker, PartialPost(text, lang=lang))
    for one in found["candidates"]:
        assert 0 <= one["start"] < one["end"] <= len(text)
        assert text[one["start"] : one["end"]] == one["surface"]
        assert one["why"]


@pytest.mark.parametrize("size", [10_000, 100_000])
@pytest.mark.parametrize("piece", ["Ryanair ", "@Delta > ", "🤬", "a&amp;", "switched from Ryanair to Delta ", "客"])
def test_the_longest_texts(linker: Linker, piece: str, size: int) -> None:
    stage = Enrich(linker, FixedScorer())
    result = stage.handle(records([post(1, (piece * size)[:size])]), State(MemoryStore(), stage.codec))
    assert result.rejected == []
    for outgoing in result.publish:
        assert isinstance(DECODER.decode(outgoing.value), Mention)
