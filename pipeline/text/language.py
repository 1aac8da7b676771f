"""Language of a post, and whether the model was trained for it.

Compact Language Detector 2 (Sites, 2013), whose tables are compiled into its package; "unknown" is an answer, and the
usual one for a handful of words.  What a network says about a post is kept unless the text disagrees strongly: people
rarely change the setting that it comes from.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

import pycld2

from pipeline.text.clean import HASHTAG, LINK, MENTION, fold
from pipeline.text.common_words import ordinary, ranks

TRAINED = frozenset({"en"})
"""Languages that the sentiment model was trained for."""
MAX_CHARACTERS = 400
"""How much of a text is looked at."""
SHARE = 80
"""Least percentage of the text that must be in the language."""
STRONG_SHARE, STRONG_BYTES = 95, 30
"""The same, and the least length in bytes, for a text that disagrees strongly with what its network says."""
LEAST_WORDS = 4
"""Words, of two letters or more, of which half must be English where the language cannot be told."""

_WORD = re.compile(r"[^\W\d_]{2,}(?:'[^\W\d_]+)?")
_REPEATED = re.compile(r"(.)\1{2,}")
_ENDINGS = frozenset(("t", "s", "re", "ll", "ve", "m", "d"))
"""What stands after an apostrophe in English: don't, they're."""
_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|[^\x00-\uffff]")
"""Control characters, halves of pairs, no-characters, and everything beyond the first plane: mostly emoji."""
_OTHER_NAMES = {"iw": "he", "jw": "jv", "sco": "en"}
"""Codes of the library's that are not those of BCP 47; Scots is what it takes rough English for."""
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?")


class DetectedLanguage(NamedTuple):
    """A language (BCP 47, such as `en` or `zh-Hant`), or None when it cannot be told; `strong` when it can be told
    against what the network says."""

    lang: str | None
    strong: bool


UNKNOWN = DetectedLanguage(None, False)


def identify(text: str) -> DetectedLanguage:
    """The language that most of a text is written in.

    Guarantees: any Unicode is accepted; links, handles, hashtags and emoji play no part.
    """
    text = _spoken(text)
    text = _UNREADABLE.sub(" ", text)
    try:
        reliable, size, languages = pycld2.detect(text)
    except pycld2.error:
        return UNKNOWN
    _, code, share, _ = languages[0]
    code = _OTHER_NAMES.get(code, code)
    if not reliable or share < SHARE or code == "un" or not _TAG.fullmatch(code):
        return UNKNOWN
    return DetectedLanguage(code, share >= STRONG_SHARE and size >= STRONG_BYTES)


def _spoken(text: str) -> str:
    """The beginning of a text without links, handles and hashtags."""
    text = text[:MAX_CHARACTERS]
    if "://" in text or "www." in text:
        text = LINK.sub(" ", text)
    if "@" in text:
        text = MENTION.sub(" ", text)
    return HASHTAG.sub(" ", text) if "#" in text else text


def language(text: str, said: str | None) -> str | None:
    """The language of a text of which the network says that it is `said`; None when neither can tell.

    What the network calls a language that the model was trained for, as it does where nobody chose one, must also look
    like it.
    """
    detected = identify(text)
    if said is None:
        return detected.lang
    if detected.lang is None and base(said) in TRAINED and not may_be_english(_spoken(text)):
        return None
    agree = detected.lang is None or base(detected.lang) == base(said)
    return said if agree or not detected.strong else detected.lang


def trained(lang: str | None, text: str) -> bool:
    """Whether the model was trained for a text.

    Where the language cannot be told: whether its letters are Latin, and whether they may be English.
    """
    if lang is not None:
        return base(lang) in TRAINED
    text = text[:MAX_CHARACTERS]
    letters = [c for c in text if c.isalpha()]
    foreign = sum(
        not (c.isascii() or unicodedata.name(c, "").startswith(("LATIN", "FULLWIDTH LATIN"))) for c in letters
    )
    return 2 * foreign <= len(letters) and may_be_english(text)


def may_be_english(text: str) -> bool:
    """Whether at least half of the words are English ones, or names; of fewer than `LEAST_WORDS` nothing is said.

    For what the detector cannot tell: languages that it does not know (Tswana, Xhosa) or that nobody writes in these
    letters but here (Hindi, Arabic).

    >>> may_be_english("das Paket kam nie an")
    False
    """
    found = _WORD.findall(_REPEATED.sub(r"\1", fold(text).text))
    return len(found) < LEAST_WORDS or 2 * sum(map(_is_english, found)) >= len(found)


def _is_english(word: str) -> bool:
    stem, apostrophe, ending = word.partition("'")
    if apostrophe and ending in _ENDINGS:
        return True
    words = ordinary()
    return stem in words.common or stem in words.names or stem in ranks()


def base(tag: str) -> str:
    """The language of a tag, without its region or script.

    >>> base("es-MX")
    'es'
    """
    return tag.replace("_", "-").partition("-")[0].lower()
