"""Kafka topics: name, key, partitions, retention, and the messages each carries.

Partition counts are fixed early: a changed count moves keys to other partitions and away from their state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.contracts.gaps import NetworkGap
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import ScoredMessage
from pipeline.contracts.posts import RawMessage
from pipeline.contracts.stage_names import STAGES

PARTITIONS = 12


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic.  `compacted` topics keep the newest record a key and may show gaps in their offsets.

    Of these a record stays for `uncompacted_days` though its key has a newer one, so that whoever is not further behind
    reads every one; and it is gone after `compacted_days` at the latest, for it may quote what is erased.
    """

    name: str
    key: str
    carries: Any
    retention_days: float | None = 7
    compacted: bool = False
    uncompacted_days: float = 0
    compacted_days: float = 7
    partitions: int = PARTITIONS
    max_message_bytes: int = 2_097_152


POSTS_RAW = Topic("posts.raw.v1", key="root id", carries=RawMessage)
MENTIONS_SCORED = Topic("mentions.scored.v1", key="entity id", carries=ScoredMessage, retention_days=30)
GAPS = Topic("gaps.v1", key="network", carries=NetworkGap, retention_days=30)
INCIDENTS = Topic(
    "incidents.v1", key="incident id", carries=IncidentEvent, retention_days=None, compacted=True, uncompacted_days=7,
    compacted_days=14,
)  # fmt: skip


def dead_letters(stage: str) -> Topic:
    """Where a stage puts the records that it cannot process: original bytes, reason in the headers.

    >>> dead_letters("enrich").name
    'enrich.dlq.v1'
    """
    return Topic(f"{stage}.dlq.v1", key="original key", carries=bytes, retention_days=30)


def changelog(stage: str) -> Topic:
    """Where a stage keeps its state: newest value a key, together with the offsets that it has absorbed.

    >>> changelog("detect").name
    'detect.state.v1'
    """
    return Topic(f"{stage}.state.v1", key="state key", carries=bytes, retention_days=None, compacted=True)


DEAD_LETTERS = tuple(dead_letters(stage) for stage in STAGES)
STATEFUL = ("enrich", "detect", "alert")

ALL = (POSTS_RAW, GAPS, MENTIONS_SCORED, INCIDENTS, *DEAD_LETTERS, *(changelog(stage) for stage in STATEFUL))
