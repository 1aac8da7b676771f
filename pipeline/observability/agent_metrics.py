"""Counts what the agents of the networks do, as Prometheus metrics.

An agent that falls silent is seen here first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from pipeline.observability.metrics import Metrics


class CountedAgent:
    """Hooks of `pipeline.ingest.agent` that feed `Metrics`."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def connected(self, agent: str) -> None:
        """The network gives frames."""
        self._metrics.agent_connected.labels(agent).set(1)

    def disconnected(self, agent: str, reason: str) -> None:
        """The connection ended."""
        self._metrics.agent_connected.labels(agent).set(0)
        self._metrics.agent_disconnects.labels(agent, reason).inc()

    def received(self, agent: str, frames: int, behind_seconds: float) -> None:
        """Frames were taken in."""
        self._metrics.agent_frames.labels(agent).inc(frames)
        self._metrics.agent_behind.labels(agent).set(behind_seconds)

    def published(self, agent: str, messages: int) -> None:
        """Kafka has acknowledged messages."""
        self._metrics.agent_published.labels(agent).inc(messages)

    def repeated(self, agent: str, frames: int) -> None:
        """Frames that had been taken in before."""
        self._metrics.agent_repeated.labels(agent).inc(frames)

    def rejected(self, agent: str, code: str) -> None:
        """A frame could not be read."""
        self._metrics.agent_rejected.labels(agent, code).inc()

    def not_stored(self, agent: str, code: str) -> None:
        """A reject was only counted: its reason has had its share of the file."""
        self._metrics.agent_rejects_not_stored.labels(agent, code).inc()

    def gap(self, agent: str, seconds: float) -> None:
        """A span will not come any more."""
        self._metrics.agent_gap_seconds.labels(agent).inc(seconds)
        self._metrics.agent_gaps.labels(agent).inc()

    def waiting(self, agent: str, seconds: float) -> None:
        """The network or a budget wants a rest."""
        self._metrics.agent_waiting.labels(agent).set(seconds)

    def watch_budget(self, network: str, left: Callable[[], Mapping[str, float]]) -> None:
        """Show what is left of a network's budget whenever somebody asks."""
        for kind in left():
            self._metrics.budget_left.labels(network, kind).set_function(partial(_of_kind, left, kind))


def _of_kind(left: Callable[[], Mapping[str, float]], kind: str) -> float:
    return left()[kind]
