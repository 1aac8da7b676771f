"""Cuts a failing history down to the shortest one that still fails in the same way (delta debugging, Zeller 1999)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from tests.simulation.history import History
from tests.simulation.inputs import Crowd

Fails = Callable[[History], bool]


def shortest(history: History, fails: Fails, *, most: int = 400) -> History:
    """A history with nothing in it that can be left out; tries at most `most` others.

    Faults go first, then inputs, then the size of crowds, then what is unusual about the world; again while that helps.
    """
    tried = 0

    def still(candidate: History) -> bool:
        nonlocal tried
        tried += 1
        return tried <= most and fails(candidate)

    while tried < most:
        before = history
        for field in ("faults", "inputs"):
            history = _fewer(history, field, still)
        for candidate_of in (_smaller_crowds, _plainer):
            for candidate in candidate_of(history):
                if still(candidate):
                    history = candidate
                    break
        if history == before:
            break
    return history


def _fewer(history: History, field: str, fails: Fails) -> History:
    """Leave out runs of a tuple's elements: halves first, then ever smaller, down to one by one."""
    size = max(1, len(getattr(history, field)) // 2)
    while True:
        start = 0
        while start < len(getattr(history, field)):
            elements: Sequence[Any] = getattr(history, field)
            candidate = _with(history, **{field: (*elements[:start], *elements[start + size :])})
            if fails(candidate):
                history = candidate
            else:
                start += size
        if size == 1:
            return history
        size //= 2


def _smaller_crowds(history: History) -> Iterator[History]:
    """The same with one crowd cut by half, or by a tenth."""
    for place, given in enumerate(history.inputs):
        if isinstance(given, Crowd):
            for people in (given.people // 2, given.people * 9 // 10):
                smaller = msgspec.structs.replace(given, people=people)
                if 0 < people < given.people:
                    yield _with(history, inputs=(*history.inputs[:place], smaller, *history.inputs[place + 1 :]))


def _plainer(history: History) -> Iterator[History]:
    """The same in a more ordinary world."""
    ordinary = History(seed=history.seed, inputs=())
    for field in ("workers", "store", "index", "one_by_one", "pages", "batch_records", "commit_seconds"):
        if getattr(history, field) != getattr(ordinary, field):
            yield _with(history, **{field: getattr(ordinary, field)})


def _with(history: History, **fields: Any) -> History:
    return msgspec.structs.replace(history, **fields)


def printed(history: History) -> str:
    """A history as lines of Python that can be put among the regressions."""
    ordinary = History(seed=history.seed, inputs=())
    lines = ["History("]
    for field in history.__struct_fields__:
        value = getattr(history, field)
        if field in ("inputs", "faults"):
            if value:
                lines += [f"    {field}=(", *(f"        {_short(one)}," for one in value), "    ),"]
            elif field == "inputs":
                lines.append("    inputs=(),")
        elif field == "seed" or value != getattr(ordinary, field):
            lines.append(f"    {field}={value!r},")
    return "\n".join([*lines, ")"])


def _short(value: Any) -> str:
    """A struct without the fields that have their defaults."""
    fields = msgspec.structs.fields(type(value))
    given = [f"{f.name}={getattr(value, f.name)!r}" for f in fields if getattr(value, f.name) != f.default]
    return f"{type(value).__name__}({', '.join(given)})"
