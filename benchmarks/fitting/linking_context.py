"""Fits how a model's reading of a post counts as evidence of whom it is about.

    python -m benchmarks.fitting.linking_context FILE...            what it would fit, and how well that separates
    python -m benchmarks.fitting.linking_context FILE... --write    and write the numbers beside the catalogue

It learns from the development part of the posts of our own, without the words that were written for their brands, and
from the names that are ordinary words in tweets in which people marked organisations (CoNLL, the parts for training).
Nothing is learned from the judging part.  The model is the one that the settings name.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.linking.marked_posts import ORGANISATIONS
from benchmarks.linking.marked_posts import read as read_marked
from benchmarks.linking.quality import brands_by_word, judged, plain, read
from models.load import load_scorer
from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linking.calibration import fit
from pipeline.enrich.linking.embeddings import FILE, EmbeddingReader, Fitted, ScorerEmbedder, TopicProjection, excerpt
from pipeline.enrich.linking.linker import READ, Considered, Linker
from pipeline.enrich.linking.reader import Embedder, Question
from pipeline.settings.model import ModelSettings

DIRECTIONS = 10
"""Strongest directions that are taken out of the vectors."""
BACKGROUND = 2_000
"""Posts from which the directions are found."""
RIDGE = 2.0
"""Penalty on the squared weights."""

Floats = NDArray[np.float64]


class Case(NamedTuple):
    """A name that may mean an entity, the evidence of words so far, and whether it does."""

    question: Question
    right: bool


class Part(NamedTuple):
    """Cases with their cosines (company, other; nan where there is none) and evidence."""

    cosines: Floats
    scores: Floats
    right: NDArray[np.bool_]


def ours(linker: Linker) -> Iterator[Case]:
    """Cases of the development part of the posts of our own."""
    posts = read("development")
    brands = brands_by_word(posts)
    for post in posts:
        for one in judged(post, linker.consider(post.text), brands[post.words]):
            yield from _case(linker, post.text, one, one.entity.name == post.about)


def marked(linker: Linker, path: Path) -> Iterator[Case]:
    """Cases of a file in which people marked organisations: right when what is marked is the name and little more."""
    for post in read_marked(path):
        for one in linker.consider(post.text):
            right = any(
                kind in ORGANISATIONS
                and start <= one.start + 1
                and one.end <= end + 1
                and end - start <= one.end - one.start + 4
                for start, end, kind in post.spans
            )
            yield from _case(linker, post.text, one, right)


def _case(linker: Linker, text: str, one: Considered, right: bool) -> Iterator[Case]:
    if one.kind in READ:
        entity = linker.catalogue.entities[one.entity.id]
        yield Case(Question(text, one.start, one.end, entity, one.score), right)


def measured(cases: Sequence[Case], reader: EmbeddingReader) -> Part:
    cosines = [[np.nan if c is None else c for c in reader.cosines(case.question)] for case in cases]
    return Part(np.array(cosines), np.array([c.question.score for c in cases]), np.array([c.right for c in cases]))


def weigh(parts: Sequence[Part], means: Floats) -> Floats:
    """Nats a cosine, company and other, by logistic regression over all parts; each has its own scale of evidence."""
    features, offsets, right = [], [], []
    for number, part in enumerate(parts):
        slope, intercept = fit(part.scores.tolist(), part.right.tolist())
        own = np.zeros((len(part.right), len(parts)))
        own[:, number] = 1.0
        features.append(np.hstack([slope * centred(part.cosines, means), own]))
        offsets.append(slope * part.scores + intercept)
        right.append(part.right)
    x, offset, y = np.vstack(features), np.concatenate(offsets), np.concatenate(right)
    penalty = np.array([RIDGE / 100.0, RIDGE / 100.0] + [1e-6] * len(parts))
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-(offset + x @ weights)))
        gradient = x.T @ (chance - y) + penalty * weights
        weights -= np.linalg.solve((x.T * (chance * (1.0 - chance))) @ x + np.diag(penalty), gradient)
    return np.asarray(weights[:2])


def middle(part: Part) -> Floats:
    """Midway between the mean cosines of right and of wrong: where they speak for neither."""
    sides = np.array([np.nanmean(part.cosines[part.right == side], axis=0) for side in (True, False)])
    return np.asarray(sides.mean(axis=0))


def centred(cosines: Floats, means: Floats) -> Floats:
    """Cosines around their means; 0 where there is none."""
    return np.asarray(np.nan_to_num(cosines - means, nan=0.0))


def area(scores: Floats, right: NDArray[np.bool_]) -> float:
    """Share of pairs, one right and one wrong, that are in order (area under the ROC curve)."""
    good, bad = scores[right][:, None], scores[~right][None]
    return float((good > bad).mean() + 0.5 * (good == bad).mean())


def learn(embedder: Embedder, model: str, files: Sequence[Path]) -> tuple[Fitted, dict[str, object]]:
    catalogue = load_catalogue()
    bare, linker = Linker(plain(catalogue)), Linker(catalogue)
    cases = {"posts of our own": list(ours(bare))} | {path.name: list(marked(linker, path)) for path in files}
    texts = sorted({excerpt(case.question) for some in cases.values() for case in some})[:BACKGROUND]
    mean, directions = TopicProjection.of(
        np.concatenate([embedder.embed([text]) for text in texts]), DIRECTIONS
    ).numbers
    unfitted = Fitted(
        model=model, company=0.0, company_mean=0.0, other=0.0, other_mean=0.0, candidates=0, made_by="",
        mean=_rounded(mean), directions=tuple(_rounded(row) for row in directions),
    )  # fmt: skip
    reader = EmbeddingReader(embedder, unfitted)
    parts = {name: measured(some, reader) for name, some in cases.items()}
    means = np.array([middle(part) for part in parts.values()]).mean(axis=0)
    weights = weigh(list(parts.values()), means)
    fitted = msgspec.structs.replace(
        unfitted, company=round(float(weights[0]), 3), other=round(float(weights[1]), 3),
        company_mean=round(float(means[0]), 4), other_mean=round(float(means[1]), 4),
        candidates=sum(map(len, cases.values())),
        made_by="python -m benchmarks.fitting.linking_context FILE... --write",
    )  # fmt: skip
    told = {
        name: {
            "candidates": len(part.right),
            "right": int(part.right.sum()),
            "in_order_by_words": round(area(part.scores, part.right), 4),
            "and_the_reading": round(area(part.scores + centred(part.cosines, means) @ weights, part.right), 4),
        }
        for name, part in parts.items()
    }
    return fitted, told | {"nats_a_cosine": [fitted.company, fitted.other]}


def _rounded(vector: NDArray[np.float32]) -> tuple[float, ...]:
    return tuple(round(float(value), 5) for value in vector)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    scorer = load_scorer(ModelSettings())
    fitted, told = learn(ScorerEmbedder(scorer), f"{scorer.ref.name} {scorer.ref.version}", args.files)
    if args.write:
        FILE.write_bytes(msgspec.json.encode(fitted) + b"\n")
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
