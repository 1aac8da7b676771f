"""Decodes, deduplicates and publishes what an agent yields; stores positions once safe."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b

import structlog

from pipeline.contracts.gaps import NetworkGap
from pipeline.contracts.posts import RawMessage
from pipeline.errors import Malformed
from pipeline.ingest.agent import Agent, AgentHooks, Checkpoint, Hole, Item, Receipt
from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.rejects import Rejects
from pipeline.ingest.repeats import RecentEvents, packed
from pipeline.ingest.roots import Roots

log = structlog.get_logger()


@dataclass(slots=True)
class Progress:
    """What may be stored, and who is to be answered, once message `number` is delivered."""

    number: int = 0
    positions: dict[str, str] = field(default_factory=dict)
    identities: list[int] = field(default_factory=list)
    gaps: list[NetworkGap] = field(default_factory=list)
    receipts: list[Callable[[], None]] = field(default_factory=list)

    def add(self, later: Progress) -> None:
        """Include what came later."""
        self.positions |= later.positions
        self.identities += later.identities
        self.gaps += later.gaps
        self.receipts += later.receipts

    def __bool__(self) -> bool:
        return bool(self.positions or self.identities or self.gaps or self.receipts)


@dataclass(slots=True)
class _Tally:
    """What came of some items."""

    frames: int = 0
    new: int = 0
    repeated: int = 0
    other: int = 0
    latest: float = 0.0


class Intake:
    """Takes in the items of one agent for the life of one publisher.

    Guarantees: no stored position passes a frame or a gap that Kafka has not acknowledged, or a reject that is not on
    disk; an event is left out as a repeat only if it is in Kafka, or on its way there from here.  Not thread-safe: one
    call at a time.  An error out of a publisher leaves the intake unusable; a new one, with a new publisher, goes on
    from the stored positions.
    """

    def __init__(
        self,
        agent: Agent,
        publisher: RawPublisher,
        cursors: CursorStore,
        rejects: Rejects,
        hooks: AgentHooks,
        recent: RecentEvents,
        roots: Roots,
        save_seconds: float = 0.5,
    ) -> None:
        self._agent = agent
        self._roots = roots
        self._publisher = publisher
        self._cursors = cursors
        self._rejects = rejects
        self._hooks = hooks
        self._recent = recent
        self._save_seconds = save_seconds
        self._saved_at = 0.0
        self._in_flight: set[int] = set()
        self._undelivered: deque[Progress] = deque()
        self._delivered = Progress()
        self._number = 0
        self._reported = 0
        self._frames = 0
        self.positions = cursors.positions(agent.name)
        """How far each stream was taken in; not yet safe."""

    @property
    def waits(self) -> bool:
        """Whether something is not delivered, or not stored yet."""
        return bool(self._undelivered or self._delivered)

    def accept(self, items: Sequence[Item]) -> int:
        """Read and publish; gives how much of it was progress: new frames and positions, holes and receipts.

        Raises `TransientError` or `TerminalError` when Kafka does not accept what it is given.
        """
        tally, progress = _Tally(), Progress()
        for item in items:
            match item:
                case Checkpoint():
                    tally.other += item.position != self.positions.get(item.stream)
                    progress.positions[item.stream] = item.position
                    continue
                case Hole():
                    self._hole(item, progress)
                case Receipt():
                    progress.receipts.append(item.done)
                case _:
                    self._frame(item, progress, tally)
                    continue
            tally.other += 1
        progress.number = self._number
        self.positions |= progress.positions
        self._undelivered.append(progress)
        if tally.latest:
            self._hooks.received(self._agent.name, tally.frames, time.time() - tally.latest)
        if tally.repeated:
            self._hooks.repeated(self._agent.name, tally.repeated)
        return tally.new + tally.other

    def advance(self, *, now: bool = False) -> None:
        """Store what has been delivered, at most every `save_seconds` unless `now` or somebody waits for an answer.

        Raises `TransientError` or `TerminalError` when a delivery failed.
        """
        delivered = self._publisher.delivered()
        while self._undelivered and self._undelivered[0].number <= delivered:
            self._delivered.add(self._undelivered.popleft())
        due = now or self._delivered.receipts or time.monotonic() - self._saved_at >= self._save_seconds
        if self._delivered and due:
            self._save()
        if delivered > self._reported:
            self._hooks.published(self._agent.name, delivered - self._reported)
            self._reported = delivered

    def finish(self, seconds: float) -> None:
        """Wait for what is in flight, then store how far it went."""
        self._publisher.flush(seconds)
        self.advance(now=True)

    def _save(self) -> None:
        safe, self._delivered = self._delivered, Progress()
        self._rejects.flush(sync=True)
        self._cursors.save(
            self._agent.name,
            safe.positions,
            network=self._agent.network,
            identities=packed(safe.identities),
            gaps=safe.gaps,
        )
        self._recent.add(safe.identities)
        self._in_flight.difference_update(safe.identities)
        self._saved_at = time.monotonic()
        for done in safe.receipts:
            done()

    def _frame(self, frame: bytes, progress: Progress, tally: _Tally) -> None:
        """Publish what a frame says.

        A repeat moves no position: reading again after a reconnect never sets one back.
        """
        self._frames += 1
        tally.frames += 1
        try:
            decoded = self._agent.read(frame)
        except Malformed as error:
            self._reject(error, frame, progress)
            return
        at = decoded.at or time.time()
        tally.latest = max(tally.latest, at)
        if not self._new(decoded.identity, progress):
            tally.repeated += 1
            return
        tally.new += 1
        for message in decoded.messages:
            self._publish(message, at, frame, progress)
        if decoded.position is not None:
            progress.positions[""] = decoded.position

    def _publish(self, message: RawMessage, at: float, frame: bytes, progress: Progress) -> None:
        try:
            self._number = self._publisher.publish(self._roots.resolved(message), arrived=at)
        except Malformed as error:
            self._reject(error, frame, progress)

    def _new(self, identity: str, progress: Progress) -> bool:
        """Whether this event was not taken in before; remembers it."""
        hashed = self._recent.hashed(identity)
        if hashed in self._in_flight or self._recent.known(hashed):
            return False
        self._in_flight.add(hashed)
        progress.identities.append(hashed)
        return True

    def _reject(self, error: Malformed, frame: bytes, progress: Progress) -> None:
        if self._new(f"reject:{blake2b(frame, digest_size=16).hexdigest()}", progress):
            self._rejects.add(self._agent.name, self._frames, error, frame)
            self._hooks.rejected(self._agent.name, error.code)

    def _hole(self, hole: Hole, progress: Progress) -> None:
        """Publish a span that will not come, so that it is known wherever its posts would have been."""
        if not hole.since < hole.until:
            return
        gap = network_gap(self._agent, hole)
        if not self._new(gap.gap_id, progress):
            return
        seconds = (hole.until - hole.since).total_seconds()
        log.error(
            "a gap: the network will not give what lies between", agent=gap.agent, stream=gap.stream,
            since=hole.since.isoformat(), until=hole.until.isoformat(), seconds=round(seconds, 3), reason=hole.reason,
        )  # fmt: skip
        self._number = self._publisher.publish(gap, arrived=gap.noticed_at.timestamp())
        progress.gaps.append(gap)
        self._hooks.gap(self._agent.name, seconds)


def network_gap(agent: Agent, hole: Hole) -> NetworkGap:
    """The message for a hole; the same hole has the same id."""
    what = f"{agent.name} {hole.stream} {hole.since.isoformat()} {hole.until.isoformat()} {hole.reason}"
    return NetworkGap(
        gap_id=f"{agent.network}:{blake2b(what.encode('utf-8', 'replace'), digest_size=12).hexdigest()}",
        network=agent.network,
        agent=agent.name[:512],
        stream=hole.stream[:512],
        since=hole.since,
        until=hole.until,
        reason=hole.reason,
        noticed_at=datetime.now(UTC),
    )
