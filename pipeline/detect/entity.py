"""Everything the detector remembers of an entity, and its bytes: at most 10 kB, versioned."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.detect import memory
from pipeline.detect.baseline import Baseline
from pipeline.detect.evidence import Evidence
from pipeline.detect.groundswell import Groundswell
from pipeline.detect.incident import Incident, KeptPost
from pipeline.detect.memory import Memory
from pipeline.detect.migrate import upgraded
from pipeline.detect.narratives import Narratives
from pipeline.detect.people import Regulars
from pipeline.detect.phrases import Past, Talk
from pipeline.detect.threads import Thread

VERSION = 4
RING = 7
"""Posts kept as evidence for the next incident."""

ROOMY = 8_000
"""Bytes of a state above which its texts are worth compressing: few are, and only in the midst of an incident."""

_UNPACKED = 65_536
"""Most bytes of a state when it is not compressed."""


class EntityState(Struct):
    """State of one entity.  `clock` is the newest event time heard, in whole seconds; it never goes back.

    `mentions`, `negative`, `authors`, `copies` count from the beginning, raw.  `acute` is the pile-on, surge or
    amplification in progress (or within the refractory time), `slow` the groundswell; `name` is the entity's, as of
    the newest incident.
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
    name: str = ""
    regulars: Regulars = msgspec.field(default_factory=Regulars)
    narratives: Narratives = msgspec.field(default_factory=Narratives)


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
    name: str
    regulars: Regulars
    narratives: Narratives


class _Version(Struct, array_like=True):
    version: int


class _Compressed(Struct, array_like=True):
    version: int
    data: bytes


_DECODER = msgspec.msgpack.Decoder(_Packed)
_VERSION = msgspec.msgpack.Decoder(_Version)
_COMPRESSED = 1 << 8
"""Added to the version of a state that is compressed."""


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
            s.ring, s.past, s.talk, s.acute, s.slow, s.name, s.regulars, s.narratives,
        )  # fmt: skip
        data = msgspec.msgpack.encode(packed)
        if len(data) <= ROOMY:
            return data
        return msgspec.msgpack.encode(_Compressed(VERSION | _COMPRESSED, zlib.compress(data, 6)))

    def decode(self, data: bytes) -> EntityState:
        """The state that `encode` wrote."""
        version = _VERSION.decode(data).version
        if version & _COMPRESSED:
            packed = msgspec.msgpack.decode(data, type=_Compressed)
            data = zlib.decompressobj().decompress(packed.data, _UNPACKED)
            version &= ~_COMPRESSED
        if version > VERSION:
            raise ValueError(
                f"detector state of version {version}, this program reads {VERSION}. Run the program that wrote it"
            )
        if version < VERSION:
            p = msgspec.convert(upgraded(msgspec.msgpack.decode(data), VERSION), _Packed)
        else:
            p = _DECODER.decode(data)
        return EntityState(
            p.clock, *p.counts, memory.unpacked(p.memory, p.clock // 60), p.baseline, p.evidence, p.threads,
            p.groundswell, p.ring, p.past, p.talk, p.acute, p.slow, p.name, p.regulars, p.narratives,
        )  # fmt: skip
