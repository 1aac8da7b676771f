"""Scores from logits, the same for every runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray

from models.manifest import Head
from models.scorer import REQUIRED_SIGNALS, SIGNALS, Scores
from pipeline.contracts.mentions import Sentiment, Signals
from pipeline.contracts.values import Label

LABELS: tuple[Label, Label, Label] = ("negative", "neutral", "positive")
SENTIMENT, TARGET, EMOTION = "sentiment", "target", "emotion"
EMBEDDING, SKETCH = "embedding", "sketch"

Outputs = Mapping[str, NDArray[np.float32]]
"""Logits by head, (texts, labels); of `target`, (targets, labels); the embedding, (texts, width), and
its sketch."""


def probabilities(logits: Sequence[float], head: Head) -> list[float]:
    """Calibrated probabilities of a text, one a label.

    Plain floats: with two to four labels a head, numpy takes most of its time to be called.
    """
    scaled = [(value + shift) / head.temperature for value, shift in zip(logits, head.shift, strict=True)]
    top = max(scaled)
    weights = [exp(value - top) for value in scaled]
    whole = sum(weights)
    return [weight / whole for weight in weights]


def scores(outputs: Outputs, heads: Mapping[str, Head], asked: Sequence[Sequence[int | None]]) -> list[Scores]:
    """One answer a text.  `asked` has, for each text, the row of `target` for every target asked about; None for one
    that the text does not name, which gets the sentiment of the post."""
    post = sentiments(outputs[SENTIMENT], heads[SENTIMENT])
    toward = sentiments(outputs[TARGET], heads[TARGET]) if TARGET in outputs and TARGET in heads else None
    signals = _signals(outputs, heads)
    emotions = _emotions(outputs, heads)
    embedding, sketch = outputs.get(EMBEDDING), outputs.get(SKETCH)
    out = []
    for index, rows in enumerate(asked):
        emotion, confidence = emotions[index] if emotions else (None, None)
        out.append(
            Scores(
                post[index],
                tuple(post[index] if row is None or toward is None else toward[row] for row in rows),
                signals[index] if signals else None,
                emotion,
                confidence,
                None if embedding is None else embedding[index],
                None if sketch is None else sketch[index],
            )
        )
    return out


def sentiments(logits: NDArray[np.float32], head: Head) -> list[Sentiment]:
    """What a head for sentiment says, one a row."""
    columns = [head.labels.index(label) for label in LABELS]
    out = []
    for row in _rows(logits, head):
        negative, neutral, positive = found = [row[column] for column in columns]
        height = max(found)
        out.append(Sentiment(negative, neutral, positive, LABELS[found.index(height)], height >= head.sure))
    return out


def _signals(outputs: Outputs, heads: Mapping[str, Head]) -> list[Signals]:
    """One a text; none where a head is missing whose signal every mention has."""
    known = [name for name in SIGNALS if name in outputs and name in heads]
    if not set(REQUIRED_SIGNALS) <= set(known):
        return []
    columns = []
    for name in known:
        yes = heads[name].labels.index("yes")
        columns.append([row[yes] for row in _rows(outputs[name], heads[name])])
    return [Signals(**dict(zip(known, row, strict=True))) for row in zip(*columns, strict=True)]


def _emotions(outputs: Outputs, heads: Mapping[str, Head]) -> list[tuple[str, float]]:
    if EMOTION not in outputs or EMOTION not in heads:
        return []
    labels = heads[EMOTION].labels
    return [(labels[row.index(max(row))], max(row)) for row in _rows(outputs[EMOTION], heads[EMOTION])]


def _rows(logits: NDArray[np.float32], head: Head) -> list[list[float]]:
    return [probabilities(row, head) for row in logits.tolist()]
