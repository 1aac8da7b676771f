"""Processes one batch through one stage: nothing lost, nothing counted twice.

The order is what makes them hold.  Messages and dead letters are published and their delivery awaited; effects are
applied; the state is written together with the offsets that it has absorbed; only then may the caller acknowledge the
records.  A crash between any two steps makes the batch come again: messages have the same ids and keys, effects are
idempotent, and state that was written already knows the records.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from typing import Any, Protocol, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from pipeline.contracts.headers import meant_for
from pipeline.errors import Malformed, RefusedByBroker, TerminalError, TransientError
from pipeline.observability.metrics import Metrics
from pipeline.runtime.kafka.publisher import RefusedMessage, Sent, ToSend, Undelivered, headers
from pipeline.runtime.worker.dead_letters import dead_letter, smaller
from pipeline.runtime.worker.handling import Handling
from pipeline.runtime.worker.progress import WorkerProgress
from pipeline.stages.outbox import Outbox
from pipeline.stages.records import Outgoing, Record, Rejected, Result
from pipeline.stages.stage import Stage
from pipeline.stages.state import State

log = structlog.get_logger()

T = TypeVar("T")

MOST_FAULTS = 3
"""Records of one batch that may fail alone before the fault is taken to be in the stage, not in them."""

SHORTEST = 30.0
"""Seconds that a single record is always given."""


class _BatchFailed(Exception):
    """A batch cannot be done as it is; `reason` is that of the dead letter, should it be a single record."""

    def __init__(self, reason: Malformed) -> None:
        self.reason = reason
        super().__init__(str(reason))


class Sender(Protocol):
    """What a processor needs of a publisher."""

    async def send(self, messages: Sequence[ToSend]) -> Sent: ...


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
        """`timeout`: seconds that the stage may take to handle a batch."""
        self.stage = stage
        self.state = state
        self._sender = sender
        self._metrics = metrics
        self._progress = progress
        self._timeout = timeout
        self._handling = Handling(stage)
        self._clock = 0.0
        self._faults = 0
        self._delivered: set[ToSend] = set()
        self.outbox = stage if isinstance(stage, Outbox) else None
        if self.outbox is not None:
            progress.away = self.outbox.away

    async def process(self, batch: Sequence[Record]) -> None:
        """Do everything that a batch asks for; when this returns, its records may be acknowledged.

        Passing faults are retried in place for as long as they last.  A batch on which the stage fails or is too slow,
        or of which the broker refuses a message, is done again by halves, down to the record that does it alone, which
        becomes a dead letter: one record that nobody foresaw must not stop the stream.  When several do, or the stage
        raises a `TerminalError`, the fault is not in them: the exception leaves here.
        """
        started = time.monotonic()
        self._faults = 0
        await self._by_halves([record for record in batch if meant_for(record.headers, self.stage.name)], self._timeout)
        self._delivered.clear()
        self._metrics.batch_seconds.labels(self.stage.name).observe(time.monotonic() - started)

    async def _by_halves(self, batch: Sequence[Record], limit: float) -> None:
        """Do a batch within `limit` seconds of handling, or each half of it."""
        if not batch:
            return
        try:
            await self._finish(batch, await self._handled(batch, limit))
        except _BatchFailed as failed:
            self.state = self.state.renewed()
            if len(batch) == 1:
                self._faults += 1
                if self._faults > MOST_FAULTS:
                    raise
                rejected = Rejected(batch[0], failed.reason)
                await self._finish(batch, Result(publish=[], rejected=[rejected], effects=[]))
                return
            log.warning(
                "a batch failed; its halves go one after the other", stage=self.stage.name, code=failed.reason.code,
                exc_info=failed.reason.code == "stage_error", **_span(batch),
            )  # fmt: skip
        else:
            return
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            await self._by_halves(half, max(limit / 2, min(SHORTEST, self._timeout)))

    async def _handled(self, batch: Sequence[Record], limit: float) -> Result:
        """What the stage makes of a batch, in its thread."""
        try:
            return await self._handling.run(batch, self.state, limit)
        except TimeoutError as error:
            self._metrics.abandoned_threads.labels(self.stage.name).inc()
            raise _BatchFailed(_slow(limit)) from error
        except TerminalError:
            raise  # something that the stage needs is gone, such as its model: no record is to blame
        except Exception as error:
            raise _BatchFailed(_unforeseen(error)) from error
        finally:
            self._progress.advanced()

    async def _finish(self, batch: Sequence[Record], result: Result) -> None:
        """The steps after handling, in the order that keeps the promises."""
        await self._publish(result.publish, result.rejected)
        if result.effects:
            await self._apply(result.effects)
        self._clock = max(self._clock, max((record.arrived for record in batch), default=0.0))
        try:
            await self._write_state()
        except RefusedByBroker as error:
            raise _BatchFailed(Malformed("refused_by_broker", str(error), todo=_RAISE_LIMIT)) from error

    async def serve_outbox(self, partitions: Sequence[int] | None) -> None:
        """Between batches: have the stage send what its state says, and write down what has been received.

        `partitions` are those in hand, their state recovered; None to begin nothing new.  Not to be called while a
        batch is in hand.
        """
        if self.outbox is None:
            return
        if partitions is None:
            self.outbox.halt()
        else:
            self.outbox.send_waiting(partitions, self.state)
        while (result := self.outbox.collect(self.state)) is not None:
            await self._publish(result.publish, result.rejected)
            await self._write_state()
            self.outbox.confirm()

    async def _write_state(self) -> None:
        written = await self.retried("state", lambda: self.state.flush(self._clock))
        self._metrics.state_writes.labels(self.stage.name).inc(written)

    async def close(self) -> None:
        """Let go of the thread and of what the stage holds."""
        self._handling.close()
        await self.stage.close()

    async def _apply(self, effects: Sequence[Any]) -> None:
        result = await self.retried("effects", lambda: self.stage.apply(effects))
        await self._publish(result.publish, result.rejected)

    async def _publish(self, outgoing: Sequence[Outgoing], rejected: Sequence[Rejected]) -> None:
        """Send messages and dead letters, and wait until the broker has them all.

        What the broker took before a batch was divided is not sent again.
        """
        name = self.stage.name
        messages = [ToSend(o.topic, o.key, o.value, headers(o)) for o in outgoing]
        if self._delivered:
            messages = [message for message in messages if message not in self._delivered]
        letters = [dead_letter(name, item) for item in rejected]
        while messages or letters:
            refused = {item.message: item.reason for item in await self._delivered_all(messages + letters)}
            if wrong := next((message for message in messages if message in refused), None):
                self._delivered.update(message for message in messages if message not in refused)
                what = f"the broker refuses what comes of it, for {wrong.topic} ({refused[wrong]})"
                raise _BatchFailed(Malformed("refused_by_broker", what, todo=_RAISE_LIMIT))
            messages, letters = [], [_smaller(letter) for letter in letters if letter in refused]
        for topic, count in Counter(message.topic for message in outgoing).items():
            self._metrics.records_out.labels(name, topic).inc(count)
        for item in rejected:
            self._metrics.dead_letters.labels(name, item.reason.code).inc()
            log.warning(
                "dead letter", stage=name, topic=item.record.topic, partition=item.record.partition,
                offset=item.record.offset, code=item.reason.code, reason=str(item.reason)[:300],
            )  # fmt: skip

    async def _delivered_all(self, messages: list[ToSend]) -> list[RefusedMessage]:
        """Send until the broker has everything but what it refuses; what it has is not sent again."""
        left = messages

        async def send() -> Sent:
            nonlocal left
            try:
                return await self._sender.send(left)
            except Undelivered as error:
                left = error.left
                raise

        return (await self.retried("broker", send)).refused

    async def retried(self, what: str, action: Callable[[], Awaitable[T]]) -> T:
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


_RAISE_LIMIT = "Raise max.message.bytes of the topic, then replay the record"


def _smaller(letter: ToSend) -> ToSend:
    cut = smaller(letter)
    if cut is None:
        raise TerminalError(
            "the broker refuses even an empty dead letter", subject=letter.topic, todo="Raise its max.message.bytes"
        )
    return cut


def _slow(limit: float) -> Malformed:
    return Malformed(
        "too_slow",
        f"the stage took longer than {limit:.0f} s over this record",
        todo="Report it; the record can be replayed once it is mended",
    )


def _unforeseen(error: Exception) -> Malformed:
    """The reason of a dead letter for a record on which the stage failed."""
    return Malformed(
        "stage_error",
        f"the stage failed on this record with {type(error).__name__}: {error}",
        todo="Report it; the record can be replayed once it is mended",
    )


def _span(batch: Sequence[Record]) -> dict[str, object]:
    """Where a batch lies, for the log."""
    spans: dict[str, list[int]] = {}
    for record in batch:
        span = spans.setdefault(f"{record.topic}/{record.partition}", [record.offset, record.offset])
        span[1] = record.offset
    return {"records": len(batch), "offsets": {where: f"{first}-{last}" for where, (first, last) in spans.items()}}
