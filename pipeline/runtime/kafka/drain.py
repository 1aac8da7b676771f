"""Waits until every record was processed: committed offsets against the ends of topics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pipeline.runtime.kafka.admin import Offsets
from pipeline.runtime.kafka.backpressure import CommittedOffsets
from pipeline.runtime.kafka.clients import group
from pipeline.runtime.kafka.consumer_groups import CONSUMERS
from pipeline.settings.kafka import KafkaSettings


class Drain:
    """Compares what is on the topics with what the stages have acknowledged."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._offsets = Offsets(settings)
        self._committed = CommittedOffsets(settings, fresh=0.0)

    def left(self) -> dict[str, int]:
        """Stage → records still to be acknowledged, in the order in which a post goes through the stages.

        A stage acknowledges after it has published, so when all are 0 in one pass from the front to the back, nothing
        is on its way.
        """
        left: dict[str, int] = {}
        for topic, stages in CONSUMERS.items():
            ends = {partition: end for partition, end in self._offsets.ends(topic).items() if end}
            for stage in stages:
                name = group(self._settings, stage)
                lag = sum(max(0, end - self._committed.offset(name, topic, p)) for p, end in ends.items())
                left[stage] = left.get(stage, 0) + lag
        return left

    async def wait(self, report: Callable[[dict[str, int]], None] = lambda left: None) -> None:
        """Return when two passes in a row have found nothing left (the index may publish what it takes back)."""
        quiet = 0
        while quiet < 2:
            left = await asyncio.to_thread(self.left)
            report(left)
            quiet = quiet + 1 if not any(left.values()) else 0
            await asyncio.sleep(0.2)

    def close(self) -> None:
        """Let go of the connections."""
        self._offsets.close()
        self._committed.close()
