"""The report holds strangers' words and gives them no power."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

from tests.backtest.conftest import command

ALLOWED_LINKS = ("http://", "https://")


class Tags(HTMLParser):
    """Every element and attribute, as a browser's parser finds them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def report_of(history: Path, folder: Path) -> str:
    out = folder / "report.html"
    command("--data", str(folder), "backtest", str(history), "--format", "mentions", "--out", str(out), "--json")
    return out.read_text(encoding="utf-8")


def test_hostile_text_is_shown_as_text(hostile: Path, tmp_path: Path) -> None:
    text = report_of(hostile, tmp_path)
    assert "&lt;script&gt;alert(&#39;pwned&#39;)&lt;/script&gt;" in text
    tags = Tags()
    tags.feed(text)
    names = {tag for tag, _ in tags.found}
    assert not names & {"script", "img", "iframe", "link", "object", "embed", "base", "form", "b-hostile"}
    for _, attributes in tags.found:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style")]
        assert (attributes.get("href") or "https://").startswith(ALLOWED_LINKS)
    assert "javascript:" not in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ufffe\uffff]", text)


def test_it_is_well_formed_and_stands_alone(hostile: Path, tmp_path: Path) -> None:
    text = report_of(hostile, tmp_path)
    ElementTree.fromstring(text)
    style = re.search("<style>(.*?)</style>", text, re.DOTALL)
    policy = re.search('Content-Security-Policy" content="([^"]*)"', text)
    assert style
    assert policy
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1].replace("&#39;", "'") == f"default-src 'none'; style-src 'sha256-{digest}'"
    assert "@import" not in style[1]
    assert "url(" not in style[1]
    assert "prefers-color-scheme: dark" in style[1]
    assert 'name="viewport"' in text
    assert text.count("<svg") == 2  # the incident, and the company over time


def test_rejects_and_their_reasons_are_in_it(hostile: Path, tmp_path: Path) -> None:
    text = report_of(hostile, tmp_path)
    assert "<dt>Rejected</dt><dd>3</dd>" in text
    assert "not_json 1" in text
    assert "missing_field 1" in text
