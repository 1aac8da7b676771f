"""The compact embedding: what goes in comes out, and nothing else does."""

from __future__ import annotations

import random
from base64 import b64encode
from math import sqrt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.mentions import Mention
from pipeline.contracts.sketch import DIMENSIONS, LENGTH, cosine, decode, encode


def direction(seed: int) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(0.0, 1.0) for _ in range(DIMENSIONS)]


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.floats(1e-6, 1e6))
def test_the_angle_of_two_texts_is_kept(one: int, other: int, scale: float) -> None:
    a, b = direction(one), [scale * x for x in direction(other)]
    exact = sum(x * y for x, y in zip(a, b, strict=True)) / sqrt(sum(x * x for x in a) * sum(y * y for y in b))
    first, second = decode(encode(a)), decode(encode(b))
    assert first is not None
    assert second is not None
    assert cosine(first, second) == pytest.approx(exact, abs=0.02)


def test_it_fits_the_contract() -> None:
    assert len(encode(direction(1))) == LENGTH
    limit = msgspec.json.schema(Mention)["$defs"]["Mention"]["properties"]["sketch"]["anyOf"][0]["maxLength"]
    assert limit == LENGTH


@pytest.mark.parametrize("vector", [[], [0.0] * DIMENSIONS, [1.0] * 63, [float("nan")] * 64, [float("inf")] * 64])
def test_what_points_nowhere_has_no_sketch(vector: list[float]) -> None:
    with pytest.raises(ValueError, match="a sketch"):
        encode(vector)


@pytest.mark.parametrize(
    "text", ["", "A" * 88, "é" * 88, b64encode(b"x" * 63).decode(), encode(direction(2))[:-1] + "*", "=" * 88]
)
def test_what_is_no_sketch_is_none(text: str) -> None:
    assert decode(text) is None


@given(st.text(max_size=100))
def test_any_text_is_a_sketch_or_none(text: str) -> None:
    assert decode(text) is None or len(text) == LENGTH
