"""Everything the detector remembers of an entity, and its bytes: at most 10 kB, versioned."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from pipeline.detect import memory
from pipeline.detect.baseline import Baseline
from pipeline.detect.evidence import Evidence
from pipeline.detect.groundswell import Groundswell
from pipeline.detect.incident import Incident, KeptPost
from pipeline.detect.memory import Memory
from pipeline.detect.phrases import Past, Talk
from pipeline.detect.threads import Thread

VERSION = 1
RING = 6
"""Posts kept as evidence for the next incident."""


class EntityState(Struct):
    """State of one entity.  `clock` is the newest event time heard, in whole seconds; it never goes back.

    `mentions`, `negative`, `authors`, `copies` count from the beginning, raw.  `acute` is the pile-on, surge or
    amplification in progress (or within the refractory time), `slow` the groundswell.
    """

    clock: int = 0
    mentions: int = 0
    negative: int = 0
    authors: int = 0
    copies: int = 0
    memory: Memory = msgspec.field(default_factory=Memory)
    baseline: Baseline = msgspec.field(default_factory=Baseline)
    evidence: Evidence = msgspec.field(default_factory=Evidence)
    threads: dict[int, Thread] = {}
    groundswell: Groundswell = msgspec.field(default_factory=Groundswell)
    ring: list[KeptPost] = []
    past: Past = msgspec.field(default_factory=Past)
    talk: Talk = msgspec.field(default_factory=Talk)
    acute: Incident | None = None
    slow: Incident | None = None


class _Packed(Struct, array_like=True):
    version: int
    clock: int
    counts: tuple[int, int, int, int]
    memory: bytes
    baseline: Baseline
    evidence: Evidence
    threads: dict[int, Thread]
    groundswell: Groundswell
    ring: list[KeptPost]
    past: Past
    talk: Talk
    acute: Incident | None
    slow: Incident | None


class _Version(Struct, array_like=True):
    version: int


_DECODER = msgspec.msgpack.Decoder(_Packed)
_VERSION = msgspec.msgpack.Decoder(_Version)


class EntityCodec:
    """Bytes of an `EntityState`.

    Guarantee: a state decoded goes on exactly as the one encoded would have.  State of an older version is migrated;
    of a newer one, refused with a `ValueError` that says so.
    """

    def encode(self, value: Any) -> bytes:
        """At most 10 kB."""
        s: EntityState = value
        counts = (s.mentions, s.negative, s.authors, s.copies)
        packed = _Packed(
            VERSION, s.clock, counts, s.memory.pack(s.clock // 60), s.baseline, s.evidence, s.threads, s.groundswell,
            s.ring, s.past, s.talk, s.acute, s.slow,
        )  # fmt: skip
        return msgspec.msgpack.encode(packed)

    def decode(self, data: bytes) -> EntityState:
        """The state that `encode` wrote."""
        version = _VERSION.decode(data).version
        if version != VERSION:
            raise ValueError(
                f"detector state of version {version}, this program reads {VERSION}. Run the program that wrote it"
            )
        p = _DECODER.decode(data)
        return EntityState(
            p.clock, *p.counts, memory.unpacked(p.memory, p.clock // 60), p.baseline, p.evidence, p.threads,
            p.groundswell, p.ring, p.past, p.talk, p.acute, p.slow,
        )  # fmt: skip
