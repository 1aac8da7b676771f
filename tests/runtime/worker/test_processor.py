"""The order of a batch's steps is what makes the promises hold; faults are put into every step."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.contracts.topics import POSTS_RAW, Topic
from pipeline.errors import Malformed, TerminalError, TransientError
from pipeline.observability.metrics import Metrics
from pipeline.runtime.kafka.publisher import RefusedMessage, Sent, ToSend, Undelivered
from pipeline.runtime.worker.processor import Processor
from pipeline.runtime.worker.progress import Wait, WorkerProgress
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
        self.most_bytes = 1_000_000_000

    async def send(self, messages: Sequence[ToSend]) -> Sent:
        self.steps.append("publish")
        if self.faults:
            self.faults -= 1
            self.sent += messages[:1]
            raise Undelivered(list(messages[1:]), OSError("away"))
        refused = [m for m in messages if len(m.value or b"") > self.most_bytes]
        self.sent += [m for m in messages if m not in refused]
        return Sent(refused=[RefusedMessage(m, "too large") for m in refused])


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
    await processor.process(records(b"one", b"two", b"three"))
    assert steps == ["handle", "publish", "publish", "publish", "effects", "effects", "state"]
    assert [message.value for message in broker.sent] == [b"1", b"2", b"3"], "what was delivered is not sent again"


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


async def test_a_stage_that_lost_what_it_needs_buries_no_record() -> None:
    processor, broker, _ = a_processor([])

    def without_model(batch: Sequence[Record], state: State) -> Result:
        raise TerminalError("the model does not answer")

    processor.stage.handle = without_model  # type: ignore[method-assign]
    with pytest.raises(TerminalError):
        await processor.process(records(b"one", b"two"))
    assert broker.sent == []


class Slow(Counting):
    """Never ends with a record that says so, nor with anything while `stuck`."""

    def __init__(self, steps: list[str]) -> None:
        super().__init__(steps)
        self.stuck = False
        self.release = threading.Event()

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        if self.stuck or any(record.value == b"slow" for record in batch):
            self.release.wait(20.0)
        return super().handle(batch, state)


def a_slow_processor() -> tuple[Processor, Slow, Broker, MemoryStore, Metrics]:
    stage, broker, store, metrics = Slow([]), Broker([]), MemoryStore(), Metrics()
    progress = WorkerProgress("enrich", metrics)
    processor = Processor(stage, State(store, stage.codec), broker, metrics, progress, timeout=0.2)
    return processor, stage, broker, store, metrics


def letters_of(broker: Broker) -> list[tuple[bytes, str]]:
    """Offset and code of each dead letter."""
    found = [dict(message.headers) for message in broker.sent if message.topic == "enrich.dlq.v1"]
    return [(headers["offset"], headers["code"].decode()) for headers in found]


async def test_a_record_that_takes_for_ever_is_set_aside_and_the_others_counted_once() -> None:
    processor, stage, broker, store, metrics = a_slow_processor()
    await processor.process(records(b"one", b"two", b"slow", b"three", b"four"))
    await processor.process(records(b"five", start=5))
    stage.release.set()
    await asyncio.sleep(0.1)  # the threads that were given up end now, and must change nothing
    await processor.process(records(b"six", start=6))
    assert letters_of(broker) == [(b"2", "too_slow")]
    assert [m.value for m in broker.sent if m.topic == "out"] == [b"1", b"2", b"3", b"4", b"5", b"6"]
    assert State(store, Raw()).get("acme", records(b"x")[0]) == b"6"
    assert metrics.abandoned_threads.labels("enrich")._value.get() == 3, "the batch, a half of it, the record"


async def test_a_stage_that_takes_for_ever_over_everything_is_not_dead_lettered_away() -> None:
    processor, stage, broker, _, _ = a_slow_processor()
    stage.stuck = True
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one is the next line's matter
        await processor.process(records(*[b"one"] * 8))
    assert isinstance(raised.value.__cause__, TimeoutError)
    assert len(letters_of(broker)) <= 3
    stage.release.set()


class Verbose(Counting):
    """Publishes something large for a record that says so."""

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        result = super().handle(batch, state)
        large = [Outgoing("out", b"k", b"x" * 5_000) for record in batch if record.value == b"large"]
        return Result(publish=[*result.publish, *large], rejected=result.rejected, effects=[])


async def test_a_message_that_the_broker_refuses_makes_its_record_a_dead_letter_and_stops_nothing() -> None:
    processor, broker, store = a_processor([])
    processor.stage = processor._handling._stage = Verbose([])
    broker.most_bytes = 1_000
    await processor.process(records(b"one", b"two", b"large", b"three"))
    assert letters_of(broker) == [(b"2", "refused_by_broker")]
    counts = [m.value for m in broker.sent if m.topic == "out"]
    assert (counts.count(b"1"), counts.count(b"2")) == (1, 1), "what the broker had taken is not sent again"
    assert counts[-1] == b"3"
    assert State(store, Raw()).get("acme", records(b"x")[0]) == b"3"


async def test_a_dead_letter_that_the_broker_refuses_is_cut_until_it_fits() -> None:
    processor, broker, _ = a_processor([])
    broker.most_bytes = 100
    bad = Record("posts.raw.v1", 1, 0, b"acme", b"poison", 10.0, 20.0)
    processor.stage.handle = lambda batch, state: Result(  # type: ignore[method-assign]
        rejected=[Rejected(record, Malformed("not_json", "bad")) for record in batch]
    )
    await processor.process([bad._replace(value=b"{" * 1_000)])
    (letter,) = broker.sent
    assert len(letter.value or b"") == 62
    assert dict(letter.headers)["value_bytes"] == b"1000"


class Failing(MemoryStore):
    """Fails the first time that it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = 1

    async def write(self, changes: list[Change]) -> None:
        if self.faults:
            self.faults -= 1
            raise TransientError("away", subject="state")
        await super().write(changes)


async def test_state_that_could_not_be_written_at_first_is_written_all_the_same() -> None:
    store = Failing()
    processor, _, _ = a_processor([], store=store)
    await processor.process(records(b"one", b"two"))
    assert State(store, Raw()).get("acme", records(b"x")[0]) == b"2"


async def test_a_record_for_another_stage_is_passed_over() -> None:
    processor, broker, _ = a_processor([])
    one, two = records(b"one", b"two")
    await processor.process([one._replace(headers=(("for", b"index"),)), two._replace(headers=(("for", b"enrich"),))])
    assert [message.value for message in broker.sent] == [b"1"]


async def test_a_wait_for_the_broker_is_known_with_what_and_since_when() -> None:
    metrics, clock = Metrics(), [0.0]
    progress = WorkerProgress("enrich", metrics, lambda: clock[0])
    stage = Counting([])

    class Away(Broker):
        async def send(self, messages: Sequence[ToSend]) -> Sent:
            if clock[0] < 400.0:
                seen.extend(progress.waits())
                clock[0] += 200.0
                raise Undelivered(list(messages), OSError("away"))
            return Sent()

    seen: list[Wait] = []
    await Processor(stage, State(MemoryStore(), stage.codec), Away([]), metrics, progress).process(records(b"one"))
    assert seen == [Wait("broker", 0.0)], "from the first failure on"
    assert progress.waits() == []
