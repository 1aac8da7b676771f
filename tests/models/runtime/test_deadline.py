"""A model that hangs does not hang whoever asks it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.runtime.deadline import DeadlineScorer
from models.runtime.fixed import FixedScorer
from models.scorer import Reading, Scores
from pipeline.errors import TerminalError


class Slow(FixedScorer):
    """Answers when it is let; counts how many calls are in it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()
        self.inside = 0
        self.most = 0

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        assert self.let.wait(10.0)
        self.inside -= 1
        return super().score(readings)


def test_answers_are_those_of_the_scorer_inside() -> None:
    inner = FixedScorer("negative")
    scorer = DeadlineScorer(inner, 5.0)
    assert scorer.ref == inner.ref
    assert scorer.score(["a", "b"]) == inner.score(["a", "b"])


def test_a_call_that_takes_too_long_fails_and_so_does_every_later_one() -> None:
    slow = Slow()
    scorer = DeadlineScorer(slow, 0.05)
    with pytest.raises(TerminalError, match=r"took longer than 0\.05 s for 2 texts.*model\.timeout"):
        scorer.score(["a", "b"])
    started = time.monotonic()
    with pytest.raises(TerminalError, match="does not answer"):
        scorer.score(["a"])
    assert time.monotonic() - started < 0.05
    slow.let.set()


def test_one_call_is_read_at_a_time() -> None:
    slow = Slow()
    slow.let.set()
    scorer = DeadlineScorer(slow, 5.0)
    with ThreadPoolExecutor(8) as pool:
        assert all(len(found) == 1 for found in pool.map(scorer.score, [["a"]] * 200))
    assert slow.most == 1


def test_errors_of_the_scorer_come_through() -> None:
    class Broken(FixedScorer):
        def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
            raise TimeoutError("its own")

    scorer = DeadlineScorer(Broken(), 5.0)
    for _ in range(2):
        with pytest.raises(TimeoutError, match="its own"):
            scorer.score(["a"])
