"""What the complaints of an incident are about, as the entity's state keeps it; `grouping.py` tells them apart."""

from __future__ import annotations

from msgspec import Struct, field

from pipeline.detect.narratives.phrases import SLOTS

RECENT = 1800.0
"""Seconds over which recent complaints are counted."""

WHOLE = 1000
"""Thousandths of one."""


class Narrative(Struct, array_like=True):
    """A group of complaints: its centre as 64 signed bytes of length 127, how alike they are to it on average
    (`tight`, cosine in thousandths), how many, since when; `recent` counts them, decaying, as of `at`.  Times in whole
    seconds."""

    centre: bytes
    first: int
    tight: int = WHOLE
    mentions: int = 1
    recent: float = 1.0
    at: int = 0


class Narratives(Struct, array_like=True):
    """The narratives of an incident by slot (None: free).

    `by`: what complaints are grouped by, empty before the first; `seen`: complaints looked at; those in no narrative
    are the difference.
    """

    slots: list[Narrative | None] = field(default_factory=lambda: [None] * SLOTS)
    by: str = ""
    seen: int = 0
