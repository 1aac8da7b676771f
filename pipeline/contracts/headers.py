"""Headers of Kafka records without content: arrival, replays, copies, for whom it is.

The header with a message's origin has a module of its own, `pipeline/contracts/origin.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

ARRIVED = "arrived"
"""When the pipeline first received the post behind a message; drivers merge partitions by it."""

REPLAYED = "replayed"
"""Marks a record that a person has sent again from the dead letters: how many times so far."""

LETTER = "letter"
"""Of such a record: the dead letter that it was sent again from."""

ONLY_FOR = "for"
"""Of such a record: the stage that it is meant for; the topic's other consumers pass over it."""


def meant_for(headers: Iterable[tuple[str, bytes]], stage: str) -> bool:
    """Whether a record is for this stage: for every consumer of its topic, unless a header names another."""
    return all(name != ONLY_FOR or value == stage.encode() for name, value in headers)


def replays(headers: Iterable[tuple[str, bytes]]) -> int:
    """How many times a person has sent this record again; 0 for one that came by itself."""
    text = dict(headers).get(REPLAYED, b"0")
    return int(text) if text.isdigit() and len(text) <= 6 else 1


COPY = "copy"
"""Marks the deletion of an author on partitions that its key does not belong to; the value is the key's partition."""


def arrival_header(seconds: float) -> tuple[str, bytes]:
    """The header of an arrival: ASCII seconds since 1970 with six decimals.

    >>> arrival_header(1_500_000_000.25)
    ('arrived', b'1500000000.250000')
    """
    return ARRIVED, b"%.6f" % seconds


def arrival(value: bytes, otherwise: float) -> float:
    """Seconds of the header; `otherwise` where it holds no time.

    >>> arrival(b"1500000000.250000", otherwise=0.0)
    1500000000.25
    >>> arrival(b"soon", otherwise=7.0)
    7.0
    """
    try:
        seconds = float(value)
    except ValueError:
        return otherwise
    return seconds if 0.0 < seconds < 1e11 else otherwise
