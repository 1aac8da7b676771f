"""Faults of queries: what a person typed or a program sent cannot be asked."""

from __future__ import annotations

from pipeline.errors import TerminalError

_SHOWN = 24
"""Characters of a query around a fault that the message shows."""


class WrongQuery(TerminalError):
    """A query asks for what cannot be asked; whoever sent it can mend it."""


class QueryError(WrongQuery):
    """The text of a query cannot be understood; `position` (from 0) is where, and `todo` what to write instead."""

    def __init__(self, what: str, query: str, position: int, todo: str) -> None:
        self.position = position
        before, after = query[max(0, position - _SHOWN) : position], query[position : position + _SHOWN]
        super().__init__(f"{what}, at character {position + 1}: {before}▸{after}", subject="the search", todo=todo)
