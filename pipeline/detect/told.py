"""What is remembered of a single post."""

from __future__ import annotations

from typing import NamedTuple


class Told(NamedTuple):
    """When it was written (minutes since 1970), what it weighed, its thread (0: its own), the stamp of its version."""

    minute: int
    negative: bool
    weight: float
    root: int
    stamp: int
