"""From file to Kafka."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import msgspec
import pytest

from pipeline.contracts.decode import decode_raw
from pipeline.contracts.posts import Post
from pipeline.contracts.topics import Topic
from pipeline.errors import SettingsError, TransientError
from pipeline.ingest.formats.formats import reader_for
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.rejects import Rejects, rejects_path
from pipeline.ingest.replay import ReplayCounts, Speed, parse_speed, replay
from pipeline.settings.ingest import IngestSettings
from tests.ingest.conftest import Broker, post, read_back

POSTS = reader_for("posts", IngestSettings())


def write(path: Path, count: int) -> str:
    path.write_bytes(b"".join(msgspec.json.encode(post(n)) + b"\n" for n in range(count)))
    return str(path)


def test_every_row_is_published_or_rejected(broker: Broker, topic: Topic, tmp_path: Path) -> None:
    name = write(tmp_path / "posts.jsonl", 1_000)
    with Path(name).open("ab") as file:
        file.write(b"broken\n" * 5)
    seen: list[tuple[int, int]] = []
    rejects = Rejects(rejects_path(tmp_path, "replay"))
    with RawPublisher(broker.settings, topic=topic) as publisher:
        counts = replay(
            [name], POSTS, publisher, rejects=rejects, progress=lambda c: seen.append((c.read, c.published))
        )
    assert counts == ReplayCounts(read=1_005, published=1_000, rejected=5)
    assert seen[-1] == (1_005, 1_000)
    records = read_back(broker.bootstrap, topic.name)
    assert len(records) == 1_000
    order = sorted(records, key=lambda record: float(dict(record.headers())["arrived"]))
    messages = [decode_raw(record.value(), time.time()) for record in order]
    assert [m.post_id for m in messages if isinstance(m, Post)] == [f"test:{n}" for n in range(1_000)]
    assert len(rejects.path.read_text().splitlines()) == 5


def test_a_stopped_replay_says_what_was_published(broker: Broker, topic: Topic, tmp_path: Path) -> None:
    stop = threading.Event()

    def progress(counts: ReplayCounts) -> None:
        if counts.read >= 10:
            stop.set()

    name = write(tmp_path / "posts.jsonl", 500)
    with RawPublisher(broker.settings, topic=topic) as publisher:
        counts = replay(
            [name],
            POSTS,
            publisher,
            rejects=Rejects(tmp_path / "r"),
            speed=parse_speed("100/s"),
            progress=progress,
            stop=stop,
        )
    assert counts.interrupted
    assert 10 <= counts.published < 500
    assert len(read_back(broker.bootstrap, topic.name)) == counts.published


def test_interrupted_by_the_keyboard(broker: Broker, topic: Topic, tmp_path: Path) -> None:
    class Keyboard:
        admitted = 0

        def admit(self, topic: str, key: bytes, size: int) -> None:
            self.admitted += 1
            if self.admitted > 20:
                raise KeyboardInterrupt

    name = write(tmp_path / "posts.jsonl", 500)
    with RawPublisher(broker.settings, topic=topic, backpressure=Keyboard()) as publisher:
        counts = replay([name], POSTS, publisher, rejects=Rejects(tmp_path / "r"))
    assert (counts.interrupted, counts.published) == (True, 20)


def test_a_gate_that_gives_up_ends_the_replay(broker: Broker, topic: Topic, tmp_path: Path) -> None:
    class Shut:
        def admit(self, topic: str, key: bytes, size: int) -> None:
            raise TransientError("the slowest consumer does not move")

    name = write(tmp_path / "posts.jsonl", 3)
    with RawPublisher(broker.settings, topic=topic, backpressure=Shut()) as publisher, pytest.raises(TransientError):
        replay([name], POSTS, publisher, rejects=Rejects(tmp_path / "r"))


class Clock(threading.Event):
    """Notes how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0.0)
        return False


@pytest.mark.parametrize(("text", "expected"), [("10x", [6.0, 12.0]), ("0.5/s", [2.0, 4.0]), ("max", [])])
def test_speeds(text: str, expected: list[float]) -> None:
    clock, speed = Clock(), parse_speed(text)
    for arrived in (1_000.0, 1_060.0, 1_120.0):
        speed.wait(arrived, clock)
    assert clock.asked == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("text", ["", "fast", "0x", "-1x", "10", "1e9/s", "0/s"])
def test_a_wrong_speed_is_explained(text: str) -> None:
    with pytest.raises(SettingsError, match="200/s"):
        parse_speed(text)


def test_no_speed_never_waits() -> None:
    clock = Clock()
    Speed().wait(5.0, clock)
    assert clock.asked == []
