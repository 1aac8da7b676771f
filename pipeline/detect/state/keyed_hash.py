"""Keyed hash of what strangers choose: ids of posts and authors, texts, threads.

The fingerprint of Karp and Rabin (1987): the bytes as one number, modulo a secret prime of 60 bits.  Whoever does not
know the prime finds two of up to 512 bytes that agree with a chance below 1e-14 a pair, however they are chosen, since
few primes divide their difference; the hashes themselves leave the detector's state nowhere.  It costs a third of what
keyed BLAKE2b does, at several hashes a mention.  CRC-32, in its place until version 4 of the state, collides at will.
"""

from __future__ import annotations

import secrets
from typing import Final

FIXED: Final = (1 << 60) - 93
"""The prime of states that nobody keeps, as of a file's mentions: the same answers every time."""

_BITS: Final = 60  # two of the digits that Python's numbers are made of
_number: Final = int.from_bytes  # looked up once; the first byte is the highest
_WITNESSES: Final = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)  # enough below 3.3e24 (Sorenson and Webster 2015)


def keyed_hash(name: str, secret: int) -> int:
    """A number below `secret`; the leading byte tells names apart that differ in zero bytes only."""
    return _number(b"\x01" + name.encode("utf-8", "replace")) % secret


def drawn() -> int:
    """A secret of one's own: a random prime of 60 bits."""
    while True:
        candidate = secrets.randbits(_BITS - 1) | 1 << (_BITS - 1) | 1
        if _is_prime(candidate):
            return candidate


def _is_prime(number: int) -> bool:
    """Miller and Rabin's test, certain for 60 bits with these witnesses; `number` is odd and large."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd //= 2
        twos += 1
    for witness in _WITNESSES:
        power = pow(witness, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True
