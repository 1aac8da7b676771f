"""What a run comes to: posts a second, processor time by process, and its price."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

KAFKA, ELASTICSEARCH = "Kafka", "Elasticsearch"
SERVERS = frozenset((KAFKA, ELASTICSEARCH))
BILLION = 1e9
SECONDS_AN_HOUR = 3_600.0


class EndToEnd(Struct, frozen=True):
    """`posts` that went through in `seconds`; `spent` has processor seconds by process, the servers' among them."""

    posts: int
    seconds: float
    spent: dict[str, float]

    @property
    def rate(self) -> float:
        """Posts a second."""
        return self.posts / self.seconds

    @property
    def own(self) -> float:
        """Processor seconds a post, without the servers'."""
        return sum(cpu for name, cpu in self.spent.items() if name not in SERVERS) / self.posts

    @property
    def servers(self) -> float:
        """Processor seconds a post of Kafka and Elasticsearch."""
        return sum(cpu for name, cpu in self.spent.items() if name in SERVERS) / self.posts


def billion(processor_seconds: float, core_hour: float) -> float:
    """What a billion posts cost that take so many processor seconds each, at a price per core-hour.

    >>> billion(0.0036, core_hour=0.04)
    40.0
    """
    return processor_seconds * BILLION / SECONDS_AN_HOUR * core_hour


def processor_seconds(processes: Mapping[str, int]) -> dict[str, float]:
    """Seconds that processes have used, by name: all threads, in their own code and in the kernel.  Linux only.

    Raises `FileNotFoundError` for one that has ended.
    """
    spent = {}
    for name, pid in processes.items():
        # The command's name may hold spaces and brackets: the fields that follow it are counted from its end.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent[name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """What was spent between two readings."""
    return {name: cpu - before[name] for name, cpu in after.items()}
