"""Runs an agent: connects, takes frames in, reconnects, until it is stopped."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, TypeVar

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from pipeline.errors import TransientError
from pipeline.ingest.agent import Agent, AgentHooks, NoHooks, Oversized
from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.intake import Intake
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.rejects import Rejects
from pipeline.ingest.roots import Roots

FRAMES_WAITING = 256
"""Frames between the network and Kafka.  When they are full the socket is not read, and the server waits for us."""

FIRST_SKIP = 1_000
"""Microseconds passed over when a frame is too large; doubled while it does not help."""

log = structlog.get_logger()
T = TypeVar("T")


class Listener:
    """Keeps one agent listening.

    Guarantees: everything that the network gives from the stored cursor on reaches Kafka at least once, or the rejects;
    a connection lost is made again with growing, jittered pauses; what the network no longer has is reported as a gap.
    """

    def __init__(
        self,
        agent: Agent,
        connect_kafka: Callable[[], RawPublisher],
        cursors: CursorStore,
        rejects: Rejects,
        *,
        hooks: AgentHooks | None = None,
        pause: float = 0.5,
        longest_pause: float = 60.0,
        tick: float = 0.25,
        finish_seconds: float = 10.0,
        save_seconds: float = 0.5,
    ) -> None:
        """`pause` and `longest_pause` bound the waits before a reconnect, `tick` is how often the cursor is looked
        after when nothing comes, `finish_seconds` how long a stop waits for Kafka, `save_seconds` how often the cursor
        is stored at most; all in seconds."""
        self._agent = agent
        self._connect_kafka = connect_kafka
        self._cursors = cursors
        self._rejects = rejects
        self._hooks = hooks or NoHooks()
        self._pause = pause
        self._longest_pause = longest_pause
        self._tick = tick
        self._finish_seconds = finish_seconds
        self._save_seconds = save_seconds
        self._skip = FIRST_SKIP
        self._roots = Roots()

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set.  Raises `TerminalError` for what waiting does not mend."""
        while not stop.is_set():
            await self._retried(partial(self._with_kafka, stop), stop)
            await self._sleep(stop, random.uniform(0.5, 1.0) * self._pause)

    async def _retried(self, attempt: Callable[[], Awaitable[bool]], stop: asyncio.Event) -> None:
        """Try until an attempt gets somewhere; a pause before each further one."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            wait=wait_random_exponential(multiplier=self._pause, max=self._longest_pause),
            stop=lambda _: stop.is_set(),
            sleep=partial(self._sleep, stop),
            reraise=True,
        )
        with suppress(TransientError):  # only when stopped: it was logged where it happened
            await retrying(attempt)

    async def _with_kafka(self, stop: asyncio.Event) -> bool:
        """Listen with one publisher, for as long as it holds."""
        try:
            publisher = await _in_thread(self._connect_kafka)
        except TransientError as error:
            log.warning("Kafka is away", agent=self._agent.name, error=str(error))
            raise
        intake = Intake(
            self._agent, publisher, self._cursors, self._rejects, self._hooks, self._save_seconds, self._roots
        )
        try:
            while not stop.is_set():
                await self._retried(partial(self._connection, intake, stop), stop)
                await self._sleep(stop, random.uniform(0.5, 1.0) * self._pause)
            await _in_thread(intake.finish, self._finish_seconds)
        except (_KafkaFailed, TransientError) as error:
            log.error("Kafka did not take all that was received; it will come again from the cursor", error=str(error))
            if not publisher.safe:
                raise TransientError(str(error)) from error
        finally:
            await _in_thread(publisher.close, 1.0)
        return True

    async def _connection(self, intake: Intake, stop: asyncio.Event) -> bool:
        """One connection to the network, from where the intake has got to.

        Returns when it ended after having brought something new (a reconnect may follow at once) or on `stop`; raises
        `TransientError` when it brought nothing, `_KafkaFailed` when Kafka is the trouble.
        """
        since = intake.resume()
        queue: asyncio.Queue[bytes] = asyncio.Queue(FRAMES_WAITING)
        reading = asyncio.create_task(self._read(since, queue))
        stopped = asyncio.create_task(stop.wait())
        new = 0
        try:
            while not stop.is_set():
                frames = await self._frames(queue, reading, stopped)
                new += await _to_kafka(intake, frames)
                if reading.done() and queue.empty():
                    break
        finally:
            for task in (reading, stopped):
                task.cancel()
            await asyncio.wait({reading, stopped})
        return self._ended(reading, new, intake)

    def _ended(self, reading: asyncio.Task[None], new: int, intake: Intake) -> bool:
        """What follows from how a connection ended."""
        if new:
            self._skip = FIRST_SKIP
        if reading.cancelled():
            self._hooks.disconnected(self._agent.name, "stopped")
            return True
        error = reading.exception()
        self._hooks.disconnected(self._agent.name, type(error).__name__)
        if not isinstance(error, TransientError):
            assert error is not None
            raise error
        log.warning("connection ended", agent=self._agent.name, error=str(error), new_frames=new)
        if isinstance(error, Oversized) and not new:
            intake.skip(self._skip, str(error))
            self._skip *= 2
        if not new:
            raise error
        return True

    async def _read(self, since: int | None, queue: asyncio.Queue[bytes]) -> None:
        """Frames into the queue, until the connection ends with an error."""
        first = True
        async with aclosing(self._agent.listen(since)) as frames:
            async for frame in frames:
                if first:
                    self._hooks.connected(self._agent.name)
                    log.info("listening", agent=self._agent.name, since=since)
                    first = False
                await queue.put(frame)
        raise TransientError("the server ended the stream", subject=self._agent.name)

    async def _frames(
        self, queue: asyncio.Queue[bytes], reading: asyncio.Task[None], stopped: asyncio.Task[Any]
    ) -> list[bytes]:
        """What is waiting; when nothing is, what comes next, or nothing after a tick."""
        if queue.empty() and not reading.done():
            getting = asyncio.create_task(queue.get())
            await asyncio.wait({getting, reading, stopped}, timeout=self._tick, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return [getting.result(), *_waiting(queue)]
            getting.cancel()
        return _waiting(queue)

    @staticmethod
    async def _sleep(stop: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)


class _KafkaFailed(Exception):
    """Carries an error of the publisher past the handling of errors of the network."""


def _waiting(queue: asyncio.Queue[bytes]) -> list[bytes]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


async def _to_kafka(intake: Intake, frames: list[bytes]) -> int:
    """Take in frames and look after the cursor, off the event loop: publishing may block."""

    def work() -> int:
        new = intake.accept(frames) if frames else 0
        intake.advance_cursor()
        return new

    try:
        return await _in_thread(work)
    except TransientError as error:
        raise _KafkaFailed(str(error)) from error


async def _in_thread(work: Callable[..., T], *args: Any) -> T:
    """Run in a thread; when cancelled, wait for the thread before giving way, so that nobody pulls its ground away."""
    task = asyncio.create_task(asyncio.to_thread(work, *args))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
