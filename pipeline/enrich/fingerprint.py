"""Near-duplicate fingerprint of a text.

The fingerprint is a minimum-hash sketch (Broder 1997) of its words: the few words with the smallest hashes decide, so a
text with one word changed mostly keeps it, and texts about the same thing in other words do not.  Links, mentions,
emoji, digits, case, accents, punctuation and repeated letters play no part.
"""

from __future__ import annotations

import html
import re
import zlib
from hashlib import blake2b

from pipeline.enrich.text import LINK, MENTION, fold

MAX_CHARACTERS = 2_000

_WORD = re.compile(r"[^\W\d_]+")
_REPEAT = re.compile(r"(.)\1{2,}")
_FILLER_TEXT = (
    "a an the and or but of to in on at is are was were be been am it its this that these those i im my "
    "me we us our you your so just will would can could do does did have has had not no with for from by "
    "up out as if they them their he she his her all get got go going today tomorrow now one what when "
    "how why who there here more than about like rt amp http https via"
)
_FILLER = frozenset(_FILLER_TEXT.split())
_FEWEST = 4
_SKETCH = 4


def fingerprint(text: str) -> str | None:
    """16 hexadecimal digits, or None for a text of fewer than four telling words.

    Guarantee: the same for texts that differ in links, mentions, case, punctuation, digits and emoji only.
    """
    text = text[:MAX_CHARACTERS]
    if "&" in text:
        text = html.unescape(text)
    if "://" in text or "www." in text:
        text = LINK.sub(" ", text)
    if "@" in text:
        text = MENTION.sub(" ", text)
    folded = _REPEAT.sub(r"\1", fold(text).text)
    words = {word.encode("utf-8", "replace") for word in _WORD.findall(folded.replace("'", "")) if word not in _FILLER}
    if len(words) < _FEWEST:
        return None
    smallest = sorted([(zlib.crc32(word), word) for word in words])[:_SKETCH]
    return blake2b(b" ".join(sorted([word for _, word in smallest])), digest_size=8).hexdigest()
