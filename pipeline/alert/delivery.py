"""Delivers notices to one notifier: in order, with retries, within bounded time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from pipeline.alert.notifier import Notice, Notifier
from pipeline.errors import GroundswellError, TerminalError, TransientError

log = structlog.get_logger()


class Busy(TransientError):
    """The receiver asks to be left alone for `after` seconds."""

    def __init__(self, what: str, *, subject: str = "", after: float = 0.0) -> None:
        self.after = after
        super().__init__(what, subject=subject)


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """Retry limits for a failing notifier; all in seconds.

    `total` bounds a turn, and also what one notice may take.  Twice that stays below the time after which a worker
    counts as stuck (``worker.stuck_seconds``, 120 by default), or one dead receiver would restart it for ever.
    """

    attempts: int = 5
    first: float = 0.5
    most: float = 8.0
    once: float = 15.0
    total: float = 45.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic


class Delivery:
    """Delivers notices to its notifier.

    Transient failures are tried again after growing, jittered pauses.  When the attempts or the time are used up the
    notifier counts as down: what is left of the batch is given back at once, and in later batches it is tried once,
    without pauses, until it answers again.
    """

    def __init__(
        self, notifier: Notifier, limits: RetryLimits, observe: Callable[[str, str], None] | None = None
    ) -> None:
        self._notifier = notifier
        self._limits = limits
        self._observe = observe or (lambda notifier, outcome: None)
        self._down = False

    async def deliver(self, notices: Sequence[Notice], outcomes: dict[Notice, GroundswellError | None]) -> bool:
        """Delivers in order; notes for each notice the reason why it failed, or None.  Raises nothing.

        Notices that have an outcome already are passed over.  False when the turn was too short for a slow receiver:
        call again with the same outcomes.
        """
        end = self._limits.clock() + self._limits.total
        gone: TransientError | None = None
        for notice in notices:
            if notice in outcomes:
                continue
            if gone is None and self._limits.clock() >= end:
                return False
            error = gone or await self._deliver(notice)
            gone = error if isinstance(error, TransientError) else None
            outcomes[notice] = error
            self._observe(self._notifier.name, "sent" if error is None else "failed")
        return True

    async def _deliver(self, notice: Notice) -> GroundswellError | None:
        """Nothing, or the reason why it could not be delivered, within `Patience.total` seconds."""
        deadline = self._limits.clock() + self._limits.total
        attempts = 1 if self._down else self._limits.attempts
        for attempt in range(1, attempts + 1):
            error = await self._try(notice, deadline)
            if not isinstance(error, TransientError):
                self._down = False
                if error is not None:
                    self._log("alert not delivered", notice, error)
                return error
            pause = self._pause(attempt, error)
            if attempt == attempts or self._limits.clock() + pause >= deadline:
                break
            self._observe(self._notifier.name, "retried")
            self._log("alert will be tried again", notice, error)
            await self._limits.sleep(pause)
        self._down = True
        self._log("notifier is down", notice, error)
        return error

    async def _try(self, notice: Notice, deadline: float) -> GroundswellError | None:
        """One attempt; a defect of a notifier counts as a failure that will not pass."""
        limit = max(0.1, min(self._limits.once, deadline - self._limits.clock()))
        try:
            async with asyncio.timeout(limit):
                await self._notifier.send(notice.event)
        except TimeoutError:
            return TransientError(f"no answer within {limit:.0f} s")
        except GroundswellError as error:
            return error
        except Exception as error:
            log.exception("defect in a notifier", notifier=self._notifier.name)
            return TerminalError(f"the notifier failed unexpectedly ({type(error).__name__})", todo="See the log")
        return None

    def _pause(self, attempt: int, error: TransientError) -> float:
        """Exponential back-off with jitter over its upper half; longer when the receiver asks for it."""
        step = min(self._limits.most, self._limits.first * 2.0 ** (attempt - 1))
        asked = error.after if isinstance(error, Busy) else 0.0
        return max(asked, step * random.uniform(0.5, 1.0))

    def _log(self, what: str, notice: Notice, error: GroundswellError | None) -> None:
        log.warning(what, notifier=self._notifier.name, incident=notice.event.incident_id, reason=str(error))
