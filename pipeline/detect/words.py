"""The words of a text that is ASCII, as most are: a regular expression takes longer than all that is done with them.

The compiled form is `native/words.c`, of which this is the oracle.
"""

from __future__ import annotations

import re

_WORD = re.compile("[A-Za-z]{3,}(?:'[A-Za-z]+)?")


def words_of(text: str) -> list[str]:
    """Three letters or more in a row, with what follows an apostrophe; the text must be ASCII."""
    return _WORD.findall(text)
