"""The words that speak for an entity, and what they do to a name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.catalogue import Catalogue, Entity
from pipeline.enrich.linking.context import PostContext
from pipeline.enrich.linking.lexicon import PostWords, forms, lexicon_of
from pipeline.enrich.linking.linker import Linker
from pipeline.text.clean import fold


@pytest.mark.parametrize(
    ("word", "met"),
    [("cancel", "cancelled"), ("order", "orders"), ("charge", "charging"), ("delivery", "deliveries"), ("fly", "fly")],
)
def test_words_come_in_forms(word: str, met: str) -> None:
    assert met in forms([word])


def test_short_words_count_only_right_beside() -> None:
    lexicon = lexicon_of(Entity(id="x", name="Quill", against=("the", "feather")))
    assert lexicon.adjacent == {"the"}
    assert lexicon.against == {"feather"}


def test_an_entitys_own_name_says_nothing_for_it() -> None:
    assert "quill" not in lexicon_of(Entity(id="x", name="Quill", cues=("quill", "pen"))).cues


def test_words_of_its_industry_that_are_in_its_name_say_nothing_for_it() -> None:
    assert "burger" in lexicon_of(Entity(id="x", name="Zor Burger", industry=("food",))).named
    assert not lexicon_of(Entity(id="x", name="Zor", industry=("food",))).named


WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=120) | st.text(max_size=120))
def test_words_are_told_apart_alike_in_plain_texts_and_others(text: str) -> None:
    around = PostContext(text, fold(text))
    found = WORDS.findall(around.folded.text)
    assert around.talk.words - {"price"} == {word.removesuffix("'s") for word in found} - {"price"}
    middle = len(around.folded.text) // 2
    before, after = around.near(middle, middle)
    assert len(before) <= 4
    assert after == WORDS.findall(around.folded.text[middle : middle + 45])[:4]


@pytest.mark.parametrize("text", ["two for $3", "£ 2 a cup", "it was 20€"])
def test_a_price_speaks_of_buying(text: str) -> None:
    assert "price" in PostContext(text, fold(text)).talk.words


def test_talk_knows_the_words_of_companies() -> None:
    talk = PostWords(frozenset(["they", "charged", "me", "twice", "and", "support", "hung", "up"]))
    assert talk.dealings == {"charged", "support"}
    assert talk.service == {"support"}


QUILL = {
    "id": "quill", "name": "Quill", "industry": ("software",), "fame": 0.2, "ambiguous": {"quill": "a feather"},
    "cues": ("notebook", "sync"), "homonym": ("porcupine", "feather", "ink"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("quill lost my notebook again, the sync is broken", True),
        ("quill charged me twice", True),
        ("is quill down?", True),
        ("left quill for something cheaper", True),
        ("a porcupine quill in the dog's nose", False),
        ("dip the quill in ink", False),
        ("the quill on the table", False),
    ],
)
def test_cues_homonyms_and_grammar(text: str, linked: bool) -> None:
    linker = Linker(Catalogue(entities={"quill": Entity(**QUILL)}))  # type: ignore[arg-type]
    assert bool(linker.link(text)) is linked


def test_a_rival_named_beyond_doubt_speaks_for_a_name() -> None:
    rival = Entity(id="r", name="Zorbexcloud", industry=("software",))
    linker = Linker(Catalogue(entities={"quill": Entity(**QUILL), "r": rival}))  # type: ignore[arg-type]
    [before] = linker.consider("moving on to quill")
    after = {c.entity.id: c for c in linker.consider("moving on from zorbexcloud to quill")}["quill"]
    assert after.score > before.score


def test_a_name_of_one_letter_needs_much() -> None:
    letter = Entity(id="q", name="Qtwo", aliases=("Q",), ambiguous={"q": "a letter"}, cues=("quartz",), fame=0.5)
    linker = Linker(Catalogue(entities={"q": letter}))
    assert linker.link("see you soon q") == []
    assert [c.surface for c in linker.consider("see you soon q")] == ["q"]


def test_the_letter_is_searched_only_where_the_catalogue_says_that_it_is_doubtful() -> None:
    linker = Linker(Catalogue(entities={"q": Entity(id="q", name="Qtwo", aliases=("Q",))}))
    assert linker.consider("see you soon q") == []
