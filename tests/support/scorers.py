"""A linker over the shipped catalogue, and a scorer that remembers what it read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from models.scorer import Reading, Scores, Target
from pipeline.contracts.mentions import ModelRef, Sentiment
from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linking.linker import Linker

BAD, FINE = Sentiment(0.9, 0.05, 0.05, "negative", True), Sentiment(0.1, 0.8, 0.1, "neutral", True)


class FixedScorer:
    """Negative for a text with "bad" in it, else neutral; toward whom a text names, by the sentence that names them.
    Keeps the readings that it was given, by batches."""

    ref = ModelRef("fixed", "1")

    def __init__(self) -> None:
        self.batches: list[list[Reading]] = []

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        given = [Reading(one) if isinstance(one, str) else one for one in readings]
        self.batches.append(given)
        return [Scores(_felt(one.text), tuple(_toward(one.text, target) for target in one.targets)) for one in given]


def _felt(text: str) -> Sentiment:
    return BAD if "bad" in text else FINE


def _toward(text: str, target: Target) -> Sentiment:
    if not target:
        return _felt(text)
    start, end = target[0]
    return _felt(text[text.rfind(". ", 0, start) + 1 : text.find(". ", end) % (len(text) + 1)])


@pytest.fixture(scope="session")
def linker() -> Linker:
    return Linker(load_catalogue())


@pytest.fixture
def scorer() -> FixedScorer:
    return FixedScorer()
