"""The detector as a stage of the pipeline, and the fast way through a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import structlog

from pipeline.contracts.messages import IncidentEvent
from pipeline.contracts.topics import INCIDENTS, MENTIONS_SCORED, Topic
from pipeline.detect.codec import EntityCodec
from pipeline.detect.detector import Detector
from pipeline.detect.detectors import Detectors
from pipeline.detect.entity import EntityState
from pipeline.detect.heard import Heard, HeardMention, read
from pipeline.detect.kin import OFTEN
from pipeline.detect.promise import Promise
from pipeline.detect.watch import Watch
from pipeline.errors import Malformed
from pipeline.stages.records import Outgoing, Record, Rejected, Result
from pipeline.stages.state import Codec, State

KEPT = 90 * 86_400.0
"""Seconds of event time without a mention after which an entity is forgotten."""

WATCH = "\0watch/"
"""Beginning of the keys under which the watches of partitions are kept; no entity's id begins so."""

_ENCODER = msgspec.json.Encoder()
_log = structlog.get_logger()
_WATCH_BYTE = b"\xc1"  # begins nothing that MessagePack writes


class DetectCodec:
    """Bytes of an entity's state, or of a partition's watch."""

    def __init__(self) -> None:
        self._entities = EntityCodec()
        self._watch = msgspec.msgpack.Decoder(Watch)

    def encode(self, value: Any) -> bytes:
        if type(value) is Watch:
            return _WATCH_BYTE + msgspec.msgpack.encode(value)
        return self._entities.encode(value)

    def decode(self, data: bytes) -> Any:
        if data[:1] == _WATCH_BYTE:
            return self._watch.decode(data[1:])
        return self._entities.decode(data)


class Detect:
    """Mentions in, incident events out, keyed by incident; one state an entity, and one watch a partition.

    Guarantees: the same records in the same order give the same events byte for byte, however they are split into
    batches; records that the state has absorbed are passed over, and so are mentions that enrich publishes again after
    a crash, however many (`origins.py`).  `false_alarms`: the promise per entity and month, or what is promised to
    whom; `page_coordinated`: incidents that look coordinated are pageable, too.

    What a watch notes follows from the states of the entities, and it is written after them: when a crash comes in
    between, the records are read again, entities that have absorbed them are left alone, and the watch catches up.
    """

    name: str = "detect"
    sources: tuple[Topic, ...] = (MENTIONS_SCORED,)
    stateful: bool = True
    merges: bool = False

    def __init__(self, false_alarms: float | Promise = 0.2, *, page_coordinated: bool = False) -> None:
        self.codec: Codec = DetectCodec()
        self._page_coordinated = page_coordinated
        self._detectors = Detectors(false_alarms)

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        """Take in a batch; what cannot be read is rejected with the reason."""
        result = Result(publish=[], rejected=[], effects=[])
        watches: dict[str, tuple[Watch, Record]] = {}
        again = 0
        for record in batch:
            try:
                heard = _read(record)
            except Malformed as reason:
                result.rejected.append(Rejected(record, reason))
                continue
            if heard is None:
                continue
            key = f"{WATCH}{record.partition}"
            if state.absorbed(key, record):  # so have all entities, since a watch is written last
                continue
            if key not in watches:
                watches[key] = (state.get(key, record) or Watch(), record)
            watch = watches[key][0]
            watches[key] = (watch, record)
            if record.origin and watch.origins.heard(record.origin):
                again += 1
                continue
            if type(heard) is HeardMention:
                for late in watch.pass_to(heard):
                    result.publish.extend(self._settled(late, watch, heard, record, state))
            entity = self._heard(heard, watch, record, state, result)
            watch.look(heard.entity.id, entity)
        for key, (watch, record) in watches.items():
            state.put(key, watch, record)
        if again:
            _log.info("published again, and passed over", stage=self.name, mentions=again)
        return result

    def _heard(self, heard: Heard, watch: Watch, record: Record, state: State, result: Result) -> EntityState:
        """The entity's state with this mention in it."""
        key = heard.entity.id
        entity: EntityState | None = state.get(key, record)
        if entity is None:
            entity = watch.kin.begin(heard)
        absorbed = state.absorbed(key, record)
        if not absorbed:
            for event in self._detectors.of(key).hear(entity, heard):
                result.publish.append(self._outgoing(event, record))
        if not entity.clock & OFTEN:
            watch.kin.look(heard, entity, lend=not absorbed)
        if not absorbed:
            _put(key, entity, record, state)
        return entity

    def _settled(self, key: str, watch: Watch, heard: HeardMention, record: Record, state: State) -> Iterator[Outgoing]:
        """What silence ends in another entity of the partition."""
        entity: EntityState | None = state.get(key, record)
        if entity is None or state.absorbed(key, record):
            watch.look(key, entity or EntityState())
            return
        for event in watch.settle(key, entity, heard):
            yield self._outgoing(event, record)
        _put(key, entity, record, state)

    def _outgoing(self, event: IncidentEvent, record: Record) -> Outgoing:
        if event.coordinated and self._page_coordinated:
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


def _read(record: Record) -> Heard | None:
    heard = read(record.value)
    if heard is not None and heard.entity.id.startswith(WATCH):
        raise Malformed("wrong_value", "the entity's id begins with a zero byte", todo="Use an id of the catalogue")
    return heard


def _put(key: str, entity: EntityState, record: Record, state: State) -> None:
    state.put(key, entity, record, expires=entity.clock + KEPT if entity.clock else 0.0)


def run(heard: Iterable[Heard], false_alarms: float = 0.2) -> Iterator[IncidentEvent]:
    """The events of mentions in order of arrival, of any number of entities, with no driver at all."""
    detector = Detector(false_alarms)
    hear = detector.hear
    watch = Watch()
    states: dict[str, EntityState] = {}
    for one in heard:
        key = one.entity.id
        if type(one) is HeardMention:
            for late in watch.pass_to(one):
                yield from watch.settle(late, states[late], one)
        state = states.get(key)
        if state is None:
            state = states[key] = watch.kin.begin(one)
        events = hear(state, one)
        if events:
            yield from events
        if not state.clock & OFTEN:
            watch.kin.look(one, state)
        if state.acute is not None or state.slow is not None:
            watch.look(key, state)
