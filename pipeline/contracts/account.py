"""Key of an account: an author by hash, so that what stays of one who is gone names nobody."""

from __future__ import annotations

from hashlib import sha256


def author_key(network: str, author_id: str) -> str:
    """SHA-256 of network and id, the first 128 bits, in hexadecimal digits."""
    return sha256(f"{network}\0{author_id}".encode("utf-8", "replace")).hexdigest()[:32]
