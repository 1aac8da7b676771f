"""Whether embeddings find the paraphrase of a text: what linking and narratives ask of them.

One text of each group asks, another one of it is to be found among one text of every group, by cosine.  Compared before
and after fine-tuning, on groups that were not trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from models.evaluation.figures import Retrieval
from models.scorer import Scorer
from pipeline.errors import TerminalError

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


def pairs_of(groups: dict[str, list[str]], most: int, *, seed: int = 1) -> list[tuple[str, str]]:
    """Two different texts of each of `most` groups, drawn by a seed; groups without two are passed over."""
    random = np.random.default_rng(seed)
    usable = [list(dict.fromkeys(texts)) for _, texts in sorted(groups.items())]
    usable = [texts for texts in usable if len(texts) > 1]
    chosen = sorted(random.permutation(len(usable))[:most].tolist())
    return [tuple(usable[index][place] for place in random.permutation(len(usable[index]))[:2]) for index in chosen]


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
