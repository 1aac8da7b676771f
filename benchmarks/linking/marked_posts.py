"""Posts in which people marked names, as public collections have them (CoNLL form).

A token and its tag a line, an empty line after each post.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ORGANISATIONS = frozenset(("ORG", "corporation", "group"))
_TIGHT_BEFORE = frozenset(".,!?:;)'…%")


class Marked(NamedTuple):
    """A post, and the spans that people marked with their kinds."""

    text: str
    spans: list[tuple[int, int, str]]


def read(path: Path) -> Iterator[Marked]:
    """The posts of a file, tokens joined by spaces where a reader would see one."""
    tokens: list[tuple[str, str]] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        token, _, tag = line.strip().partition("\t")
        if token:
            tokens.append((token, tag.strip()))
        elif tokens:
            yield _joined(tokens)
            tokens = []


def _joined(tokens: list[tuple[str, str]]) -> Marked:
    text = ""
    spans: list[tuple[int, int, str]] = []
    for token, tag in tokens:
        tight = token[0] in _TIGHT_BEFORE or re.search(r"(?:^|\s)[@#]$", text)
        text += "" if not text or tight else " "
        start = len(text)
        text += token
        place, _, kind = tag.partition("-")
        if place == "B":
            spans.append((start, len(text), kind))
        elif place == "I" and spans:
            spans[-1] = (spans[-1][0], len(text), spans[-1][2])
    return Marked(text, spans)
