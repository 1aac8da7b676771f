"""Scorer that gives the same answer for every text, for load tests of everything else."""

from __future__ import annotations

from collections.abc import Sequence

from models.scorer import Reading, Scores
from pipeline.contracts.mentions import ModelRef, Sentiment
from pipeline.contracts.values import Label

_ANSWERS: dict[Label, Sentiment] = {
    "negative": Sentiment(0.9, 0.08, 0.02, "negative", True),
    "neutral": Sentiment(0.1, 0.8, 0.1, "neutral", True),
    "positive": Sentiment(0.02, 0.08, 0.9, "positive", True),
}


class FixedScorer:
    """Answers `label` whatever the text, and toward whomever it is asked about."""

    def __init__(self, label: Label = "neutral") -> None:
        self.ref = ModelRef(name=f"fixed-{label}", version="1")
        self._answer = _ANSWERS[label]

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        """The same answer for each text and target."""
        return [
            Scores(self._answer, () if isinstance(reading, str) else (self._answer,) * len(reading.targets))
            for reading in readings
        ]
