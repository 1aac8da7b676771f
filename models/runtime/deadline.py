"""Scorer with a deadline: inference in a thread of its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread

from models.scorer import Reading, Scorer, Scores
from pipeline.errors import TerminalError

_Call = tuple[Sequence[str | Reading], "Future[list[Scores]]"]


class DeadlineScorer:
    """A scorer of whose calls none takes longer than `seconds`; keeps to `models.scorer.Scorer`.

    One call is read at a time and the next caller waits for it, so nothing piles up here.  A call that takes too long
    cannot be ended, so after it every call fails at once: the process is to be started anew, which its thread does not
    hold up.
    """

    def __init__(self, scorer: Scorer, seconds: float) -> None:
        self.ref = scorer.ref
        self.inner = scorer
        self._seconds = seconds
        self._turn = Lock()
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._late = False
        Thread(target=self._work, name="model", daemon=True).start()

    def score(self, readings: Sequence[str | Reading]) -> list[Scores]:
        """As the scorer inside.  Raises `TerminalError` when it takes too long."""
        found: Future[list[Scores]] = Future()
        with self._turn:
            if self._late:
                raise self._too_late("the model does not answer since an earlier call")
            self._calls.put((readings, found))
            try:
                return found.result(self._seconds)
            except TimeoutError:
                if found.done():  # the scorer's own
                    raise
                self._late = True
                raise self._too_late(f"took longer than {self._seconds:g} s for {len(readings)} texts") from None

    def _too_late(self, what: str) -> TerminalError:
        return TerminalError(
            what,
            subject=f"model {self.ref.name}",
            todo="Start anew; if it happens again, raise model.timeout, or lower model.batch or model.threads",
        )

    def _work(self) -> None:
        while True:
            readings, found = self._calls.get()
            try:
                found.set_result(self.inner.score(readings))
            except BaseException as error:
                found.set_exception(error)
