"""The state of an entity: everything that the detector remembers of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pipeline.detect.evidence.baseline import Baseline
from pipeline.detect.evidence.change_point import ChangePoint
from pipeline.detect.evidence.groundswell import Groundswell
from pipeline.detect.evidence.pile_on import ThreadEvidence
from pipeline.detect.evidence.surge import SurgeCusum
from pipeline.detect.narratives.narrative import NarrativeClusters
from pipeline.detect.narratives.phrases import IncidentVocabulary
from pipeline.detect.narratives.vocabulary import PastVocabulary
from pipeline.detect.state.incident import Incident
from pipeline.detect.state.memory import Memory
from pipeline.detect.state.quotable_posts import QuotablePost
from pipeline.detect.state.regulars import Regulars

POSTS: Final = 9
"""Quotable posts that are remembered for the next incident."""


@dataclass(slots=True)
class EntityState:
    """State of one entity.  `clock` is the newest event time, in whole seconds; it never goes back.

    `mentions`, `negative`, `authors`, `copies` count from the beginning, raw.  `acute` is the pile-on, surge or
    amplification in progress (or within the refractory time), `slow` the groundswell; `name` is the entity's, as of
    the newest incident.
    """

    clock: int = 0
    mentions: int = 0
    negative: int = 0
    authors: int = 0
    copies: int = 0
    memory: Memory = field(default_factory=Memory)
    baseline: Baseline = field(default_factory=Baseline)
    evidence: SurgeCusum = field(default_factory=SurgeCusum)
    threads: dict[int, ThreadEvidence] = field(default_factory=dict)
    groundswell: Groundswell = field(default_factory=Groundswell)
    posts: list[QuotablePost] = field(default_factory=list)
    past: PastVocabulary = field(default_factory=PastVocabulary)
    vocabulary: IncidentVocabulary = field(default_factory=IncidentVocabulary)
    acute: Incident | None = None
    slow: Incident | None = None
    name: str = ""
    regulars: Regulars = field(default_factory=Regulars)
    narratives: NarrativeClusters = field(default_factory=NarrativeClusters)

    def change_point(self, at: int, expected: float) -> ChangePoint:
        """What has been counted until now, as that of a change at `at`, when so many negatives were expected."""
        return ChangePoint(at, self.mentions, self.negative, self.authors, self.copies, expected)
