"""From logits to what a mention carries; the same for every runtime."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.evaluation.metrics import softmax
from models.manifest import Head
from models.scorer import Scores
from pipeline.messages import Label, Sentiment

LABELS: tuple[Label, Label, Label] = ("negative", "neutral", "positive")


def probabilities(logits: NDArray[np.float32], head: Head) -> NDArray[np.float64]:
    """Calibrated probabilities, (texts, labels)."""
    return softmax(np.asarray(logits, np.float64) + np.asarray(head.shift), head.temperature)


def scores(logits: NDArray[np.float32], head: Head) -> list[Scores]:
    """One answer a row of the sentiment head's logits."""
    columns = [head.labels.index(label) for label in LABELS]
    return [sentiment_scores(row, head.sure) for row in probabilities(logits, head)[:, columns]]


def sentiment_scores(row: NDArray[np.float64], sure: float) -> Scores:
    """The answer for probabilities of negative, neutral and positive, in that order."""
    best = int(row.argmax())
    negative, neutral, positive = (min(1.0, max(0.0, float(value))) for value in row)
    return Scores(Sentiment(negative, neutral, positive, LABELS[best], float(row[best]) >= sure))
