"""The order of a batch's steps is what makes the promises hold; faults are put into every step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.contracts.topics import POSTS_RAW, Topic
from pipeline.errors import Malformed, TransientError
from pipeline.observability.metrics import Metrics
from pipeline.runtime.kafka.publisher import ToSend
from pipeline.runtime.worker.processor import Processor
from pipeline.runtime.worker.progress import WorkerProgress
from pipeline.stages.records import Outgoing, Record, Rejected, Result
from pipeline.stages.state import Change, MemoryStore, State


class Raw:
    """Bytes as they are."""

    def encode(self, value: bytes) -> bytes:
        return value

    def decode(self, data: bytes) -> bytes:
        return data


class Counting:
    """Counts the records of each key, publishes the count, rejects `bad`, and has one effect a batch."""

    name = "enrich"
    sources: tuple[Topic, ...] = (POSTS_RAW,)
    stateful = True
    merges = False
    codec = Raw()

    def __init__(self, steps: list[str], effect_faults: int = 0) -> None:
        self.steps = steps
        self.effect_faults = effect_faults

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        self.steps.append("handle")
        result = Result(publish=[], rejected=[], effects=[len(batch)])
        for record in batch:
            if record.value == b"poison":
                raise ZeroDivisionError("nobody foresaw this")
            if record.value == b"bad":
                result.rejected.append(Rejected(record, Malformed("not_json", "it is bad")))
                continue
            key = (record.key or b"").decode()
            if not state.absorbed(key, record):
                state.put(key, str(int(state.get(key, record) or 0) + 1).encode(), record)
            result.publish.append(Outgoing("out", b"k", state.get(key, record) or b"", record.arrived))
        return result

    async def apply(self, effects: Sequence[Any]) -> Result:
        self.steps.append("effects")
        if self.effect_faults:
            self.effect_faults -= 1
            raise TransientError("away", subject="the index")
        return Result(publish=[], rejected=[], effects=[])

    async def close(self) -> None:
        return


class Broker:
    """Takes messages, after so many faults."""

    def __init__(self, steps: list[str], faults: int = 0) -> None:
        self.steps = steps
        self.faults = faults
        self.sent: list[ToSend] = []

    async def send(self, messages: Sequence[ToSend]) -> None:
        self.steps.append("publish")
        if self.faults:
            self.faults -= 1
            raise TransientError("not delivered", subject="out")
        self.sent += messages


class Noting(MemoryStore):
    """Says when it is written."""

    def __init__(self, steps: list[str]) -> None:
        super().__init__()
        self.steps = steps

    async def write(self, changes: list[Change]) -> None:
        self.steps.append("state")
        await super().write(changes)


def a_processor(
    steps: list[str], *, faults: int = 0, effect_faults: int = 0, store: MemoryStore | None = None
) -> tuple[Processor, Broker, MemoryStore]:
    stage, broker, store = Counting(steps, effect_faults), Broker(steps, faults), store or Noting(steps)
    metrics = Metrics()
    processor = Processor(
        stage, State(store, stage.codec), broker, metrics, WorkerProgress("enrich", metrics), timeout=5.0
    )
    return processor, broker, store


def records(*values: bytes, start: int = 0) -> list[Record]:
    return [Record("posts.raw.v1", 1, start + n, b"acme", v, 10.0, 20.0 + n) for n, v in enumerate(values)]


async def test_state_is_written_last() -> None:
    steps: list[str] = []
    processor, broker, _ = a_processor(steps)
    await processor.process(records(b"one", b"two"))
    assert steps == ["handle", "publish", "effects", "state"]
    assert [message.value for message in broker.sent] == [b"1", b"2"]


async def test_passing_faults_are_retried_in_place_without_handling_again() -> None:
    steps: list[str] = []
    processor, broker, _ = a_processor(steps, faults=2, effect_faults=1)
    await processor.process(records(b"one"))
    assert steps == ["handle", "publish", "publish", "publish", "effects", "effects", "state"]
    assert len(broker.sent) == 1


async def test_a_rejected_record_becomes_a_dead_letter_that_says_why_and_where() -> None:
    processor, broker, _ = a_processor([])
    await processor.process(records(b"bad", b"one"))
    letter = next(message for message in broker.sent if message.topic == "enrich.dlq.v1")
    headers = {name: value.decode() for name, value in letter.headers}
    assert (letter.key, letter.value) == (b"acme", b"bad")
    assert headers["code"] == "not_json"
    assert headers["reason"] == "it is bad"
    assert (headers["topic"], headers["partition"], headers["offset"]) == ("posts.raw.v1", "1", "0")
    assert headers["first_seen"] == "1970-01-01T00:00:10Z"
    assert len(broker.sent) == 2, "the good record next to it went through"


@pytest.mark.parametrize("fails_at", ["publish", "effects", "state"])
async def test_a_crash_at_any_step_counts_nothing_twice_and_loses_nothing(fails_at: str) -> None:
    """The process dies at a step of the second batch; a new one starts from the last acknowledged record."""
    store = MemoryStore()
    processor, _, _ = a_processor([], store=store)
    await processor.process(records(b"one", b"two"))

    dying, died_with, _ = a_processor([], store=store)

    async def killed(*_: Any) -> Any:
        raise KilledError

    target = {"publish": (died_with, "send"), "effects": (dying.stage, "apply"), "state": (dying.state, "flush")}
    setattr(*target[fails_at], killed)
    with pytest.raises(KilledError):
        await dying.process(records(b"three", start=2))

    after, delivered, _ = a_processor([], store=store)
    await after.process(records(b"two", start=1))  # committed only up to the first: this one comes again
    await after.process(records(b"three", start=2))
    assert [message.value for message in delivered.sent] == [b"2", b"3"]
    assert State(store, Raw()).get("acme", records(b"x")[0]) == b"3"


class KilledError(Exception):
    """Stands for kill -9."""


async def test_a_record_that_nobody_foresaw_is_set_aside_and_the_others_counted_once() -> None:
    processor, broker, store = a_processor([])
    await processor.process(records(b"one", b"two", b"poison", b"three"))
    letter = next(message for message in broker.sent if message.topic == "enrich.dlq.v1")
    headers = {name: value.decode() for name, value in letter.headers}
    assert headers["code"] == "stage_error"
    assert "ZeroDivisionError: nobody foresaw this" in headers["reason"]
    assert [message.value for message in broker.sent if message.topic == "out"] == [b"1", b"2", b"3"]
    assert State(store, Raw()).get("acme", records(b"x")[0]) == b"3"


async def test_a_stage_that_fails_on_everything_is_not_dead_lettered_away() -> None:
    processor, broker, _ = a_processor([])
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is the next line's matter
        await processor.process(records(*[b"poison"] * 10))
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert len(broker.sent) <= 3


async def test_handling_that_never_ends_is_given_up() -> None:
    processor, _, _ = a_processor([])
    processor._timeout = 0.05
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(batch: Sequence[Record], state: State) -> Result:
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
        return Result(publish=[], rejected=[], effects=[])

    processor.stage.handle = hang  # type: ignore[method-assign]
    with pytest.raises(TimeoutError):
        await processor.process(records(b"one"))
    release.set()
