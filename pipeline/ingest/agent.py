"""The protocol of an agent for a network, and the hooks that report what it does."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import NamedTuple, Protocol

from pipeline.contracts.posts import RawMessage
from pipeline.errors import TransientError


class DecodedFrame(NamedTuple):
    """What one frame says.

    `position` is where it stands in the network's stream, in microseconds since 1970; `identity` is the same whenever
    the same event comes again.  A frame may hold nothing for us: its position counts all the same.
    """

    messages: tuple[RawMessage, ...]
    position: int
    identity: str


class Oversized(TransientError):
    """A frame too large to be taken in; asking for the same position again would only bring it again."""


class Agent(Protocol):
    """One network.  Its quirks stay in its own file; the run loop does the rest."""

    name: str
    rewind: int
    """Microseconds to read again after a connection was lost."""

    def listen(self, since: int | None) -> AsyncGenerator[bytes, None]:
        """Frames from a position on (from now on when None), until the connection ends.

        Raises `TransientError` when it ends, stalls or cannot be made (`Oversized` for a frame that is too large),
        `TerminalError` when the network will not have us.
        """
        ...

    def read(self, frame: bytes) -> DecodedFrame:
        """What a frame says.  Raises `Malformed`, and nothing else, whatever the bytes."""
        ...


class AgentHooks(Protocol):
    """Told what an agent does, for metrics.  Called from the agent's threads; must not block or raise."""

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
