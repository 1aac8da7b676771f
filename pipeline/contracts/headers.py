"""Headers of Kafka records without content: arrival time, that a record was replayed, or is a copy.

The header with a message's origin has a module of its own, `pipeline/contracts/origin.py`.
"""

from __future__ import annotations

ARRIVED = "arrived"
"""When the pipeline first received the post behind a message; drivers merge partitions by it."""

REPLAYED = "replayed"
"""Marks a record that a person has sent again from the dead letters."""


COPY = "copy"
"""Marks the deletion of an author on partitions that its key does not belong to; the value is the key's partition."""


def arrival_header(seconds: float) -> tuple[str, bytes]:
    """The header of an arrival: ASCII seconds since 1970 with six decimals."""
    return ARRIVED, b"%.6f" % seconds


def arrival(value: bytes, otherwise: float) -> float:
    """Seconds of the header; `otherwise` where it holds no time."""
    try:
        seconds = float(value)
    except ValueError:
        return otherwise
    return seconds if 0.0 < seconds < 1e11 else otherwise
