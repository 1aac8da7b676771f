"""Near-duplicate fingerprint of a post's text (`pipeline.contracts.fingerprint`).

Links, mentions, emoji, digits, case, accents, punctuation, repeated letters and the commonest words play no part, nor
does it matter in which alphabet a letter is written that looks the same in several.
"""

from __future__ import annotations

import html
import re

from pipeline.contracts.fingerprint import sketch
from pipeline.text.clean import LINK, MENTION, fold

MAX_CHARACTERS = 2_000

_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()} | {ord("'"): None}
"""Leaves the letters of plain text: what `_WORD` finds in it, at a fraction of the cost."""
_REPEAT = re.compile(r"(.)\1{2,}")
_LOOKALIKES = str.maketrans("аеорсухіјѕԁһԛԝкмтвнαονρικτυχ", "aeopcyxijsdhqwkmtbhaovpiktux")
"""Letters of the Cyrillic and Greek alphabets, by the Latin ones that they pass for."""
_FILLER_TEXT = (
    "a an the and or but of to in on at is are was were be been am it its this that these those i im my "
    "me we us our you your so just will would can could do does did have has had not no with for from by "
    "up out as if they them their he she his her all get got go going today tomorrow now one what when "
    "how why who there here more than about like rt amp http https via"
)
_FILLER = frozenset(_FILLER_TEXT.split())


def fingerprint(text: str) -> str | None:
    """16 hexadecimal digits, or None for a text of fewer than four distinctive words.

    Guarantee: the same for texts that differ in links, mentions, case, punctuation, digits and emoji only; for texts
    that differ in one distinctive word besides, `pipeline.contracts.fingerprint.alike`.
    """
    text = text[:MAX_CHARACTERS]
    if "&" in text:
        text = html.unescape(text)
    if "://" in text or "www." in text:
        text = LINK.sub(" ", text)
    if "@" in text:
        text = MENTION.sub(" ", text)
    folded = _REPEAT.sub(r"\1", fold(text).text)
    if folded.isascii():
        words = folded.translate(_LETTERS).split()
    else:
        words = _WORD.findall(folded.replace("'", "").translate(_LOOKALIKES))
    distinctive = " ".join([word for word in words if word not in _FILLER])
    return sketch(distinctive.encode("utf-8", "replace").split())
