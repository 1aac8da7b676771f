"""An agent in a process of its own, so that a test can kill it: URL, brokers, topic, data folder."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pipeline.contracts.topics import Topic
from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.listener import Listener
from pipeline.ingest.networks.bluesky import BlueskyAgent
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.rejects import Rejects
from pipeline.settings.kafka import KafkaSettings
from pipeline.settings.networks import BlueskySettings


def main(url: str, bootstrap: str, topic: str, folder: str) -> None:
    settings = KafkaSettings(bootstrap=bootstrap, embedded=True)
    listener = Listener(
        BlueskyAgent(BlueskySettings(url=url, rewind=0.05)),
        lambda: RawPublisher(settings, topic=Topic(topic, key="", carries=None)),
        CursorStore(Path(folder) / "cursors.sqlite"),
        Rejects(Path(folder) / "rejects.jsonl"),
        pause=0.05,
        tick=0.02,
        save_seconds=0.0,
    )
    asyncio.run(listener.run(asyncio.Event()))


if __name__ == "__main__":
    main(*sys.argv[1:])
