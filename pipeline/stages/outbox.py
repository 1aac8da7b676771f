"""The protocol of an outbox: what a stage sends outside once its state says that it must.

Effects are applied before the state is written, so a crash in between repeats them.  What must not be repeated goes
through an outbox: the state says what is to be sent, written together with the offsets absorbed; the stage sends it
beside the batches; and the state is marked when the other side has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol, runtime_checkable

from pipeline.stages.records import Result
from pipeline.stages.state import State


class AwayReceiver(NamedTuple):
    """A receiver that does not answer, and for how many seconds so far."""

    name: str
    seconds: float


@runtime_checkable
class Outbox(Protocol):
    """What a driver asks of a stage with an outbox.  All of it between batches, in the driver's event loop.

    The driver calls `send_waiting` after the state has been written, and once it is sure of the partitions for which
    something waits; then `collect`; it publishes what that gives, writes the state, and calls `confirm`.  At most one
    message a receiver is sent and not yet marked at any time.
    """

    def send_waiting(self, partitions: Iterable[int], state: State) -> None:
        """Begin to send what waits: of partitions that are new in hand, and of the batches since the last call.

        Without another call nothing new is begun after a few seconds: who stood still may have lost its partitions.
        """
        ...

    def collect(self, state: State) -> Result | None:
        """Mark in the state what has been sent since; None when there is nothing to mark."""
        ...

    def confirm(self) -> None:
        """What `collect` marked is written: the receivers may be sent the next."""
        ...

    def halt(self) -> None:
        """Begin nothing new until the next `send_waiting`."""
        ...

    def in_flight(self) -> bool:
        """Whether something is being sent, or was sent and is not marked."""
        ...

    def release(self, partitions: Iterable[int]) -> None:
        """Forget what waits for these partitions: another worker sends it."""
        ...

    def partitions_waiting(self) -> set[int]:
        """The partitions of which something waits to be sent."""
        ...

    def away(self) -> list[AwayReceiver]:
        """Receivers that something waits for and that do not answer."""
        ...

    def on_news(self, wake: Callable[[], None]) -> None:
        """Have `wake` called, without arguments, whenever there is something to collect."""
        ...
