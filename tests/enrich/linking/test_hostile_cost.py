"""Cost of a post made to be dear: counted in what the model encodes, not in time."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import chain

import pytest

from pipeline.enrich.linking import handles
from pipeline.enrich.linking.embeddings import EmbeddingReader
from pipeline.enrich.linking.linker import READ, Linker
from pipeline.enrich.linking.markers import Markers
from pipeline.enrich.linking.surfaces import compile_surfaces
from pipeline.enrich.stage import Enrich
from pipeline.stages.state import MemoryStore, State
from tests.enrich.linking.counted import Counted, fitted
from tests.support.messages import post, records
from tests.support.scorers import FixedScorer

LENGTH = 1_000
MOST = 10
"""Times the characters that are encoded for an ordinary post of that length."""
MOST_CALLS = 20
"""Calls, most of them with short texts."""


@pytest.fixture(scope="module")
def names(linker: Linker) -> dict[str, list[str]]:
    """Names of the shipped catalogue: all, those that are ordinary words, and those that may stand in a hashtag."""
    table = compile_surfaces(linker.catalogue)
    return {
        "all": list(table.forms),
        "ordinary": [form for form, at in table.forms.items() if any(s.kind in READ for s in table.senses[at])],
        "tags": list(table.compacts),
    }


HOSTILE: dict[str, tuple[str, Callable[[str], str]]] = {
    "names": ("all", lambda name: f"{name} "),
    "ordinary words": ("ordinary", lambda name: f"{name} "),
    "in capitals": ("ordinary", lambda name: f"{name.title()}, "),
    "hashtags": ("tags", lambda name: f"#{name} "),
    "joined": ("tags", lambda name: f"#{name.capitalize()}{name} "),
}


def hostile(names: dict[str, list[str]], how: str, seed: int) -> str:
    which, form = HOSTILE[how]
    rng, text = random.Random(seed), ""
    while len(text) < LENGTH:
        text += form(rng.choice(names[which]))
    return text[:LENGTH]


def encoded(linker: Linker, text: str) -> list[str]:
    """The texts that are encoded for a post that is the first one ever met."""
    embedder, scorer = Counted(), FixedScorer()
    stage = Enrich(Linker(linker.catalogue, EmbeddingReader(embedder, fitted())), scorer)
    stage.handle(records([post(1, text)]), State(MemoryStore(), stage.codec))
    return [*chain(*embedder.calls), *(reading.text for batch in scorer.batches for reading in batch)]


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_post_is_ten_times_as_dear_as_an_ordinary_one_at_most(
    linker: Linker, names: dict[str, list[str]], how: str
) -> None:
    talk = "and nobody there can say where it is or when it comes. " * 9
    [ordinary] = encoded(linker, f"{talk}Ryanair lost my bag again, {talk}")
    for seed in range(3):
        hostile_texts = encoded(linker, hostile(names, how, seed))
        assert sum(map(len, hostile_texts)) <= MOST * len(ordinary)
        assert len(hostile_texts) <= MOST_CALLS


def test_each_of_a_few_companies_in_a_long_post_is_still_read_by_itself(linker: Linker) -> None:
    text = "".join(f"{name} lost my bag. {'and so on and on ' * 25}" for name in ("Ryanair", "Lufthansa", "Verizon"))
    assert len(encoded(linker, text)) == 3


def test_hashtags_are_split_up_to_a_bound(linker: Linker, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = 0

    def split(tag: str, names: object) -> list[handles.Tagged]:
        nonlocal letters
        letters += len(tag)
        return []

    monkeypatch.setattr("pipeline.enrich.linking.markers.split_hashtag", split)
    rng = random.Random(1)
    tags = ["".join(rng.choices("abcdefghij", k=60)) for _ in range(300)]
    list(Markers(compile_surfaces(linker.catalogue)).find(" ".join(f"#{tag}" for tag in tags), "twitter"))
    assert 900 <= letters <= 1_060
