"""Runs an agent: connects, takes in what it yields, rests when asked, until it is stopped."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from pipeline.errors import Busy, TransientError
from pipeline.ingest.agent import Agent, AgentHooks, Item, NoHooks
from pipeline.ingest.budget import Budget
from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.intake import Intake
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.rejects import Rejects
from pipeline.ingest.repeats import RecentEvents
from pipeline.ingest.roots import Roots

ITEMS_WAITING = 256
"""Items between the network and Kafka.  When they are full the socket is not read, and the server waits for us."""

LONGEST_REST = 86_400.0
"""Seconds that a network may ask an agent to rest."""

log = structlog.get_logger()
T = TypeVar("T")


class Listener:
    """Runs one agent for as long as it may.

    Guarantees: everything that the network gives from the stored positions on reaches Kafka at least once, or the
    rejects; a connection lost is made again with growing, jittered pauses, and not before the network wants it; what
    the network no longer has is published as a gap.
    """

    def __init__(
        self,
        agent: Agent,
        connect_kafka: Callable[[], RawPublisher],
        cursors: CursorStore,
        rejects: Rejects,
        *,
        hooks: AgentHooks | None = None,
        recent: RecentEvents | None = None,
        budget: Budget | None = None,
        roots: Roots | None = None,
        pause: float = 0.5,
        longest_pause: float = 60.0,
        tick: float = 0.25,
        finish_seconds: float = 10.0,
        save_seconds: float = 0.5,
    ) -> None:
        """`recent`, `budget` and `roots` are shared by the agents of a network.

        `pause` and `longest_pause` bound the waits before a reconnect, `tick` is how often positions are attended to
        when nothing comes, `finish_seconds` how long a stop waits for Kafka, `save_seconds` how often positions are
        stored at most; all in seconds.
        """
        self._agent = agent
        self._connect_kafka = connect_kafka
        self._cursors = cursors
        self._rejects = rejects
        self._hooks = hooks or NoHooks()
        self._recent = recent or RecentEvents(cursors, agent.network)
        self._budget = budget or Budget(agent.network)
        self._roots = roots or Roots()
        self._pause = pause
        self._longest_pause = longest_pause
        self._tick = tick
        self._finish_seconds = finish_seconds
        self._save_seconds = save_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set.  Raises `TerminalError` for what waiting does not mend."""
        while not stop.is_set():
            await self._retried(partial(self._with_kafka, stop), stop, partial(_sleep, stop))
            await _sleep(stop, random.uniform(0.5, 1.0) * self._pause)

    async def _retried(
        self, attempt: Callable[[], Awaitable[bool]], stop: asyncio.Event, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        """Try until an attempt gets somewhere; a pause before each further one."""
        growing = wait_random_exponential(multiplier=self._pause, max=self._longest_pause)
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            wait=lambda state: max(growing(state), _asked(state)),
            stop=lambda _: stop.is_set(),
            sleep=sleep,
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
            self._agent, publisher, self._cursors, self._rejects, self._hooks, self._recent, self._roots,
            self._save_seconds,
        )  # fmt: skip
        rest = partial(self._rest, intake, stop)
        try:
            while not stop.is_set():
                await self._retried(partial(self._connection, intake, stop), stop, rest)
                await rest(random.uniform(0.5, 1.0) * self._pause)
            await _in_thread(intake.finish, self._finish_seconds)
        except (_KafkaFailed, TransientError) as error:
            log.error("Kafka did not take all that was received; it will come again", error=str(error))
            if not publisher.safe:
                raise TransientError(str(error)) from error
        finally:
            await _in_thread(publisher.close, 1.0)
        return True

    async def _connection(self, intake: Intake, stop: asyncio.Event) -> bool:
        """One connection to the network, from where the intake has got to.

        Returns when it ended after some progress (a reconnect may follow at once) or on `stop`; raises `TransientError`
        when there was none or the network wants a rest, `_KafkaFailed` when Kafka is the trouble.
        """
        queue: asyncio.Queue[Item] = asyncio.Queue(ITEMS_WAITING)
        reading = asyncio.create_task(self._read(dict(intake.positions), queue))
        stopped = asyncio.create_task(stop.wait())
        progress = 0
        try:
            while not stop.is_set():
                items = await self._items(queue, reading, stopped)
                progress += await _to_kafka(intake, items)
                if reading.done() and queue.empty():
                    break
        finally:
            for task in (reading, stopped):
                task.cancel()
            await asyncio.wait({reading, stopped})
        return self._ended(reading, progress)

    def _ended(self, reading: asyncio.Task[None], progress: int) -> bool:
        """What follows from how a connection ended."""
        if reading.cancelled():
            self._hooks.disconnected(self._agent.name, "stopped")
            return True
        error = reading.exception()
        self._hooks.disconnected(self._agent.name, type(error).__name__)
        if not isinstance(error, TransientError):
            assert error is not None
            raise error
        log.warning("connection ended", agent=self._agent.name, error=str(error), progress=progress)
        if not progress or isinstance(error, Busy):
            raise error
        return True

    async def _read(self, since: dict[str, str], queue: asyncio.Queue[Item]) -> None:
        """Items into the queue, until the connection ends with an error."""
        first = True
        async with aclosing(self._agent.listen(since)) as items:
            async for item in items:
                if first:
                    self._hooks.connected(self._agent.name)
                    log.info("listening", agent=self._agent.name, streams=len(since))
                    first = False
                if isinstance(item, bytes):
                    self._budget.spend("posts")
                await queue.put(item)
        raise TransientError("the stream ended", subject=self._agent.name)

    async def _items(
        self, queue: asyncio.Queue[Item], reading: asyncio.Task[None], stopped: asyncio.Task[Any]
    ) -> list[Item]:
        """What is waiting; when nothing is, what comes next, or nothing after a tick."""
        if queue.empty() and not reading.done():
            getting = asyncio.create_task(queue.get())
            await asyncio.wait({getting, reading, stopped}, timeout=self._tick, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return [getting.result(), *_waiting(queue)]
            getting.cancel()
        return _waiting(queue)

    async def _rest(self, intake: Intake, stop: asyncio.Event, seconds: float) -> None:
        """Wait before the next connection; meanwhile positions follow what Kafka acknowledges."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if seconds > self._longest_pause:
            self._hooks.waiting(self._agent.name, seconds)
            log.warning("resting, as the network or the budget wants it", agent=self._agent.name, seconds=seconds)
        while (left := until - loop.time()) > 0.0 and not stop.is_set():
            await _to_kafka(intake, [])
            await _sleep(stop, min(left, self._tick) if intake.waits else left)
        self._hooks.waiting(self._agent.name, 0.0)


class _KafkaFailed(Exception):
    """Carries an error of the publisher past the handling of errors of the network."""


def _asked(state: RetryCallState) -> float:
    """Seconds that the network, or a budget, wants the agent to rest."""
    error = state.outcome.exception() if state.outcome is not None else None
    return min(error.after, LONGEST_REST) if isinstance(error, Busy) else 0.0


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _waiting(queue: asyncio.Queue[Item]) -> list[Item]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


async def _to_kafka(intake: Intake, items: list[Item]) -> int:
    """Take in items and attend to the positions, off the event loop: publishing may block."""

    def work() -> int:
        progress = intake.accept(items) if items else 0
        intake.advance()
        return progress

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
