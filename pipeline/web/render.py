"""Templates of the page, with their filters; everything is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.text.duration import duration
from pipeline.text.safe import clean, single_line
from pipeline.web.chart import HEIGHT, WIDTH, span_name

HERE = Path(__file__).parent
MAX_URL = 2_048


def environment() -> Environment:
    """The page's templates."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "said": said,
        "line": single_line,
        "iso": iso,
        "stamp": stamp,
        "brief": brief,
        "link": link,
        "query": query_string,
        "span": span_name,
        "lasting": duration,
    }
    made.globals |= {"chart_width": WIDTH, "chart_height": HEIGHT}
    return made


def said(text: str, limit: int = 600) -> str:
    """A stranger's text: without invisible characters, line breaks kept, cut to a length that fits a list."""
    plain = clean(text[: 2 * limit]).strip()
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


def iso(when: datetime) -> str:
    """For machines: RFC 3339."""
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def stamp(when: datetime) -> str:
    """For people, in UTC; the script adds how long ago that is."""
    return f"{when.astimezone(UTC):%d %b %Y, %H:%M}"


def brief(when: datetime) -> str:
    """A time in UTC at the edge of a chart."""
    return f"{when.astimezone(UTC):%d %b, %H:%M}"


def link(url: str | None) -> str:
    """The address when it is an ordinary web address, else nothing (never ``javascript:`` and its kind).

    >>> link("javascript:alert(1)"), link("https://example.com/1")
    ('', 'https://example.com/1')
    """
    if not url or len(url) > MAX_URL:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


def query_string(params: Mapping[str, Any], **changes: Any) -> str:
    """The visitor's parameters with some changed; empty ones are left out."""
    merged = {**params, **changes}
    return urlencode({name: value for name, value in merged.items() if value not in (None, "", 0)})
