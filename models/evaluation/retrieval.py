"""Retrieval test of embeddings: recall and rank of each text's paraphrase.

This is what linking and narratives need of them.

One text of each group asks, another one of it is to be found among one text of every group, by cosine.  Compared before
and after fine-tuning, on groups that were not trained on.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.figures import Retrieval
from models.scorer import Scorer
from pipeline.errors import TerminalError

WORDS = 5
"""Least words of a text that can be recognised among others."""

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to (texts, width); of any length, they are made equally long here."""


def retrieval(embed: Embed, pairs: Sequence[tuple[str, str]], *, encoder: str, data: str) -> Retrieval:
    """Recall at 1 and mean reciprocal rank (0–1) of each pair's second text, asked for by the first, among the second
    texts of all.  Ties count against the encoder."""
    asking, asked = (_unit(embed([pair[side] for pair in pairs])) for side in (0, 1))
    likeness = asking @ asked.T
    own = np.diag(likeness)[:, None]
    ranks = (likeness >= own).sum(axis=1)
    return Retrieval(
        encoder,
        data,
        len(pairs),
        round(float(np.mean(ranks == 1)), 4),
        round(float(np.mean(1.0 / ranks)), 4),
    )


def scorer_embeds(scorer: Scorer) -> Embed:
    """The embedding that a model gives beside its answers.

    Raises `TerminalError` when it gives none.
    """

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [scores.embedding for scores in scorer.score(texts)]
        if any(row is None for row in rows):
            raise TerminalError("gives no embedding", subject=scorer.ref.name, todo="Name another artefact")
        return np.asarray(rows, np.float32)

    return embed


def read_groups(path: Path, label: str = "") -> dict[str, list[str]]:
    """Texts by group, from a CSV file, maybe gzipped, with the columns `group_id` and `text`; with a `label`, those
    whose column `label` says so.

    Raises `TerminalError` when the file is not like that.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    groups: dict[str, list[str]] = {}
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if missing := {"group_id", "text"} - set(reader.fieldnames or ()):
                raise TerminalError(f"has no column {', '.join(sorted(missing))}", subject=str(path))
            for row in reader:
                if not label or row.get("label") == label:
                    groups.setdefault(row["group_id"], []).append(row["text"] or "")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TerminalError(f"cannot be read: {error}", subject=str(path)) from None
    return groups


def pairs_of(groups: Mapping[str, Sequence[str]], most: int, *, seed: int = 1) -> list[tuple[str, str]]:
    """The two texts of each of `most` groups that share the fewest of their words, groups drawn by a seed; texts of
    fewer than `WORDS` words are passed over, and groups without two of more."""
    random = np.random.default_rng(seed)
    found = [_farthest(texts) for _, texts in sorted(groups.items())]
    pairs = [pair for pair in found if pair is not None]
    return [pairs[index] for index in sorted(random.permutation(len(pairs))[:most].tolist())]


def _farthest(texts: Sequence[str]) -> tuple[str, str] | None:
    words = {text: set(text.lower().split()) for text in texts if len(text.split()) >= WORDS}
    pairs = [(a, b) for a, b in combinations(words, 2) if words[a] != words[b]]
    return min(pairs, key=lambda p: len(words[p[0]] & words[p[1]]) / len(words[p[0]] | words[p[1]]), default=None)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
