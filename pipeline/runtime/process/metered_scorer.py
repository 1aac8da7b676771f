"""Wraps a scorer with Prometheus metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence

from models.scorer import Reading, Scorer, Scores
from pipeline.observability.metrics import Metrics


class MeteredScorer:
    """A scorer that notes how many posts it read and how long that took."""

    def __init__(self, scorer: Scorer, metrics: Metrics) -> None:
        self.ref = scorer.ref
        self._scorer = scorer
        self._metrics = metrics

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        """As the scorer inside."""
        started = time.monotonic()
        scores = self._scorer.score(readings)
        self._metrics.model_seconds.observe(time.monotonic() - started)
        self._metrics.model_posts.inc(len(readings))
        return scores
