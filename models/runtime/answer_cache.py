"""Cache of recent answers, so that reposts and copied complaints are scored once."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from models.scorer import Scores, Target


class Clean(NamedTuple):
    """A reading after clean-up: equal ones have equal answers."""

    text: str
    targets: tuple[Target, ...]


class RecentAnswers:
    """The answers of the last `limit` different readings; safe to share between threads.  `limit` 0 keeps none."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._answers: OrderedDict[Clean, Scores] = OrderedDict()
        self._lock = Lock()
        self.hits = 0

    def get(self, reading: Clean) -> Scores | None:
        """The answer for exactly this reading, or None."""
        with self._lock:
            answer = self._answers.get(reading)
            if answer is not None:
                self._answers.move_to_end(reading)
                self.hits += 1
            return answer

    def put(self, reading: Clean, answer: Scores) -> None:
        """Keep an answer; the one asked for longest ago goes."""
        with self._lock:
            self._answers[reading] = answer
            self._answers.move_to_end(reading)
            while len(self._answers) > self._limit:
                self._answers.popitem(last=False)
