"""Names with digits and signs for letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.spelling.obfuscation import obfuscated


@pytest.mark.parametrize(
    ("text", "company", "surface"),
    [
        ("v3riz0n is down again", "Verizon", "v3riz0n"),
        ("boycott Amaz0n, all of you", "Amazon", "Amaz0n"),
        ("never buying Micro$oft again.", "Microsoft", "Micro$oft"),
        ("5tarbucks (cold coffee, rude staff)", "Starbucks", "5tarbucks"),
        ("W4lm4rt sells rotten meat", "Walmart", "W4lm4rt"),
        ("Ne7flix no, but Netf1ix and c0mcast", "Comcast", "c0mcast"),
    ],
)
def test_found_in_disguise(linker: Linker, text: str, company: str, surface: str) -> None:
    assert (company, surface) in {(link.entity.name, link.surface) for link in linker.link(text)}


@pytest.mark.parametrize(
    "text",
    [
        "b2b sales and h2o",
        "t4rget practice",
        "plate AB12CDE",
        "mail me: jo@amaz0n.example",
        "https://short.example/amaz0n",
        "$100 and 50 cents",
        "12345 67890",
    ],
)
def test_nothing_in_what_only_looks_like_it(linker: Linker, text: str) -> None:
    assert not linker.link(text)


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    for start, end, number in obfuscated(text, {"verizon": 7}):
        assert 0 <= start < end <= len(text)
        assert (end - start, number) == (len("verizon"), 7)
