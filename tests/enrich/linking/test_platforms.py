"""Networks as places, and as companies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.linking.platforms import as_handle, as_name, as_tag


def confidence(linker: Linker, text: str) -> float:
    """That of the surest link; 0.0 without any."""
    return max((one.confidence for one in linker.link(text)), default=0.0)


@pytest.mark.parametrize(
    "text",
    [
        "funny cats via @YouTube",
        "I liked a @YouTube video from @somebody",
        "a song for you via youtube",
        "Sunset at the lake ( Taken with instagram)",
        "posted it to Facebook",
        "saw on facebook that the bridge is closed",
        "so proud of my garden #instagram #roses",
    ],
)
def test_where_something_was_shared_or_seen_is_nobody(linker: Linker, text: str) -> None:
    assert linker.link(text) == []


@pytest.mark.parametrize(
    "text", ["too much drama on facebook", "check my instagram", "a new twitter account", "good morning twitter"]
)
def test_a_place_that_somebody_writes_of_is_linked_barely(linker: Linker, text: str) -> None:
    assert 0.5 <= confidence(linker, text) < 0.65


@pytest.mark.parametrize(
    "text",
    [
        "is twitter down",
        "facebook sucks and so does its owner",
        "Facebook was fined again",
        "why is instagram deleting comments",
        "got banned on facebook, their support never answers",
        "the facebook app crashed on facebook itself",
        "@YouTube fix your app",
        "hey @Twitter what is this",
        "#facebook down again, third outage in a month",
    ],
)
def test_what_companies_do_is_about_the_company(linker: Linker, text: str) -> None:
    assert confidence(linker, text) > 0.65


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4), st.frozensets(st.text()))
def test_it_only_ever_speaks_against(before: list[str], after: list[str], words: frozenset[str]) -> None:
    assert as_name(before, after, words) <= 0.0


@given(st.text(max_size=80), st.integers(0, 80), st.integers(0, 20))
def test_any_text_around_a_sign(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    assert as_handle(text, start, min(len(text), start + length)) <= 0.0
    assert as_tag(text) <= 0.0
