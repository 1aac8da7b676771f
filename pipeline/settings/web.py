"""The [web] section: the address of the built-in page."""

from __future__ import annotations

from pydantic import Field

from pipeline.settings.section import Section


class WebSettings(Section):
    """The built-in page."""

    host: str = "127.0.0.1"
    port: int = Field(default=8800, ge=0, le=65535)
