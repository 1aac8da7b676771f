"""Codec of an entity's state: at most 10 kB, versioned.

What changes with every mention is a plain class, which can be compiled; here it becomes an array, field by field.
"""

from __future__ import annotations

import zlib
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.detect.evidence.baseline import Baseline
from pipeline.detect.evidence.change_point import ChangePoint
from pipeline.detect.evidence.groundswell import Groundswell
from pipeline.detect.evidence.pile_on import ThreadEvidence
from pipeline.detect.evidence.surge import SurgeCusum
from pipeline.detect.narratives.narrative import NarrativeClusters
from pipeline.detect.narratives.phrases import IncidentVocabulary
from pipeline.detect.narratives.vocabulary import PastVocabulary
from pipeline.detect.state import memory
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.incident import Incident
from pipeline.detect.state.migrate import upgraded
from pipeline.detect.state.quotable_posts import QuotablePost
from pipeline.detect.state.regulars import Regulars

VERSION = 6
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
    baseline: Baseline
    evidence: _Fields
    threads: dict[int, ThreadEvidence]
    groundswell: _Fields
    posts: list[QuotablePost]
    past: _Fields
    vocabulary: _Fields
    acute: Incident | None
    slow: Incident | None
    name: str
    regulars: _Fields
    narratives: NarrativeClusters


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
        entity: EntityState = value
        packed = _Packed(
            version=VERSION,
            clock=entity.clock,
            counts=(entity.mentions, entity.negative, entity.authors, entity.copies),
            memory=entity.memory.pack(entity.clock // 60),
            baseline=entity.baseline,
            evidence=_fields(entity.evidence),
            threads=entity.threads,
            groundswell=_fields(entity.groundswell),
            posts=entity.posts,
            past=_fields(entity.past),
            vocabulary=_fields(entity.vocabulary),
            acute=entity.acute,
            slow=entity.slow,
            name=entity.name,
            regulars=_fields(entity.regulars),
            narratives=entity.narratives,
        )
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
            return _state(msgspec.convert(upgraded(msgspec.msgpack.decode(data), VERSION), _Packed, dec_hook=_made))
        return _state(_DECODER.decode(data))


def _state(packed: _Packed) -> EntityState:
    mentions, negative, authors, copies = packed.counts
    return EntityState(
        clock=packed.clock,
        mentions=mentions,
        negative=negative,
        authors=authors,
        copies=copies,
        memory=_memory(packed),
        baseline=packed.baseline,
        evidence=_evidence(packed.evidence),
        threads=packed.threads,
        groundswell=_groundswell(packed.groundswell),
        posts=packed.posts,
        past=_past(packed.past),
        vocabulary=IncidentVocabulary(*packed.vocabulary),
        acute=packed.acute,
        slow=packed.slow,
        name=packed.name,
        regulars=Regulars(*packed.regulars),
        narratives=packed.narratives,
    )


def _memory(packed: _Packed) -> memory.Memory:
    made = memory.unpacked(packed.memory, packed.clock // 60)
    if packed.clock // 60 <= made.unkeyed_until:
        known = {*made.posts.positions, *made.authors, *made.texts, *packed.threads, *packed.regulars[0]}
        known |= made.posts.threads() | {post.root for post in packed.posts}
        for incident in (packed.acute, packed.slow):
            known |= set() if incident is None else set(incident.roots)
        made.unkeyed = {number for number in known if 0 < number < memory.UNKEYED}
    return made


def _evidence(fields: _Fields) -> SurgeCusum:
    evidence = SurgeCusum(*fields)
    evidence.starts = [ChangePoint(*start) for start in fields[-1]]
    return evidence


def _groundswell(fields: _Fields) -> Groundswell:
    since, mark = (ChangePoint(*start) for start in fields[-2:])
    plain: _Fields = [*fields[:-2], since, mark]
    return Groundswell(*plain)


def _past(fields: _Fields) -> PastVocabulary:
    cells, mentions = fields
    return PastVocabulary(bytearray(cells), mentions)
