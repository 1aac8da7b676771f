"""Plain text of HTML, as networks send it; linear in its length, whatever it holds."""

from __future__ import annotations

import html
import re

MAX_MARKUP = 400_000
"""Characters of HTML that are read; what follows is left out."""

_PIECE = re.compile(r"<!--.{0,4000}?-->|<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})(?=[\s/>])([^<>]{0,4000})>", re.DOTALL)
_ALT = re.compile(r"""\b(?:alt|title)\s*=\s*(?:"([^"]{1,1500})"|'([^']{1,1500})')""", re.IGNORECASE)
_UNSEEN = frozenset({"script", "style", "head", "template", "noscript"})
_BLOCKS = frozenset(
    {"p", "div", "br", "li", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table"}
)
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")
_LINES = re.compile(r" ?\n[ \n]*")


def plain_text(markup: str) -> str:
    """What a reader sees: paragraphs as lines, entities as their characters, pictures by their description.

    >>> plain_text('<p>Queue of <b>two</b> hours.</p><p>R&amp;D <img src="x" alt="an empty desk"></p>')
    'Queue of two hours.\\nR&D [image: an empty desk]'
    """
    out: list[str] = []
    hidden = ""
    at = 0
    markup = markup[:MAX_MARKUP]
    for piece in _PIECE.finditer(markup):
        if not hidden:
            out.append(markup[at : piece.start()])
        at = piece.end()
        name = (piece[2] or "").lower()
        if hidden:
            hidden = "" if piece[1] and name == hidden else hidden
        elif name in _UNSEEN and not piece[1]:
            hidden = name
        elif name in _BLOCKS:
            out.append("\n")
        elif name == "img" and (alt := _ALT.search(piece[3])):
            out.append(described("image", alt[1] or alt[2]))
    if not hidden:
        out.append(markup[at:])
    text = html.unescape("".join(out)).replace("\x00", "")
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()


def described(what: str, words: str) -> str:
    """The description of a picture or video as part of a text, marked as such.

    >>> described("image", " an empty  desk ")
    ' [image: an empty desk] '
    """
    known = " ".join(words.replace("[", "(").replace("]", ")").split())
    return f" [{what}: {known}] " if known else " "
