"""Processes one batch through one stage: nothing lost, nothing counted twice.

The order is what makes them hold.  Messages and dead letters are published and their delivery awaited; effects are
applied; the state is written together with the offsets that it has absorbed; only then may the caller acknowledge the
records.  A crash between any two steps makes the batch come again: messages have the same ids and keys, effects are
idempotent, and state that was written already knows the records.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Protocol, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from pipeline.errors import Malformed, TransientError
from pipeline.observability.metrics import Metrics
from pipeline.runtime.kafka.publisher import ToSend, headers
from pipeline.runtime.worker.dead_letters import dead_letter
from pipeline.runtime.worker.progress import WorkerProgress
from pipeline.stages.records import Outgoing, Record, Rejected, Result
from pipeline.stages.stage import Stage
from pipeline.stages.state import State

log = structlog.get_logger()

T = TypeVar("T")


MOST_FAULTS = 3
"""Records of one batch on which a stage may fail before the fault is taken to be in the stage, not in them."""


class _StageFailed(Exception):
    """`handle` raised: a defect, or a record that nobody foresaw.  The cause is the exception."""


class Sender(Protocol):
    """What a processor needs of a publisher."""

    async def send(self, messages: Sequence[ToSend]) -> None: ...


class Processor:
    """Carries batches through a stage.  `handle` runs in a thread of its own, off the event loop, with a timeout."""

    def __init__(
        self,
        stage: Stage,
        state: State,
        sender: Sender,
        metrics: Metrics,
        progress: WorkerProgress,
        *,
        timeout: float = 120.0,
    ) -> None:
        self.stage = stage
        self.state = state
        self._sender = sender
        self._metrics = metrics
        self._progress = progress
        self._timeout = timeout
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=stage.name)
        self._clock = 0.0

    async def process(self, batch: Sequence[Record]) -> None:
        """Do everything that a batch asks for; when this returns, its records may be acknowledged.

        Passing faults are retried in place for as long as they last.  A batch on which the stage fails is done again
        record by record, and a record on which it fails alone is a dead letter (`stage_error`): one record that nobody
        foresaw must not stop the stream.  When several fail, the fault is not in them: the exception leaves here.
        """
        started = time.monotonic()
        try:
            result = await self._handled(batch)
        except _StageFailed:
            log.exception("the stage failed on a batch; its records go one by one", **_span(batch))
            self.state.drop()
            await self._each_alone(batch)
        else:
            await self._finish(batch, result)
        self._metrics.batch_seconds.labels(self.stage.name).observe(time.monotonic() - started)

    async def _handled(self, batch: Sequence[Record]) -> Result:
        """What the stage makes of a batch, in its thread."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._thread, self.stage.handle, batch, self.state)
        done, _ = await asyncio.wait({future}, timeout=self._timeout)
        if not done:
            raise TimeoutError(f"{self.stage.name} took longer than {self._timeout:.0f} s on {_span(batch)}")
        try:
            return future.result()
        except Exception as error:
            raise _StageFailed from error

    async def _each_alone(self, batch: Sequence[Record]) -> None:
        faults = 0
        for record in batch:
            try:
                result = await self._handled([record])
            except _StageFailed as failed:
                faults += 1
                if faults > MOST_FAULTS:
                    raise
                self.state.drop()
                result = Result(publish=[], rejected=[Rejected(record, _unforeseen(failed))], effects=[])
            await self._finish([record], result)

    async def _finish(self, batch: Sequence[Record], result: Result) -> None:
        """The steps after handling, in the order that keeps the promises."""
        await self._publish(result.publish, result.rejected)
        if result.effects:
            await self._apply(result.effects)
        self._clock = max(self._clock, max((record.arrived for record in batch), default=0.0))
        written = await self._retried("state", lambda: self.state.flush(self._clock))
        self._metrics.state_writes.labels(self.stage.name).inc(written)

    async def close(self) -> None:
        """Let go of the thread and of what the stage holds."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        await self.stage.close()

    async def _apply(self, effects: Sequence[Any]) -> None:
        result = await self._retried("effects", lambda: self.stage.apply(effects))
        await self._publish(result.publish, result.rejected)

    async def _publish(self, outgoing: Sequence[Outgoing], rejected: Sequence[Rejected]) -> None:
        """Send messages and dead letters, and wait until the broker has them all."""
        name = self.stage.name
        messages = [ToSend(o.topic, o.key, o.value, headers(o)) for o in outgoing]
        letters = [dead_letter(name, item) for item in rejected]
        if not messages and not letters:
            return
        await self._retried("broker", lambda: self._sender.send(messages + letters))
        for topic, count in Counter(message.topic for message in messages).items():
            self._metrics.records_out.labels(name, topic).inc(count)
        for item in rejected:
            self._metrics.dead_letters.labels(name, item.reason.code).inc()
            log.warning(
                "dead letter", stage=name, topic=item.record.topic, partition=item.record.partition,
                offset=item.record.offset, code=item.reason.code, reason=str(item.reason)[:300],
            )  # fmt: skip

    async def _retried(self, what: str, action: Callable[[], Awaitable[T]]) -> T:
        """Do something, again and again with growing, jittered pauses while it fails in a way that may pass."""

        with ExitStack() as waiting:

            def note(attempt: RetryCallState) -> None:
                if attempt.attempt_number == 1:
                    waiting.enter_context(self._progress.waiting(what))
                self._metrics.retries.labels(self.stage.name).inc()
                error = attempt.outcome.exception() if attempt.outcome else None
                log.warning(
                    "trying again", stage=self.stage.name, what=what, attempt=attempt.attempt_number, error=str(error)
                )

            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(TransientError),
                wait=wait_random_exponential(multiplier=0.2, max=20.0),
                before_sleep=note,
            ):
                with attempt:
                    return await action()
        raise AssertionError("unreachable: retried until it succeeds")


def _unforeseen(failed: _StageFailed) -> Malformed:
    """The reason of a dead letter for a record on which the stage failed."""
    cause = failed.__cause__
    return Malformed(
        "stage_error",
        f"the stage failed on this record with {type(cause).__name__}: {cause}",
        todo="Report it; the record can be replayed once it is mended",
    )


def _span(batch: Sequence[Record]) -> dict[str, object]:
    """Where a batch lies, for the log."""
    spans: dict[str, list[int]] = {}
    for record in batch:
        span = spans.setdefault(f"{record.topic}/{record.partition}", [record.offset, record.offset])
        span[1] = record.offset
    return {"records": len(batch), "offsets": {where: f"{first}-{last}" for where, (first, last) in spans.items()}}
