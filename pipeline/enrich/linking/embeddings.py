"""Context reader by embeddings: the post against the company and its name's other meaning.

The embeddings come from the model that reads the posts anyway.  It was trained for sentiment, so that two thirds of
what its vectors vary by is mood; the mean and the strongest directions are therefore taken out before vectors are
compared (all-but-the-top, Mu & Viswanath 2018).  What is left is a matter of topic.  Two cosines, to the company and to
the other meaning, become nats by weights that are fitted for one model, and used with that model only.

The numbers are data, made by `python -m benchmarks.fitting.linking_context FILE... --write`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from models.scorer import Scorer
from pipeline.enrich.catalogue.entities import Entity
from pipeline.enrich.catalogue.industries import INDUSTRY_WORDS
from pipeline.enrich.linking.reader import MOST, Embedder, Question

FILE = Path(__file__).parents[1] / "catalogue" / "data" / "meaning.json"
REACH = 300
"""Characters to each side of a name that are read."""
WORDS = 60
"""Words of an industry, cues and words of another meaning that stand for it."""
MOST_READ = 3_000
"""Characters that are read for the questions on one post: what stands around the names, and what the catalogue says of
each company, whether it was met before or not (so that the answer does not depend on that)."""
MAX_REMEMBERED = 4096
"""Entities whose vectors are kept: some 12 MB; beyond that the oldest are worked out anew when they are met."""

Vector = NDArray[np.float32]
log = structlog.get_logger()


class Fitted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was fitted for a model: `mean` and `directions` are taken out of its vectors; nats are
    `company` * (cosine to the company - `company_mean`) + `other` * (cosine to the other meaning - `other_mean`)."""

    model: str
    company: float
    company_mean: float
    other: float
    other_mean: float
    candidates: int
    made_by: str
    mean: tuple[float, ...]
    directions: tuple[tuple[float, ...], ...]


class Sides(NamedTuple):
    """Vectors of length one for a company and for what else its name means; None where the catalogue says nothing."""

    company: Vector | None
    other: Vector | None


@cache
def shipped() -> Fitted:
    """The numbers of the shipped model."""
    return msgspec.json.decode(FILE.read_bytes(), type=Fitted)


def reader_of(scorer: Scorer) -> EmbeddingReader | None:
    """The reader over a model; None, with a line in the log, where it was fitted for another or has no embeddings."""
    model, fitted = f"{scorer.ref.name} {scorer.ref.version}", shipped()
    if fitted.model != model:
        log.info("linking without the model's reading, which was fitted for another", model=model, fitted=fitted.model)
        return None
    if scorer.score([""])[0].embedding is None:
        log.info("linking without the model's reading, since it gives no embeddings", model=model)
        return None
    return EmbeddingReader(ScorerEmbedder(scorer), fitted)


class EmbeddingReader:
    """Keeps to `pipeline.enrich.linking.reader.ContextReader`.

    Every text is embedded by itself, so that the numbers do not depend on what else is asked.  Entities are embedded
    when they are first met; `MAX_REMEMBERED` of them are remembered.  Of the questions on one post the first is
    answered, and those after it as far as `MOST_READ` goes; on the others it knows nothing.
    """

    def __init__(self, embedder: Embedder, fitted: Fitted) -> None:
        self._embedder = embedder
        self._fitted = fitted
        self._topic = TopicProjection(np.asarray(fitted.mean, np.float32), np.asarray(fitted.directions, np.float32))
        self._sides: dict[str, tuple[Entity, Sides]] = {}

    def nats(self, questions: Sequence[Question]) -> list[float]:
        """One log-odds term a question, within `MOST` either way."""
        posts: dict[str, Vector] = {}
        budgets: dict[str, _Budget] = {}
        out = []
        for question in questions:
            text = excerpt(question)
            if not budgets.setdefault(question.text, _Budget()).allows(text, question.entity):
                out.append(0.0)
                continue
            post = posts.get(text)
            if post is None:
                post = posts[text] = self._embed([text])[0]
            out.append(self._answer(post, self._known(question.entity)))
        return out

    def cosines(self, question: Question) -> tuple[float | None, float | None]:
        """How near a post is to the company and to the other meaning, from -1 to 1; what the weights are fitted on."""
        post, sides = self._embed([excerpt(question)])[0], self._known(question.entity)
        return _cosine(post, sides.company), _cosine(post, sides.other)

    def _answer(self, post: Vector, sides: Sides) -> float:
        fitted = self._fitted
        company, other = _cosine(post, sides.company), _cosine(post, sides.other)
        said = 0.0 if company is None else fitted.company * (company - fitted.company_mean)
        said += 0.0 if other is None else fitted.other * (other - fitted.other_mean)
        return max(-MOST, min(MOST, said))

    def _known(self, entity: Entity) -> Sides:
        remembered = self._sides.get(entity.id)
        if remembered is not None and remembered[0] is entity:
            return remembered[1]
        sides = Sides(self._middle(about(entity)), self._middle(otherwise(entity)))
        if len(self._sides) >= MAX_REMEMBERED:
            del self._sides[next(iter(self._sides))]
        self._sides[entity.id] = entity, sides
        return sides

    def _middle(self, texts: Sequence[str]) -> Vector | None:
        return _unit(self._embed(texts).mean(axis=0)) if texts else None

    def _embed(self, texts: Sequence[str]) -> Vector:
        return self._topic(np.concatenate([self._embedder.embed([text]) for text in texts]))


class _Budget:
    """What may still be read for one post; equal questions cost once."""

    def __init__(self) -> None:
        self._read: set[str] = set()
        self._left = MOST_READ

    def allows(self, text: str, entity: Entity) -> bool:
        """Whether the texts of a question may be read, which are then paid for."""
        wanted = {text, *about(entity), *otherwise(entity)} - self._read
        cost = sum(map(len, wanted))
        if self._read and cost > self._left:
            return False
        self._read |= wanted
        self._left -= cost
        return True


class ScorerEmbedder:
    """The embeddings that a scorer gives with its answers; keeps to `pipeline.enrich.linking.reader.Embedder`."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    def embed(self, texts: Sequence[str]) -> Vector:
        """Raises `ValueError` for a scorer that gives no embeddings."""
        found = [scores.embedding for scores in self._scorer.score(list(texts))]
        vectors = [vector for vector in found if vector is not None]
        if len(vectors) < len(found):
            raise ValueError(f"{self._scorer.ref.name} gives no embeddings")
        return np.stack(vectors)


class TopicProjection:
    """Takes out of vectors what all have in common and what they vary by most; gives vectors of length one."""

    def __init__(self, mean: Vector, directions: Vector) -> None:
        self._mean = mean
        self._directions = directions

    @classmethod
    def of(cls, vectors: Vector, directions: int) -> TopicProjection:
        """For vectors like these, so many directions."""
        mean = vectors.mean(axis=0)
        return cls(mean, np.linalg.svd(vectors - mean, full_matrices=False)[2][:directions])

    @property
    def numbers(self) -> tuple[Vector, Vector]:
        """The mean and the directions."""
        return self._mean, self._directions

    def __call__(self, vectors: Vector) -> Vector:
        centred = vectors - self._mean
        return _unit(centred - (centred @ self._directions.T) @ self._directions)


def excerpt(question: Question) -> str:
    """The part of a post that is read: what stands around the name."""
    text = question.text[max(0, question.start - REACH) : question.end + REACH]
    return text.encode("utf-8", "replace").decode()


def about(entity: Entity) -> list[str]:
    """Texts about a company: what the catalogue says it is and sells, how people talk of its industry and of it."""
    texts = [f"{entity.name}: {entity.description} {', '.join(entity.products[:8])} {' '.join(entity.industry)}"]
    words = [w for name in entity.industry for w in sorted(INDUSTRY_WORDS.get(name, ()))]
    return texts + [" ".join(some[:WORDS]) for some in (words, entity.cues) if some]


def otherwise(entity: Entity) -> list[str]:
    """Texts about what else its name means."""
    notes = "; ".join(entity.ambiguous.values())
    return [text for text in (notes, " ".join(entity.homonym[:WORDS])) if text]


def _unit(vectors: NDArray[np.floating[Any]]) -> Vector:
    length = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return np.asarray(vectors / length, np.float32)


def _cosine(left: Vector, right: Vector | None) -> float | None:
    return None if right is None else float(left @ right)
