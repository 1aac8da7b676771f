"""Text clean-up in one module: what the model reads, and what the linker searches.

Two views of a post's text.  `clean` is for the model: markup, entities, invisible characters and broken encodings are
repaired, links become a placeholder.  `fold` is for searching: one folded character for each original one wherever
possible, so that a span found in the folded text is a span of the original.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import ftfy

MODEL_CHARACTERS = 600
"""Longest text that the model is given, in characters; more than it reads at 128 tokens."""

PARTS = 4
"""Parts of a long text that the model is given at most."""

QUOTES_WITHIN = 20_000
"""How much of a text is looked at for quotes, in characters."""

LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
MENTION = re.compile(r"(?<![\w@/])@([A-Za-z0-9_](?:[\w.-]*\w)?)")
HASHTAG = re.compile(r"(?<![\w&/#])[#＃](\w{2,100})")

_TAG = re.compile(
    r"</?(?:p|br|a|b|i|u|em|strong|span|div|blockquote|ul|ol|li|code|pre|h[1-6]|img|quote-inline)\b[^<>]{0,2000}>", re.I
)
_UNSEEN = re.compile(r"<!--.{0,2000}?-->|<(script|style)\b[^<>]{0,200}>.{0,2000}?</\1\s*>", re.I | re.DOTALL)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/blockquote)\b[^<>]{0,200}>", re.I)
_REPOST = re.compile(r"^\s*(?:RT:? ?@\w{1,40}:?\s+)+", re.I)
_QUOTED = re.compile(
    r"^[ \t]*(?:>|&gt;)(?![<>:\w])[^\n]*$"  # a line such as mails and forums quote, but no >:( and no >5
    r"|<blockquote\b[^<>]{0,500}>.{0,4000}?</blockquote>"
    r"|\[quote\b[^\[\]\n]{0,200}\].{0,4000}?\[/quote\]"
    r"|\b(?:RT|QT|MT):? ?@\w{1,40}:.*",
    re.MULTILINE | re.IGNORECASE | re.DOTALL,
)
_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc\U000e0000-\U000e0fff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SIGNS = re.compile(r"[\W_]+")
_LONG_RUN = re.compile(r"(.)\1{7,}", re.DOTALL)
_PERHAPS_RUN = re.compile(r"(.)\1{3}", re.DOTALL)
"""Is in every second character of a text that has a long run: costs a fifth of looking for that."""
_ODD = re.compile(
    "[\u0300-\u036f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_MOJIBAKE = re.compile("[ÂÃÄÅÎÏÐÑØÙâð][\u0080-\u00bf€-™ŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›]")
_PILED = re.compile("[\u0300-\u036f]{2,}|[\u0334-\u0338]")
"""Marks piled up on one letter, and such as strike it out: there is no such letter in any language's usual writing."""
_BROKEN = re.compile(
    "&(?:#0*39|#x0*27|apos|[rl]squo);|â€[™˜]|Ã[\u0080-\u00bfŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]", re.IGNORECASE
)
"""Pieces that stand for one letter or apostrophe of a name: entities, and UTF-8 read as Windows-1252."""

_LETTERLIKE = chain(range(0xFF01, 0xFF5F), range(0x1D400, 0x1D800), range(0x24B6, 0x24EA), range(0x1F130, 0x1F14A))
_PLAIN = {code: unicodedata.normalize("NFKC", chr(code)) for code in _LETTERLIKE}
"""Wide, mathematical and encircled letters, which people use as ornaments, by the letters that they stand for."""


def clean(text: str, *, limit: int = MODEL_CHARACTERS) -> str:
    """The text as the model should read it.

    Guarantees: any Unicode in, printable text of at most `limit` characters out, without line breaks; doing it twice
    changes nothing more that matters to the model.

    >>> clean("I&#39;m  <b>late</b>")
    "I'm late"
    """
    text = without_markup(text[: limit * 8])
    if not text.isascii():
        text = _repair(text)
    if not (text.isascii() and text.isprintable()):
        text = _CONTROL.sub(" ", _INVISIBLE.sub("", text))
    text = _REPOST.sub("", text)
    if "://" in text or "www." in text.lower():
        text = LINK.sub("http", text)
    if _PERHAPS_RUN.search(text[::2]):
        text = _LONG_RUN.sub(lambda run: run.group(1) * 4, text)
    text = " ".join(text.split())
    return text[:limit].encode("utf-8", "replace").decode()


def without_markup(text: str) -> str:
    """The text without the tags of HTML, and with the characters that entities stand for."""
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", _UNSEEN.sub(" ", text)))
    if "&" in text:
        text = html.unescape(html.unescape(text))
    return text


def _repair(text: str) -> str:
    """Undo UTF-8 that was read as something else, letters in fancy dress, and marks piled on letters."""
    if _MOJIBAKE.search(text):
        text = ftfy.fix_encoding(text)
    text = text.translate(_PLAIN)
    return _PILED.sub("", unicodedata.normalize("NFC", text))


def without_quotes(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with spaces in place of what it quotes, so that the author's own words are judged.

    A quote that holds one of `spans` stays, and so does all where nothing else would be left; places do not move.
    """
    if not any(sign in text for sign in (">", "&gt;", "@", "[")):
        return text
    pieces, at = [], 0
    for quote in _QUOTED.finditer(text, 0, QUOTES_WITHIN):
        start, end = quote.span()
        if not any(left < end and right > start for left, right in spans):
            pieces += [text[at:start], " " * (end - start)]
            at = end
    own = "".join([*pieces, text[at:]])
    return own if _SIGNS.sub("", own) else text


def excerpt(text: str, spans: Sequence[tuple[int, int]], *, limit: int = MODEL_CHARACTERS) -> str:
    """The parts of a long text around the first few of `spans`, as much as `limit` characters hold; a short text as it
    is.

    Windows are cut at spaces and joined by an ellipsis; without a span, the beginning.
    """
    if len(text) <= limit or not spans:
        return text if len(text) <= limit else text[: limit * 2]
    room = max(80, limit // min(len(spans), PARTS))
    windows: list[tuple[int, int]] = []
    for start, end in sorted(spans[:PARTS]):
        left, right = max(0, start - room // 2), min(len(text), max(end, start + room // 2))
        left = text.rfind(" ", 0, left) + 1 if left else 0
        if windows and left <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(right, windows[-1][1]))
        else:
            windows.append((left, right))
    return " … ".join(text[left:right] for left, right in windows)


class Folded(NamedTuple):
    """Lower-cased text without accents.  Folded character `i` stood from `offsets[i]` to `ends[i]`; None when nothing
    moved."""

    text: str
    offsets: list[int] | None
    ends: list[int] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text for one of the folded text."""
        if self.offsets is None or self.ends is None:
            return start, end
        return self.offsets[start], self.ends[end - 1]


class _FoldTable(dict[int, int]):
    """One folded character for each character, worked out when first met; bounded by Unicode itself."""

    def __missing__(self, code: int) -> int:
        base = unicodedata.normalize("NFKD", chr(code))[:1].lower()[:1]
        self[code] = folded = ord(base) if base else code
        return folded


_TABLE = _FoldTable({ord(c): ord("'") for c in "’‘ʼ′`´＇"} | {ord(c): ord("-") for c in "‐‑‒–—−"})


def fold(text: str) -> Folded:
    """Folded text for searching: case, accents, width and curly quotes gone; invisible characters left out, broken
    letters and apostrophes made whole.

    >>> fold("Café Nero").text
    'cafe nero'
    """
    broken = ("&" in text or "Ã" in text or "â€" in text) and _BROKEN.search(text) is not None
    if text.isascii() and not broken:
        return Folded(text.lower(), None)
    if not broken and _ODD.search(text) is None:
        return Folded(text.translate(_TABLE), None)
    characters = [(c, left, right) for c, left, right in _characters(text) if not _ODD.match(c)]
    folded = "".join([c for c, _, _ in characters]).translate(_TABLE)
    return Folded(folded, [left for _, left, _ in characters], [right for _, _, right in characters])


def _characters(text: str) -> Iterator[tuple[str, int, int]]:
    """Each character with its place, broken ones made whole."""
    at = 0
    for piece in _BROKEN.finditer(text):
        yield from ((text[i], i, i + 1) for i in range(at, piece.start()))
        at = piece.end()
        yield (_whole(piece.group()), piece.start(), at)
    yield from ((text[i], i, i + 1) for i in range(at, len(text)))


def _whole(piece: str) -> str:
    """The one character that a broken piece stands for; the apostrophe where it is none of the alphabet."""
    if piece[0] in "ÃÂ":
        for encoding in ("cp1252", "latin-1"):
            try:
                return piece.encode(encoding).decode("utf-8")
            except (UnicodeEncodeError, UnicodeDecodeError):
                continue
        return piece[0]
    return "'"


def compact(text: str) -> str:
    """Letters and digits only, folded: `T-Mobile`, `t mobile` and `TMobile` are one.

    >>> compact("T-Mobile")
    'tmobile'
    """
    return _SIGNS.sub("", fold(text).text)
