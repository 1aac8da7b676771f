"""Codec of what the stage stores: threads, replies that wait, remembered deletions."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.enrich.threads.deletions import DeletionBucket
from pipeline.enrich.threads.threads import ThreadCodec
from pipeline.enrich.threads.waiting import QueueSegment


class StateCodec(ThreadCodec):
    """The first byte says what a value is."""

    SEGMENT = b"\x02"
    DELETIONS = b"\x03"

    def __init__(self) -> None:
        super().__init__()
        self._decode_segment = msgspec.msgpack.Decoder(QueueSegment).decode
        self._decode_deletions = msgspec.msgpack.Decoder(DeletionBucket).decode

    def encode(self, value: Any) -> bytes:
        if isinstance(value, QueueSegment):
            return self.SEGMENT + self._encode(value)
        if isinstance(value, DeletionBucket):
            return self.DELETIONS + self._encode(value)
        return super().encode(value)

    def decode(self, data: bytes) -> Any:
        """As `ThreadCodec`, or one of the others."""
        if data[:1] == self.SEGMENT:
            return self._decode_segment(data[1:])
        return self._decode_deletions(data[1:]) if data[:1] == self.DELETIONS else super().decode(data)
