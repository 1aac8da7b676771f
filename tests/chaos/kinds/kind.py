"""A kind of fault: how it begins, how long it is held, how it ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from tests.chaos.installation import Installation

BEFORE = "seen before there was one: docs/chaos.md"

Fault = Callable[[Installation], AbstractAsyncContextManager[None]]
"""A block around which the fault lasts: it begins where the block is entered and is over where it is left."""


@dataclass(frozen=True)
class Kind:
    """One kind of fault.  `guards` says in a few words which protection it exercises; `without`, where it is not seen
    to do harm with that one out (`tests/chaos/protections.py`), why, or where else that is seen."""

    name: str
    fault: Fault
    seconds: float
    """How long it is held."""
    guards: str
    without: str
    harms: str = ""
    """What it harms, in a word or two: two kinds that harm different things may come at once.  Empty: it comes alone,
    since what it asserts, or how it is made, needs everything else as usual."""
    after: Callable[[Installation], Awaitable[None]] | None = None
    """What must hold once the backlog is worked off; raises `AssertionError`."""
