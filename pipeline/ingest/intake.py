"""Decodes, deduplicates and publishes frames, and advances the cursor past what is safe."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from pipeline.contracts.posts import RawMessage
from pipeline.errors import Malformed
from pipeline.ingest.agent import Agent, AgentHooks
from pipeline.ingest.cursor import CursorStore
from pipeline.ingest.publisher import RawPublisher
from pipeline.ingest.rejects import Rejects
from pipeline.ingest.roots import Roots

REMEMBERED = 100_000
"""Events kept to recognise repeats: at a thousand a second more than a minute and a half, for a rewind of seconds."""

log = structlog.get_logger()


class Intake:
    """Takes in the frames of one agent for the life of one publisher.

    Guarantees: the stored cursor never passes a frame whose messages Kafka has not acknowledged, or whose reject is not
    on disk.  Not thread-safe: one call at a time.  An error out of a publisher leaves the intake unusable; a new one,
    with a new publisher, goes on from the stored cursor.
    """

    def __init__(
        self,
        agent: Agent,
        publisher: RawPublisher,
        cursors: CursorStore,
        rejects: Rejects,
        hooks: AgentHooks,
        save_seconds: float = 0.5,
        roots: Roots | None = None,
    ) -> None:
        self._agent = agent
        self._roots = roots or Roots()
        self._publisher = publisher
        self._cursors = cursors
        self._rejects = rejects
        self._hooks = hooks
        self._save_seconds = save_seconds
        self._saved_at = 0.0
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._undelivered: deque[tuple[int, int]] = deque()  # number of the last message, position reached with it
        self._number = 0
        self._reported = 0
        self._safe: int | None = None
        self._frames = 0
        self._expected: int | None = None
        self.position = cursors.get(agent.name)
        """The furthest position taken in; not yet safe."""
        self._skipped = False

    def resume(self) -> int | None:
        """Where the next connection is to begin: a little before the furthest position, or None for what is new.

        After a skip exactly there, since reading again would bring the frame that was skipped.
        """
        if self.position is None:
            return None
        if self._skipped:
            self._skipped, self._expected = False, None
            return self.position
        self._expected = self.position
        return max(0, self.position - self._agent.rewind)

    def accept(self, frames: Sequence[bytes]) -> int:
        """Read and publish frames; gives how many were new.

        Raises `TransientError` or `TerminalError` when Kafka does not take what it is given.
        """
        new = repeated = 0
        for frame in frames:
            self._frames += 1
            try:
                reading = self._agent.read(frame)
            except Malformed as error:
                self._reject(error, frame)
                continue
            self._check_gap(reading.position)
            if self._known(reading.identity):
                repeated += 1
            else:
                new += 1
                for message in reading.messages:
                    self._publish(message, reading.position, frame)
            if self.position is None or reading.position > self.position:
                self.position = reading.position
        if self.position is not None:
            self._undelivered.append((self._number, self.position))
            self._hooks.received(self._agent.name, len(frames), time.time() - self.position / 1e6)
        if repeated:
            self._hooks.repeated(self._agent.name, repeated)
        return new

    def advance_cursor(self, *, now: bool = False) -> None:
        """Move the stored cursor past what has been delivered, at most every `save_seconds` unless `now`.

        Raises `TransientError` or `TerminalError` when a delivery failed.
        """
        delivered = self._publisher.delivered()
        while self._undelivered and self._undelivered[0][0] <= delivered:
            self._safe = self._undelivered.popleft()[1]
        if self._safe is not None and (now or time.monotonic() - self._saved_at >= self._save_seconds):
            self._rejects.flush(sync=True)
            self._cursors.save(self._agent.name, self._safe)
            self._safe, self._saved_at = None, time.monotonic()
        if delivered > self._reported:
            self._hooks.published(self._agent.name, delivered - self._reported)
            self._reported = delivered

    def finish(self, seconds: float) -> None:
        """Wait for what is in flight, then advance the cursor."""
        self._publisher.flush(seconds)
        self.advance_cursor(now=True)

    def skip(self, microseconds: int, reason: str) -> None:
        """Give up a span of the stream that cannot be taken in, and say so."""
        if self.position is None:
            return
        log.error("skipping part of the stream", agent=self._agent.name, reason=reason, seconds=microseconds / 1e6)
        self._reject(Malformed("too_large", reason), f"after position {self.position}".encode())
        self._hooks.gap(self._agent.name, microseconds / 1e6)
        self.position += microseconds
        self._skipped = True

    def _publish(self, message: RawMessage, position: int, frame: bytes) -> None:
        try:
            self._number = self._publisher.publish(self._roots.resolved(message), arrived=position / 1e6)
        except Malformed as error:
            self._reject(error, frame)

    def _known(self, identity: str) -> bool:
        """Whether this event was taken in before; remembers it."""
        if identity in self._seen:
            return True
        self._seen[identity] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return False

    def _reject(self, error: Malformed, frame: bytes) -> None:
        if not self._known(f"reject:{hashlib.blake2b(frame, digest_size=16).hexdigest()}"):
            self._rejects.add(self._agent.name, self._frames, error, frame)
            self._hooks.rejected(self._agent.name, error.code)

    def _check_gap(self, first: int) -> None:
        """After a reconnect the last event known must come again: if the first is later, the server has cut us off."""
        expected, self._expected = self._expected, None
        if expected is None or first <= expected:
            return
        seconds = (first - expected) / 1e6
        log.error(
            "a gap in the stream: the server no longer has what came between",
            agent=self._agent.name,
            after=_when(expected),
            before=_when(first),
            seconds=round(seconds, 3),
        )
        self._hooks.gap(self._agent.name, seconds)


def _when(position: int) -> str:
    return datetime.fromtimestamp(position / 1e6, UTC).isoformat()
