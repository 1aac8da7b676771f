"""How well two stories at once are told apart: purity and adjusted Rand index of the narratives of made-up incidents.

    python -m benchmarks.detection.narratives [--choose] [--model FOLDER] [--sample CSV]

Incidents are drawn from `stories.txt`: two stories in varying proportion, interleaved, with a tenth of empty chatter.
Every second story is for choosing the thresholds (`--choose` prints the grid on those alone), the others for judging.
Sketches come from the model's own embedding: as enrich makes them, as the model's `sketch` output has them, and, with
`--sample` (a CSV file with a column `text`), by axes that leave out what all complaints have in common.  Hashed words,
which stand in where there is no sketch, are judged on the same incidents.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.manifest import MODEL, TOKENIZER, verify
from models.runtime.batching import read_tokenizer
from models.runtime.onnx_cpu import open_session
from pipeline.contracts.sketch import Sketch, decode, encode
from pipeline.detect.narratives import clustering
from pipeline.detect.narratives.clustering import assign
from pipeline.detect.narratives.narrative import NarrativeClusters
from pipeline.detect.narratives.vectors import hashed
from pipeline.detect.narratives.vocabulary import PastVocabulary
from pipeline.detect.narratives.words import terms

STORIES = Path(__file__).with_name("stories.txt")
CHATTER = (
    "Same here", "Typical", "Unbelievable", "I have had enough of {name}", "Not surprised at all", "So true",
    "{name} at its best again", "What a joke", "Following this", "Never again {name}", "Wow", "Shame on them",
)  # fmt: skip
INCIDENTS = 40
"""Incidents a pair of stories."""

OUT = 4
"""Principal directions that are left out of a fitted sketch."""

SAMPLE = 1_500

Item = tuple[str, str]
"""A story's name (empty for chatter) and a text."""


def stories(path: Path = STORIES) -> dict[str, list[str]]:
    """The labelled posts, by story, in the order of the file."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            posts = found[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            posts.append(line.format(name="Northwind"))
    return found


def incidents(told: dict[str, list[str]], seed: int) -> Iterator[list[Item]]:
    """Two stories at once, 30 to 70 % of the one, and a tenth of chatter."""
    draw = random.Random(seed)
    for one, other in combinations(told, 2):
        for _ in range(INCIDENTS):
            size = draw.randrange(30, 50)
            first = round(size * draw.uniform(0.3, 0.7))
            items = [(one, text) for text in draw.sample(told[one], min(first, len(told[one])))]
            items += [(other, text) for text in draw.sample(told[other], min(size - first, len(told[other])))]
            items += [("", draw.choice(CHATTER).format(name="Northwind")) for _ in range(size // 10)]
            draw.shuffle(items)
            yield items


def grouped(items: Sequence[Item], vectors: Sequence[Sketch | None], by: str) -> list[int]:
    """The final slot of each item (-1: none), mergers followed."""
    made, slots = NarrativeClusters(), list[int]()
    for t, vector in enumerate(vectors):
        slot, lost = assign(made, vector, by, 1_800_000_000 + 20 * t)
        for old, new in lost:
            slots = [new if known == old else known for known in slots]
        slots.append(slot)
    return slots


def scores(items: Sequence[Item], slots: Sequence[int]) -> tuple[float, float, float, float]:
    """Of the posts that belong to a story: purity and adjusted Rand index (Hubert and Arabie 1985), each post in no
    narrative being alone; the share that is in a narrative of three at least; how many such narratives there are."""
    real = [(story, slot) for (story, _), slot in zip(items, slots, strict=True) if story]
    sizes = Counter(slot for _, slot in real if slot >= 0)
    told = {slot for slot, size in sizes.items() if size >= 3}
    labels = [slot if slot in told else -1 - place for place, (_, slot) in enumerate(real)]
    pairs = Counter(zip((story for story, _ in real), labels, strict=True))
    best = {slot: max(n for (_, s), n in pairs.items() if s == slot) for slot in told}
    inside = sum(sizes[slot] for slot in told)
    purity = sum(best.values()) / inside if inside else 0.0
    rand = adjusted_rand(pairs)
    return purity, rand, inside / len(real), float(len(told))


def adjusted_rand(pairs: Counter[tuple[str, int]]) -> float:
    """Adjusted Rand index from the counts of (story, group)."""
    n = sum(pairs.values())
    rows, columns = Counter[str](), Counter[int]()
    for (story, slot), count in pairs.items():
        rows[story] += count
        columns[slot] += count

    def twos(counts: Counter[object]) -> float:
        return sum(c * (c - 1) / 2 for c in counts.values())

    both, a, b = twos(Counter(pairs)), twos(Counter(rows)), twos(Counter(columns))
    chance = a * b / (n * (n - 1) / 2)
    most = (a + b) / 2
    return (both - chance) / (most - chance) if most != chance else 1.0


class Encoder:
    """The shipped encoder's outputs for texts."""

    def __init__(self, folder: Path) -> None:
        manifest = verify(folder)
        self._tokenizer = read_tokenizer(folder / TOKENIZER, manifest.encoder.max_tokens)
        self._session = open_session(folder / MODEL, 1)
        self.outputs = {output.name for output in self._session.get_outputs()}

    def __call__(self, output: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """That output of each text, as rows."""
        rows = []
        for text in texts:
            ids = np.array([self._tokenizer.encode(text).ids], np.int64)
            nobody = {"spans": np.zeros((0, ids.shape[1]), np.int64), "texts": np.zeros(0, np.int64)}
            rows.append(self._session.run([output], {"ids": ids, "mask": np.ones_like(ids)} | nobody)[0][0])
        return np.array(rows, np.float64)


def axes(embeddings: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean, and axes that show what texts are about: principal directions without the foremost `OUT`, which a
    network for sentiment spends on sentiment (Mu and Viswanath 2018), scaled half-way to equal spread."""
    mean = embeddings.mean(axis=0)
    _, spread, directions = np.linalg.svd(embeddings - mean, full_matrices=False)
    kept = slice(OUT, OUT + 64)
    return mean, directions[kept].T / np.sqrt(spread[kept])


def judge(told: dict[str, list[str]], vectors: dict[str, Sketch | None], by: str, seed: int) -> tuple[float, ...]:
    """Means over incidents: purity, adjusted Rand index, share grouped, narratives."""
    found = [scores(items, grouped(items, [vectors[text] for _, text in items], by)) for items in incidents(told, seed)]
    return tuple(float(x) for x in np.mean(found, axis=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choose", action="store_true", help="print the grid of thresholds, on the choosing stories")
    parser.add_argument("--model", type=Path, default=Path("models/artefact"))
    parser.add_argument("--sample", type=Path, help="CSV file with a column `text`, to fit the projection")
    options = parser.parse_args()
    told = stories()
    choosing, judging = (dict(list(told.items())[start::2]) for start in (0, 1))
    ways = vectors(told, options.model, options.sample)
    if options.choose:
        for way, by, known in ways:
            for limit, few in product((0.08, 0.12, 0.15, 0.18, 0.25, 0.35), (0.0, 0.05, 0.1, 0.15, 0.3)):
                clustering.ALIKE[by] = (limit, few)
                print(way, limit, few, *(f"{x:.2f}" for x in judge(choosing, known, by, 1)))
        return
    print("stories", ", ".join(judging))
    print("by              purity  adjusted Rand  grouped  narratives")
    for way, by, known in ways:
        purity, rand, inside, number = judge(judging, known, by, 2)
        print(f"{way:16}{purity:6.2f}{rand:13.2f}{inside:11.2f}{number:10.1f}")


def vectors(
    told: dict[str, list[str]], model: Path, sample: Path | None
) -> list[tuple[str, str, dict[str, Sketch | None]]]:
    """Ways to tell texts apart: a name, what complaints are grouped by, and each text's vector."""
    texts = sorted({text for posts in told.values() for text in posts} | {c.format(name="Northwind") for c in CHATTER})
    encoder = Encoder(model)
    embeddings = encoder("embedding", texts)
    made = [("sketch of model", [encode(row.tolist()) for row in encoder("sketch", texts)])]
    if sample is not None:
        with sample.open(encoding="utf-8", newline="") as file:
            rows = [row["text"] for row in csv.DictReader(file)][:SAMPLE]
        mean, directions = axes(_unit(encoder("embedding", rows)))
        projected = (_unit(embeddings) - mean) @ directions
        made.append(("sketch, fitted", [encode(row.tolist()) for row in projected]))
    found: list[tuple[str, str, dict[str, Sketch | None]]] = [
        (way, "sketch", {text: decode(sketch or "") for text, sketch in zip(texts, sketches, strict=True)})
        for way, sketches in made
    ]
    past = PastVocabulary()
    for line in CHATTER:
        past.learn(line)
    return [*found, ("words", "words", {text: hashed(terms(text), past) for text in texts})]


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


if __name__ == "__main__":
    main()
