"""A history: everything that happens in one world, as data that can be printed, cut down and lived again."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from tests.simulation.inputs import Input
from tests.simulation.world.faults import Fault


class History(Struct, frozen=True, kw_only=True):
    """Inputs, faults and how the world is set up; `seed` decides what is left to chance: latencies, who reads what
    when.  `hazards` names what it may hold of `hazards.py`."""

    seed: int
    inputs: tuple[Input, ...]
    faults: tuple[Fault, ...] = ()
    hazards: tuple[str, ...] = ()
    store: Literal["changelog", "sqlite"] = "changelog"
    index: Literal["sqlite", "elastic"] = "sqlite"
    workers: tuple[tuple[str, int], ...] = (("enrich", 1), ("detect", 1), ("index", 1), ("alert", 1))
    one_by_one: tuple[str, ...] = ()
    """Stages whose workers send each message in a request of its own: more places to die at."""
    pages: int = 0
    """Pages of posts that the detector remembers of a company, 0 for as many as it does: with few, repeats are known by
    where they come from alone."""
    batch_records: int = 256
    commit_seconds: float = 0.5
