"""The alert stage: incident events in, notices to notifiers out, by way of an outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from pipeline.alert.delivery import Channel, DeliveryOutcome, RetryLimits
from pipeline.alert.notifier import Notifier, firing
from pipeline.alert.pending import PendingNotice, WaitingIncidents, bounded, rewritten, waiting_key, without
from pipeline.alert.routing import (
    LastNotice,
    NotificationCodec,
    NotificationState,
    is_news,
    recipients,
    remember,
    superseded,
)
from pipeline.contracts.decode import decode
from pipeline.contracts.headers import REPLAYED
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.origin import ERASED
from pipeline.contracts.topics import INCIDENTS, Topic
from pipeline.errors import Malformed
from pipeline.stages.outbox import AwayReceiver
from pipeline.stages.records import Record, Rejected, Result
from pipeline.stages.state import State

REMEMBERED_SECONDS = 90 * 86400.0
"""Seconds of event time for which an incident's memory is kept after its last event."""

_DECODER = msgspec.json.Decoder(IncidentEvent)


class Alert:
    """Sends every event to every notifier once, and in the end always the current state.

    Guarantees: what is to be sent is written before it is sent, and marked when it was received: a crash between the
    two, or a standstill in which the partition is lost, repeats at most one notice a notifier, the same to the letter.
    An event published twice, or old history published anew, is sent once.  A notifier that does not answer delays no
    other, and is tried until it does; then it is sent the newest step of each incident.  What it will never take
    becomes a dead letter with the reason.

    `observe(notifier, outcome)` is called with ``sent``, ``retried`` or ``failed``, and `waiting(notifier, notices)`
    with how many wait for it, for counting.
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
        waiting: Callable[[str, int], None] | None = None,
    ) -> None:
        self.codec = NotificationCodec()
        self._notifiers = tuple(notifiers)
        self._wake: Callable[[], None] = lambda: None
        self._observe_waiting = waiting or (lambda notifier, notices: None)
        observe = observe or (lambda notifier, outcome: None)
        self._channels = {
            notifier.name: Channel(notifier, limits or RetryLimits(), observe, lambda: self._wake())
            for notifier in notifiers
        }
        if len(self._channels) != len(self._notifiers):
            raise ValueError("two notifiers have the same name")
        self._collected: dict[Channel, DeliveryOutcome] = {}
        self._in_hand: set[int] = set()
        self._touched: dict[tuple[int, str], None] = {}

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        result = Result()
        for record in batch:
            if record.value is None and record.key:
                continue  # the topic is compacted: this is how an incident is forgotten
            try:
                event = decode(record.value, _DECODER)
            except Malformed as reason:
                result.rejected.append(Rejected(record, reason))
                continue
            self._absorb(record, event, state)
        return result

    def _absorb(self, record: Record, event: IncidentEvent, state: State) -> None:
        """Write down what has to be sent for a record, and to whom."""
        key = event.incident_id
        earlier: NotificationState | None = state.get(key, record)
        if earlier is not None and state.absorbed(key, record):
            return
        now, names = self._next(record, event, earlier)
        if now is None:
            return
        if names:
            # first, so that it is written first: an incident too many there does no harm, one too few would
            index = state.get(waiting_key(record.partition), record) or WaitingIncidents({})
            index.incidents[key] = record.offset
            state.put(waiting_key(record.partition), index, record)
            notice = PendingNotice(
                record.offset, record.arrived, record.value or b"", list(record.headers), list(names)
            )
            now.pending = bounded([*now.pending, notice])
        state.put(key, now, record, expires=now.at + REMEMBERED_SECONDS)
        self._touched[record.partition, key] = None

    def _next(
        self, record: Record, event: IncidentEvent, earlier: NotificationState | None
    ) -> tuple[NotificationState | None, tuple[str, ...]]:
        """The memory after an event, None where nothing changes, and the notifiers that have to receive it."""
        if record.origin == ERASED:  # a step in other words: less to quote
            if not _is_missing(event, record, earlier):
                if earlier is None or not earlier.pending:
                    return None, ()
                earlier.pending = rewritten(earlier.pending, event, record.value or b"")
                return earlier, ()
            if earlier is not None:
                earlier.pending = []  # older steps, which had the older words, give way to it
        if is_news(event, earlier):
            names = recipients(event, earlier, self._notifiers)
            return remember(event, earlier, names), names
        if earlier is None:
            return None, ()
        if any(name == REPLAYED for name, _ in record.headers):  # sent although it is known: it did not get through
            return earlier, self._for_replay(event, earlier)
        return None, ()

    def _for_replay(self, event: IncidentEvent, earlier: NotificationState) -> tuple[str, ...]:
        """Everybody for the newest event; nobody for an older one, which would come after what it led to."""
        return () if superseded(event, earlier) else recipients(event, earlier, self._notifiers)

    async def apply(self, effects: Sequence[Any]) -> Result:
        """Nothing: what is to be sent goes through the outbox."""
        return Result()

    def send_waiting(self, partitions: Iterable[int], state: State) -> None:
        for partition in set(partitions) - self._in_hand:
            self._in_hand.add(partition)
            index: WaitingIncidents | None = state.value(partition, waiting_key(partition))
            for key in index.listed() if index is not None else ():
                self._refresh(partition, key, state, late=(partition, key) not in self._touched)
        touched, self._touched = list(self._touched), {}
        for partition, key in touched:
            self._refresh(partition, key, state)
        for channel in self._channels.values():
            channel.proceed()
        self._count()

    def collect(self, state: State) -> Result | None:
        for channel in self._channels.values():
            if channel.outcome is not None and channel.outcome.partition not in self._in_hand:
                channel.confirm()  # another worker has this partition, and may send it again
        self._collected = {channel: channel.outcome for channel in self._channels.values() if channel.outcome}
        if not self._collected:
            return None
        result = Result()
        for outcome in self._collected.values():
            rejected = self._mark(outcome, state)
            if rejected is not None:
                result.rejected.append(rejected)
        self._count()
        return result

    def confirm(self) -> None:
        for channel, outcome in self._collected.items():
            if channel.outcome is outcome:  # what came of others while the marks were written has still to be marked
                channel.confirm()
        self._collected = {}

    def halt(self) -> None:
        for channel in self._channels.values():
            channel.halt()

    def in_flight(self) -> bool:
        return any(channel.sending or channel.outcome is not None for channel in self._channels.values())

    def release(self, partitions: Iterable[int]) -> None:
        gone = set(partitions)
        self._in_hand -= gone
        self._touched = {key: None for key in self._touched if key[0] not in gone}
        for channel in self._channels.values():
            channel.release(gone)

    def away(self) -> list[AwayReceiver]:
        return [away for channel in self._channels.values() if len(channel) and (away := channel.away()) is not None]

    def on_news(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def waiting(self) -> int:
        """Notices that wait for their notifiers, over the partitions in hand."""
        return len(self._touched) + sum(len(channel) for channel in self._channels.values())

    def partitions_waiting(self) -> set[int]:
        touched = {partition for partition, _ in self._touched}
        return touched.union(*(channel.partitions() for channel in self._channels.values()))

    def holds(self, partitions: set[int]) -> bool:
        """Whether what waits in the state of these partitions has been taken up."""
        return partitions <= self._in_hand

    async def close(self) -> None:
        for channel in self._channels.values():
            channel.close()
        for notifier in self._notifiers:
            await notifier.close()

    def _mark(self, outcome: DeliveryOutcome, state: State) -> Rejected | None:
        """Note in the state what came of a notice; a dead letter where it is refused."""
        key, partition = outcome.incident, outcome.partition
        memory: NotificationState | None = state.value(partition, key)
        if memory is None:
            self._channels[outcome.name].put(partition, key, [], fires=False, late=False)
            return None
        refusal = "" if outcome.refusal is None else f"{outcome.name}: {outcome.refusal}"[:1_000]
        memory.pending = without(memory.pending, outcome.name, outcome.notice.offset, refusal)
        if outcome.event is not None:
            event = outcome.event
            memory.delivered = memory.delivered or {}
            memory.delivered[outcome.name] = LastNotice(event.at.timestamp(), event.event, firing(event))
        state.amend(partition, key, memory)
        index: WaitingIncidents | None = state.value(partition, waiting_key(partition))
        if not memory.pending and index is not None and index.incidents.pop(key, None) is not None:
            state.amend(partition, waiting_key(partition), index)
        self._refresh(partition, key, state)
        return _rejected(outcome, refusal) if refusal else None

    def _refresh(self, partition: int, key: str, state: State, *, late: bool = False) -> None:
        """Hand the channels what the state says of an incident."""
        memory: NotificationState | None = state.value(partition, key)
        for name, channel in self._channels.items():
            notices = [n for n in memory.pending if name in n.to] if memory is not None else []
            last = (memory.delivered or {}).get(name) if memory is not None else None
            channel.put(partition, key, notices, fires=last is not None and last.firing, late=late)

    def _count(self) -> None:
        for name, channel in self._channels.items():
            self._observe_waiting(name, len(channel))


def _is_missing(event: IncidentEvent, record: Record, earlier: NotificationState | None) -> bool:
    """Whether a step that comes in other words never came in its own: compaction has taken those away, unread.

    Of an incident that is unknown only a recent step is: those of long ago are forgotten, not missing.
    """
    if not is_news(event, earlier) or superseded(event, earlier):
        return False
    return earlier is not None or record.arrived - event.at.timestamp() < REMEMBERED_SECONDS


def _rejected(outcome: DeliveryOutcome, refusal: str) -> Rejected:
    """The dead letter of a notice that a notifier refuses, with what others said of it before."""
    notice = outcome.notice
    record = Record(
        INCIDENTS.name, outcome.partition, notice.offset, outcome.incident.encode(), notice.value, notice.arrived,
        notice.arrived, tuple((name, value) for name, value in notice.headers),
    )  # fmt: skip
    reasons = "; ".join([*(text for name, text in notice.refused.items() if name != outcome.name), refusal])
    todo = "Mend the receiver, then run: groundswell dead-letters replay --stage alert"
    return Rejected(record, Malformed("undelivered", reasons, subject="the alert was not delivered", todo=todo))
