"""From logits to what a mention carries; the same for every runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics import softmax
from models.manifest import Head
from models.scorer import Scores
from pipeline.messages import Label, Sentiment, Signals

LABELS: tuple[Label, Label, Label] = ("negative", "neutral", "positive")
SIGNALS = ("offensive", "hate", "irony", "complaint", "question", "praise")
SENTIMENT, TARGET, EMOTION = "sentiment", "target", "emotion"
EMBEDDING, SKETCH = "embedding", "sketch"

Outputs = Mapping[str, NDArray[np.float32]]
"""Logits by head, (texts, labels); of `target`, (targets, labels); the embedding, (texts, width), and
its sketch."""


def probabilities(logits: NDArray[np.float32], head: Head) -> NDArray[np.float64]:
    """Calibrated probabilities, (texts, labels)."""
    return softmax(np.asarray(logits, np.float64) + np.asarray(head.shift), head.temperature)


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
    return [sentiment(row, head.sure) for row in probabilities(logits, head)[:, columns]]


def sentiment(row: NDArray[np.float64], sure: float) -> Sentiment:
    """The answer for probabilities of negative, neutral and positive, in that order."""
    best = int(row.argmax())
    negative, neutral, positive = (min(1.0, max(0.0, float(value))) for value in row)
    return Sentiment(negative, neutral, positive, LABELS[best], float(row[best]) >= sure)


def _signals(outputs: Outputs, heads: Mapping[str, Head]) -> list[Signals]:
    """One a text; none where a head is missing."""
    if not all(name in outputs and name in heads for name in SIGNALS):
        return []
    columns = [
        probabilities(outputs[name], heads[name])[:, heads[name].labels.index("yes")].clip(0.0, 1.0).tolist()
        for name in SIGNALS
    ]
    return [Signals(*row) for row in zip(*columns, strict=True)]


def _emotions(outputs: Outputs, heads: Mapping[str, Head]) -> list[tuple[str, float]]:
    if EMOTION not in outputs or EMOTION not in heads:
        return []
    head = heads[EMOTION]
    return [(head.labels[int(row.argmax())], float(row.max())) for row in probabilities(outputs[EMOTION], head)]
