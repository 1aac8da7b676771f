"""What a text becomes before the tokenizer sees it.

The same clean-up is used in training, evaluation and every runtime; the manifest names its version, so that a model is
never fed texts cleaned another way.  User mentions become ``@user`` and links ``http``, as in TweetEval (Barbieri et
al., 2020); emoji become their Unicode names, since the vocabulary of the base has no emoji and would read each as
unknown.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

NORMALISATION = "tweeteval-emoji-1"
"""Name of the clean-up below; changes whenever an output of it changes."""

MAX_CHARACTERS = 4_000
"""Characters read of a text: far more than the tokens that the model reads, and a bound on hostile input."""

_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_USER = re.compile(r"(?<![\w@])@(?:(?:[\w-]+\.)+[a-z]{2,}|\w+)(?:@[\w.-]+\w)?", re.IGNORECASE)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_QUOTES = re.compile(r'\\?"{2,}|\\"')
_BLANK = re.compile(r"\s+")
_PICTURE = re.compile("[\u2190-\u2bff\U0001f000-\U0001faff]")
_INVISIBLE = re.compile("[\u200b-\u200f\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_NAMES = {"❤": "red heart", "☹": "frowning face", "☺": "smiling face", "👍": "thumbs up", "👎": "thumbs down"}


def normalise(text: str) -> str:
    """The text as the model reads it; any string is accepted, lone surrogates and NUL included, and the result is
    always valid Unicode of at most a few times `MAX_CHARACTERS`."""
    text = text[:MAX_CHARACTERS]
    if "\\u" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _names_for_pictures(_valid(text))
    if '"' in text:
        text = _QUOTES.sub('"', text)
    text = _LINK.sub("http", text)
    text = _USER.sub("@user", text)
    return _BLANK.sub(" ", text).strip()


def same_text_key(text: str) -> str:
    """Equal for texts that differ only in mentions, links, case, punctuation or spacing: finds repeats between data
    sets."""
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
