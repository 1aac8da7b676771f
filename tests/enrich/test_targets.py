"""What the model is asked about: the entity's name in the text that it reads, which is not the post's text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.scorer import Reading, Scores
from pipeline.contracts.mentions import Mention
from pipeline.contracts.posts import Post
from pipeline.contracts.sketch import sketch_of
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.enrich.targets import MOST, Questions, places, sentiment_toward
from pipeline.stages.state import MemoryStore, State
from pipeline.text.clean import MODEL_CHARACTERS, clean
from tests.support.messages import post, records, reply
from tests.support.scorers import BAD, FINE, FixedScorer


@pytest.mark.parametrize(
    ("text", "surface", "named"),
    [
        ("Delta lost my bag", "Delta", ["Delta"]),
        ("@Delta lost my bag, shame on Delta", "@Delta", ["@Delta", "Delta"]),
        ("Delta lost it. the delta variant", "Delta", ["Delta"]),
        ("target closed, targets and my_target", "target", ["target"]),
        ("#BoycottDelta now", "#BoycottDelta", ["#BoycottDelta"]),
        ("<b>Delta</b> &amp; <i>co</i>", "Delta", ["Delta"]),
        ("AT&amp;T is down", "AT&amp;T", ["AT&T"]),
        ("my L&#39;Or\u00e9al", "L&#39;Or\u00e9al", ["L'Or\u00e9al"]),
        ("Nestl\u00c3\u00a9 is bad", "Nestl\u00c3\u00a9", ["Nestl\u00e9"]),
        ("\u24b9elta zer\u200bo", "\u24b9elta", ["Delta"]),
        ("De\u200blta is late", "De\u200blta", ["Delta"]),
        ("see https://delta.com/x", "https://delta.com/x", []),
        ("see www.delta.com", "www.delta.com", []),
        ("RT @Delta: sorry", "@Delta", []),  # what is shared is read, and not by whom
        ("> Delta\nawful", "", []),
        ("", "Delta", []),
        ("anything", "", []),
        ("anything", "@", []),
        ("DeltaDeltaDelta", "Delta", []),
    ],
)
def test_where_a_text_names_an_entity(text: str, surface: str, named: list[str]) -> None:
    read = clean(text)
    assert [read[start:end] for start, end in places(read, surface)] == named


def test_places_are_bounded() -> None:
    assert len(places("Delta " * 500, "Delta")) == MOST


@given(st.text(), st.text(max_size=20))
def test_places_of_any_words_in_any_text_lie_in_it(text: str, surface: str) -> None:
    read = clean(text)
    ends = 0
    for start, end in places(read, surface):
        assert ends <= start < end <= len(read)
        ends = end


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_name_that_stands_free_is_found_after_clean_up(before: str, after: str) -> None:
    read = clean(f"{before[:20]} Zorbexium {after}")
    found = [read[start:end] for start, end in places(read, "Zorbexium")]
    assert found != [] or "Zorbexium" not in read.split()


def test_a_text_is_read_once_for_all_that_it_names() -> None:
    questions = Questions()
    one, other = ((0, 3),), ((5, 8), (9, 12))
    asked = [("a", one), ("a", other), ("b", ()), ("a", one), ("a", ()), ("b", other)]
    answers = [questions.ask(text, target) for text, target in asked]
    assert questions.readings() == [Reading("a", (one, other)), Reading("b", (other,))]
    assert [tuple(place) for place in answers] == [(0, 0), (0, 1), (1, None), (0, 0), (0, None), (1, 0)]


def test_a_model_without_a_head_for_targets_answers_for_the_post() -> None:
    assert sentiment_toward(Scores(BAD), 1) is BAD
    assert sentiment_toward(Scores(BAD, (FINE,)), 0) is FINE
    assert sentiment_toward(Scores(BAD, (FINE,)), None) is BAD


def mentions(linker: Linker, posts: Sequence[Post], scorer: Any = None) -> list[Mention]:
    stage = Enrich(linker, scorer or FixedScorer())
    told = stage.handle(records(posts), State(MemoryStore(), stage.codec)).publish
    return [msgspec.json.decode(outgoing.value, type=Mention) for outgoing in told]


def test_two_companies_in_one_post_have_their_own_sentiments(linker: Linker) -> None:
    scorer = FixedScorer()
    both = mentions(linker, [post(1, "Ryanair is bad. I am happy with @Delta these days.")], scorer)
    assert {m.entity.name: m.sentiment.label for m in both} == {"Ryanair": "negative", "Delta Air Lines": "neutral"}
    [[reading]] = scorer.batches
    assert [reading.text[start:end] for target in reading.targets for start, end in target] == ["Ryanair", "@Delta"]


def test_who_is_inherited_is_felt_about_as_the_post_feels(linker: Linker) -> None:
    scorer = FixedScorer()
    thread = [post(1, "@Delta lost my bag"), reply(2, "they are bad. so bad.", 1, 1)]
    assert [m.sentiment.label for m in mentions(linker, thread, scorer)] == ["neutral", "negative"]
    assert [one.targets for one in scorer.batches[0]] == [(((0, 6),),), ()]


def test_of_a_long_post_the_parts_that_name_the_entity_are_read(linker: Linker) -> None:
    scorer = FixedScorer()
    filler = "and then we went on with the rest of our day as planned. " * 30
    text = f"{filler}Ryanair lost my bag. {filler}Ryanair is bad. {filler}@Delta was fine. {filler}"
    told = mentions(linker, [post(1, text)], scorer)
    assert {m.entity.name for m in told} == {"Ryanair", "Delta Air Lines"}
    by_name = {r.text[t[0][0] : t[0][1]]: r for r in scorer.batches[0] for t in r.targets}
    first = by_name["Ryanair"]
    assert "Ryanair lost my bag" in first.text
    assert "Ryanair is bad" in first.text
    assert "Delta" not in first.text
    assert len(first.targets[0]) == 2
    assert "@Delta was fine" in by_name["@Delta"].text
    assert all(len(one.text) <= MODEL_CHARACTERS for one in scorer.batches[0])
    assert all(m.text == text for m in told)


@pytest.mark.parametrize(
    "vector", [None, np.zeros(64, np.float32), np.full(64, np.nan, np.float32), np.ones(8, np.float32)]
)
def test_nothing_gives_no_sketch(vector: Any) -> None:
    assert sketch_of(vector) is None


class Embedding(FixedScorer):
    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        return [msgspec.structs.replace(s, sketch=np.ones(64, np.float32)) for s in super().score(readings)]


def test_a_mention_carries_the_sketch_of_its_text(linker: Linker) -> None:
    [mention] = mentions(linker, [post(1, "Ryanair is late")], Embedding())
    assert mention.sketch == sketch_of(np.ones(64, np.float32))
    assert mentions(linker, [post(1, "Ryanair is late")])[0].sketch is None
