"""The compiled linker answers as its sources do, to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.linking.quality import read
from pipeline.compiled import LINKER
from pipeline.enrich.catalogue import Catalogue, Entity, load_catalogue
from pipeline.enrich.linking.reader import Question
from tests import forms

pytestmark = [pytest.mark.slow, pytest.mark.compiler, pytest.mark.timeout(900)]

SHARED = ("reader",)
"""What both forms are given and are asked by: plain in either."""
INDUSTRIES = (
    "airline", "banking", "car", "drink", "food", "leisure", "press", "retail", "social", "software", "streaming",
)  # fmt: skip
WORDS_TEXT = (
    "target shell gap boots Shell Gap GAP BP Ryanair @Delta #BoycottVerizon twitter Twitter @YouTube amazon Amazon "
    "guardian Corona Zara Chase Bentley T-Mobile Amaz0n Micro$oft $TGT www.target.com http://x.y AT&T NestlÃ© "
    "the a my an on at from via to in with go left thanks two keeps charged buys cut boss down mum Tim Cook James "
    "Park Arena Open 2016 and when order refund shares layoffs price £5 video liked posted saw driver petrol shop 's ' "
    "| ( ) — - . ! ? : , \n \u200b \u0301 😡 客服 mañana İ ﬁ"
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS_TEXT.split(" ")), max_size=14).map(" ".join),
    st.lists(st.sampled_from(WORDS_TEXT.split(" ")), max_size=14).map("".join),
)
NETWORKS = st.sampled_from(("twitter", "mastodon", "reddit"))
FEW = st.lists(st.sampled_from([word for word in WORDS_TEXT.split() if word.isalpha()]), max_size=3).map(tuple)


class Listener:
    """A reader that keeps every score as it is, before it is rounded, and turns some names."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def nats(self, questions: Sequence[Question]) -> list[float]:
        self.heard += [repr((one.start, one.end, one.entity.id, one.score)) for one in questions]
        return [(one.start + len(one.entity.id)) % 7 / 2.0 - 1.5 for one in questions]


class Form:
    """A linker with a reader and one without, in one of the forms."""

    def __init__(self, catalogue: Catalogue) -> None:
        linker = import_module(f"{LINKER.package}.linker").Linker
        self.compiled: bool = import_module(LINKER.package).COMPILED
        self.listener = Listener()
        self.linkers = (linker(catalogue), linker(catalogue, self.listener))

    def told(self, text: str, network: str) -> list[object]:
        """All that is answered, and what was asked of the reader."""
        self.listener.heard = []
        found = [[tuple(one) for one in linker.consider(text, network)] for linker in self.linkers]
        links = [[tuple(one) for one in linker.link(text, network)] for linker in self.linkers]
        return [found, links, [linker.owner(text, network) for linker in self.linkers], self.listener.heard]


def both(catalogue: Catalogue) -> tuple[Form, Form]:
    """The compiled form and its oracle.  Making the first takes half a minute, once, unless it was made before."""
    reason = LINKER.make()
    fast = forms.compiled(LINKER, lambda: Form(catalogue), SHARED)
    plain = forms.pure(LINKER, lambda: Form(catalogue), SHARED)
    assert fast.compiled == (reason is None), reason
    assert not plain.compiled
    return fast, plain


@cache
def shipped() -> tuple[Form, Form]:
    return both(load_catalogue())


def test_posts_about_brands_that_are_words_are_linked_alike() -> None:
    fast, plain = shipped()
    linked = 0
    for post in read("all"):
        told = plain.told(post.text, "twitter")
        assert fast.told(post.text, "twitter") == told
        linked += told[1] != [[], []]
    assert linked > 200


@settings(max_examples=1000, deadline=None)
@given(TEXTS, NETWORKS)
def test_any_text_is_linked_alike(text: str, network: str) -> None:
    fast, plain = shipped()
    assert fast.told(text, network) == plain.told(text, network)


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    """Companies that are called as ordinary words are, several of them alike."""
    entities = {}
    for number in range(draw(st.integers(1, 12))):
        name = draw(st.sampled_from(("target", "Shell", "GAP", "amazon", "James", "twitter", "the shop", "Zara")))
        entities[f"e{number}"] = Entity(
            id=f"e{number}", name=name, aliases=draw(FEW), products=draw(FEW), cues=draw(FEW), homonym=draw(FEW),
            against=draw(FEW), industry=tuple(draw(st.lists(st.sampled_from(INDUSTRIES), max_size=2))),
            distinctive=draw(st.sampled_from(((), (name,)))), ambiguous=draw(st.sampled_from(({}, {name: "a word"}))),
            fame=draw(st.sampled_from((-1.0, -0.3, 0.0, 0.4, 1.0))),
        )  # fmt: skip
    return Catalogue(entities=entities)


@settings(max_examples=150, deadline=None)
@given(catalogues(), st.lists(TEXTS, min_size=1, max_size=10), NETWORKS)
def test_any_catalogue_is_linked_with_alike(catalogue: Catalogue, texts: list[str], network: str) -> None:
    fast, plain = both(catalogue)
    for text in texts:
        assert fast.told(text, network) == plain.told(text, network)
