"""Headers of Kafka records without content: arrival time, and that a record was replayed.

The header with a message's origin has a module of its own, `pipeline/contracts/origin.py`.
"""

from __future__ import annotations

ARRIVED = "arrived"
"""When the pipeline first received the post behind a message; drivers merge partitions by it."""

REPLAYED = "replayed"
"""Marks a record that a person has sent again from the dead letters."""


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
