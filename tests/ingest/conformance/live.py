"""An agent in a process of its own, so that a test can kill it: network, URL, brokers, name of topics, folder."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from pipeline.ingest.agent import NoHooks
from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.rejects import Rejects
from pipeline.settings.kafka import KafkaSettings
from tests.ingest.conformance.networks import WIRES
from tests.ingest.conformance.world import listener_of, topics


def main(network: str, url: str, bootstrap: str, name: str, folder: str) -> None:
    posts, gaps = topics(name)
    listener = listener_of(
        WIRES[network].agent(url), KafkaSettings(bootstrap=bootstrap, embedded=True), posts, gaps,
        CursorStore(Path(folder) / "cursors.sqlite"), Rejects(Path(folder) / "rejects.jsonl"), NoHooks(),
    )  # fmt: skip
    asyncio.run(listener.run(asyncio.Event()))


if __name__ == "__main__":
    main(*sys.argv[1:])
