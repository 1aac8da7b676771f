"""Obfuscated names, with digits and signs for letters: `Amaz0n`, `Micro$oft`.

Companies, and the networks' own filters, are dodged so.  One character stands for one, so that places stay what they
are.  Only whole words count: what is left of `B2B` or a licence plate is no name of a catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SHORTEST = 5
"""Letters of a name that is looked for so; shorter ones are met by chance."""

_LETTERS = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "$": "s"})
_ALTERNATIVE = str.maketrans({"1": "l"})
_WORD = re.compile(r"(?<![\w$@#&/.:-])[a-z0-9$]{5,24}(?![\w$@/]|\.\w)")
"""Not a handle, a tag, a link or an address of mail."""
_MOSTLY_LETTERS = 0.6
"""Share of a word that must be letters."""


def obfuscated(text: str, names: Mapping[str, int]) -> list[tuple[int, int, int]]:
    """(start, end, number) of those words of a folded text that are one of `names` with digits or signs for letters."""
    if not _has_marks(text):
        return []
    found = []
    for match in _WORD.finditer(text):
        word = match.group()
        if word.isalpha() or sum(map(str.isalpha, word)) < _MOSTLY_LETTERS * len(word):
            continue
        number = names.get(word.translate(_LETTERS), names.get(word.translate(_ALTERNATIVE).translate(_LETTERS)))
        if number is not None:
            found.append((*match.span(), number))
    return found


def _has_marks(text: str) -> bool:
    """Whether any sign stands in it that may stand for a letter: six looks cost a sixth of one regular expression."""
    return "0" in text or "1" in text or "3" in text or "4" in text or "5" in text or "$" in text
