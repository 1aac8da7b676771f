"""The phrase book: sentences of our own from which posts are composed."""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec
from msgspec import Struct


class Industry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people say of one kind of company; complaints by topic."""

    word: str
    complaints: dict[str, tuple[str, ...]]
    praise: tuple[str, ...]
    neutral: tuple[str, ...]


class Phrases(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that simulated people say.  Keys `complaint`, `praise` and `neutral` are tones."""

    slots: dict[str, tuple[str, ...]]
    openers: dict[str, tuple[str, ...]]
    closers: dict[str, tuple[str, ...]]
    emoji: dict[str, tuple[str, ...]]
    common: dict[str, tuple[str, ...]]
    praise: tuple[str, ...]
    neutral: tuple[str, ...]
    sarcasm: tuple[str, ...]
    replies: dict[str, tuple[str, ...]]
    quotes: dict[str, tuple[str, ...]]
    promotion: dict[str, tuple[str, ...]]
    flood: tuple[str, ...]
    brigade: tuple[str, ...]
    chatter: tuple[str, ...]
    industries: dict[str, Industry]


@cache
def phrases() -> Phrases:
    """The phrase book that is shipped."""
    data = resources.files("pipeline.simulate").joinpath("data", "phrases.yaml").read_bytes()
    return msgspec.yaml.decode(data, type=Phrases)
