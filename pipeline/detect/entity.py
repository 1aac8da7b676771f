"""Everything the detector remembers of an entity; its bytes are made by `codec`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pipeline.detect.baseline import Baseline
from pipeline.detect.evidence import Evidence
from pipeline.detect.groundswell import Groundswell
from pipeline.detect.incident import Incident
from pipeline.detect.memory import Memory
from pipeline.detect.narratives import Narratives
from pipeline.detect.phrases import Talk
from pipeline.detect.regulars import Regulars
from pipeline.detect.ring import KeptPost
from pipeline.detect.threads import Thread
from pipeline.detect.vocabulary import Past

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
