"""Texts of a kind that the model was not trained for are told apart, and never sure."""

from __future__ import annotations

import random
import time
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.mentions import Mention
from pipeline.contracts.values import Untrained
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.state import MemoryStore, State
from pipeline.text.out_of_domain import LONG, untrained
from tests.enrich.paging import by, quiet, reported
from tests.support.messages import START, post, records
from tests.support.scorers import FixedScorer

SENTENCE = "They cancelled my flight and nobody at the desk could say why. "
PYTHON = "for row in rows:\n    if row['id'] == 3 and (x[0] <= y[1]):\n        out[row['id']] = {'a': [1, 2]}\n"
JAVASCRIPT = "const f = (a) => { return a.map(x => x[0]); };\nwindow.onload = () => { f([[1],[2]]); };"
MARKUP = '{"status":"error","items":[{"id":7,"ok":false}],"next":"x=1;y=2"}'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("@Delta lost my bag", None),
        ("worst app ever!!! 😡😡 #fail", None),
        ("no", None),
        ("<p>so <b>slow</b></p>", None),
        ("I <3 you guys ;) [update] {edit} it works", None),
        ("\u003e:( >:( ;( =( why", None),
        ("total = 30 days; refund = none. thanks @Delta", None),
        ("#BoycottDelta", None),
        ("#BoycottDelta #Delta", None),
        ("never again #Delta #fail #angry", None),
        (SENTENCE * 20, None),
        ("", "no_words"),
        ("   ", "no_words"),
        ("\U0001f621\U0001f621\U0001f621", "no_words"),
        ("@Delta \U0001f44e", "no_words"),
        ("https://example.com/a/b?c=d", "no_words"),
        ("@Delta @friend https://example.com www.example.com/long/path", "no_words"),
        ("10/10", "no_words"),
        ("?!?!", "no_words"),
        ("<br><img src=x>", "no_words"),
        ("#Delta #travel #airport #monday", "hashtags"),
        ("wow #Delta #travel #airport #monday #x1", "hashtags"),
        (PYTHON, "code"),
        (JAVASCRIPT, "code"),
        (MARKUP, "code"),
        ("try this: " + MARKUP, "code"),
        ("mi pedido nunca lleg\u00f3 y nadie contesta el tel\u00e9fono", "language"),
        ("\u5ba2\u670d\u592a\u5dee", "language"),
        ("\u5dee", "language"),
        (SENTENCE * 40, "long"),
    ],
)
def test_kinds_of_text(text: str, why: str | None) -> None:
    lang = "es" if "pedido" in text else "zh" if "\u5dee" in text else "en"
    assert untrained(lang, text) == why


def test_what_a_person_writes_at_length_is_an_article_from_some_length_on() -> None:
    words = SENTENCE * 100
    assert untrained("en", words[:LONG]) is None
    assert untrained("en", words[: LONG + 1]) == "long"
    assert untrained("es", words) == "language"


@given(st.text(max_size=300), st.none() | st.text(max_size=8))
def test_any_text_is_taken(text: str, lang: str | None) -> None:
    assert untrained(lang, text) in {None, *get_args(Untrained)}


@pytest.mark.parametrize("piece", ["#a ", "@a ", "http://", "{", "<b", "&amp;", "www.", "\U0001f621"])
def test_hostile_texts_take_no_long_time(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    started = time.process_time()
    untrained(None, text)
    assert time.process_time() - started < 0.2


def test_such_a_mention_is_published_but_never_sure(linker: Linker) -> None:
    stage = Enrich(linker, FixedScorer())
    texts = ["@Ryanair is bad", "@Ryanair \U0001f44e", "#Ryanair #bad #worse #worst", "@Ryanair " + MARKUP]
    told = stage.handle(records([post(n, t) for n, t in enumerate(texts)]), State(MemoryStore(), stage.codec)).publish
    mentions = [msgspec.json.decode(outgoing.value, type=Mention) for outgoing in told]
    assert [(m.untrained, m.sentiment.sure) for m in mentions] == [
        (None, True),
        ("no_words", False),
        ("hashtags", False),
        ("code", False),
    ]


SPANISH = ("pedido", "nunca", "llegó", "nadie", "contesta", "teléfono", "cobro", "dinero", "tienda", "espera", "semana")
ENGLISH = ("order", "never", "came", "nobody", "answers", "phone", "charge", "money", "store", "waiting", "week")


@pytest.mark.parametrize(
    ("text", "why", "calls"),
    [
        ("Zorbexium {0} {1} {2} {3} {4} and so bad, what a shame it is", None, True),
        (
            "Zorbexium {5} {6} {7} {8} {9} y la verdad es que llevo dos horas esperando, una vergüenza, bad",
            "language",
            False,
        ),
        ("#Zorbexium #{0} #{1} #{2} #bad", "hashtags", False),
        ("Zorbexium {0}[{1}] = {{'{2}': <bad>}}; {{x: [{3}]}};", "code", False),
    ],
)
def test_it_never_calls_anybody_by_itself(text: str, why: str | None, calls: bool) -> None:
    """150 negative posts in an hour, by as many people in their own words."""
    rng = random.Random(7)
    before = list(quiet(rng, 15.0, 60.0))
    start = (before[-1].created_at - START).total_seconds() + 60.0
    crowd = [text.format(*rng.sample(ENGLISH, 5), *rng.sample(SPANISH, 5)) for _ in range(150)]
    posts = [by(n, t, start + 24.0 * (n + rng.random()), "c") for n, t in enumerate(crowd)]
    mentions, events = reported([*before, *posts])
    assert {(m.untrained, m.sentiment.label, m.sentiment.sure) for m in mentions[-150:]} == {
        (why, "negative", why is None)
    }
    assert any(e.pageable for e in events) is calls
