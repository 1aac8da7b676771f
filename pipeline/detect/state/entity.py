"""Everything the detector remembers of an entity; its bytes are made by `codec`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pipeline.detect.evidence.baseline import Baseline
from pipeline.detect.evidence.groundswell import Groundswell
from pipeline.detect.evidence.pile_on import Thread
from pipeline.detect.evidence.surge import Evidence
from pipeline.detect.narratives.narrative import Narratives
from pipeline.detect.narratives.phrases import Talk
from pipeline.detect.narratives.vocabulary import Past
from pipeline.detect.state.incident import Incident
from pipeline.detect.state.memory import Memory
from pipeline.detect.state.quotable_posts import KeptPost
from pipeline.detect.state.regulars import Regulars

RING: Final = 7
"""Posts kept as evidence for the next incident."""


@dataclass(slots=True)
class EntityState:
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
    memory: Memory = field(default_factory=Memory)
    baseline: Baseline = field(default_factory=Baseline)
    evidence: Evidence = field(default_factory=Evidence)
    threads: dict[int, Thread] = field(default_factory=dict)
    groundswell: Groundswell = field(default_factory=Groundswell)
    ring: list[KeptPost] = field(default_factory=list)
    past: Past = field(default_factory=Past)
    talk: Talk = field(default_factory=Talk)
    acute: Incident | None = None
    slow: Incident | None = None
    name: str = ""
    regulars: Regulars = field(default_factory=Regulars)
    narratives: Narratives = field(default_factory=Narratives)
