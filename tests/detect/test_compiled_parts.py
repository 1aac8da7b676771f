"""Compiled modules answer as the plain ones do, call by call, whatever they are asked."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.judgement import FEATURES
from pipeline.detect.narratives.vocabulary import CELLS
from tests.detect.test_compiled import forms as both

pytestmark = [pytest.mark.slow, pytest.mark.compiler, pytest.mark.timeout(900)]

TEXTS = st.text(st.sampled_from("ab'Z \t\n\x1c\x1f\x7f\x85éß…😀\u3000\u2028_9.-@"), max_size=500)
ASCII = st.text(st.sampled_from("abcdXYZ'' _19\n.-"), max_size=80)
NUMBERS = st.lists(st.integers(-127, 127), min_size=64, max_size=64)
PARTS = st.integers(0, 1_000_000)
VALUES = st.sampled_from((-1.5, -0.1, 0.0, 0.1, 0.3, 1e16, float("nan"), float("inf"))) | st.floats(-2.0, 2.0)


def forms(name: str) -> tuple[Any, Any]:
    """A module in both forms; twice the plain one where nothing can be compiled."""
    fast, plain = both()
    return fast.modules[name], plain.modules[name]


def fields(value: Any) -> list[Any] | None:
    """What an object holds, whichever form its class has."""
    if value is None:
        return None
    names = value.__struct_fields__ if hasattr(value, "__struct_fields__") else value.__match_args__
    return [getattr(value, name) for name in names]


@settings(max_examples=500, deadline=None)
@given(TEXTS, st.sampled_from((3, 24, 32, 60, 220, 600)))
def test_texts_are_cut_alike(text: str, most: int) -> None:
    fast, plain = forms("state.quotable_posts")
    assert fast.clip(text, most) == plain.clip(text, most)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.none() | TEXTS)
def test_posts_are_kept_alike(post_id: str, author: str, text: str, url: str | None) -> None:
    fast, plain = forms("state.quotable_posts")
    parts = (post_id, author, text, 1_772_460_300, url, 7)
    assert fields(fast.quotable_post(*parts)) == fields(plain.quotable_post(*parts))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4), st.integers(-1, 2)), max_size=9))
def test_the_same_post_makes_room(posts: list[tuple[int, int, int]]) -> None:
    fast, plain = forms("state.quotable_posts")
    rings: tuple[list[Any], list[Any]] = ([], [])
    for number, (hours, replies, slot) in enumerate(posts * 2):
        for form, ring in zip((fast, plain), rings, strict=True):
            post = form.quotable_post(f"{number}", "somebody", "text", hours * 1800, None, 1)
            post.replies, post.slot = replies, slot
            form.retain_post(ring, post, 7)
        assert [fields(post) for post in rings[0]] == [fields(post) for post in rings[1]]


@settings(max_examples=300, deadline=None)
@given(NUMBERS, NUMBERS, PARTS, PARTS)
def test_vectors_are_alike(a: list[int], b: list[int], p: int, q: int) -> None:
    fast, plain = forms("narratives.vectors")
    first, second = fast.unit(a), fast.unit(b)
    assert (first, second) == (plain.unit(a), plain.unit(b))
    assert fast.product(fast.numbers(first), fast.numbers(second)) == plain.product(
        plain.numbers(first), plain.numbers(second)
    )
    assert fast.united(p, first, q, second) == plain.united(p, first, q, second)


@settings(max_examples=500, deadline=None)
@given(ASCII)
def test_words_are_alike(text: str) -> None:
    fast, plain = forms("narratives.words")
    assert fast.terms(text) == plain.terms(text)


WORDS = st.lists(st.text(st.sampled_from("abé😀'"), min_size=1, max_size=3), max_size=60)


@settings(max_examples=300, deadline=None)
@given(WORDS, st.frozensets(st.sampled_from(("a", "b", "ab", "é"))))
def test_words_are_paired_alike(words: list[str], common: frozenset[str]) -> None:
    fast, plain = forms("narratives.words")
    assert fast.paired(words, common) == plain.paired(words, common)


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=9), WORDS)
def test_words_are_noted_alike(before: bytes, text_words: list[str]) -> None:
    fast, plain = forms("narratives.vocabulary")
    one, other = (bytearray(byte | 0xFC for byte in before) for _ in range(2))
    assert (fast.note(one, text_words), one) == (plain.note(other, text_words), other)


@settings(max_examples=300, deadline=None)
@given(WORDS, WORDS, st.floats(0.0, 300.0))
def test_words_point_alike(known: list[str], text_words: list[str], mentions: float) -> None:
    fast, plain = forms("narratives.vectors")
    pasts = [
        form.PastVocabulary(bytearray(CELLS) if known else bytearray(), mentions)
        for form in forms("narratives.vocabulary")
    ]
    for past in pasts if known else ():
        forms("narratives.vocabulary")[1].note(past.cells, known)
    assert fast.hashed(text_words, pasts[0]) == plain.hashed(text_words, pasts[1])


def test_words_that_are_none_are_refused() -> None:
    fast = forms("narratives.vocabulary")[0]
    with pytest.raises((TypeError, ZeroDivisionError)):
        fast.note(bytearray(), ["word"])
    with pytest.raises((TypeError, AttributeError)):
        fast.note(bytearray(9), [1])


@st.composite
def forests(draw: st.DrawFn) -> tuple[tuple[Any, ...], ...]:
    """Up to 300 small trees laid end to end: feature, threshold, left, right, roots."""
    nodes: list[tuple[int, float, int, int]] = []
    roots = []
    for size in draw(st.lists(st.integers(0, 6), max_size=4)) * draw(st.integers(1, 75)):
        root = len(nodes)
        roots.append(root)
        nodes.append((0, draw(VALUES), 0, 0))
        for _ in range(size):
            leaf = draw(st.sampled_from([k for k in range(root, len(nodes)) if not nodes[k][2]]))
            low, high = draw(st.permutations((len(nodes) - root, len(nodes) + 1 - root)))
            nodes[leaf] = (draw(st.integers(0, 10)), draw(VALUES), low, high)
            nodes += [(0, draw(VALUES), 0, 0), (0, draw(VALUES), 0, 0)]
    return (*(tuple(column) for column in zip(*nodes, strict=True)), tuple(roots)) if nodes else ((), (), (), (), ())


@settings(max_examples=150, deadline=None)
@given(forests(), st.lists(st.tuples(*[VALUES] * 11), min_size=1, max_size=5))
def test_trees_add_up_alike(columns: tuple[tuple[Any, ...], ...], asked: list[tuple[float, ...]]) -> None:
    feature, threshold, left, right, roots = columns
    one, other = (form.Forest(0.25, 0.1, roots, feature, threshold, left, right) for form in forms("evidence.boosted"))
    assert [one.predict(x).hex() for x in asked] == [other.predict(x).hex() for x in asked]


@settings(max_examples=300, deadline=None)
@given(st.tuples(*[st.floats(-9.0, 9.0) | st.sampled_from((float("nan"), float("inf")))] * len(FEATURES)))
def test_the_shipped_trees_add_up_alike(x: tuple[float, ...]) -> None:
    for one, other in zip(*map(shipped_trees, (0, 1)), strict=True):
        assert one.predict(x).hex() == other.predict(x).hex()


@cache
def shipped_trees(form: int) -> list[Any]:
    """The shipped forests in one of the forms."""
    forecast, judgement = forms("incidents.forecast")[form], forms("judgement")[form]
    return [*forecast.shipped().forests.values(), judgement.shipped().forest]


def test_trees_that_make_no_sense_are_refused() -> None:
    forest = forms("evidence.boosted")[0].Forest
    with pytest.raises(IndexError):
        forest(0.0, 1.0, (0,), (0, 0), (1.0, 2.0), (1, 0), (2, 0))  # its right child is nowhere
    with pytest.raises(IndexError):
        forest(0.0, 1.0, (0,), (3, 0, 0), (1.0, 2.0, 3.0), (1, 0, 0), (2, 0, 0)).predict((0.0, 0.0))


STEPS = st.lists(
    st.tuples(st.sampled_from("aaacccrrrrfutmp"), st.integers(0, 400), st.integers(0, 300), st.booleans()),
    min_size=1,
    max_size=600,
)


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_memories_are_alike_and_full_ones_forget_alike(steps: list[tuple[str, int, int, bool]]) -> None:
    kinds = forms("state.memory")
    memories = [kind.Memory() for kind in kinds]
    minute = 29_000_000
    for step, number, passed, flag in steps:
        minute += passed if number < 40 else 0
        answers = [asked(memory, step, number, minute, flag) for memory in memories]
        assert answers[0] == answers[1], (step, number)
    packed = [memory.pack(minute) for memory in memories]
    assert packed[0] == packed[1]
    again = [kind.unpacked(packed[0], minute) for kind in kinds]
    assert [memory.pack(minute) for memory in again] == packed


def asked(memory: Any, step: str, number: int, minute: int, flag: bool) -> object:
    """One thing that is asked of a memory, and what it says."""
    if step == "a":
        return memory.author_weight(number, minute)
    if step == "c":
        return memory.copies(f"text {number} …", minute)
    if step == "r":
        return memory.remember(number, minute, flag, number / 400, number % 3, number % 5)
    if step == "f":
        return fields(memory.delete(number, minute, minute % 7))
    if step == "u":
        return memory.unlearn(f"author {number}")
    if step == "t":
        return fields(memory.recall(number, minute)), memory.mentions(minute)
    return memory.pack(minute)
