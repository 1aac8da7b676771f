"""The alert stage: who is told, once, and what a failing notifier costs the others."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import msgspec
import pytest

from pipeline.alert.delivery import Busy, RetryLimits
from pipeline.alert.stage import Alert
from pipeline.contracts.headers import REPLAYED
from pipeline.errors import TerminalError, TransientError
from pipeline.observability.metrics import Metrics
from pipeline.runtime.kafka.publisher import Sent, ToSend
from pipeline.runtime.worker.processor import Processor
from pipeline.runtime.worker.progress import WorkerProgress
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State
from tests.alert.notifiers import Clock, Memory, record
from tests.support.messages import pile_on


class Died(BaseException):
    """The worker is gone."""


class Letter(NamedTuple):
    """What a dead letter says of its record."""

    offset: int
    code: str
    reason: str


class Driver:
    """Runs batches through the processor of the workers, in its order.  A driver with the store of another one is the
    worker that comes after it: it knows only what was written."""

    def __init__(self, *notifiers: Memory, store: MemoryStore | None = None) -> None:
        clock = Clock()
        self.clock = clock
        self.counted: list[tuple[str, str]] = []
        self.stage = Alert(
            notifiers,
            limits=RetryLimits(sleep=clock.sleep, clock=clock),
            observe=lambda notifier, outcome: self.counted.append((notifier, outcome)),
        )
        self.store = store or MemoryStore()
        self.state = State(self.store, self.stage.codec)
        self.letters: list[Letter] = []
        metrics = Metrics()
        self.processor = Processor(self.stage, self.state, self, metrics, WorkerProgress("alert", metrics))

    async def send(self, messages: Sequence[ToSend]) -> Sent:
        """As a publisher: all that this stage publishes are dead letters."""
        for message in messages:
            said = {name: value.decode() for name, value in message.headers}
            self.letters.append(Letter(int(said["offset"]), said["code"], said["reason"]))
        return Sent()

    async def run(self, batch: Sequence[Record], *, dies_in: str = "") -> list[Letter]:
        """The dead letters of a batch.  `dies_in` is the step in which the worker is killed, if it is."""
        self.letters = []
        with pytest.MonkeyPatch.context() as patch:
            if dies_in:
                patch.setattr(self.stage if dies_in == "apply" else self.state, dies_in, _die)
            with pytest.raises(Died) if dies_in else nullcontext():
                await self.processor.process(batch)
        return self.letters


async def _die(_: object) -> None:
    raise Died


async def test_each_notifier_hears_each_event_once_and_in_order() -> None:
    one, two = Memory("one"), Memory("two", pages=True)
    driver = Driver(one, two)
    batch = [record(pile_on(), 0), record(pile_on("escalated", 5), 1), record(pile_on("resolved", 90), 2)]
    assert await driver.run(batch) == []
    assert one.sent == two.sent == ["opened", "escalated", "resolved"]
    assert driver.counted.count(("one", "sent")) == 3


async def test_the_same_history_published_again_is_not_told_again() -> None:
    pager = Memory(pages=True)
    driver = Driver(pager)
    history = [pile_on(), pile_on("escalated", 5), pile_on("resolved", 90)]
    await driver.run([record(message, offset) for offset, message in enumerate(history)])
    await driver.run([record(message, offset) for offset, message in enumerate(history, start=3)])
    assert pager.sent == ["opened", "escalated", "resolved"]


async def test_events_slightly_out_of_order_are_told() -> None:
    # `at` is the arrival of a mention, and mentions come through several partitions
    pager = Memory(pages=True)
    await Driver(pager).run([record(pile_on("escalated", 5), 0), record(pile_on("updated", 4), 1)])
    assert pager.sent == ["escalated", "updated"]


@pytest.mark.parametrize(
    ("dies_in", "before"), [("apply", ["opened", "updated"]), ("flush", ["opened", "updated", "escalated", "updated"])]
)
async def test_a_crash_loses_no_event_and_repeats_those_of_the_last_two_batches(
    dies_in: str, before: list[str]
) -> None:
    """The batch in flight is carried out again, since nothing of it was written; of those that were written, but whose
    records were not acknowledged, the last, since its notices are remembered as on their way."""
    first = Memory()
    driver = Driver(first)
    opened, updated = [record(pile_on(), 0)], [record(pile_on("updated", 3), 1)]
    late = [record(pile_on("escalated", 5), 2), record(pile_on("updated", 6), 3)]
    await driver.run(opened)
    await driver.run(updated)
    await driver.run(late, dies_in=dies_in)
    assert first.sent == before

    after = Memory()
    restarted = Driver(after, store=driver.store)
    await restarted.run([*opened, *updated, late[0]])  # batches are cut differently after a restart
    await restarted.run([late[1], record(pile_on("resolved", 60), 4)])
    assert after.sent == ["updated", "escalated", "updated", "resolved"]


async def test_pagers_are_not_told_of_what_is_not_pageable() -> None:
    pager, screen = Memory("pager", pages=True), Memory("screen")
    driver = Driver(pager, screen)
    quiet = pile_on(name="a", pageable=False)
    brigade = pile_on(name="b", coordinated=True)
    done = pile_on("resolved", 5, name="b", coordinated=True)
    await driver.run([record(quiet, 0), record(brigade, 1), record(done, 2)])
    assert pager.sent == []
    assert screen.sent == ["opened", "opened", "resolved"]


async def test_a_pager_hears_when_a_paged_incident_turns_out_coordinated_and_then_no_more() -> None:
    pager = Memory(pages=True)
    turned = pile_on("updated", 15, coordinated=True)
    over = pile_on("resolved", 60, coordinated=True)
    await Driver(pager).run([record(pile_on(), 0), record(turned, 1), record(over, 2)])
    assert pager.sent == ["opened", "updated"]


async def test_a_passing_fault_is_retried_with_growing_pauses() -> None:
    flaky = Memory(errors=[TransientError("away"), TransientError("away"), Busy("slow down", after=7.0), None])
    driver = Driver(flaky)
    assert await driver.run([record(pile_on(), 0)]) == []
    assert flaky.sent == ["opened"]
    assert 0.25 <= driver.clock.slept[0] <= 0.5 <= driver.clock.slept[1] <= 1.0
    assert driver.clock.slept[2] >= 7.0


async def test_a_broken_notifier_becomes_a_dead_letter_and_does_not_block_the_others() -> None:
    broken = Memory("broken", errors=[TransientError("away", subject="host")] * 1_000)
    refusing = Memory("refusing", errors=[TerminalError("says no")] * 1_000)
    buggy = Memory("buggy", errors=[KeyError("x")])
    fine = Memory("fine")
    driver = Driver(broken, refusing, buggy, fine)
    batch = [record(pile_on("updated", n), n) for n in range(100)]
    letters = await driver.run(batch)
    assert len(fine.sent) == 100
    assert [letter.offset for letter in letters] == list(range(100))  # one letter a record, not one a notifier
    assert letters[0].code == "undelivered"
    for reason in ("broken: host: away", "refusing: says no", "buggy: the notifier failed unexpectedly (KeyError)"):
        assert reason in letters[0].reason
    assert broken.calls == 5  # the first notice uses up the patience, the others are not tried
    assert sum(driver.clock.slept) < 45

    await driver.run([record(pile_on("updated", 200), 200), record(pile_on("updated", 201), 201)])
    assert broken.calls == 6  # still down: one try a batch
    broken.errors.clear()
    await driver.run([record(pile_on("updated", 202), 202), record(pile_on("updated", 203), 203)])
    assert broken.sent == ["updated", "updated"]


async def test_a_slow_receiver_is_given_more_turns_and_nothing_is_sent_twice() -> None:
    class Slow(Memory):
        async def send(self, message: Any) -> None:
            driver.clock.now += 10.0
            await super().send(message)

    slow, fast = Slow("slow"), Memory("fast")
    driver = Driver(slow, fast)
    result = driver.stage.handle([record(pile_on("updated", n), n) for n in range(12)], driver.state)
    for _ in range(2):
        with pytest.raises(TransientError, match="slow"):
            await driver.stage.apply(result.effects)
    assert not (await driver.stage.apply(result.effects)).rejected
    assert len(slow.sent) == len(fast.sent) == 12


async def test_a_hanging_notifier_is_given_up() -> None:
    class Hanging(Memory):
        async def send(self, message: Any) -> None:
            raise TimeoutError

    hanging = Hanging("hanging")
    (letter,) = await Driver(hanging).run([record(pile_on(), 0)])
    assert "no answer within 15 s" in letter.reason


@pytest.mark.parametrize(
    ("value", "code"),
    [(b"{", "not_json"), (b"[]", "wrong_type"), (b'{"type":"incident_event"}', "missing_field"), (b"", "empty")],
)
async def test_what_is_not_an_incident_is_rejected_with_a_reason(value: bytes, code: str) -> None:
    screen = Memory()
    letters = await Driver(screen).run([record(value, 0), record(pile_on(), 1)])
    assert [letter.code for letter in letters] == [code]
    assert screen.sent == ["opened"]


async def test_a_forgotten_incident_is_passed_over() -> None:
    screen = Memory()
    assert await Driver(screen).run([record(None, 0)]) == []
    assert screen.sent == []


async def test_a_replayed_dead_letter_is_told_but_pages_nobody_for_the_past() -> None:
    screen, pager = Memory("screen"), Memory("pager", pages=True)
    driver = Driver(screen, pager)
    await driver.run([record(pile_on(), 0), record(pile_on("escalated", 5), 1)])
    await driver.run([record(pile_on(), 2, (REPLAYED, b"1")), record(pile_on("escalated", 5), 3, (REPLAYED, b"1"))])
    assert screen.sent == ["opened", "escalated", "opened", "escalated"]
    assert pager.sent == ["opened", "escalated", "escalated"]


async def test_state_stays_small_however_long_an_incident_lasts() -> None:
    driver = Driver(Memory("a"), Memory("b", pages=True))
    for n in range(1_000):
        await driver.run([record(pile_on("updated", n), n)])
    told = driver.state.get("acme:pile_on:test:1", record(pile_on(), 0))
    assert told is not None
    assert len(driver.stage.codec.encode(told)) < 4_000
    assert driver.stage.codec.decode(driver.stage.codec.encode(told)) == told


def test_state_of_another_version_is_refused_in_plain_words() -> None:
    with pytest.raises(ValueError, match="cannot be read by this release"):
        Alert([]).codec.decode(b"\x07" + msgspec.msgpack.encode([]))
