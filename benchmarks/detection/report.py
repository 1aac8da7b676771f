"""A page of results whose tables are written by the commands that measure them."""

from __future__ import annotations

from pathlib import Path

PAGE = Path("docs/detection-bench.md")


def write(name: str, text: str, page: Path = PAGE) -> None:
    """Put `text` between the marks of the part `name` of the page; the rest of the page stays as it is.

    Raises `ValueError` when the page has no such part.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    whole = page.read_text(encoding="utf-8")
    before, found, rest = whole.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{page} has no part between {begin} and {end}")
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")
