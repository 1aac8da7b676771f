"""The alert stage: incident events in, notices to notifiers out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from pipeline.alert.delivery import Delivery, RetryLimits
from pipeline.alert.notifier import Notice, Notifier
from pipeline.alert.routing import NotificationCodec, NotificationState, is_news, recipients, remember, superseded
from pipeline.contracts.decode import decode
from pipeline.contracts.headers import REPLAYED
from pipeline.contracts.messages import IncidentEvent
from pipeline.contracts.topics import INCIDENTS, Topic
from pipeline.errors import GroundswellError, Malformed, TransientError
from pipeline.stages.records import Record, Rejected, Result
from pipeline.stages.state import State

REMEMBERED_SECONDS = 90 * 86400.0
"""Seconds of event time for which an incident's memory is kept after its last event."""

_DECODER = msgspec.json.Decoder(IncidentEvent)


class Alert:
    """Sends every event to every notifier once.

    Guarantees: after a crash only the events in flight are sent again; an event published twice, or old history
    published anew, is sent once; a notifier that fails delays no other, and what it could not take becomes one dead
    letter for the record, with the reason of each notifier.

    `observe(notifier, outcome)` is called with ``sent``, ``retried`` or ``failed``, for counting.
    """

    name = "alert"
    sources: tuple[Topic, ...] = (INCIDENTS,)
    stateful = True
    merges = False

    def __init__(
        self,
        notifiers: Sequence[Notifier],
        *,
        limits: RetryLimits | None = None,
        observe: Callable[[str, str], None] | None = None,
    ) -> None:
        self.codec = NotificationCodec()
        self._notifiers = tuple(notifiers)
        self._deliveries = {n.name: Delivery(n, limits or RetryLimits(), observe) for n in notifiers}
        self._outcomes: dict[str, dict[Notice, GroundswellError | None]] = {name: {} for name in self._deliveries}
        if len(self._deliveries) != len(self._notifiers):
            raise ValueError("two notifiers have the same name")

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        result = Result()
        flights: dict[str, list[int]] = {}
        for record in batch:
            if record.value is None and record.key:
                continue  # the topic is compacted: this is how an incident is forgotten
            try:
                event = decode(record.value, _DECODER)
            except Malformed as reason:
                result.rejected.append(Rejected(record, reason))
                continue
            notice = self._notice(record, event, state, flights.setdefault(event.incident_id, []))
            if notice is not None and notice.to:
                result.effects.append(notice)
        return result

    def _notice(self, record: Record, event: IncidentEvent, state: State, flight: list[int]) -> Notice | None:
        """What to send for a record, or None; `flight` collects the offsets of this batch for this incident."""
        key = event.incident_id
        earlier: NotificationState | None = state.get(key, record)
        if earlier is not None and state.absorbed(key, record):
            return self._again(record, event, earlier, flight)
        if is_news(event, earlier):
            names = recipients(event, earlier, self._notifiers)
            flight.append(record.offset)
            earlier = remember(event, earlier, names, list(flight))
            state.put(key, earlier, record, expires=earlier.at + REMEMBERED_SECONDS)
            return Notice(record, event, names)
        if any(name == REPLAYED for name, _ in record.headers):  # sent although it is known: it did not get through
            return Notice(record, event, self._for_replay(event, earlier))
        return None

    def _again(
        self, record: Record, event: IncidentEvent, earlier: NotificationState, flight: list[int]
    ) -> Notice | None:
        """A record that comes again after a crash: repeated only when its notice may have been cut short."""
        if record.offset not in earlier.flight:
            return None
        flight.append(record.offset)
        names = tuple(n.name for n in self._notifiers if n.name in earlier.to and not self._moved_on(n, event, earlier))
        return Notice(record, event, names)

    def _for_replay(self, event: IncidentEvent, earlier: NotificationState | None) -> tuple[str, ...]:
        """Everybody for the newest event; for an older one nobody who would be paged for what is past."""
        if not superseded(event, earlier):
            return recipients(event, earlier, self._notifiers)
        return tuple(n.name for n in self._notifiers if not n.pages)

    @staticmethod
    def _moved_on(notifier: Notifier, event: IncidentEvent, earlier: NotificationState) -> bool:
        """Whether a pager is sent a later step instead: it shows the present, not the past."""
        return notifier.pages and event.at.timestamp() < earlier.to[notifier.name].at

    async def apply(self, effects: Sequence[Any]) -> Result:
        """Carries the notices to all notifiers at once; in order for each.

        Raises `TransientError` only when a receiver takes everything, but slowly, and there is more for it.  What has
        an outcome is not sent again then.
        """
        finished = await asyncio.gather(
            *(
                delivery.deliver([n for n in effects if name in n.to], self._outcomes[name])
                for name, delivery in self._deliveries.items()
            )
        )
        slow = [name for name, done in zip(self._deliveries, finished, strict=True) if not done]
        if slow:
            raise TransientError(f"slow to take alerts: {', '.join(slow)}", subject="alert")
        reasons: dict[Notice, list[str]] = {}
        for name, outcomes in self._outcomes.items():
            for notice, error in outcomes.items():
                if error is not None:
                    reasons.setdefault(notice, []).append(f"{name}: {error}")
            outcomes.clear()
        return Result(rejected=[Rejected(notice.record, _undelivered(texts)) for notice, texts in reasons.items()])

    async def close(self) -> None:
        for notifier in self._notifiers:
            await notifier.close()


def _undelivered(reasons: list[str]) -> Malformed:
    return Malformed(
        "undelivered",
        "; ".join(reasons)[:2_000],
        subject="the alert was not delivered",
        todo="Mend the receiver, then run: groundswell dead-letters replay --stage alert",
    )
