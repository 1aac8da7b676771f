"""A detector that never fires and notes what it would have judged by.  Needs the plain form (`GROUNDSWELL_PURE`),
since a compiled class has no subclasses."""

from __future__ import annotations

import msgspec

from pipeline.contracts.incidents import IncidentEvent
from pipeline.detect.detector import Detector
from pipeline.detect.evidence import thresholds
from pipeline.detect.evidence.pile_on import ThreadEvidence
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.state.entity import EntityState


class Recorder(Detector):
    """Hands every negative mention to `note`, and every closed block to `note_block`; opens nothing."""

    def __init__(self) -> None:
        super().__init__(0.2, thresholds.shipped())
        self.thresholds = msgspec.structs.replace(self.thresholds, groundswell=1e9)

    def note(self, entity: EntityState, thread: ThreadEvidence | None, pile_on: float, surge: float) -> None:
        """A negative mention has been taken in; `thread` is the one that it answers in, with that evidence."""

    def note_block(self, entity: EntityState) -> None:
        """A block of the groundswell has been closed."""

    def _judge(
        self, entity: EntityState, mention: InboundMention, root: int, thread: ThreadEvidence | None, surge: float
    ) -> IncidentEvent | None:
        self.note(entity, thread, 0.0 if thread is None else thread.pile_on(), surge)
        return None

    def _close_block(self, entity: EntityState, mention: InboundMention) -> tuple[IncidentEvent, ...]:
        super()._close_block(entity, mention)
        self.note_block(entity)
        return ()
