"""The [follow] section: where the list of followed companies is."""

from __future__ import annotations

from pathlib import Path

from pipeline.settings.section import Section


class FollowSettings(Section):
    """Following."""

    file: Path | None = None
    """The list of followed companies, for workers on several machines a shared file; `following.json` in the data
    folder when unset. Without a file every company of the catalogue is followed."""
