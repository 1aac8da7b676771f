"""The [index] section: where mentions, incidents and dead letters are searchable."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from pipeline.settings.section import Section


class IndexSettings(Section):
    """Where mentions, incidents and dead letters are searchable.  `url` empty means the embedded SQLite index."""

    url: str = ""
    """Address of Elasticsearch; empty for the embedded SQLite index."""
    username: str = ""
    password: SecretStr = SecretStr("")
    api_key: SecretStr = SecretStr("")
    ca_file: Path | None = None
    prefix: str = Field(default="groundswell", pattern=r"^[a-z0-9][a-z0-9-]*$")
    slice: Literal["month", "day"] = "month"
    slow_seconds: float = Field(default=0.0, ge=0.0, le=60.0)
    """For load tests: every bulk write takes this much longer."""
