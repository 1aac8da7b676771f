"""Bodies of answers: unpacked piece by piece, so that a bomb never becomes a large body."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from pipeline.errors import TransientError

PIECE = 65_536
"""Bytes that are unpacked at once."""


class BodyTooLarge(TransientError):
    """A body of more bytes than allowed; asking again may bring a smaller one."""


class Unpacker:
    """Unpacks one body, gzip or plain.

    Guarantees: never more than `limit` bytes in all, nor more than `PIECE` at once; a body that ends too early is an
    error, not a shorter body.
    """

    def __init__(self, encoding: str, limit: int, subject: str) -> None:
        """Raises `TransientError` for an encoding that was not asked for."""
        name = encoding.strip().lower()
        if name not in ("", "identity", "gzip", "x-gzip"):
            raise TransientError(f"the body is packed as {name[:40]!r}, which was not asked for", subject=subject)
        self._gzip = zlib.decompressobj(16 + zlib.MAX_WBITS) if "gzip" in name else None
        self._left = limit
        self._limit = limit
        self._subject = subject
        self._began = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """What a piece unpacks to.  Raises `BodyTooLarge`, or `TransientError` for what is no gzip."""
        self._began = self._began or bool(piece)
        if self._gzip is None:
            yield self._counted(piece)
            return
        while piece:
            try:
                part = self._gzip.decompress(piece, PIECE)
            except zlib.error as error:
                raise TransientError(f"the body is damaged ({error})", subject=self._subject) from None
            if part:
                yield self._counted(part)
            piece = self._gzip.unconsumed_tail
            if self._gzip.eof:
                return

    def finish(self) -> None:
        """Raises `TransientError` when the body was cut off."""
        if self._gzip is not None and self._began and not self._gzip.eof:
            raise TransientError("the body is cut off", subject=self._subject)

    def _counted(self, part: bytes) -> bytes:
        self._left -= len(part)
        if self._left < 0:
            raise BodyTooLarge(f"the body has more than {self._limit:,} bytes", subject=self._subject)
        return part
