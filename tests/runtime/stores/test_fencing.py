"""What a worker writes that has lost its partition counts nowhere, whatever compaction retains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import msgspec
import pytest

from pipeline.runtime.kafka.publisher import Sent, ToSend
from pipeline.runtime.stores.changelog import ChangelogStore, Fenced
from pipeline.settings.kafka import KafkaSettings
from pipeline.stages.records import Record
from pipeline.stages.state import Change, State, StoredValue
from tests.runtime.stores.compacting_log import CompactingLog


class Number:
    """Numbers as text."""

    def encode(self, value: int) -> bytes:
        return str(value).encode()

    def decode(self, data: bytes) -> int:
        return int(data)


@pytest.fixture
def log() -> Iterator[CompactingLog]:
    with CompactingLog().connected() as log:
        yield log


def a_worker(log: CompactingLog) -> ChangelogStore:
    return ChangelogStore(KafkaSettings(), "state", log)  # type: ignore[arg-type]


def record(offset: int) -> Record:
    return Record("t", 0, offset, b"k", b"v")


def stored(value: int, offset: int = 0) -> bytes:
    return msgspec.msgpack.encode(StoredValue({0: offset}, 0.0, Number().encode(value)))


async def count(store: ChangelogStore, key: str, *offsets: int) -> None:
    """Count records into a key, and write it."""
    await store.recover(0)
    state = State(store, Number())
    for offset in offsets:
        if not state.absorbed(key, record(offset)):
            state.put(key, (state.get(key, record(offset)) or 0) + 1, record(offset))
    await state.flush(0.0)


async def counted(log: CompactingLog, key: str) -> int | None:
    """What a worker finds that takes over now."""
    fresh = a_worker(log)
    await fresh.recover(0)
    value: int | None = State(fresh, Number()).get(key, record(0))
    return value


async def test_a_partition_that_is_handed_on_while_it_is_recovered_is_not_in_hand(log: CompactingLog) -> None:
    """Its values would be those of before the next worker had it, if it came back."""
    store, send = a_worker(log), log.send

    async def slowly(messages: Sequence[ToSend]) -> Sent:
        store.drop(0)
        return await send(messages)

    log.send = slowly  # type: ignore[method-assign]
    with pytest.raises(Fenced):
        await store.recover(0)
    log.send = send  # type: ignore[method-assign]
    await store.recover(0)


async def test_a_claim_that_the_next_worker_has_cleared_away_is_one_that_lost(log: CompactingLog) -> None:
    first, second = a_worker(log), a_worker(log)
    each = first._each

    async def late(*args: Any) -> int:
        await count(second, "k", 1)
        return await each(*args)

    first._each = late  # type: ignore[assignment]
    with pytest.raises(Fenced, match="another worker claims partition 0"):
        await first.recover(0)
    assert await counted(log, "k") == 1


async def test_a_partition_that_goes_while_it_is_written_is_said_to_be_gone(log: CompactingLog) -> None:
    store = a_worker(log)
    await count(store, "k", 1)
    send = log.send

    async def handed_on(messages: Sequence[ToSend]) -> Sent:
        sent = await send(messages)
        store.drop(0)
        return sent

    log.send = handed_on  # type: ignore[method-assign]
    with pytest.raises(Fenced, match="partition 0 is not in hand"):
        await store.write([Change(0, "k", 0.0, stored(2))])


async def test_who_has_lost_a_partition_learns_it_without_writing(log: CompactingLog) -> None:
    first = a_worker(log)
    await count(first, "k", 0)
    await first.verify(0)
    second = a_worker(log)
    await second.recover(0)
    await second.verify(0)
    with pytest.raises(Fenced):
        await first.verify(0)
    await first.verify(0)  # it is not in hand any more


async def test_a_late_write_of_a_worker_that_lost_its_partition_undoes_nothing(log: CompactingLog) -> None:
    zombie, owner = a_worker(log), a_worker(log)
    await count(zombie, "acme", *range(100))
    await count(owner, "acme", *range(100, 200))
    with pytest.raises(Fenced):
        await count(zombie, "acme", *range(100, 150))
    log.compact()
    assert await counted(log, "acme") == 200


async def test_what_it_wrote_late_is_gone_from_the_log_once_its_successor_writes(log: CompactingLog) -> None:
    """It may hold the words of a post that was erased meanwhile."""
    zombie, owner = a_worker(log), a_worker(log)
    await count(zombie, "acme", 0)
    await owner.recover(0)
    with pytest.raises(Fenced):
        await count(zombie, "erased since", 1)
    assert any(b"erased since" in (entry.key or b"") for entry in log.partitions[0])
    await count(owner, "acme", 2)
    log.compact()
    assert not any(b"erased since" in (entry.key or b"") for entry in log.partitions[0])
    assert await counted(log, "acme") == 2


async def test_or_once_its_successor_looks_after_it(log: CompactingLog) -> None:
    zombie, owner = a_worker(log), a_worker(log)
    await count(zombie, "acme", 0)
    await owner.recover(0)
    with pytest.raises(Fenced):
        await count(zombie, "erased since", 1)
    await owner.sweep()
    log.compact()
    assert not any(b"erased since" in (entry.key or b"") for entry in log.partitions[0])
    before = log.ends[0]
    await owner.sweep()
    assert log.ends[0] == before, "nothing is left to do"


async def test_who_looks_after_a_partition_that_it_has_lost_learns_it(log: CompactingLog) -> None:
    first, second = a_worker(log), a_worker(log)
    await first.sweep()
    await first.recover(0)
    await second.recover(0)
    with pytest.raises(Fenced):
        await first.sweep()


async def test_not_even_of_a_value_that_its_successor_has_not_touched(log: CompactingLog) -> None:
    zombie, owner = a_worker(log), a_worker(log)
    await count(zombie, "acme", *range(100))
    await owner.recover(0)
    with pytest.raises(Fenced):
        await count(zombie, "acme", *range(100, 150))
    log.compact()
    assert await counted(log, "acme") == 100, "those it did not write in time come again"


async def test_nor_does_what_it_forgets_late(log: CompactingLog) -> None:
    zombie, owner = a_worker(log), a_worker(log)
    await count(zombie, "acme", *range(100))
    await owner.recover(0)
    with pytest.raises(Fenced):
        await zombie.write([Change(0, "acme", 0.0, None)])
    log.compact()
    assert await counted(log, "acme") == 100


async def test_what_is_forgotten_stays_forgotten_after_a_late_write(log: CompactingLog) -> None:
    zombie, owner = a_worker(log), a_worker(log)
    await count(zombie, "acme", 1)
    await owner.recover(0)
    await owner.write([Change(0, "acme", 0.0, None)])
    with pytest.raises(Fenced):
        await count(zombie, "acme", 2)
    assert await counted(log, "acme") is None
    log.compact()
    assert await counted(log, "acme") is None


async def test_a_worker_that_is_claimed_from_late_and_wrongly_learns_of_it_before_it_acknowledges(
    log: CompactingLog,
) -> None:
    """The zombie was stopped between being given the partition and claiming it."""
    owner, zombie = a_worker(log), a_worker(log)
    await count(owner, "acme", *range(100))
    await zombie.recover(0)
    with pytest.raises(Fenced):
        await count(owner, "acme", *range(100, 150))
    log.compact()
    assert await counted(log, "acme") == 100


async def test_a_worker_that_ended_in_order_leaves_values_that_need_not_be_written_again(log: CompactingLog) -> None:
    first = a_worker(log)
    for number in range(50):
        await count(first, f"k{number}", number)
    await first.close()
    before = log.ends[0]
    second = a_worker(log)
    await second.recover(0)
    assert log.ends[0] - before == 2, "the claim, and that the claim before it is over"
    await count(second, "k7", 100)
    log.compact()
    assert await counted(log, "k7") == 2
    assert await counted(log, "k8") == 1


async def test_the_log_holds_one_record_a_key_in_the_end(log: CompactingLog) -> None:
    for worker in range(5):
        await count(a_worker(log), "acme", worker)
    log.compact()
    assert len(log.partitions[0]) == 2, "the value and the claim"


async def test_state_of_the_time_before_claims_still_counts(log: CompactingLog) -> None:
    older = [stored(3, offset=3), stored(10, offset=10), stored(4, offset=4)]
    await log.send([ToSend("state", b"acme", value, partition=0) for value in older])
    await log.send([ToSend("state", b"gone", value, partition=0) for value in (stored(1), None)])
    assert await counted(log, "acme") == 10, "of those the one that absorbed most"
    assert await counted(log, "gone") is None
    await log.send([ToSend("state", b"acme", stored(5, offset=99), partition=0)])
    log.compact()
    assert await counted(log, "acme") == 10, "a worker of that time which wrote late"


@pytest.mark.parametrize("compacted", [False, True])
async def test_state_of_a_topic_that_was_made_anew_is_dropped(log: CompactingLog, compacted: bool) -> None:
    identity = "posts 1"

    async def identified() -> str:
        return identity

    def a_worker_that_asks() -> ChangelogStore:
        return ChangelogStore(KafkaSettings(), "state", log, identified)  # type: ignore[arg-type]

    await count(a_worker_that_asks(), "acme", *range(100))
    await count(a_worker_that_asks(), "acme", *range(100, 150))
    identity = "posts 2"
    if compacted:
        log.compact()
    store = a_worker_that_asks()
    await store.recover(0)
    assert store.read(0, "acme") is None
    await count(store, "acme", 0, 1)
    log.compact()
    assert await counted(log, "acme") == 2


@pytest.mark.parametrize("seed", range(150))
async def test_any_history_of_takeovers_late_writes_and_compactions_loses_nothing(
    log: CompactingLog, seed: int
) -> None:
    """A model holds what was acknowledged: whoever takes over finds exactly that."""
    chance = Random(seed)
    acknowledged: dict[str, int] = {}
    owner = a_worker(log)
    await owner.recover(0)
    zombies: list[ChangelogStore] = []
    keys = [f"k{number}" for number in range(6)]
    for step in range(60):
        what = chance.random()
        if what < 0.45:
            key = chance.choice(keys)
            data = None if chance.random() < 0.3 else stored(step)
            await owner.write([Change(0, key, 0.0, data)])
            acknowledged.pop(key, None)
            if data is not None:
                acknowledged[key] = step
        elif what < 0.65 and zombies:
            changes = [
                Change(0, k, 0.0, chance.choice([None, stored(-step)]))
                for k in chance.sample(keys, chance.randint(1, 4))
            ]
            with pytest.raises(Fenced):
                await chance.choice(zombies).write(changes)
        elif what < 0.8:
            log.compact()
        else:
            if chance.random() < 0.3:
                await owner.close()
            else:
                zombies.append(owner)
            owner = a_worker(log)
            await owner.recover(0)
            found = {
                k: msgspec.msgpack.decode(data, type=StoredValue).value for k in keys if (data := owner.read(0, k))
            }
            assert found == {key: str(value).encode() for key, value in acknowledged.items()}
