"""One batch through one stage, with the promises: nothing lost, nothing counted twice.

The order is what makes them hold.  Messages and dead letters are published and their delivery awaited; effects are
applied; the state is written together with the offsets that it has absorbed; only then may the caller acknowledge the
records.  A crash between any two steps makes the batch come again: messages have the same ids and keys, effects are
idempotent, and state that was written already knows the records.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Protocol, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from pipeline.errors import TransientError
from pipeline.runtime.dead_letters import dead_letter
from pipeline.runtime.metrics import Metrics
from pipeline.runtime.progress import Progress
from pipeline.runtime.publisher import ToSend, arrived_header
from pipeline.stage import Outgoing, Record, Rejected, Result, Stage
from pipeline.state import State

log = structlog.get_logger()

T = TypeVar("T")


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
        progress: Progress,
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

        Passing faults are retried in place for as long as they last.  Any other exception is a defect and leaves here.
        """
        started = time.monotonic()
        loop = asyncio.get_running_loop()
        handled = loop.run_in_executor(self._thread, self.stage.handle, batch, self.state)
        result: Result = await asyncio.wait_for(handled, self._timeout)
        await self._publish(result.publish, result.rejected)
        if result.effects:
            await self._apply(result.effects)
        self._clock = max(self._clock, max((record.arrived for record in batch), default=0.0))
        written = await self._retried("state", lambda: self.state.flush(self._clock))
        self._metrics.state_writes.labels(self.stage.name).inc(written)
        self._metrics.batch_seconds.labels(self.stage.name).observe(time.monotonic() - started)

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
        messages = [ToSend(o.topic, o.key, o.value, arrived_header(o.arrived)) for o in outgoing]
        letters = [dead_letter(name, item) for item in rejected]
        if not messages and not letters:
            return
        await self._retried("broker", lambda: self._sender.send(messages + letters))
        for message in messages:
            self._metrics.records_out.labels(name, message.topic).inc()
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
