"""The detector as a stage of the pipeline, and the fast way through a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from pipeline.detect.detector import Detector
from pipeline.detect.entity import EntityCodec, EntityState
from pipeline.detect.heard import Heard, read
from pipeline.errors import Malformed
from pipeline.messages import IncidentEvent
from pipeline.stage import Codec, Outgoing, Record, Rejected, Result
from pipeline.state import State
from pipeline.topics import INCIDENTS, MENTIONS_SCORED, Topic

KEPT = 90 * 86_400.0
"""Seconds of event time without a mention after which an entity is forgotten."""

_ENCODER = msgspec.json.Encoder()


class Detect:
    """Mentions in, incident events out, keyed by incident; one state an entity.

    Guarantees: the same records in the same order give the same events byte for byte, however they are split into
    batches; records that the state has absorbed are passed over.  `false_alarms`: the promise per entity and month.
    """

    name: str = "detect"
    sources: tuple[Topic, ...] = (MENTIONS_SCORED,)
    stateful: bool = True
    merges: bool = False

    def __init__(self, false_alarms: float = 0.2) -> None:
        self.codec: Codec = EntityCodec()
        self._detector = Detector(false_alarms)

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        """Take in a batch; what cannot be read is rejected with the reason."""
        result = Result(publish=[], rejected=[], effects=[])
        for record in batch:
            try:
                heard = read(record.value)
            except Malformed as reason:
                result.rejected.append(Rejected(record, reason))
                continue
            if heard is None:
                continue
            key = heard.entity.id
            if state.absorbed(key, record):
                continue
            entity: EntityState | None = state.get(key, record)
            if entity is None:
                entity = EntityState()
            for event in self._detector.hear(entity, heard):
                result.publish.append(outgoing(event, record.arrived))
            state.put(key, entity, record, expires=entity.clock + KEPT if entity.clock else 0.0)
        return result

    async def apply(self, effects: Sequence[Any]) -> Result:
        """There are no effects."""
        return Result(publish=[], rejected=[], effects=[])

    async def close(self) -> None:
        """Nothing to let go of."""


def outgoing(event: IncidentEvent, arrived: float) -> Outgoing:
    """An incident event as it goes to its topic."""
    return Outgoing(INCIDENTS.name, event.incident_id.encode(), _ENCODER.encode(event), arrived)


def run(heard: Iterable[Heard], false_alarms: float = 0.2) -> Iterator[IncidentEvent]:
    """The events of mentions in order of arrival, of any number of entities, with no driver at all."""
    detector = Detector(false_alarms)
    hear = detector.hear
    states: dict[str, EntityState] = {}
    for one in heard:
        key = one.entity.id
        state = states.get(key)
        if state is None:
            state = states[key] = EntityState()
        events = hear(state, one)
        if events:
            yield from events
