"""Fingerprints of texts, and whether two of them are of copies.

A fingerprint is a sketch of a text: the four of its distinctive words that hash lowest (bottom-k sketch, Broder 1997),
each as four hexadecimal digits, in order.  Copies with a word or two changed, added or left out still share three of
them; texts about the same thing in other words do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

WORDS = 4
"""Words of a sketch."""
DIGITS = 4
"""Hexadecimal digits a word."""
LENGTH = WORDS * DIGITS


def sketch(words: Iterable[bytes]) -> str | None:
    """The fingerprint of a text's distinctive words; None for fewer than four different ones."""
    lowest = sorted([(crc32(word), word) for word in set(words)])[:WORDS]
    if len(lowest) < WORDS:
        return None
    return "".join(sorted([f"{number & 0xFFFF:04x}" for number, _ in lowest]))


def parts(fingerprint: str) -> tuple[str, ...]:
    """What two copies have one of in common: each three of the four words, or all of what is no fingerprint of ours.

    A memory that counts copies keeps each of them, and looks each of them up: four look-ups, however many it keeps.
    """
    if len(fingerprint) != LENGTH:
        return (fingerprint,)
    return (
        fingerprint[DIGITS:],
        fingerprint[:DIGITS] + fingerprint[2 * DIGITS :],
        fingerprint[: 2 * DIGITS] + fingerprint[3 * DIGITS :],
        fingerprint[: 3 * DIGITS],
    )


def alike(left: str, right: str) -> bool:
    """Whether two fingerprints are of one text, or of copies of it."""
    return not set(parts(left)).isdisjoint(parts(right))
