"""Runs `handle` of a stage in a thread of its own, which can be given up.

A thread cannot be ended from outside.  One that takes too long is left to itself, with the state that it was given, and
the next batch gets a new thread and a new state.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

from pipeline.stages.records import Record, Result
from pipeline.stages.stage import Stage
from pipeline.stages.state import State

P = ParamSpec("P")
T = TypeVar("T")


class DaemonThread(Executor):
    """An executor of one thread that does not keep the process: one of `concurrent.futures` is waited for at exit."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._started = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call it in the thread, after what was submitted before."""
        future: Future[T] = Future()

        def task() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        self._tasks.put(task)
        if not self._started:
            self._started = True
            threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = False) -> None:
        """The thread ends after what it is at; nobody waits for that."""
        self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()


class Handling:
    """Carries batches to the stage's thread and their results back."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._thread = DaemonThread(stage.name)

    async def run(self, batch: Sequence[Record], state: State, limit: float) -> Result:
        """What the stage makes of a batch.  Raises what the stage raises, and `TimeoutError` after `limit` seconds:
        then the thread is given up."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._thread, self._stage.handle, batch, state)
        done, _ = await asyncio.wait({future}, timeout=limit)
        if done:
            return future.result()
        self.close()
        self._thread = DaemonThread(self._stage.name)
        raise TimeoutError(f"{self._stage.name} took longer than {limit:.0f} s")

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown()
