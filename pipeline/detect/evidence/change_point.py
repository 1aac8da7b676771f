"""Change points: where something that is found later may have begun."""

from __future__ import annotations

from msgspec import Struct


class ChangePoint(Struct, array_like=True, frozen=True):
    """When a run of rate evidence left zero, and what had been counted for the entity until then."""

    at: int = 0
    mentions: int = 0
    negative: int = 0
    authors: int = 0
    copies: int = 0
    expected: float = 0.0
