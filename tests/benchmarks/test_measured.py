"""What a run comes to: rates, processor time by process, and what a billion posts cost."""

from __future__ import annotations

import os
import time

import pytest

from benchmarks.end_to_end.afternoon import ABOUT, TWEETS, price, show
from benchmarks.end_to_end.measured import EndToEnd, billion, difference, processor_seconds

OURS = EndToEnd(posts=1_000, seconds=4.0, spent={"enrich": 1.5, "detect": 0.3, "Kafka": 0.1, "Elasticsearch": 0.8})
PEER = EndToEnd(posts=100, seconds=10.0, spent={"newcomer": 18.0, "Kafka": 0.0, "Elasticsearch": 0.4})


def test_rate_and_processor_time_by_post() -> None:
    assert OURS.rate == 250.0
    assert (OURS.own, OURS.servers) == pytest.approx((0.0018, 0.0009))
    # 2.7 ms a post are 750 core-hours a billion
    assert billion(OURS.own + OURS.servers, core_hour=0.04) == pytest.approx(30.0)


def test_the_table_has_ratios_and_the_price() -> None:
    found = [(ABOUT, OURS, PEER), (TWEETS, OURS, PEER)]
    first, second = price(found, 0.04)
    assert first == (
        "A billion posts read by the model cost 20 (30 with the servers) at 0.04 a core-hour; the peer's 2,000 (2,044)."
    )
    assert second.startswith("A billion posts received (ordinary tweets) cost 20 (30 with the servers)")
    cells = [list(column.cells) for column in show(found).columns]
    assert cells[2][:3] == ["250.0", "10.0", "25.0"]
    assert cells[3][:3] == ["1.80", "180.00", "100.0"]


def test_processor_time_of_this_process() -> None:
    before = processor_seconds({"me": os.getpid()})
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    spent = difference(processor_seconds({"me": os.getpid()}), before)
    assert 0.1 < spent["me"] < 5.0
