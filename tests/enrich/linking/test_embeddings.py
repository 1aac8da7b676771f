"""The reading of posts by embeddings, with embeddings that are counted by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from models.scorer import Reading, Scores
from pipeline.contracts.mentions import ModelRef, Sentiment
from pipeline.enrich.catalogue import Catalogue, Entity
from pipeline.enrich.linking import embeddings
from pipeline.enrich.linking.embeddings import (
    EmbeddingReader,
    ScorerEmbedder,
    TopicProjection,
    about,
    otherwise,
    reader_of,
    shipped,
)
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.linking.reader import MOST, Question
from tests.enrich.linking.counted import WIDTH, Counted, fitted

SHELL = Entity(
    id="shell", name="Shell", description="oil and gas company", industry=("fuel",),
    ambiguous={"shell": "of an egg, a snail"}, homonym=("beach", "turtle"),
)  # fmt: skip


def question(text: str, entity: Entity = SHELL) -> Question:
    start = max(0, text.lower().find("shell"))
    return Question(text, start, start + 5, entity, 0.0)


def test_a_post_near_to_what_a_company_does_speaks_for_it_and_one_near_to_the_other_meaning_against() -> None:
    reader = EmbeddingReader(Counted(), fitted())
    company, other = reader.nats(
        [question("shell gas company raises oil prices"), question("a shell on the beach, a turtle, a snail")]
    )
    assert company > 0.5
    assert other < -0.5


def test_it_never_says_more_than_it_may() -> None:
    reader = EmbeddingReader(Counted(), fitted(company=1000.0))
    assert reader.nats([question("oil and gas"), question("qwertz")]) == [MOST, -MOST]


def test_an_entity_of_which_nothing_is_known_gets_no_word_on_the_other_meaning() -> None:
    reader = EmbeddingReader(Counted(), fitted(company=0.0))
    assert reader.nats([question("shell", Entity(id="e", name="Shell"))]) == [0.0]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
@settings(deadline=None)
def test_any_text_alone_or_among_others(texts: list[str]) -> None:
    questions = [question(text) for text in texts]
    together = EmbeddingReader(Counted(), fitted()).nats(questions)
    assert together == [EmbeddingReader(Counted(), fitted()).nats([one])[0] for one in questions]
    assert all(abs(nats) <= MOST for nats in together)


@given(st.text(st.characters(), max_size=200), st.integers(0, 200), st.integers(0, 50))
@settings(deadline=None)
def test_a_linker_that_reads_gives_spans_inside_any_text(text: str, at: int, times: int) -> None:
    embedder = Counted()
    linker = Linker(Catalogue(entities={"shell": SHELL}), EmbeddingReader(embedder, fitted()))
    mixed = text[:at] + " shell " * times + text[at:]
    considered = linker.consider(mixed)
    assert [mixed[one.start : one.end] for one in considered] == [one.surface for one in considered]
    assert considered == linker.consider(mixed)


def test_every_text_is_embedded_by_itself_and_each_entity_once() -> None:
    embedder = Counted()
    reader = EmbeddingReader(embedder, fitted())
    reader.nats([question("shell one"), question("shell two"), question("shell one")])
    assert all(len(call) == 1 for call in embedder.calls)
    expected = {"shell one", "shell two", *about(SHELL), *otherwise(SHELL)}
    assert sorted(call[0] for call in embedder.calls) == sorted(expected)


def test_a_changed_entity_is_embedded_anew() -> None:
    reader = EmbeddingReader(Counted(), fitted())
    changed = Entity(id="shell", name="Shell", description="a turtle's home", industry=("leisure",))
    first, second = reader.nats([question("a turtle's home")]), reader.nats([question("a turtle's home", changed)])
    assert first != second


def test_kept_entities_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "MAX_REMEMBERED", 2)
    reader = EmbeddingReader(Counted(), fitted())
    for number in range(5):
        reader.nats([question("shell", Entity(id=f"e{number}", name="Shell"))])
    assert len(reader._sides) == 2


def test_the_strongest_directions_are_taken_out() -> None:
    rng = np.random.default_rng(1)
    mood = rng.normal(size=WIDTH)
    vectors = (rng.normal(size=(200, 1)) * 50 * mood + rng.normal(size=(200, WIDTH)) + 3.0).astype(np.float32)
    topics = TopicProjection.of(vectors, 1)(vectors)
    assert np.allclose(np.linalg.norm(topics, axis=1), 1.0, atol=1e-5)
    assert float(np.abs(topics @ (mood / np.linalg.norm(mood))).max()) < 0.1


class Scored:
    """A scorer whose embeddings are counted; without any when `silent`."""

    def __init__(self, ref: ModelRef, *, silent: bool = False) -> None:
        self.ref = ref
        self._silent = silent

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        rows = Counted().embed([r if isinstance(r, str) else r.text for r in readings])
        fine = Sentiment(0.1, 0.8, 0.1, "neutral", True)
        return [Scores(fine, embedding=None if self._silent else row) for row in rows]


def test_a_model_is_read_with_its_own_numbers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "shipped", fitted)
    assert reader_of(Scored(ModelRef("counted", "1"))) is not None
    with capture_logs() as logs:
        assert reader_of(Scored(ModelRef("counted", "2"))) is None
        assert reader_of(Scored(ModelRef("counted", "1"), silent=True)) is None
    assert [line["model"] for line in logs] == ["counted 2", "counted 1"]
    with pytest.raises(ValueError, match="no embeddings"):
        ScorerEmbedder(Scored(ModelRef("counted", "1"), silent=True)).embed(["a"])


def test_the_shipped_numbers_can_be_used() -> None:
    numbers = shipped()
    assert numbers.company > 0.0 > numbers.other
    assert {len(row) for row in (numbers.mean, *numbers.directions)} == {len(numbers.mean)}
    assert numbers.candidates > 1000
