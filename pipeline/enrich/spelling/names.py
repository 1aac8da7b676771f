"""Forms in which people write a name, and how much a name says by itself."""

from __future__ import annotations

import re
from enum import IntEnum

from pipeline.text.clean import fold
from pipeline.text.common_words import ordinary

_DASHES = re.compile(r"\s*-\s*")


class Kind(IntEnum):
    """How much a name says by itself, from least to most."""

    COMMON = 0
    """An ordinary word: target, gap, shell."""
    SHORT = 1
    """Three characters or fewer: bp, ee, ups."""
    NAME = 2
    """A person, a place: wendy, paris, orange county."""
    PHRASE = 3
    """Several words, all of them ordinary: best buy, old navy."""
    RARE = 4
    """No ordinary word, but the name of a brand that few know: a foreign word, a family name, a typing error."""
    DISTINCT = 5
    """Nothing else is called so."""


def spellings(name: str) -> list[str]:
    """The folded forms in which people write a name: without apostrophes, dashes as spaces or nothing, `&` as `and`.

    >>> spellings("T-Mobile")
    ['t-mobile', 't mobile', 'tmobile']
    """
    form = " ".join(fold(name).text.split()).strip("!.,")
    out = [form]
    if "'" in form:
        out.append(form.replace("'", ""))
    if "-" in form:
        out += [_DASHES.sub(" ", form), _DASHES.sub("", form)]
    if "&" in form:
        spaced = re.sub(r"\s*&\s*", " & ", form)
        out += [spaced, spaced.replace("&", "and"), spaced.replace(" & ", "&"), spaced.replace("&", "&amp;"),
                spaced.replace(" & ", "&amp;")]  # fmt: skip
    return [f for f in dict.fromkeys(out) if len(f) >= 2]


def kind_of(form: str) -> Kind:
    """What kind of name a folded form is; possessives count as their owner (`wendy's` is a name), and an article
    before a word does not make it another (`the coffee`)."""
    words = ordinary()
    parts = [_owner(part) for part in form.replace("-", " ").split()]
    if len(parts) == 2 and parts[0] == "the":
        del parts[0]
    if len(parts) > 1:
        plain = all(p in words.common or p in words.names or len(p) < 3 or p[:1].isdigit() for p in parts)
        return Kind.PHRASE if plain else Kind.DISTINCT
    part = parts[0] if parts else ""
    if part in words.common:
        return Kind.COMMON
    if len(part) <= 3 and part.isascii():
        return Kind.SHORT
    if part in words.names or part.removesuffix("s") in words.names:
        return Kind.NAME
    return Kind.DISTINCT


def _owner(word: str) -> str:
    return word.removesuffix("'s").strip("'.,!@#*&")
