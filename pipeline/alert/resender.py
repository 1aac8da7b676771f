"""Re-sends alerts while their incidents are open, and their end for a while.

An Alertmanager forgets its alerts when it restarts and lets each end at its `endsAt`, so alerts must be sent again and
again.  What to repeat is read from the index, which holds the newest event of every incident, and not from the memory
of a worker: it is right after a restart, and also when another worker has taken over the partition.  Every alert
worker may repeat the same alerts, since sending one twice changes nothing.

Runs in a thread of its own with its own connections, so that neither a busy worker nor a slow index delays the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable

import structlog

from pipeline.alert.alertmanager import Alertmanager
from pipeline.alert.notifier import firing
from pipeline.contracts.incidents import IncidentEvent
from pipeline.errors import GroundswellError

log = structlog.get_logger()

EVERY = 60.0
"""Seconds between rounds: fifteen may fail before an alert ends by itself (`alertmanager.LIFE`)."""

REPEAT_END = 300.0
"""Seconds for which the end of an incident is repeated."""

LIVE = 48 * 3600.0
"""An incident without news for so long (seconds) is history, such as a replayed file: it is not kept firing."""

MOST = 1_000
"""Incidents repeated in one round."""

OpenIncidents = Callable[[], Awaitable[list[IncidentEvent]]]


class Ends:
    """Incidents that stopped firing a short while ago, as this process has sent it.  Safe to share with a thread."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._ended: dict[str, tuple[float, IncidentEvent]] = {}
        self._lock = threading.Lock()

    def note(self, event: IncidentEvent, over: bool) -> None:
        """Take in what was sent: an end, or that the incident fires (again)."""
        with self._lock:
            self._ended.pop(event.incident_id, None)
            if over:
                self._ended[event.incident_id] = (self._clock(), event)

    def recent(self) -> dict[str, IncidentEvent]:
        """Ends of the last `REPEAT_END` seconds; older ones are forgotten."""
        with self._lock:
            oldest = self._clock() - REPEAT_END
            self._ended = {key: ended for key, ended in self._ended.items() if ended[0] >= oldest}
            return {key: event for key, (_, event) in self._ended.items()}


class Resender:
    """Repeats alerts from `start` to `close`.

    `read` gives the newest event of every open incident; an error of it, or of the Alertmanager, is logged and the
    next round tries again with what was known before.
    """

    def __init__(
        self,
        alertmanager: Callable[[], Alertmanager],
        read: Callable[[], contextlib.AbstractAsyncContextManager[OpenIncidents]],
        ends: Ends,
        *,
        every: float = EVERY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._open_alertmanager = alertmanager
        self._open_reader = read
        self._ends = ends
        self._every = every
        self._clock = clock
        self._known: list[IncidentEvent] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; the first round comes at once."""
        self._thread = threading.Thread(target=self._run, name="alert-resender", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Ask the thread to end and wait for it for at most `timeout` seconds (it is a daemon: it blocks no exit)."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                asyncio.run(self._rounds())
            except Exception:
                log.exception("the alert re-sender failed and begins anew")
                self._stop.wait(self._every)

    async def _rounds(self) -> None:
        alertmanager = self._open_alertmanager()
        try:
            async with self._open_reader() as read:
                while not self._stop.is_set():
                    await self.round(alertmanager, read)
                    await asyncio.to_thread(self._stop.wait, self._every)
        finally:
            await alertmanager.close()

    async def round(self, alertmanager: Alertmanager, read: OpenIncidents) -> int:
        """One round; gives the number of alerts sent."""
        try:
            self._known = (await read())[:MOST]
        except GroundswellError as error:
            log.warning("open incidents could not be read", reason=str(error))
        ended = self._ends.recent()
        live = self._clock() - LIVE
        events = [
            event
            for event in self._known
            if firing(event) and event.incident_id not in ended and event.at.timestamp() >= live
        ]
        events += ended.values()
        try:
            await alertmanager.post(events)
        except GroundswellError as error:
            log.warning("alerts could not be repeated", alerts=len(events), reason=str(error))
            return 0
        return len(events)
