"""Occurrences of a name in a text that nobody linked, whatever its case."""

from __future__ import annotations

import re

from models.scorer import Target

MOST = 32
"""Occurrences that are taken of a name in one text."""

LONGEST = 200
"""Of a name, in characters; what is longer names nothing."""


def occurrences(text: str, name: str) -> Target:
    """The spans of a name in a text, in order; empty when it is not there.

    As whole words where it stands as such; else inside of hashtags, handles and longer words ("Northgrid" in
    "#northgridfail"), where blanks of the name may be missing.  A leading @ or # of the name plays no part, nor do the
    kinds of blanks, apostrophes and hyphens.

    >>> occurrences("Acme lost it. Thanks, Acme!", "Acme")
    ((0, 4), (22, 26))
    """
    words = name.lstrip("@#＠＃ \t\n").split()
    if not words or len(name) > LONGEST:
        return ()
    parts = [_loose(word) for word in words]
    whole = r"(?<!\w)" + r"\s+".join(parts) + r"(?!\w)"
    return _spans(text, whole) or _spans(text, r"[\s_]*".join(parts))


def _spans(text: str, pattern: str) -> Target:
    found = re.finditer(pattern, text, re.IGNORECASE)
    return tuple(match.span() for match, _ in zip(found, range(MOST), strict=False))


def _loose(word: str) -> str:
    return re.sub(r"\\?['’‘]", "['’‘]", re.sub(r"\\?[-‐‑–]", "[-‐‑–]", re.escape(word)))
