"""Strangers' text made safe to show on a terminal or in an alert."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)?"  # system commands: titles, links, clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c]{0,4096}(?:\x1b\\|\x9c)?"  # device control and other strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # control sequences: colours, cursor
    r"|\x1b[ -/]*[0-~]?"  # all others
)
_SPACE = re.compile(r"\s+")
_STACK = 4
"""Combining marks that may follow one character: scripts need two or three, "zalgo" has dozens."""


def clean(text: str) -> str:
    """Text without escape sequences, control, bidirectional and other invisible characters.

    Line breaks and tabs are kept as they are; joiners, which emoji and several scripts need, are kept too.
    """
    out: list[str] = []
    marks = 0
    for char in _ESCAPES.sub("", text):
        category = unicodedata.category(char)
        if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and char not in "\n\t\u200c\u200d":
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= _STACK:
            out.append(char)
    return "".join(out)


def one_line(text: str, limit: int) -> str:
    """Clean text on one line, cut to `limit` characters with an ellipsis."""
    flat = _SPACE.sub(" ", clean(text[: 8 * limit + 64])).strip()
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"
