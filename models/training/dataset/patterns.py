"""Sentences generated from patterns (``models/configs/patterns.yaml``).

A pattern names who is spoken well of (`{+}`), badly (`{-}`) or neither (`{=}`); other slots are filled from lists.  The
sentences of a pattern are one group, so that what is reported on is worded as nothing that was learnt.  What comes out
is a function of the file alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from models.training.dataset.readers import Example
from pipeline.errors import TerminalError

FOLDER = Path(__file__).parents[2] / "configs"
"""Patterns belong to the project, not to the data: their files lie beside the configurations."""

_SLOT = re.compile(r"\{([^{}]*)\}")
_TOWARD = {"-": 0, "=": 1, "+": 2}
SENTIMENT = "sentiment"
"""The head that an item's `sentiment` is for."""

_LOWER = 0.25
"""Share of the sentences without capitals."""


class _Item(msgspec.Struct, forbid_unknown_fields=True):
    texts: list[str]
    sentiment: int | None = None
    """Of the post; None where the pattern does not decide it."""


class _Group(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    items: list[_Item | list[str]]
    copies: int = 10
    """Sentences made of each pattern."""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    fill: dict[str, list[str]]
    groups: list[_Group]


def read_patterns(path: Path) -> Iterator[Example]:
    """The sentences of a file of patterns, with the label toward each name, and that of the post where an item has one.

    Raises `TerminalError` for a file that is not as described.
    """
    try:
        file = msgspec.yaml.decode((FOLDER / path).read_bytes(), type=_File)
    except (OSError, msgspec.MsgspecError) as error:
        raise TerminalError(
            f"cannot be read: {error}", subject=str(path), todo="Patterns are in models/configs"
        ) from None
    for group in file.groups:
        for item in group.items:
            item = _Item(item) if isinstance(item, list) else item
            for pattern in item.texts:
                for copy in range(group.copies):
                    chance = random.Random(f"{pattern}/{copy}")
                    example = _filled("{open}" + pattern + "{close}", file.fill, chance, path)
                    example.labels = {} if item.sentiment is None else {SENTIMENT: item.sentiment}
                    example.group = pattern
                    yield example


def _filled(pattern: str, fill: dict[str, list[str]], chance: random.Random, path: Path) -> Example:
    text = ""
    example = Example("")
    names = chance.sample(fill.get("name", []), min(len(fill.get("name", [])), len(_SLOT.findall(pattern))))
    pieces = _SLOT.split(pattern)
    for piece, slot in zip(pieces[::2], [*pieces[1::2], None], strict=True):
        text += piece
        if slot in _TOWARD and names:
            name = names.pop()
            example.targets.append((((len(text), len(text) + len(name)),), _TOWARD[slot]))
            text += name
        elif slot is not None and fill.get(slot):
            text += chance.choice(fill[slot])
        elif slot is not None:
            raise TerminalError(f"nothing fills the slot {{{slot}}} of {pattern!r}", subject=str(path))
    lower = text.lower() if chance.random() < _LOWER else text
    example.text = lower if len(lower) == len(text) else text
    return example
