"""Vocabulary of an entity's past, so that new words stand out.

A small sketch of in how many sampled mentions a word occurred (Cormode and Muthukrishnan 2005, one row: a collision
makes a word look older, never newer than it is).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from pipeline.detect.narratives.words import terms

CELLS: Final = 384
_FULL: Final = 255
_HALVES: Final = bytes([value >> 1 for value in range(256)])


@dataclass(slots=True)
class PastVocabulary:
    """Words of the entity's past: `cells` hold at most 255 each; all are halved when one is full."""

    cells: bytearray = field(default_factory=bytearray)
    mentions: float = 0.0

    def learn(self, text: str) -> None:
        """Take in a mention of quiet times."""
        if not self.cells:
            self.cells = bytearray(CELLS)
        self.mentions += 1.0
        for _ in range(note(self.cells, terms(text))):
            self.mentions /= 2.0

    def share(self, term: str) -> float:
        """In which share of past mentions a word occurred, at most."""
        return self.usual(crc32(term.encode()))

    def usual(self, key: int) -> float:
        """The same of a word by its CRC-32."""
        if not self.cells:
            return 1.0 / 20.0
        return float((self.cells[key % CELLS] + 0.5) / (self.mentions + 10.0))


def note(cells: bytearray, said: list[str]) -> int:
    """Count each word in the cell of its CRC-32, which holds 255 at most.

    When one is full all cells are halved before; gives how often that was.
    """
    halved = 0
    for word in said:
        cell = crc32(word.encode("utf-8", "replace")) % len(cells)
        if cells[cell] == _FULL:
            cells[:] = cells.translate(_HALVES)
            halved += 1
        cells[cell] += 1
    return halved
