"""The detector as a stage of the pipeline, and the fast way through a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import structlog

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.topics import INCIDENTS, MENTIONS_SCORED, Topic
from pipeline.detect.detector import Detector
from pipeline.detect.evidence.budget import Promise
from pipeline.detect.mentions.inbound import Inbound, InboundMention, read
from pipeline.detect.partition import PartitionState
from pipeline.detect.priors import OFTEN
from pipeline.detect.state.codec import EntityCodec
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.keyed_hash import FIXED, drawn
from pipeline.detect.state.page import EXPIRES, PostPage, page_key
from pipeline.errors import Malformed
from pipeline.stages.records import Outgoing, Record, Rejected, Result
from pipeline.stages.state import Codec, State

FORGET_AFTER = 90 * 86_400.0
"""Seconds of event time without a mention after which an entity is forgotten."""

PARTITION = "\0watch/"
"""Beginning of the keys of the states of partitions; no entity's id begins so."""

_ENCODER = msgspec.json.Encoder()
_log = structlog.get_logger()
_PARTITION_BYTE, _PAGE_BYTE = b"\xc1", b"\xc0"  # no state of an entity begins with one of them


class Detectors:
    """Detectors by what was promised; few, however many the entities."""

    def __init__(self, false_alarms: float | Promise) -> None:
        """`false_alarms`: per entity and month, or what is promised to whom."""
        self.promise = false_alarms if isinstance(false_alarms, Promise) else Promise(false_alarms)
        self._rest = Detector(self.promise.each)
        self._own: dict[str, Detector] = {}
        made: dict[float, Detector] = {}
        for entity in (entity for team in self.promise.teams for entity in team.entities):
            rate = self.promise.of(entity)
            detector = made.get(rate)
            if detector is None:
                detector = made[rate] = Detector(rate)
            self._own[entity] = detector

    def of(self, entity: str) -> Detector:
        """The detector that keeps the promise for this entity."""
        return self._own.get(entity, self._rest)


class DetectCodec:
    """Bytes of an entity's state, of a page of its posts, or of a partition's state."""

    def __init__(self) -> None:
        self._entities = EntityCodec()
        self._partition = msgspec.msgpack.Decoder(PartitionState)
        self._page = msgspec.msgpack.Decoder(PostPage)

    def encode(self, value: Any) -> bytes:
        if type(value) is PartitionState:
            return _PARTITION_BYTE + msgspec.msgpack.encode(value)
        if type(value) is PostPage:
            return _PAGE_BYTE + msgspec.msgpack.encode(value)
        return self._entities.encode(value)

    def decode(self, data: bytes) -> Any:
        if data[:1] == _PARTITION_BYTE:
            return self._partition.decode(data[1:])
        if data[:1] == _PAGE_BYTE:
            return self._page.decode(data[1:])
        return self._entities.decode(data)


class _Entities:
    """The states of entities that a batch touches, each put once, after the pages of its posts."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._held: dict[str, tuple[EntityState, Record]] = {}

    def absorbed(self, key: str, record: Record) -> bool:
        """Whether the entity's state has this record in it already."""
        return self._state.absorbed(key, record)

    def get(self, key: str, record: Record) -> EntityState | None:
        """The state of an entity with its pages in hand."""
        held = self._held.get(key)
        if held is not None:
            return held[0]
        entity: EntityState | None = self._state.get(key, record)
        if entity is not None and not entity.memory.posts.restored:
            posts, clock = entity.memory.posts, entity.clock // 60
            posts.restore(clock, lambda number: self._state.get(page_key(key, number), record))
        return entity

    def hold(self, key: str, entity: EntityState, record: Record) -> None:
        """Note that the entity's state has now this record in it."""
        self._held[key] = (entity, record)

    def put(self) -> None:
        """Put what has changed: pages first."""
        for key, (entity, record) in self._held.items():
            for of_page, page in entity.memory.posts.finished(key):
                self._state.put(of_page, page, record, expires=entity.clock + EXPIRES)
            expires = entity.clock + FORGET_AFTER if entity.clock else 0.0
            self._state.put(key, entity, record, expires=expires)


class Detect:
    """Mentions in, incident events out, keyed by incident; one state an entity, and one a partition.

    Guarantees: the same records in the same order give the same events byte for byte, however they are split into
    batches; records that the state has absorbed are passed over, and so are mentions that enrich publishes again after
    a crash, however many (`deduplication.py`).  `false_alarms`: the promise per entity and month, or what is promised
    to whom; `page_coordinated`: incidents that look coordinated are pageable, too.

    What a partition notes follows from the states of the entities, and it is written after them, as they are written
    after the pages of their posts (`state/page.py`): when a crash comes in between, the records are read again,
    entities that have absorbed them are left alone, and the partition catches up.
    """

    name: str = "detect"
    sources: tuple[Topic, ...] = (MENTIONS_SCORED,)
    stateful: bool = True
    merges: bool = False

    def __init__(
        self, false_alarms: float | Promise = 0.2, *, page_coordinated: bool = False, secret: int | None = None
    ) -> None:
        """`secret`: the key of hashes where a partition has none yet; drawn anew by default."""
        self._secret = secret
        self.codec: Codec = DetectCodec()
        self._page_coordinated = page_coordinated
        self._detectors = Detectors(false_alarms)

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        """Take in a batch; what cannot be read is rejected with the reason."""
        result = Result(publish=[], rejected=[], effects=[])
        partitions: dict[str, tuple[PartitionState, Record]] = {}
        entities = _Entities(state)
        again = 0
        for record in batch:
            try:
                inbound = _read(record)
            except Malformed as reason:
                result.rejected.append(Rejected(record, reason))
                continue
            if inbound is None:
                continue
            key = f"{PARTITION}{record.partition}"
            if state.absorbed(key, record):  # so have all entities, since a partition is written last
                continue
            if key not in partitions:
                partitions[key] = (self._begun(state.get(key, record)), record)
            partition = partitions[key][0]
            partitions[key] = (partition, record)
            if record.origin and partition.high_water.seen_or_mark(record.origin):
                again += 1
                continue
            if type(inbound) is InboundMention:
                for late in partition.advance_to(inbound):
                    result.publish.extend(self._silent(late, partition, inbound, record, entities))
            entity = self._observe(inbound, partition, record, entities, result)
            partition.schedule(inbound.entity.id, entity)
        entities.put()
        for key, (partition, record) in partitions.items():
            state.put(key, partition, record)
        if again:
            _log.info("published again, and passed over", stage=self.name, mentions=again)
        return result

    def _begun(self, partition: PartitionState | None) -> PartitionState:
        """The state of a partition, with a secret."""
        partition = partition or PartitionState()
        if not partition.secret:
            partition.secret = self._secret or drawn()
        return partition

    def _observe(
        self, inbound: Inbound, partition: PartitionState, record: Record, entities: _Entities, result: Result
    ) -> EntityState:
        """The entity's state with this mention in it."""
        key = inbound.entity.id
        entity = entities.get(key, record) or partition.priors.begin(inbound)
        if entity.memory.secret == FIXED:  # it begins, or was written before there were secrets
            entity.memory.secret = partition.secret
        absorbed = entities.absorbed(key, record)
        if not absorbed:
            for event in self._detectors.of(key).observe(entity, inbound):
                result.publish.append(self._outgoing(event, record))
        if not entity.clock & OFTEN:
            partition.priors.observe(inbound, entity, lend=not absorbed)
        if not absorbed:
            entities.hold(key, entity, record)
        return entity

    def _silent(
        self, key: str, partition: PartitionState, inbound: InboundMention, record: Record, entities: _Entities
    ) -> Iterator[Outgoing]:
        """What silence ends in another entity of the partition."""
        entity = entities.get(key, record)
        if entity is None or entities.absorbed(key, record):
            partition.schedule(key, entity or EntityState())
            return
        for event in partition.resolve_due(key, entity, inbound):
            yield self._outgoing(event, record)
        entities.hold(key, entity, record)

    def _outgoing(self, event: IncidentEvent, record: Record) -> Outgoing:
        if event.coordinated and self._page_coordinated and event.doubt is None:
            event.pageable = True
        return outgoing(event, record.arrived)

    async def apply(self, effects: Sequence[Any]) -> Result:
        """There are no effects."""
        return Result(publish=[], rejected=[], effects=[])

    async def close(self) -> None:
        """Nothing to let go of."""


def outgoing(event: IncidentEvent, arrived: float) -> Outgoing:
    """An incident event as it goes to its topic."""
    return Outgoing(INCIDENTS.name, event.incident_id.encode(), _ENCODER.encode(event), arrived)


def _read(record: Record) -> Inbound | None:
    inbound = read(record.value)
    if inbound is not None and inbound.entity.id.startswith("\0"):
        raise Malformed("wrong_value", "the entity's id begins with a zero byte", todo="Use an id of the catalogue")
    return inbound


def run(stream: Iterable[Inbound], false_alarms: float = 0.2) -> Iterator[IncidentEvent]:
    """The events of mentions in order of arrival, of any number of entities, with no driver at all."""
    detector = Detector(false_alarms)
    partition = PartitionState()
    states: dict[str, EntityState] = {}
    for inbound in stream:
        key = inbound.entity.id
        if type(inbound) is InboundMention:
            for late in partition.advance_to(inbound):
                yield from partition.resolve_due(late, states[late], inbound)
        state = states.get(key)
        if state is None:
            state = states[key] = partition.priors.begin(inbound)
        events = detector.observe(state, inbound)
        if events:
            yield from events
        if not state.clock & OFTEN:
            partition.priors.observe(inbound, state)
        if state.acute is not None or state.slow is not None:
            partition.schedule(key, state)
