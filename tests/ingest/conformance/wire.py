"""What a network's local server has to offer so that its agent can be put to the proof.

A wire speaks the network's documented protocol with posts of our own, and shows the faults that it is asked for.  It
knows the truth: which posts there are, when each was sent, and which it will not give any more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from enum import StrEnum
from ssl import SSLContext
from typing import Self

from pipeline.ingest.agent import Agent

REST = 1
"""Seconds of rest that a busy server asks for."""


class Fault(StrEnum):
    """What can go wrong between a network and its agent."""

    DROP = "the connection drops in the middle of a frame"
    REPEAT = "posts come twice"
    REORDER = "posts come in another order"
    STALL = "nothing comes any more, and the connection stays open"
    BUSY = "429 that says for how long"
    BUSY_SILENT = "429 that does not say for how long"
    ERROR = "500"
    MALFORMED = "bytes that make no sense among the posts"
    EMPTY = "an empty answer, though there are posts"
    SLOW = "the server closes, since the consumer is too slow"
    AHEAD = "a post dated in the future"
    BEHIND = "a post dated in the past: the clock runs backwards"
    TOO_OLD = "the position is older than what the network still gives"


class Wire(ABC):
    """A local server of one network.  Used as an asynchronous context."""

    network: str
    faults: frozenset[Fault]
    """Those that the network's protocol can show at all."""
    serves = True
    """Whether the network is a server that the agent connects to; otherwise it sends to the agent."""

    def __init__(self, tls: SSLContext | None = None) -> None:
        """`tls` makes the server speak TLS."""
        self.tls = tls
        self.sent: dict[str, datetime] = {}
        """Posts that the network has or had: id → when it was sent."""
        self.lost: set[str] = set()
        """Those of them that it does not give any more."""
        self.asked_at: list[float] = []
        """When requests came that have got as far as being understood, on the monotonic clock."""
        self.busy_at: float | None = None
        """When a rest was asked for, of `REST` seconds."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where the server is; what `agent` is made with."""

    @staticmethod
    @abstractmethod
    def agent(url: str) -> Agent:
        """The agent that listens to such a server, with short pauses; also called in a process of its own."""

    @abstractmethod
    async def post(self, count: int) -> None:
        """So many new posts appear, and are given to whoever listens."""

    @abstractmethod
    async def inject(self, fault: Fault) -> None:
        """Show a fault once, as soon as there is something to show it on."""

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(self, *_: object) -> None: ...
