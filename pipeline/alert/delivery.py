"""Delivers notices to one notifier: in order, again and again until it answers.

A channel has one notice on its way at a time, and begins the next only when that is marked in the state: after a crash
at most one notice is sent again.  While its notifier is away, the steps that pile up for an incident are folded into
the newest, so that as soon as it answers it is told the current state.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from pipeline.alert.notifier import Notifier, firing
from pipeline.alert.pending import PendingNotice
from pipeline.contracts.incidents import IncidentEvent
from pipeline.errors import Busy, GroundswellError, TerminalError, TransientError
from pipeline.stages.outbox import AwayReceiver

log = structlog.get_logger()

_EVENT = msgspec.json.Decoder(IncidentEvent)

LEASE = 4.0
"""Seconds after the last word of the driver within which an attempt may be begun.  A worker that stood still for longer
may have lost its partition; what it sends then could be an old step, after the newer ones of another worker."""


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """Retry limits for a failing notifier, in seconds.

    Pauses grow from `first` to `most`; an attempt may take `once`.  After `attempts` failures in a row the notifier
    counts as away, and what waits for it is folded.
    """

    attempts: int = 5
    first: float = 0.5
    most: float = 15.0
    once: float = 15.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """What came of a notice: it and everything older of its incident is done for this notifier.

    `event` is what the notifier received, None where it was sent nothing; `refusal` why it will never have it.
    """

    name: str
    partition: int
    incident: str
    notice: PendingNotice
    event: IncidentEvent | None = None
    refusal: GroundswellError | None = None


@dataclass(slots=True)
class _Waiting:
    """Notices of an incident that wait, oldest first; `late` when only the newest still matters."""

    partition: int
    notices: list[PendingNotice]
    fires: bool
    late: bool = field(default=False)


class Channel:
    """The way to one notifier.  `observe` is called with its name and ``sent``, ``retried`` or ``failed``."""

    def __init__(
        self, notifier: Notifier, limits: RetryLimits, observe: Callable[[str, str], None], wake: Callable[[], None]
    ) -> None:
        """`wake` is called when there is an outcome."""
        self.name = notifier.name
        self.outcome: DeliveryOutcome | None = None
        self.sending = False
        self._notifier = notifier
        self._limits = limits
        self._observe = observe
        self._wake = wake
        self._waiting: dict[str, _Waiting] = {}
        self._failures = 0
        self._away_since = 0.0
        self._halted = False
        self._proceeded = 0.0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(len(waiting.notices) for waiting in self._waiting.values())

    def put(self, partition: int, incident: str, notices: Sequence[PendingNotice], *, fires: bool, late: bool) -> None:
        """What waits for an incident now.

        `fires`: whether the notifier knows the incident as one to be awake for; `late`: whether these notices have
        waited so long that only the newest matters.
        """
        before = self._waiting.get(incident)
        if not notices:
            self._waiting.pop(incident, None)
            return
        late = late or self._away or (before is not None and before.late)
        self._waiting[incident] = _Waiting(partition, list(notices), fires, late)

    def partitions(self) -> set[int]:
        """The partitions of what waits."""
        return {waiting.partition for waiting in self._waiting.values()}

    def proceed(self) -> None:
        """Send what waits, if that is not being done already.  Raises what the sending ended with, a defect."""
        self._halted = False
        self._proceeded = asyncio.get_running_loop().time()
        self._news.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        elif self._task.done():
            self._task.result()

    def halt(self) -> None:
        """Begin nothing new until `proceed`."""
        self._halted = True

    def confirm(self) -> None:
        """The outcome is written down."""
        self.outcome = None
        self._news.set()

    def release(self, partitions: set[int]) -> None:
        """Forget what waits for these partitions."""
        self._waiting = {key: held for key, held in self._waiting.items() if held.partition not in partitions}
        if self.outcome is not None and self.outcome.partition in partitions:
            self.confirm()

    def away(self) -> AwayReceiver | None:
        """For how long the notifier has not answered; None while it does."""
        return AwayReceiver(self.name, self._limits.clock() - self._away_since) if self._failures else None

    def close(self) -> None:
        """End; what is on its way is given up."""
        if self._task is not None:
            self._task.cancel()

    @property
    def _away(self) -> bool:
        return self._failures >= self._limits.attempts

    async def _run(self) -> None:
        while True:
            self._news.clear()
            stale = asyncio.get_running_loop().time() - self._proceeded > LEASE
            if self._halted or stale or self.outcome is not None or not self._waiting:
                await self._news.wait()
                continue
            self.sending = True
            incident = next(iter(self._waiting))
            try:
                pause = await self._deliver(incident, self._waiting[incident])
            finally:
                self.sending = False
            if self.outcome is not None:
                self._wake()
            if pause:
                await self._limits.sleep(pause)

    async def _deliver(self, incident: str, waiting: _Waiting) -> float:
        """Try an incident's next notice; gives the seconds to wait before the next try, or 0."""
        notice = waiting.notices[-1 if waiting.late else 0]
        event = _EVENT.decode(notice.value)
        if self._notifier.pages and not firing(event) and not waiting.fires:
            self._done(incident, waiting, notice, None, None)  # it came and went: nobody was woken, nobody need be
            return 0.0
        error = await self._attempt(event)
        if isinstance(error, TransientError):
            return self._failed(incident, error)
        self._failures = 0
        self._done(incident, waiting, notice, event if error is None else None, error)
        self._observe(self.name, "sent" if error is None else "failed")
        if error is not None:
            self._log("alert refused", incident, error)
        return 0.0

    def _done(
        self, incident: str, waiting: _Waiting, notice: PendingNotice, event: IncidentEvent | None,
        refusal: GroundswellError | None,
    ) -> None:  # fmt: skip
        self.outcome = DeliveryOutcome(self.name, waiting.partition, incident, notice, event, refusal)

    def _failed(self, incident: str, error: TransientError) -> float:
        """Note a failure; the other incidents have their turn before this."""
        if not self._failures:
            self._away_since = self._limits.clock()
        self._failures += 1
        self._observe(self.name, "retried")
        self._log("alert will be tried again", incident, error)
        if self._away:
            for held in self._waiting.values():
                held.late = True
        if incident in self._waiting:
            self._waiting[incident] = self._waiting.pop(incident)
        step = min(self._limits.most, self._limits.first * 2.0 ** min(self._failures - 1, 20))
        asked = error.after if isinstance(error, Busy) else 0.0
        return max(asked, step * random.uniform(0.5, 1.0))

    async def _attempt(self, event: IncidentEvent) -> GroundswellError | None:
        """One attempt; a defect of a notifier counts as a failure that will not pass."""
        try:
            async with asyncio.timeout(self._limits.once):
                await self._notifier.send(event)
        except TimeoutError:
            return TransientError(f"no answer within {self._limits.once:.0f} s")
        except GroundswellError as error:
            return error
        except Exception as error:
            log.exception("defect in a notifier", notifier=self.name)
            return TerminalError(f"the notifier failed unexpectedly ({type(error).__name__})", todo="See the log")
        return None

    def _log(self, what: str, incident: str, error: GroundswellError) -> None:
        log.warning(what, notifier=self.name, incident=incident, reason=str(error))
