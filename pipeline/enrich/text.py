"""Text clean-up, in one place: what the model reads, and what the linker searches.

Two views of a post's text.  `clean` is for the model: markup, entities, invisible characters and broken encodings are
repaired, links become a placeholder.  `fold` is for searching: one folded character for each original one wherever
possible, so that a span found in the folded text is a span of the original.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

MODEL_CHARACTERS = 600
"""Longest text that the model is given, in characters; more than it reads at 128 tokens."""

LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
MENTION = re.compile(r"(?<![\w@/])@([A-Za-z0-9_](?:[\w.-]*\w)?)")
HASHTAG = re.compile(r"(?<![\w&/#])[#＃](\w{2,100})")

_TAG = re.compile(
    r"</?(?:p|br|a|b|i|u|em|strong|span|div|blockquote|ul|ol|li|code|pre|h[1-6]|img|quote-inline)\b[^<>]{0,2000}>", re.I
)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/blockquote)\b[^<>]{0,200}>", re.I)
_REPOST = re.compile(r"^\s*RT @\w{1,40}:?\s+")
_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc\U000e0000-\U000e0fff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACE = re.compile(r"\s+")
_SIGNS = re.compile(r"[\W_]+")
_LONG_RUN = re.compile(r"(.)\1{7,}", re.DOTALL)
_ODD = re.compile(
    "[\u0300-\u036f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_MOJIBAKE = re.compile("[ÃÂâ][\u0080-\u00bf€-™ŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›]")


def clean(text: str, *, limit: int = MODEL_CHARACTERS) -> str:
    """The text as the model should read it.

    Guarantees: any Unicode in, printable text of at most `limit` characters out, without line breaks; doing it twice
    changes nothing more that matters to the model.
    """
    text = text[: limit * 8]
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", text))
    if "&" in text:
        text = html.unescape(text)
    text = _repair(text)
    text = _CONTROL.sub(" ", _INVISIBLE.sub("", text))
    text = _REPOST.sub("", text)
    text = LINK.sub("http", text)
    text = _LONG_RUN.sub(lambda run: run.group(1) * 4, text)
    text = _SPACE.sub(" ", text).strip()
    return text[:limit].encode("utf-8", "replace").decode()


def _repair(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252, where all of the text says so."""
    if not _MOJIBAKE.search(text):
        return text
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
    return text


def excerpt(text: str, spans: Sequence[tuple[int, int]], *, limit: int = MODEL_CHARACTERS) -> str:
    """The parts of a long text around `spans`, as much as `limit` characters hold; a short text as it is.

    Windows are cut at spaces and joined by an ellipsis; without a span, the beginning.
    """
    if len(text) <= limit or not spans:
        return text if len(text) <= limit else text[: limit * 2]
    room = max(80, limit // min(len(spans), 4))
    windows: list[tuple[int, int]] = []
    for start, end in sorted(spans)[:4]:
        left, right = max(0, start - room // 2), min(len(text), max(end, start + room // 2))
        left = text.rfind(" ", 0, left) + 1 if left else 0
        if windows and left <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(right, windows[-1][1]))
        else:
            windows.append((left, right))
    return " … ".join(text[left:right] for left, right in windows)


class Folded(NamedTuple):
    """Lower-cased text without accents.  `offsets[i]` is where folded character `i` stood; None when nothing moved."""

    text: str
    offsets: list[int] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text for one of the folded text."""
        if self.offsets is None:
            return start, end
        return self.offsets[start], self.offsets[end - 1] + 1


class _FoldTable(dict[int, int]):
    """One folded character for each character, worked out when first met; bounded by Unicode itself."""

    def __missing__(self, code: int) -> int:
        base = unicodedata.normalize("NFKD", chr(code))[:1].lower()[:1]
        self[code] = folded = ord(base) if base else code
        return folded


_TABLE = _FoldTable({ord(c): ord("'") for c in "’‘ʼ′`´＇"} | {ord(c): ord("-") for c in "‐‑‒–—−"})


def fold(text: str) -> Folded:
    """Folded text for searching: case, accents, width and curly quotes gone; invisible characters left out."""
    if text.isascii():
        return Folded(text.lower(), None)
    if _ODD.search(text) is None:
        return Folded(text.translate(_TABLE), None)
    kept = [i for i, character in enumerate(text) if not _ODD.match(character)]
    return Folded("".join([text[i] for i in kept]).translate(_TABLE), kept)


def compact(text: str) -> str:
    """Letters and digits only, folded: `T-Mobile`, `t mobile` and `TMobile` are one."""
    return _SIGNS.sub("", fold(text).text)
