"""Comparisons: what sets two companies against each other, and what merely names both."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.mentions import Mention
from pipeline.enrich.comparison import MAX_CHARACTERS, comparisons
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.state import MemoryStore, State
from tests.support.messages import post, records
from tests.support.scorers import FixedScorer

NAMED = [("a", "Acme"), ("z", "Zorbex")]


@pytest.mark.parametrize(
    "text",
    [
        "Switched from Acme to Zorbex and never looked back",
        "moving to Zorbex from Acme next week",
        "went from acme to zorbex lol",
        "finally ditched Acme for Zorbex",
        "leaving Acme and going to Zorbex",
        "cancelled my Acme and went with Zorbex",
        "swapped acme with zorbex",
        "Acme is better than Zorbex",
        "Acme's app is way more reliable than Zorbex",
        "Zorbex has worse service than Acme",
        "ACME lines are shorter than ZORBEX",
        "i prefer Acme over Zorbex",
        "I'd rather fly Acme than Zorbex",
        "Zorbex instead of Acme from now on",
        "unlike Acme, Zorbex answers the phone",
        "compared to Acme, Zorbex is a joke",
        "Acme vs Zorbex",
        "Acme > Zorbex",
        "Acme is as bad as Zorbex",
        "which is better, Acme or Zorbex?",
        "Acme or Zorbex? which one",
        "Acme beats Zorbex any day",
        "Acme was awful, Zorbex is cheaper",
    ],
)
def test_compared(text: str) -> None:
    assert comparisons(text, NAMED) == {"a": "z", "z": "a"}


@pytest.mark.parametrize(
    "text",
    [
        "Acme and Zorbex are both down",
        "flying Acme to Paris, then Zorbex",
        "I work at Acme. Zorbex called me",
        "Acme and Zorbex announce a partnership",
        "my Acme order came from Zorbex",
        "@Acme @Zorbex please help",
        "Acme delivered the Zorbex phone to my neighbour",
        "used Acme Pay at Zorbex",
        "Acme bought Zorbex for 3 billion",
        "Acme customer service told me to ask Zorbex",
        "Acme never got back to Zorbex",
        "I like Acme and Zorbex",
        "left my Zorbex phone in the Acme store, waited for help",
        "",
    ],
)
def test_merely_named(text: str) -> None:
    assert comparisons(text, NAMED) == {}


def test_a_third_company_stands_in_no_comparison() -> None:
    named = [("a", "Acme"), ("b", "Bolt"), ("z", "Zorbex")]
    text = "paid with Bolt. switched from Acme to Zorbex"
    assert comparisons(text, named) == {"a": "z", "z": "a"}


@given(st.text(), st.lists(st.tuples(st.sampled_from("abcd"), st.text(max_size=6)), max_size=6))
def test_any_text_is_taken(text: str, named: list[tuple[str, str]]) -> None:
    found = comparisons(text, named)
    assert all(found[other] == one for one, other in found.items())


HOSTILE = [
    "switched from acme ", "switched to zorbex from ", "acme better zorbex ", "acme vs zorbex ", "acme, zorbex worse ",
    "which acme or ", "left acme and went ", "prefer acme ", "acme as slow as ", "unlike acme ", "acme; ",
    "from acme to ",
]  # fmt: skip


def fastest(text: str) -> float:
    """Seconds of the processor, the least of three."""
    took = []
    for _ in range(3):
        started = time.process_time()
        comparisons(text, NAMED)
        took.append(time.process_time() - started)
    return min(took)


@pytest.mark.parametrize("piece", HOSTILE)
def test_cost_grows_with_the_length_of_a_hostile_text_and_no_faster(piece: str) -> None:
    """Both companies are in it, so that the patterns are tried at every place: four times the text, not its square."""
    text = (piece * MAX_CHARACTERS)[: MAX_CHARACTERS - 8] + " zorbex"
    assert fastest(text) <= 8.0 * max(fastest(text[-MAX_CHARACTERS // 4 :]), 0.001)


def test_beyond_a_bound_nothing_is_read() -> None:
    text = "x" * MAX_CHARACTERS + " switched from Acme to Zorbex"
    assert comparisons(text, NAMED) == {}
    assert comparisons(text[40:], NAMED) == {"a": "z", "z": "a"}


def test_both_mentions_say_so(linker: Linker) -> None:
    stage = Enrich(linker, FixedScorer())
    texts = ["switched from @Verizon to @TMobile", "@Verizon and @TMobile are both down", "@Verizon is down"]
    told = stage.handle(records([post(n, t) for n, t in enumerate(texts)]), State(MemoryStore(), stage.codec)).publish
    mentions = [msgspec.json.decode(outgoing.value, type=Mention) for outgoing in told]
    verizon, mobile, *others = mentions
    assert (verizon.compared_with, mobile.compared_with) == (mobile.entity.id, verizon.entity.id)
    assert [m.compared_with for m in others] == [None, None, None]
