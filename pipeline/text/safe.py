"""Untrusted text made safe to show on a terminal or in an alert."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # commands say what they have to say without loading the contract
    from pipeline.contracts.incidents import Narrative

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

    >>> clean("a\\x1b[31mred\\u202e")
    'ared'
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


def single_line(text: str, limit: int) -> str:
    """Clean text on one line, cut to `limit` characters with an ellipsis.

    >>> single_line("two\\nlines of it", 8)
    'two lin…'
    """
    flat = _SPACE.sub(" ", clean(text[: 8 * limit + 64])).strip()
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def topic(story: Narrative, between: str) -> str:
    """What a narrative is about, on one line: its phrases, or a complaint of it where no words keep returning."""
    if story.phrases:
        return between.join(single_line(phrase.text, 40) for phrase in story.phrases)
    if story.example is None:
        return "said in many ways"
    return f"said in many ways, such as “{single_line(story.example.text, 80)}”"
