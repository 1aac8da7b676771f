"""An agent against a server with faults: nothing is lost, and the cursor is where it may be."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.contracts.gaps import NetworkGap
from pipeline.contracts.posts import RawMessage
from pipeline.contracts.topics import Topic
from pipeline.errors import TerminalError, TransientError
from pipeline.ingest.agent import NoHooks
from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.listener import Listener
from pipeline.ingest.networks.bluesky import BlueskyAgent
from pipeline.ingest.networks.jetstream import MAX_FRAME
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.rejects import Rejects
from pipeline.settings.kafka import KafkaSettings
from pipeline.settings.networks import BlueskySettings
from tests.ingest.conformance.jetstream import START, Behaviour, Jetstream, event, post_id
from tests.ingest.conftest import Broker, read_back

COUNT = 300
EVENTS = [event(number) for number in range(COUNT)]
ALL = [post_id(number) for number in range(COUNT)]
REWOUND = 6
"""Events that a restart reads again: the 50 ms before its cursor, with both ends."""


class Hooks(NoHooks):
    """Notes what it is told, and lets a test wait for it."""

    running: asyncio.Task[None]

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self.codes: Counter[str] = Counter()
        self.reasons: list[str] = []
        self.delivered = 0
        self.repeats = 0
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()

    def published(self, agent: str, messages: int) -> None:
        self.delivered += messages
        self._tell()

    def rejected(self, agent: str, code: str) -> None:
        self.codes[code] += 1
        self._tell()

    def gap(self, agent: str, seconds: float) -> None:
        self.gaps.append(seconds)
        self._tell()

    def repeated(self, agent: str, frames: int) -> None:
        self.repeats += frames

    def disconnected(self, agent: str, reason: str) -> None:
        self.reasons.append(reason)
        self._tell()

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Until what was told fulfils a condition."""
        async with asyncio.timeout(30):
            while not condition():
                self._told.clear()
                await self._told.wait()

    def _tell(self) -> None:
        self._loop.call_soon_threadsafe(self._told.set)


class Place:
    """Where one test's agent keeps and sends things."""

    def __init__(self, broker: Broker, topic: Topic, folder: Path) -> None:
        self.broker = broker
        self.topic = topic
        self.gaps = Topic(f"{topic.name}.gaps", key="network", carries=NetworkGap)
        self.cursors = CursorStore(folder / "cursors.sqlite")
        self.rejects = Rejects(folder / "rejects.jsonl")

    def publisher(self) -> Any:
        return RawPublisher(self.broker.settings, topic=self.topic, gaps=self.gaps)

    def gap_records(self) -> list[NetworkGap]:
        """Gaps in Kafka."""
        records = read_back(self.broker.bootstrap, self.gaps.name)
        return [msgspec.json.decode(record.value(), type=NetworkGap) for record in records]

    @property
    def position(self) -> int:
        """How far the agent is known to have got."""
        return int(self.cursors.positions("bluesky").get("", 0))

    def published(self) -> list[str]:
        """Post ids in Kafka, in the order in which they came in."""
        records = read_back(self.broker.bootstrap, self.topic.name)
        records.sort(key=lambda record: float(dict(record.headers())["arrived"]))
        return [json.loads(record.value())["post_id"] for record in records]

    @asynccontextmanager
    async def listening(
        self, server: Jetstream, connect_kafka: Callable[[], Any] | None = None, **settings: Any
    ) -> AsyncGenerator[Hooks, None]:
        """An agent that listens for the length of a block."""
        hooks = Hooks()
        settings = {"rewind": 0.05, "stall": 5.0, **settings}
        listener = Listener(
            BlueskyAgent(BlueskySettings(url=server.url, **settings)),
            connect_kafka or self.publisher,
            self.cursors,
            self.rejects,
            hooks=hooks,
            pause=0.02,
            longest_pause=0.1,
            tick=0.02,
            save_seconds=0.0,
        )
        stop = asyncio.Event()
        hooks.running = running = asyncio.create_task(listener.run(stop))
        try:
            yield hooks
        finally:
            stop.set()
            async with asyncio.timeout(30):
                await running


@pytest.fixture
def place(broker: Broker, topic: Topic, tmp_path: Path) -> Place:
    return Place(broker, topic, tmp_path)


async def test_everything_arrives_once_and_the_cursor_is_at_the_end(place: Place) -> None:
    async with Jetstream(EVENTS) as server:
        async with place.listening(server) as hooks:
            await hooks.wait(lambda: hooks.delivered == COUNT)
        assert place.published() == ALL
        assert place.position == START + (COUNT - 1) * 10_000
        assert server.queries[0]["wantedCollections"] == ["app.bsky.feed.post"]
        assert server.cursors == [None]


async def test_drops_repeats_and_stalls_lose_nothing_and_double_nothing(place: Place) -> None:
    faults = [Behaviour(drop_after=n, repeat_every=3) for n in (40, 1, 60, 0, 0, 30)]
    faults += [Behaviour(stall_after=50), Behaviour(status=503), Behaviour(status=429), Behaviour(drop_after=90)]
    async with Jetstream(EVENTS, faults) as server:
        async with place.listening(server, stall=0.2) as hooks:
            await hooks.wait(lambda: hooks.delivered == COUNT)
        assert hooks.gaps == []
        assert hooks.repeats > 0
        assert hooks.reasons.count("TransientError") >= 9
        assert server.cursors[1] is not None
        assert server.cursors[1] <= START + 39 * 10_000 - 50_000
    assert place.published() == ALL


async def test_a_restart_goes_on_from_the_cursor(place: Place) -> None:
    async with Jetstream(EVENTS[:100]) as server:
        async with place.listening(server) as hooks:
            await hooks.wait(lambda: hooks.delivered == 100)
        server.events = EVENTS
        async with place.listening(server) as hooks:
            await hooks.wait(lambda: hooks.delivered >= 200)
            assert hooks.gaps == []
        assert server.cursors[1] == START + 99 * 10_000 - 50_000
    assert place.published() == ALL, "what the restart read again was known"


async def test_malformed_frames_are_kept_with_their_reason(place: Place) -> None:
    bad = {10: b"{broken", 20: b"\xff\xfe", 30: b"[]", 40: b'{"did":"did:plc:x","time_us":"y","kind":"commit"}'}
    faults = [Behaviour(before=bad, drop_after=200), Behaviour(before=bad)]
    async with Jetstream(EVENTS, faults) as server, place.listening(server) as hooks:
        await hooks.wait(lambda: hooks.delivered == COUNT)
    assert place.published() == ALL
    entries = [json.loads(line) for line in place.rejects.path.read_text().splitlines()]
    assert [entry["code"] for entry in entries] == ["not_json", "not_json", "wrong_type", "wrong_type"]
    assert [entry["original"] for entry in entries][:2] == ["{broken", "\\xff\\xfe"]
    assert {entry["source"] for entry in entries} == {"bluesky"}


async def test_a_cursor_that_is_too_old_is_reported_as_a_gap(place: Place) -> None:
    place.cursors.save("bluesky", {"": str(START + 10 * 10_000)})
    async with Jetstream(EVENTS) as server:
        server.oldest = START + 110 * 10_000
        async with place.listening(server) as hooks:
            await hooks.wait(lambda: hooks.delivered == COUNT - 110 + 1)
            assert hooks.gaps == [pytest.approx(1.0)]
    (gap,) = place.gap_records()
    assert (gap.network, gap.reason) == ("bluesky", "too_old")
    assert gap.since.timestamp() * 1e6 == pytest.approx(START + 10 * 10_000)
    assert place.cursors.gaps() == [gap]
    assert place.published() == ALL[110:]


async def test_a_frame_too_large_is_passed_over_and_reported(place: Place) -> None:
    events = EVENTS.copy()
    events[150] = event(150, text="x" * (MAX_FRAME + 1))
    async with Jetstream(events) as server, place.listening(server) as hooks:
        await hooks.wait(lambda: hooks.delivered - len(hooks.gaps) == COUNT - 1)
        assert hooks.gaps
    assert {gap.reason for gap in place.gap_records()} == {"too_large"}
    assert place.published() == [*ALL[:150], *ALL[151:]]


async def test_a_server_that_refuses_is_an_error(place: Place) -> None:
    async with Jetstream(EVENTS, [Behaviour(status=403)]) as server:
        with pytest.raises(TerminalError, match="403"):
            async with place.listening(server) as hooks:
                await asyncio.wait({hooks.running}, timeout=20)


async def test_many_accounts_are_asked_for_in_a_message(place: Place) -> None:
    dids = [f"did:plc:{number:024d}" for number in range(60)]
    async with Jetstream(EVENTS) as server:
        async with place.listening(server, dids=dids) as hooks:
            await hooks.wait(lambda: hooks.delivered == COUNT)
        assert server.received[0]["payload"]["wantedDids"] == dids
        assert "wantedDids" not in server.queries[0]


class Fragile:
    """A publisher whose deliveries fail from some message on, after having called earlier ones delivered."""

    def __init__(self, inner: RawPublisher, fails_at: int) -> None:
        self._inner = inner
        self._fails_at = fails_at
        self._failed = False

    def publish(self, message: RawMessage, *, arrived: float) -> int:
        if self._failed:
            raise TransientError("the broker went away")
        number = self._inner.publish(message, arrived=arrived)
        self._failed = number >= self._fails_at
        return number

    def delivered(self) -> int:
        if self._failed:
            raise TransientError("the broker went away")
        return self._inner.delivered()

    def flush(self, seconds: float) -> int:
        return self._inner.flush(seconds)

    @property
    def safe(self) -> int:
        return self._inner.safe

    def close(self, seconds: float) -> None:
        self._inner.close(seconds)


async def test_when_kafka_fails_it_is_heard_again_from_the_cursor(place: Place) -> None:
    made: list[int] = []

    def connect_kafka() -> Any:
        made.append(1)
        if len(made) == 1:
            raise TransientError("no broker yet")
        return Fragile(place.publisher(), 70) if len(made) < 5 else place.publisher()

    async with Jetstream(EVENTS) as server, place.listening(server, connect_kafka) as hooks:
        await hooks.wait(lambda: place.position == START + (COUNT - 1) * 10_000 or bool(hooks.gaps))
        assert hooks.gaps == []
    assert len(made) == 5
    copies = Counter(place.published())
    assert sorted(copies) == sorted(ALL)
    assert max(copies.values()) <= 4, "at most once for each publisher that had a broker"
    assert copies.total() <= COUNT + 3 * (70 + REWOUND), "what was delivered is not published anew"


@pytest.mark.slow
async def test_killed_and_started_again_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    """`kill -9` at four places; whatever the cursor said at that moment, Kafka had everything up to it."""
    events = [event(number) for number in range(5_000)]
    args = [place.broker.bootstrap, place.topic.name, str(tmp_path)]
    async with Jetstream(events) as server:
        resumed = [-1]
        for target in (1, 900, 1_800, 2_700):
            child = await _start(server.url, *args)
            await _reached(place.cursors, target)
            child.kill()
            await child.wait()
            cursor = await _reached(place.cursors, target)
            assert {post_id(n) for n in range(cursor + 1)} <= set(place.published())
            resumed.append(cursor)
        child = await _start(server.url, *args)
        await _reached(place.cursors, 4_999)
        child.kill()
        await child.wait()
    copies = Counter(place.published())
    assert copies.keys() == {post_id(n) for n in range(5_000)}
    for n in range(5_000):
        runs = sum(cursor - REWOUND < n for cursor in resumed)
        assert copies[post_id(n)] <= runs, "published anew is only what the cursor did not cover"


async def _reached(cursors: CursorStore, number: int) -> int:
    """The event at which the stored cursor stands, once it has got to this one; another process moves it."""
    async with asyncio.timeout(60):
        while (at := int(cursors.positions("bluesky").get("", 0))) < START + number * 10_000:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return (at - START) // 10_000


async def _start(*args: str) -> asyncio.subprocess.Process:
    root = Path(__file__).parents[2]
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.ingest.live_agent", *args, cwd=root)


@pytest.mark.real
async def test_on_a_real_kafka(real_kafka: Any, tmp_path: Path) -> None:
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    class Real:
        bootstrap = real_kafka.bootstrap
        settings = KafkaSettings(bootstrap=real_kafka.bootstrap)

    topic = Topic(f"posts.raw.{uuid.uuid4().hex[:8]}", key="root id", carries=RawMessage)
    admin = AdminClient({"bootstrap.servers": Real.bootstrap})
    admin.create_topics([NewTopic(topic.name, 12, 1)])[topic.name].result(30)
    place = Place(Real(), topic, tmp_path)  # type: ignore[arg-type]
    faults = [Behaviour(drop_after=100), Behaviour(stall_after=30)]
    async with Jetstream(EVENTS, faults) as server, place.listening(server, stall=0.3) as hooks:
        await hooks.wait(lambda: hooks.delivered == COUNT)
    assert place.published() == ALL
