"""What a post of Bluesky's stream costs to take in, beside a plain loop without guarantees.

    python -m benchmarks.ingest.jetstream [POSTS]

A local server in a process of its own sends the same frames twice: to the agent, which publishes to a Kafka-protocol
broker in that other process, and to a loop of `websockets` and `json`, which only counts.  CPU time of this process is
measured, so that what else runs on the machine changes little.  1 / CPU seconds is what one core takes in a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import websockets

from pipeline.contracts.gaps import NetworkGap
from pipeline.contracts.posts import RawMessage
from pipeline.contracts.topics import Topic
from pipeline.ingest.agent import NoHooks
from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.listener import Listener
from pipeline.ingest.networks.bluesky import BlueskyAgent
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.rejects import Rejects
from pipeline.settings.kafka import KafkaSettings
from pipeline.settings.networks import BlueskySettings

POSTS = 100_000


def frames(count: int) -> list[str]:
    """Posts as Jetstream sends them, two of ten of them answers."""
    began = int((time.time() - 3600) * 1e6)
    out = []
    for number in range(count):
        did = f"did:plc:{number % 9973:024d}"
        record: dict[str, Any] = {
            "$type": "app.bsky.feed.post", "langs": ["en"], "createdAt": "2026-11-30T12:00:00.000Z",
            "text": f"Post {number}: two hours in the queue at the desk, and nobody there who could say why it closed.",
        }  # fmt: skip
        if number % 5 == 0:
            ref = {"uri": f"at://{did}/app.bsky.feed.post/{number // 2}", "cid": "bafyrei" + "a" * 52}
            record["reply"] = {"root": ref, "parent": ref}
        commit = {
            "rev": f"3m{number:011d}", "operation": "create", "collection": "app.bsky.feed.post",
            "rkey": f"3m{number:011d}", "record": record, "cid": "bafyrei" + "b" * 52,
        }  # fmt: skip
        out.append(json.dumps({"did": did, "time_us": began + number * 200, "kind": "commit", "commit": commit}))
    return out


def serve_all(count: int, pipe: Connection) -> None:
    """The server and the broker, in a process of their own, until it is ended."""
    from confluent_kafka import Producer

    sent = frames(count)

    async def serve(connection: Any) -> None:
        for frame in sent:
            await connection.send(frame)
        with contextlib.suppress(websockets.ConnectionClosed):
            await connection.wait_closed()

    async def run() -> None:
        broker = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
        (address,) = broker.list_topics(timeout=10).brokers.values()
        async with websockets.serve(serve, "127.0.0.1", 0, compression=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            pipe.send((f"ws://127.0.0.1:{port}/subscribe", f"{address.host}:{address.port}"))
            await asyncio.Future()

    asyncio.run(run())


class _Counting(NoHooks):
    """Notes when so many posts are acknowledged."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.done = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def published(self, agent: str, messages: int) -> None:
        self.left -= messages
        if self.left <= 0:
            self._loop.call_soon_threadsafe(self.done.set)


async def with_guarantees(url: str, bootstrap: str, count: int, folder: Path) -> float:
    """CPU seconds of the agent until Kafka has every post and the position is stored."""
    topic, gaps = Topic("posts", "root id", carries=RawMessage), Topic("gaps", "network", carries=NetworkGap)
    settings = KafkaSettings(bootstrap=bootstrap, embedded=True)
    with CursorStore(folder / "cursors.sqlite") as cursors, Rejects(folder / "rejects.jsonl") as rejects:
        counting, stop = _Counting(count), asyncio.Event()
        agent = BlueskyAgent(BlueskySettings(url=url))
        listener = Listener(
            agent, lambda: RawPublisher(settings, topic=topic, gaps=gaps), cursors, rejects, hooks=counting
        )
        began = time.process_time()
        running = asyncio.create_task(listener.run(stop))
        await counting.done.wait()
        stop.set()
        await running
        spent = time.process_time() - began
        assert rejects.total == 0
        assert len(cursors.positions("bluesky")[""]) == 16
        return spent


async def plain(url: str, count: int) -> float:
    """CPU seconds of a loop that reads and counts, and forgets everything when it ends."""
    began, posts = time.process_time(), 0
    async with websockets.connect(url, compression=None) as socket:
        async for frame in socket:
            event = json.loads(frame)
            posts += event["kind"] == "commit" and event["commit"]["operation"] == "create"
            if posts == count:
                break
    return time.process_time() - began


def main(count: int) -> None:
    """Prints both, and their ratio."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    ours, theirs = multiprocessing.Pipe()
    other = multiprocessing.get_context("spawn").Process(target=serve_all, args=(count, theirs), daemon=True)
    other.start()
    url, bootstrap = ours.recv()
    with tempfile.TemporaryDirectory() as folder:
        simple = asyncio.run(plain(url, count))
        agent = asyncio.run(with_guarantees(url, bootstrap, count, Path(folder)))
    other.terminate()
    for name, seconds in (("agent, with guarantees", agent), ("plain loop, without", simple)):
        print(
            f"{name:24} {seconds / count * 1e6:6.1f} µs of CPU a post, {count / seconds:9,.0f} posts a second and core"
        )
    print(f"price of the guarantees  {agent / simple:6.1f} times")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else POSTS)
