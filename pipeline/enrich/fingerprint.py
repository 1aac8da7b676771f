"""Near-duplicate fingerprint of a text.

The fingerprint is the minimum-hash sketch (Broder 1997) of its words, so short texts with one word changed usually keep
it, and texts about the same thing in other words do not.  Links, mentions, hashtag signs, emoji, digits, case, accents,
punctuation and repeated letters play no part.
"""

from __future__ import annotations

import re
import zlib
from hashlib import blake2b

from pipeline.enrich.text import LINK, MENTION, clean, fold

_WORD = re.compile(r"[^\W\d_]+")
_REPEAT = re.compile(r"(.)\1{2,}")
_FILLER_TEXT = "a an the and or of to in on at is are was it its this that i im my me we you your so just"
_FILLER = frozenset(_FILLER_TEXT.split())
_SHORTEST = 4
_SKETCH = 4


def fingerprint(text: str) -> str | None:
    """16 hexadecimal digits, or None for a text of fewer than four telling words.

    Guarantee: the same for texts that differ in links, mentions, case, punctuation, digits and emoji only.  A small
    edit of a longer text mostly keeps it: the `_SKETCH` words with the smallest hashes decide, in any order.
    """
    words = (
        {
            _REPEAT.sub(r"\1", word)
            for word in _WORD.findall(fold(MENTION.sub(" ", LINK.sub(" ", clean(text, limit=2_000)))).text)
        }
        - _FILLER
        - {"http", "rt"}
    )
    if len(words) < _SHORTEST:
        return None
    smallest = sorted((zlib.crc32(word.encode("utf-8", "replace")), word) for word in words)[:_SKETCH]
    sketch = " ".join(sorted(word for _, word in smallest))
    return blake2b(sketch.encode("utf-8", "replace"), digest_size=8).hexdigest()
