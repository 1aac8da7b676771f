"""An agent with everything around it: a Kafka-protocol cluster, positions on disk, and what came out."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from pipeline.contracts.gaps import NetworkGap
from pipeline.contracts.posts import Post, PostDeleted, RawMessage
from pipeline.contracts.topics import Topic
from pipeline.ingest.agent import NoHooks
from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.listener import Listener
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.rejects import Rejects
from pipeline.ingest.repeats import RecentEvents
from pipeline.settings.kafka import KafkaSettings
from tests.ingest.conformance.wire import Wire
from tests.ingest.conftest import read_back


class Observed(NoHooks):
    """Counts what the agent reports, and lets a test wait for it."""

    def __init__(self) -> None:
        self.delivered = self.repeats = 0
        self.gaps: list[float] = []
        self.codes: Counter[str] = Counter()
        self.reasons: list[str] = []
        self.connections = 0
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def connected(self, agent: str) -> None:
        self.connections += 1
        self._note()

    def disconnected(self, agent: str, reason: str) -> None:
        self.reasons.append(reason)
        self._note()

    def published(self, agent: str, messages: int) -> None:
        self.delivered += messages
        self._note()

    def repeated(self, agent: str, frames: int) -> None:
        self.repeats += frames
        self._note()

    def rejected(self, agent: str, code: str) -> None:
        self.codes[code] += 1
        self._note()

    def gap(self, agent: str, seconds: float) -> None:
        self.gaps.append(seconds)
        self._note()

    async def wait(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Until what was reported fulfils a condition."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _note(self) -> None:
        self._loop.call_soon_threadsafe(self._changed.set)


class World:
    """Where one wire's agent publishes and stores."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.settings = KafkaSettings(bootstrap=bootstrap, embedded=True)
        self.posts, self.gaps = topics(uuid.uuid4().hex[:8])
        self.folder = folder
        self.cursors = CursorStore(folder / "cursors.sqlite")
        self.delivered = 0

    @asynccontextmanager
    async def running(
        self, wire: Wire, recent: RecentEvents | None = None, server: str = ""
    ) -> AsyncGenerator[Observed, None]:
        """The agent of a wire, for a block; that of another `server` of its network, with `recent` events shared."""
        observed, stop = Observed(), asyncio.Event()
        with Rejects(self.folder / "rejects.jsonl") as rejects:
            agent = wire.agent(wire.url)
            if server:
                agent.name = f"{agent.network}/{server}"
            listener = listener_of(agent, self.settings, self.posts, self.gaps, self.cursors, rejects, observed, recent)
            running = asyncio.create_task(listener.run(stop))
            try:
                yield observed
            finally:
                stop.set()
                async with asyncio.timeout(20):
                    await running

    def messages(self) -> list[RawMessage]:
        """What is in Kafka."""
        return [
            msgspec.json.decode(record.value(), type=RawMessage)
            for record in read_back(self.settings.bootstrap, self.posts.name)
        ]

    def gap_records(self) -> list[NetworkGap]:
        """Gaps in Kafka."""
        records = read_back(self.settings.bootstrap, self.gaps.name)
        return [msgspec.json.decode(record.value(), type=NetworkGap) for record in records]

    def copies(self) -> Counter[str]:
        """How often each post is in Kafka."""
        return Counter(message.post_id for message in self.messages() if isinstance(message, Post))

    def deleted(self) -> set[str]:
        """Posts that were taken back."""
        return {message.post_id for message in self.messages() if isinstance(message, PostDeleted)}

    def check(self, wire: Wire, *, most: int = 1) -> None:
        """Every post is in Kafka, at most so often, or it is in a gap; and there is no gap in which nothing is missing.

        With `most` above 1 (the process was killed) a post may come again, for the stages behind to recognise.
        """
        copies, gaps = self.copies(), self.gap_records()
        assert copies.keys() <= wire.sent.keys(), "nothing that was never sent"
        assert {name for name, count in copies.items() if count > most} == set(), "nothing doubled"
        missing = wire.sent.keys() - copies.keys()
        assert missing == wire.lost, "nothing missing but what the network does not give any more"
        uncovered = {name for name in missing if not any(gap.since <= wire.sent[name] <= gap.until for gap in gaps)}
        assert uncovered == set(), "what is missing lies in a gap"
        idle = [gap for gap in gaps if not any(gap.since <= wire.sent[name] <= gap.until for name in missing)]
        assert idle == [], "no gap where nothing is missing"


def topics(name: str) -> tuple[Topic, Topic]:
    """Those of one test, for posts and gaps."""
    return Topic(f"posts.{name}", "root id", carries=RawMessage), Topic(f"gaps.{name}", "network", carries=NetworkGap)


def listener_of(
    agent: Any,
    settings: KafkaSettings,
    posts: Topic,
    gaps: Topic,
    cursors: CursorStore,
    rejects: Rejects,
    hooks: NoHooks,
    recent: RecentEvents | None = None,
) -> Listener:
    """A listener with short pauses."""
    return Listener(
        agent,
        lambda: RawPublisher(settings, topic=posts, gaps=gaps),
        cursors,
        rejects,
        hooks=hooks,
        recent=recent,
        pause=0.02,
        longest_pause=0.1,
        tick=0.02,
        save_seconds=0.0,
    )
