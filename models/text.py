"""Normalisation of a text before it is tokenized.

The same clean-up is used in training, evaluation and every runtime; the manifest names its version, so that a model is
never fed texts cleaned another way.  User mentions become ``@user`` and links ``http``, as in TweetEval (Barbieri et
al., 2020); emoji become their Unicode names, since the vocabulary of the base has no emoji and would read each as
unknown.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from models.scorer import Span

NORMALISATION = "tweeteval-emoji-2"
"""Name of the clean-up below; changes whenever an output of it changes."""

MAX_CHARACTERS = 4_000
"""Characters read of a text: far more than the tokens that the model reads, and a bound on hostile input."""

_LINK = re.compile(r"(?:https?://|www\.)[^\s\ue000]+", re.IGNORECASE)
_USER = re.compile(r"(?<![\w@])@(?:(?:[\w-]+\.)+[a-z]{2,}|\w+)(?:@[\w.-]+\w)?", re.IGNORECASE)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_QUOTES = re.compile(r'\\?"{2,}|\\"')
_PICTURE = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff]")
_INVISIBLE = re.compile("[\u200b-\u200f\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_MARK = "\ue000"
_WHOLE = re.compile(r"(?:https?://|www\.|@|#)\S*|\S*@\S*", re.IGNORECASE)
_NAMES = {"❤": "red heart", "☹": "frowning face", "☺": "smiling face", "👍": "thumbs up", "👎": "thumbs down"}


def normalise(text: str) -> str:
    """The text as the model reads it; any string is accepted, lone surrogates and NUL included, and the result is
    always valid Unicode of at most a few times `MAX_CHARACTERS`.

    >>> normalise("@bob  see https://a.example/1 😡")
    '@user see http pouting face'
    """
    return _cleaned(_decoded(text[:MAX_CHARACTERS]))


def normalise_spans(text: str, spans: Sequence[Span]) -> tuple[str, list[Span | None]]:
    """The text as the model reads it, and where the spans are in it; None for one that is lost on the way (empty,
    outside the text, beyond what is read).  The text is the same as without spans.

    A span inside a handle, a hashtag or a link becomes the whole of what that is turned into.
    """
    plain = normalise(text)
    found = [_widened(text[:MAX_CHARACTERS], start, end) for start, end in spans]
    edges = sorted({edge for span in found if span for edge in span})
    pieces = [text[a:b] for a, b in zip([0, *edges], [*edges, MAX_CHARACTERS], strict=True)]
    marked = _cleaned(_MARK.join(_decoded(piece) for piece in pieces))
    parts = marked.split(_MARK)
    if len(parts) != len(pieces) or "".join(parts) != plain:  # a mark stood where the clean-up joins characters
        return plain, [None] * len(spans)
    places = dict(zip(edges, accumulate(map(len, parts)), strict=False))
    return plain, [(places[span[0]], places[span[1]]) if span else None for span in found]


def _widened(text: str, start: int, end: int) -> Span | None:
    """The span without blanks at its ends, and with the whole of a handle, hashtag or link that it touches."""
    if not 0 <= start < end <= len(text):
        return None
    inside = text[start:end]
    start, end = start + len(inside) - len(inside.lstrip()), end - (len(inside) - len(inside.rstrip()))
    if start >= end:
        return None
    first, last = start, end
    while first > 0 and not text[first - 1].isspace():
        first -= 1
    while last < len(text) and not text[last].isspace():
        last += 1
    for match in _WHOLE.finditer(text, first, last):
        if match.start() < end and match.end() > start:
            start, end = min(start, match.start()), max(end, match.end())
    return start, end


def _decoded(text: str) -> str:
    """Escapes and HTML entities as the characters they stand for; no character is private."""
    if "\\u" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    if "&" in text:
        text = html.unescape(text)
    return text if text.isascii() else _PRIVATE.sub(" ", _valid(text))


def _cleaned(text: str) -> str:
    if not text.isascii():
        text = _names_for_pictures(text)
    if '"' in text:
        text = _QUOTES.sub('"', text)
    if "://" in text or "www." in text.lower():
        text = _LINK.sub("http", text)
    if "@" in text:
        text = _USER.sub("@user", text)
    return " ".join(text.split())


def same_text_key(text: str) -> str:
    """Equal for texts that differ only in mentions, links, case, punctuation or spacing: finds repeats between data
    sets.

    >>> same_text_key("@bob Nice DAY! https://a.example/1") == same_text_key("nice day")
    True
    """
    text = normalise(text).replace("@user", " ").replace("http", " ").casefold()
    return "".join(character for character in text if character.isalnum())


def _valid(text: str) -> str:
    """Surrogate pairs joined, lone surrogates replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _names_for_pictures(text: str) -> str:
    return _PICTURE.sub(lambda match: _name(match[0]), _INVISIBLE.sub("", text))


@lru_cache(maxsize=4_096)
def _name(picture: str) -> str:
    name = _NAMES.get(picture) or unicodedata.name(picture, "").lower().replace("-", " ")
    return f" {name} "
