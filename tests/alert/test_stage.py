"""The alert stage: who is told, once, and what a failing notifier costs the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from pipeline.alert.stage import REMEMBERED_SECONDS, Alert
from pipeline.contracts.headers import REPLAYED
from pipeline.contracts.incidents import Explanation
from pipeline.contracts.origin import ERASED
from pipeline.errors import Busy, TerminalError, TransientError
from pipeline.stages.records import Record
from tests.alert.driver import STEPS, Driver
from tests.alert.notifiers import Memory, record
from tests.support.messages import pile_on


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


@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_that_is_killed_between_any_two_steps_alerts_once(step: str) -> None:
    """Only a kill between the receiver's answer and the mark repeats a notice, one a notifier, with the same key.

    Nothing of the first two batches is repeated, although none of their records is acknowledged.
    """
    first = Memory("screen")
    driver = Driver(first)
    opened, updated = [record(pile_on(), 0)], [record(pile_on("updated", 3), 1)]
    late = [record(pile_on("escalated", 5), 2)]
    await driver.run(opened)
    await driver.run(updated)
    assert first.sent == ["opened", "updated"]
    for_mark = [record(pile_on("escalated", 5), 2)]
    if step == "mark":
        await _killed_before_the_mark(driver, first, for_mark)
    else:
        await driver.run_until(step, late)
        assert first.sent == ["opened", "updated"]

    after = Memory("screen")
    restarted = Driver(after, store=driver.store)
    await restarted.run([*opened, *updated, *late])  # batches are cut differently after a restart
    await restarted.run([record(pile_on("resolved", 60), 4)])
    assert after.sent == ["escalated", "resolved"]


async def _killed_before_the_mark(driver: Driver, notifier: Memory, batch: Sequence[Record]) -> None:
    await driver.processor.process(batch)
    driver.stage.send_waiting([0], driver.state)
    for _ in range(20):
        await asyncio.sleep(0)
    assert notifier.sent[-1] == "escalated"
    await driver.stage.close()


async def test_a_worker_that_is_killed_with_everything_acknowledged_still_alerts() -> None:
    """No record comes again: what is to be sent is in the state, and is sent before anything new comes."""
    driver = Driver(Memory("screen"), Memory("pager", pages=True))
    await driver.run_until("send", [record(pile_on(), 0), record(pile_on("escalated", 5), 1)])
    screen, pager = Memory("screen"), Memory("pager", pages=True)
    await Driver(screen, pager, store=driver.store).serve()
    assert screen.sent[-1] == pager.sent[-1] == "escalated"
    again = Memory("screen")
    await Driver(again, store=driver.store).serve()
    assert again.sent == []


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


async def test_a_receiver_that_is_away_delays_no_other_and_is_told_the_current_state_when_it_answers() -> None:
    away, fine = Memory("away"), Memory("fine")
    away.away = True
    driver = Driver(away, fine)
    other = pile_on(name="b")
    batch = [record(pile_on(), 0), record(pile_on("escalated", 5), 1), record(other, 2)]
    assert await driver.run(batch, turns=200) == []  # no dead letter
    await driver.run([record(pile_on("updated", 9), 3)], turns=50)
    assert fine.sent == ["opened", "escalated", "opened", "updated"]
    assert driver.waiting["away"] == 4
    (waits,) = driver.progress.waits()
    assert waits.what == "receiver away"
    assert waits.seconds > 60.0
    assert max(driver.clock.slept) <= 15.0

    away.away = False
    await driver.serve()
    assert sorted(away.sent) == ["opened", "updated"]  # of one incident the newest step, and the other one
    assert driver.waiting["away"] == 0
    assert driver.progress.waits() == []


async def test_a_pager_that_was_away_is_not_woken_for_what_is_over() -> None:
    pager, screen = Memory("pager", pages=True), Memory("screen")
    pager.away = screen.away = True
    driver = Driver(pager, screen)
    await driver.run([record(pile_on(), 0)], turns=200)
    await driver.run([record(pile_on("resolved", 30), 1)], turns=50)
    pager.away = screen.away = False
    await driver.serve()
    assert pager.sent == []
    assert screen.sent == ["resolved"]  # opened and over, in one


async def test_a_pager_that_was_woken_and_then_away_is_told_the_end() -> None:
    pager = Memory("pager", pages=True)
    driver = Driver(pager)
    await driver.run([record(pile_on(), 0)])
    pager.away = True
    await driver.run([record(pile_on("escalated", 5), 1), record(pile_on("resolved", 30), 2)], turns=200)
    pager.away = False
    await driver.serve()
    assert pager.sent == ["opened", "resolved"]


async def test_what_waits_survives_a_restart() -> None:
    away = Memory("screen")
    away.away = True
    driver = Driver(away)
    await driver.run([record(pile_on(), 0)], turns=200)
    back = Memory("screen")
    await Driver(back, store=driver.store).serve()
    assert back.sent == ["opened"]


async def test_what_is_refused_becomes_one_dead_letter_with_every_reason() -> None:
    refusing = Memory("refusing", errors=[TerminalError("says no")])
    buggy = Memory("buggy", errors=[KeyError("x")])
    fine = Memory("fine")
    driver = Driver(refusing, buggy, fine)
    letters = await driver.run([record(pile_on(), 7), record(pile_on("updated", 1), 8)])
    assert {letter.offset for letter in letters} == {7}
    assert letters[-1].code == "undelivered"
    said = " ".join(letter.reason for letter in letters)
    for reason in ("refusing: says no", "buggy: the notifier failed unexpectedly (KeyError)"):
        assert reason in said
    assert fine.sent == ["opened", "updated"]
    assert refusing.sent == buggy.sent == ["updated"]


async def test_one_notice_a_receiver_is_on_its_way_at_a_time() -> None:
    slow, fast = Memory("slow"), Memory("fast")
    driver = Driver(slow, fast)
    await driver.processor.process([record(pile_on("updated", n), n) for n in range(12)])
    driver.stage.send_waiting([0], driver.state)
    for _ in range(20):
        await asyncio.sleep(0)
    assert slow.sent == fast.sent == ["updated"]  # until that is marked
    await driver.serve()
    assert len(slow.sent) == len(fast.sent) == 12


async def test_what_one_receiver_has_while_the_mark_of_another_is_written_is_not_sent_to_it_again() -> None:
    quick, other = Memory("quick"), Memory("other", errors=[TransientError("busy")])
    driver = Driver(quick, other)
    flush = driver.state.flush

    async def slowly(now: float) -> int:
        for _ in range(20 if quick.sent and not other.sent else 0):
            await asyncio.sleep(0)
        return await flush(now)

    driver.state.flush = slowly  # type: ignore[method-assign]
    await driver.run([record(pile_on(), 0)])
    assert quick.sent == other.sent == ["opened"]


async def test_nothing_is_begun_that_the_worker_was_not_sure_of_a_moment_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that stood still may have lost its partition, and another may have sent newer steps."""
    screen = Memory("screen")
    driver = Driver(screen)
    monkeypatch.setattr("pipeline.alert.delivery.LEASE", -1.0)  # whatever was said is too long ago
    await driver.run([record(pile_on(), 0)], turns=20)
    assert screen.calls == 0
    assert driver.stage.partitions_waiting() == {0}
    monkeypatch.undo()
    await driver.serve()
    assert screen.sent == ["opened"]
    assert driver.stage.partitions_waiting() == set()


async def test_a_hanging_notifier_counts_as_away() -> None:
    hanging = Memory("hanging", errors=[TimeoutError()] * 7)
    driver = Driver(hanging)
    assert await driver.run([record(pile_on(), 0)]) == []
    assert hanging.sent == ["opened"]
    assert driver.counted.count(("hanging", "retried")) == 7


async def test_what_is_erased_while_it_waits_is_not_sent() -> None:
    away = Memory("screen")
    away.away = True
    driver = Driver(away)
    await driver.run([record(pile_on(), 0), record(pile_on("escalated", 5), 1)], turns=100)
    plain = pile_on("escalated", 5, explanation=Explanation("48 people answer one complaint"))
    await driver.run([record(plain, 2)._replace(origin=ERASED)], turns=5)
    stored = driver.store.read(0, plain.incident_id)
    assert stored is not None
    assert b"suitcase" not in stored
    away.away = False
    await driver.serve()
    assert away.sent == ["escalated"]
    assert await driver.run([record(plain, 3)._replace(origin=ERASED)]) == []
    assert away.sent == ["escalated"]
    stranger = pile_on(name="never:seen:1")
    long_ago = stranger.at.timestamp() + REMEMBERED_SECONDS
    await driver.run([record(stranger, 4)._replace(origin=ERASED, arrived=long_ago)])
    assert away.sent == ["escalated"]


async def test_a_step_of_which_compaction_left_only_other_words_is_sent() -> None:
    """While the worker was away, the step came, was erased and compacted."""
    screen, pager = Memory("screen"), Memory("pager", pages=True)
    driver = Driver(screen, pager)
    await driver.run([record(pile_on(), 0)])
    screen.away = True
    await driver.run([record(pile_on("updated", 3), 1)], turns=2)
    erased = record(pile_on("escalated", 5), 3)._replace(origin=ERASED)
    await driver.run([erased], turns=2)
    screen.away = False
    await driver.serve()
    await driver.run([erased._replace(offset=4)])
    await driver.run([record(pile_on("opened", 1), 5)._replace(origin=ERASED)])  # and what is older is not
    assert screen.sent == ["opened", "escalated"]
    assert pager.sent[-1] == "escalated"
    await driver.run([record(pile_on(name="never:seen:1"), 6)._replace(origin=ERASED)])
    assert screen.sent == ["opened", "escalated", "opened"]


async def test_a_step_that_is_sent_already_is_not_sent_again_in_place_of_a_newer_one() -> None:
    """The detector goes on while the index erases: what it publishes again is then not the newest step."""
    screen = Memory("screen")
    driver = Driver(screen)
    await driver.run([record(pile_on(), 0)])
    screen.away = True
    await driver.run([record(pile_on("escalated", 5), 1)], turns=5)
    plain = pile_on(explanation=Explanation("48 people answer one complaint"))
    await driver.run([record(plain, 2)._replace(origin=ERASED)], turns=5)
    screen.away = False
    await driver.serve()
    assert screen.sent == ["opened", "escalated"]


async def test_partitions_that_went_elsewhere_are_sent_nothing_of() -> None:
    away = Memory("screen")
    away.away = True
    driver = Driver(away)
    await driver.run([record(pile_on(), 0)], turns=100)
    driver.stage.release([0])
    away.away = False
    for _ in range(50):
        await driver.processor.serve_outbox([])
        await asyncio.sleep(0)
    assert away.sent == []


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


async def test_a_replayed_dead_letter_is_told_unless_the_incident_has_moved_on() -> None:
    screen, pager = Memory("screen"), Memory("pager", pages=True)
    driver = Driver(screen, pager)
    await driver.run([record(pile_on(), 0), record(pile_on("escalated", 5), 1)])
    await driver.run([record(pile_on(), 2, (REPLAYED, b"1")), record(pile_on("escalated", 5), 3, (REPLAYED, b"1"))])
    assert screen.sent == pager.sent == ["opened", "escalated", "escalated"]


async def test_state_stays_small_however_long_an_incident_lasts() -> None:
    driver = Driver(Memory("a"), Memory("b", pages=True))
    for n in range(1_000):
        await driver.run([record(pile_on("updated", n), n)])
    stored = driver.state.get("acme:pile_on:test:1", record(pile_on(), 0))
    assert stored is not None
    assert stored.pending == []
    assert len(driver.stage.codec.encode(stored)) < 4_000
    assert driver.stage.codec.decode(driver.stage.codec.encode(stored)) == stored


async def test_state_is_bounded_while_a_receiver_is_away() -> None:
    away, fine = Memory("away"), Memory("fine")
    away.away = True
    driver = Driver(away, fine)
    for n in range(300):
        await driver.run([record(pile_on("updated", n), n)], turns=5)
    stored = driver.state.get("acme:pile_on:test:1", record(pile_on(), 0))
    assert stored is not None
    assert len(stored.pending) <= 64
    assert len(driver.stage.codec.encode(stored)) < 450_000
    away.away = False
    await driver.serve()
    assert len(away.sent) == 1


async def test_state_of_the_release_before_is_read_and_goes_on() -> None:
    """It had five fields, and had sent whatever it had written."""
    pager = Memory("pager", pages=True)
    driver = Driver(pager)
    at = pile_on().at.timestamp()
    before = b"\x01" + msgspec.msgpack.encode([at, False, [1], [0], {"pager": [at, "opened", True]}])
    value = driver.stage.codec.decode(before)
    driver.state.put("acme:pile_on:test:1", value, record(pile_on(), 0))
    await driver.run([record(pile_on("resolved", 30), 1)])
    assert pager.sent == ["resolved"]


def test_state_of_another_version_is_refused_in_plain_words() -> None:
    with pytest.raises(ValueError, match="cannot be read by this release"):
        Alert([]).codec.decode(b"\x07" + msgspec.msgpack.encode([]))
