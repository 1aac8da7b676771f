"""Readings: what a person who read a page says that it was, and why.

A reading is of a company and a day, since the minute of an opening moves with every change of the detector.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from benchmarks.histories.replay import PageLine

READINGS: Final = Path(__file__).with_name("readings.toml")

Verdict = Literal["true", "doubtful", "false"]


class PageReading(msgspec.Struct, forbid_unknown_fields=True):
    """`true`: many complained of one thing at once.  `doubtful`: they did, but hardly of the company.  `false`: not."""

    company: str
    day: str
    verdict: Verdict
    why: str


def readings(name: str) -> dict[tuple[str, str], PageReading]:
    """The readings of a history, by company and day; a day is read once."""
    found = tomllib.loads(READINGS.read_text(encoding="utf-8")).get(name, [])
    read = msgspec.convert(found, list[PageReading])
    by_day = {(reading.company, reading.day): reading for reading in read}
    if len(by_day) < len(read):
        raise ValueError(f"{READINGS.name}: a company has two readings of one day in {name}")
    return by_day


def unread(name: str, pages: Iterable[PageLine]) -> list[PageLine]:
    """Pages that nobody has read yet."""
    known = readings(name)
    return [page for page in pages if page.paged and (page.company, page.day) not in known]
