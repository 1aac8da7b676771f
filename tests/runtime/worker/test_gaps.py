"""Offsets that never came are counted; records that come again are not."""

from __future__ import annotations

from pipeline.runtime.worker.gaps import GapWatch

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
