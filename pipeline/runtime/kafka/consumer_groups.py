"""The consumer groups of each topic, in the order in which a post goes through them."""

from __future__ import annotations

from pipeline.contracts.topics import DEAD_LETTERS, INCIDENTS, MENTIONS_SCORED, POSTS_RAW
from pipeline.runtime.kafka.clients import group
from pipeline.settings.kafka import KafkaSettings

CONSUMERS: dict[str, tuple[str, ...]] = {
    POSTS_RAW.name: ("enrich",),
    MENTIONS_SCORED.name: ("detect", "index"),
    INCIDENTS.name: ("index", "alert"),
    **{topic.name: ("index",) for topic in DEAD_LETTERS},
}


def consumer_groups(settings: KafkaSettings) -> dict[str, list[str]]:
    """Topic → names of the consumer groups that read it; `kafka.wait_for` reads everything that we publish."""
    return {
        topic: [group(settings, stage) for stage in stages]
        + (list(settings.wait_for) if topic != POSTS_RAW.name else [])
        for topic, stages in CONSUMERS.items()
    }
