"""The [enrich] section: the catalogue, and how long threads are remembered."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from pipeline.settings.section import Section


class EnrichSettings(Section):
    """Linking and threads."""

    catalogue: Path | None = None
    """Folder or file of an own catalogue, beside the shipped one; `catalogue.jsonl` in the data folder when unset."""
    thread_days: float = Field(default=7.0, gt=0.0, le=60.0)
    max_ahead_hours: float = Field(default=1.0, ge=0.0, le=48.0)
    """How far after its arrival a post may be dated; later ones become dead letters (`future_date`)."""
