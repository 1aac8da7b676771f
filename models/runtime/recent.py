"""Answers for texts seen a moment ago: reposts and copied complaints are read once."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from models.scorer import Scores


class RecentAnswers:
    """The answers of the last `limit` different texts; safe to share between threads.  `limit` 0 keeps none."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._answers: OrderedDict[str, Scores] = OrderedDict()
        self._lock = Lock()
        self.hits = 0

    def get(self, text: str) -> Scores | None:
        """The answer for exactly this text, or None."""
        with self._lock:
            answer = self._answers.get(text)
            if answer is not None:
                self._answers.move_to_end(text)
                self.hits += 1
            return answer

    def put(self, text: str, answer: Scores) -> None:
        """Keep an answer; the one asked for longest ago goes."""
        with self._lock:
            self._answers[text] = answer
            self._answers.move_to_end(text)
            while len(self._answers) > self._limit:
                self._answers.popitem(last=False)
