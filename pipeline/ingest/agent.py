"""The contract of an agent: what it yields, what it raises, and the hooks that report on it.

An agent knows one network's wire and nothing else.  The run loop (`pipeline/ingest/listener.py`) publishes what it
yields, leaves out repeats, stores positions once Kafka has acknowledged what lies before them, and connects anew.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from pipeline.contracts.gaps import GapReason
from pipeline.contracts.posts import RawMessage


class DecodedFrame(NamedTuple):
    """What one frame says.

    `identity` is the same whenever the same event comes again, and differs for an edit or a deletion.  A frame may hold
    nothing for us.
    """

    messages: tuple[RawMessage, ...]
    identity: str
    at: float | None = None
    """When the network sent it, seconds since 1970; None where it does not say: then the moment of receipt counts."""
    position: str | None = None
    """From where listening may go on after this frame, of a network whose frames say so themselves.  It belongs to
    the stream ``""``."""


class Checkpoint(NamedTuple):
    """Whatever came before is complete: `position` is from where `stream` may go on.  The words are the agent's own."""

    position: str
    stream: str = ""


class Hole(NamedTuple):
    """A span that the network did not give and will not give any more: it becomes a `NetworkGap`."""

    since: datetime
    until: datetime
    reason: GapReason
    stream: str = ""


class Receipt(NamedTuple):
    """Calls `done` (from a thread) once everything that came before is in Kafka or stored as a reject: for networks
    that send to us and want an answer.  It is never called when that fails."""

    done: Callable[[], None]


Item = bytes | Checkpoint | Hole | Receipt
"""What an agent yields; bytes are a frame, not yet understood."""


class Agent(Protocol):
    """One network, or one server of it.  Its quirks stay in its own module."""

    name: str
    """Names the agent in positions, metrics and logs: the network, or ``network/server``."""
    network: str
    """The beginning of every identifier."""

    def listen(self, since: Mapping[str, str]) -> AsyncGenerator[Item, None]:
        """Items from the stored positions on, by stream; a stream without one begins with what is new, and yields a
        checkpoint at once, so that its beginning is stored.  On being connected any checkpoint will do.

        Guarantee asked for: whatever the network still gives after a position comes (again), in any order and as often
        as it likes; what it does not give is yielded as a `Hole` before a later checkpoint of that stream.

        Ends, or raises `TransientError`, when the connection ends, stalls or cannot be made (`Busy` when the network
        says for how long it wants to be left alone); raises `TerminalError` when the network will not have us.
        """
        ...

    def read(self, frame: bytes) -> DecodedFrame:
        """What a frame says.  Raises `Malformed`, and nothing else, whatever the bytes."""
        ...


class AgentHooks(Protocol):
    """Informed of what an agent does, for metrics.  Called from the agent's threads; must not block or raise."""

    def connected(self, agent: str) -> None: ...

    def disconnected(self, agent: str, reason: str) -> None: ...

    def received(self, agent: str, frames: int, behind_seconds: float) -> None:
        """Frames taken in, and how far the newest lies behind the clock."""
        ...

    def published(self, agent: str, messages: int) -> None:
        """Messages that Kafka has acknowledged."""
        ...

    def repeated(self, agent: str, frames: int) -> None:
        """Frames that had been taken in before."""
        ...

    def rejected(self, agent: str, code: str) -> None: ...

    def gap(self, agent: str, seconds: float) -> None:
        """A span of the network's stream that will not come any more."""
        ...

    def waiting(self, agent: str, seconds: float) -> None:
        """The network, or a budget, wants the agent to rest for so long; 0 when it goes on."""
        ...


class NoHooks:
    """Nobody watches."""

    def connected(self, agent: str) -> None:
        return

    def disconnected(self, agent: str, reason: str) -> None:
        return

    def received(self, agent: str, frames: int, behind_seconds: float) -> None:
        return

    def published(self, agent: str, messages: int) -> None:
        return

    def repeated(self, agent: str, frames: int) -> None:
        return

    def rejected(self, agent: str, code: str) -> None:
        return

    def gap(self, agent: str, seconds: float) -> None:
        return

    def waiting(self, agent: str, seconds: float) -> None:
        return
