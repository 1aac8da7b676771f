"""Records of several partitions come out in the order of arrival, or, after a bounded wait, in the best order known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.runtime.worker.merge import ArrivalMerge
from pipeline.stages.records import Record

A, B = ("t", 0), ("t", 1)


def record(partition: int, offset: int, arrived: float, produced: float = 0.0) -> tuple[Record, float]:
    return Record("t", partition, offset, None, b"", produced, arrived), arrived


def test_a_partition_that_has_more_is_waited_for() -> None:
    merge: ArrivalMerge[float] = ArrivalMerge(pause=0.0)
    merge.push([record(0, 0, 5.0), record(0, 1, 6.0)])
    assert merge.pop(10, 100.0, lambda where: where == B, [A, B]) == []
    merge.push([record(1, 0, 1.0)])
    assert merge.pop(10, 100.1, lambda where: False, [A, B]) == [1.0, 5.0, 6.0]


def test_a_partition_that_gives_nothing_is_given_up_until_it_does() -> None:
    merge: ArrivalMerge[float] = ArrivalMerge(pause=0.0, patience=2.0)
    merge.push([record(0, 0, 5.0)])
    assert merge.pop(10, 100.0, lambda where: where == B, [A, B]) == []
    assert merge.pop(10, 102.5, lambda where: where == B, [A, B]) == [5.0]
    assert merge.forced == 1
    merge.push([record(0, 1, 6.0)])
    assert merge.pop(10, 102.6, lambda where: where == B, [A, B]) == [6.0], "no second wait for a silent partition"
    merge.push([record(1, 0, 1.0), record(0, 2, 7.0)])
    assert merge.pop(10, 102.7, lambda where: where == B, [A, B]) == [1.0], "it gave something: it is waited for again"


def test_a_fresh_record_waits_for_earlier_ones_that_are_on_their_way() -> None:
    merge: ArrivalMerge[float] = ArrivalMerge(pause=0.3)
    merge.push([record(0, 0, 5.0, produced=100.0)])
    assert merge.pop(10, 100.1, lambda where: False, [A, B]) == []
    merge.push([record(1, 0, 4.0, produced=99.9)])
    assert merge.pop(10, 100.4, lambda where: False, [A, B]) == [4.0, 5.0]


def test_stops_at_a_partition_that_ran_empty_with_more_to_come() -> None:
    merge: ArrivalMerge[float] = ArrivalMerge(pause=0.0)
    merge.push([record(0, 0, 1.0), record(0, 1, 9.0), record(1, 0, 2.0)])
    assert merge.pop(10, 100.0, lambda where: where == B, [A, B]) == [1.0, 2.0]
    assert len(merge) == 1


def test_forgets_what_is_in_hand_when_partitions_are_handed_round() -> None:
    merge: ArrivalMerge[float] = ArrivalMerge(pause=0.0)
    merge.push([record(0, 0, 1.0)])
    assert merge.clear() == [1.0]
    assert len(merge) == 0
    assert merge.pop(10, 100.0, lambda where: False, [A, B]) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1e6)), max_size=60), st.integers(1, 7))
def test_everything_comes_out_once_and_partitions_keep_their_order(items: list[tuple[int, float]], limit: int) -> None:
    merge: ArrivalMerge[tuple[int, int]] = ArrivalMerge(pause=0.0)
    for offset, (partition, arrived) in enumerate(items):
        merge.push([(Record("t", partition, offset, None, b"", 0.0, arrived), (partition, offset))])
    out: list[tuple[int, int]] = []
    while len(merge):
        out += merge.pop(limit, 1e9, lambda where: False, [("t", p) for p in range(4)])
    assert sorted(offset for _, offset in out) == list(range(len(items)))
    for partition in range(4):
        offsets = [offset for p, offset in out if p == partition]
        assert offsets == sorted(offsets)


@given(st.lists(st.floats(0, 1e6), max_size=60, unique=True))
def test_sorted_partitions_come_out_sorted(times: list[float]) -> None:
    merge: ArrivalMerge[float] = ArrivalMerge(pause=0.0)
    for offset, arrived in enumerate(sorted(times)):
        merge.push([(Record("t", offset % 3, offset, None, b"", 0.0, arrived), arrived)])
    assert merge.pop(1_000, 1e9, lambda where: False, [("t", p) for p in range(3)]) == sorted(times)
