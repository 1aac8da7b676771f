"""The bytes of an entity's state: at most 10 kB, versioned.

What is heard at every mention is kept in plain classes, which can be compiled; here they become arrays, field by field.
"""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.detect.evidence.baseline import Baseline
from pipeline.detect.evidence.change_point import Start
from pipeline.detect.evidence.groundswell import Groundswell
from pipeline.detect.evidence.pile_on import Thread
from pipeline.detect.evidence.surge import Evidence
from pipeline.detect.narratives.narrative import Narratives
from pipeline.detect.narratives.phrases import Talk
from pipeline.detect.narratives.vocabulary import Past
from pipeline.detect.state import memory
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.incident import Incident
from pipeline.detect.state.migrate import upgraded
from pipeline.detect.state.quotable_posts import KeptPost
from pipeline.detect.state.regulars import Regulars

VERSION = 4
ROOMY = 8_000
"""Bytes of a state above which its texts are worth compressing: few are, and only in the midst of an incident."""

_UNPACKED = 65_536
"""Most bytes of a state when it is not compressed."""

_Fields = list[Any]
"""The fields of a plain class in their order."""


class _Packed(Struct, array_like=True):
    version: int
    clock: int
    counts: tuple[int, int, int, int]
    memory: bytes
    baseline: _Fields
    evidence: _Fields
    threads: dict[int, _Fields]
    groundswell: _Fields
    ring: list[KeptPost]
    past: _Fields
    talk: _Fields
    acute: Incident | None
    slow: Incident | None
    name: str
    regulars: _Fields
    narratives: Narratives


class _Version(Struct, array_like=True):
    version: int


class _Compressed(Struct, array_like=True):
    version: int
    data: bytes


def _fields(value: Any) -> _Fields:
    """What a plain class holds, in order."""
    return [getattr(value, name) for name in value.__match_args__]


def _made(kind: type, fields: _Fields) -> Any:
    """The object of a plain class that held them."""
    return kind(*fields)


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_fields)
_DECODER = msgspec.msgpack.Decoder(_Packed, dec_hook=_made)
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
        threads = {root: _fields(thread) for root, thread in s.threads.items()}
        packed = _Packed(
            VERSION, s.clock, counts, s.memory.pack(s.clock // 60), _fields(s.baseline), _fields(s.evidence), threads,
            _fields(s.groundswell), s.ring, _fields(s.past), _fields(s.talk), s.acute, s.slow, s.name,
            _fields(s.regulars), s.narratives,
        )  # fmt: skip
        data = _ENCODER.encode(packed)
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
            p = msgspec.convert(upgraded(msgspec.msgpack.decode(data), VERSION), _Packed, dec_hook=_made)
        else:
            p = _DECODER.decode(data)
        return EntityState(
            p.clock, *p.counts, memory.unpacked(p.memory, p.clock // 60), Baseline(*p.baseline), _evidence(p.evidence),
            {root: Thread(*fields) for root, fields in p.threads.items()}, _groundswell(p.groundswell), p.ring,
            _past(p.past), Talk(*p.talk), p.acute, p.slow, p.name, Regulars(*p.regulars), p.narratives,
        )  # fmt: skip


def _evidence(fields: _Fields) -> Evidence:
    evidence = Evidence(*fields)
    evidence.starts = [Start(*start) for start in fields[-1]]
    return evidence


def _groundswell(fields: _Fields) -> Groundswell:
    since, mark = (Start(*start) for start in fields[-2:])
    plain: _Fields = [*fields[:-2], since, mark]
    return Groundswell(*plain)


def _past(fields: _Fields) -> Past:
    cells, mentions = fields
    return Past(bytearray(cells), mentions)
