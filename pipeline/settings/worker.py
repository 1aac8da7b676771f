"""The [worker] and [metrics] sections: batches, commits, and where a worker shows health."""

from __future__ import annotations

from pydantic import Field

from pipeline.settings.section import Section


class WorkerSettings(Section):
    """How workers read and when they give up."""

    batch: int = Field(default=256, ge=1, le=10_000)
    within: float = Field(default=0.05, gt=0.0, le=10.0)
    """Seconds to wait for a batch to fill."""
    commit_seconds: float = Field(default=0.5, gt=0.0, le=60.0)
    """Seconds between commits.  What was published since comes again after a crash, and counts once all the same."""
    stuck_seconds: float = Field(default=120.0, gt=1.0)
    """A worker that makes no progress for so long, with work waiting, ends with status 70."""
    waiting_seconds: float = Field(default=300.0, gt=1.0)
    """A worker that has waited for so long for something outside (broker, index, readers) is not healthy any more: its
    `/healthz` says for what.  It goes on waiting."""


class MetricsSettings(Section):
    """Where `/metrics` and `/healthz` listen; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
