"""Words of a text, and how they are counted: what is done to every word takes longer than all that is done with them."""

from __future__ import annotations

import re
from zlib import crc32

_WORD = re.compile("[A-Za-z]{3,}(?:'[A-Za-z]+)?")
_HALVES = bytes(value >> 1 for value in range(256))


def words_of(text: str) -> list[str]:
    """Three letters or more in a row, with what follows an apostrophe; the text must be ASCII."""
    return _WORD.findall(text)


def paired(words: list[str], common: frozenset[str]) -> list[str]:
    """Words and pairs of neighbouring words, each once, in order, without the `common` ones."""
    found: dict[str, None] = {}
    before = ""
    for word in words:
        if word in common:
            before = ""
            continue
        found[word] = None
        if before:
            found[f"{before} {word}"] = None
        before = word
    return list(found)


def note(cells: bytearray, said: list[str]) -> int:
    """Count each word in the cell of its CRC-32, which holds 255 at most.

    When one is full all cells are halved before; gives how often that was.
    """
    halved = 0
    for word in said:
        cell = crc32(word.encode("utf-8", "replace")) % len(cells)
        if cells[cell] == 255:
            cells[:] = cells.translate(_HALVES)
            halved += 1
        cells[cell] += 1
    return halved
