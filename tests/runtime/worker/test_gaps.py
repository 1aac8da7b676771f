"""Offsets that never came are counted; records that come again are not."""

from __future__ import annotations

from pipeline.observability.metrics import Metrics
from pipeline.runtime.worker.gaps import GapWatch, LostRecords

WHERE = ("posts.raw.v1", 3)


def test_a_jump_forward_is_a_gap() -> None:
    watch = GapWatch()
    watch.start(WHERE, 10)
    assert watch.see(WHERE, 10) == 0
    assert watch.see(WHERE, 15) == 4
    assert watch.see(WHERE, 16) == 0


def test_what_retention_took_before_the_first_record_is_a_gap() -> None:
    watch = GapWatch()
    watch.start(WHERE, 10)
    assert watch.see(WHERE, 100) == 90


def test_records_that_come_again_are_no_gap() -> None:
    watch = GapWatch()
    watch.start(WHERE, 0)
    for offset in (0, 1, 2, 0, 1, 2, 3):
        assert watch.see(WHERE, offset) == 0


def test_a_group_that_never_committed_begins_where_it_may() -> None:
    watch = GapWatch()
    watch.start(WHERE, None)
    assert not watch.knows(WHERE)
    assert watch.see(WHERE, 500) == 0
    assert watch.knows(WHERE)


def test_what_was_removed_counts_though_nothing_follows_it() -> None:
    metrics = Metrics()
    lost = LostRecords("enrich", metrics, {"incidents.v1"}, lambda where: 10)
    for _ in range(3):
        lost.begins({WHERE: 15, ("incidents.v1", 0): 90})
    lost.came(WHERE, 15)
    counted = metrics.gap_records.labels("enrich", WHERE[0])._value.get()
    assert counted == 5
    assert lost.start(WHERE) == 15
    assert metrics.gap_records.labels("enrich", "incidents.v1")._value.get() == 0


def test_a_worker_that_lost_its_partition_counts_nothing_that_the_next_has_read() -> None:
    metrics = Metrics()
    lost = LostRecords("detect", metrics, (), lambda where: None)
    lost.begins({WHERE: 0})
    lost.begins({WHERE: 220})  # read by the next worker, and removed; ours has not learnt yet that there is one
    lost.forget()
    lost.begins({WHERE: 220})
    assert metrics.gap_records.labels("detect", WHERE[0])._value.get() == 0
    assert lost.start(WHERE) == 0
