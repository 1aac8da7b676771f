"""Narratives: what the complaints of an incident are about, as an entity's state has it."""

from __future__ import annotations

from msgspec import Struct, field

SLOTS = 6
"""Narratives that an incident may have at a time."""

RECENT = 1800.0
"""Seconds over which recent complaints are counted."""

WHOLE = 1000
"""Thousandths of one."""


class NarrativeCluster(Struct, array_like=True):
    """A group of complaints: its centre as 64 signed bytes of length 127, how alike they are to it on average
    (`tight`, cosine in thousandths), how many, since when; `recent` counts them, decaying, as of `at`.  Times in whole
    seconds."""

    centre: bytes
    first: int
    tight: int = WHOLE
    mentions: int = 1
    recent: float = 1.0
    at: int = 0


class NarrativeClusters(Struct, array_like=True):
    """The narratives of an incident by slot (None: free).

    `by`: what complaints are grouped by, empty before the first; `seen`: complaints there were; those in no narrative
    are the difference.
    """

    slots: list[NarrativeCluster | None] = field(default_factory=lambda: [None] * SLOTS)
    by: str = ""
    seen: int = 0
