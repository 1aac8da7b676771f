"""What the consume loop needs of Faust: records of the partitions in hand, acknowledgements, commits, rebalances.

Like Faust it reads ahead into a buffer, commits on a timer how far everything before is acknowledged, and at a
rebalance waits for what was given out; what lies in the buffer then is given out afterwards, with its old generation.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from faust.types import TP

from tests.simulation.world.broker import Broker, Headers, Stored, Where

if TYPE_CHECKING:
    from tests.simulation.world.group import Group


AHEAD = 0.3
"""How often there is something in the buffer when a batch is given out."""

SELDOM, SLOW = 0.1, 2.0
"""How often what is in the buffer lies there for so many seconds: the process is busy with something else."""


class Owner(Protocol):
    """The process that reads."""

    instance: str
    broker: Broker
    chance: Random
    alive: bool

    async def point(self, name: str) -> bool: ...

    async def awake(self) -> None:
        """Return when the process does not stand still."""
        ...

    def broker_away_for(self) -> float: ...

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        """A task that dies with the process."""
        ...


class Message:
    """A record as Faust hands it out."""

    __slots__ = ("_generation", "headers", "key", "offset", "partition", "reader", "timestamp", "topic", "value")

    def __init__(self, where: Where, record: Stored, reader: Reader) -> None:
        self.topic, self.partition = where
        self.offset, self.timestamp = record.offset, record.timestamp
        self.key, self.value = record.key, record.value
        self.headers: Headers = record.headers
        self.reader = reader
        self._generation = reader.consumer_generation_id

    @property
    def generation_id(self) -> int:
        """The generation of the group in which it was read."""
        return self._generation


class Event:
    """A message to acknowledge."""

    __slots__ = ("_reader", "message")

    def __init__(self, message: Message, reader: Reader) -> None:
        self.message = message
        self._reader = reader

    def ack(self) -> None:
        self._reader.acknowledge(self.message)


class Reader:
    """A Faust app and its consumer in one, for one process of a stage."""

    def __init__(self, owner: Owner, group: Group, commit_seconds: float) -> None:
        self.owner = owner
        self.consumer = self
        self.consumer_generation_id = 0
        self.flow_active = False
        self.share: list[Where] = []
        self.revoked: Callable[[Iterable[TP]], Awaitable[None]]
        self._unacked_messages: set[Message] = set()
        self._committed_offset: dict[TP, int | None] = {}
        self._group = group
        self._commit_seconds = commit_seconds
        self._positions: dict[Where, int] = {}
        self._delivered: dict[Where, deque[int]] = {}
        self._acked: dict[Where, set[int]] = {}
        self._ahead: list[Event] = []
        self._news = asyncio.Event()
        self._committing = False
        owner.broker.appended.append(self._appended)

    def close(self) -> None:
        """No more news."""
        self.owner.broker.appended.remove(self._appended)

    def assignment(self) -> set[TP]:
        """The partitions in hand."""
        return {TP(*where) for where in self.share}

    def highwater(self, where: TP) -> int:
        """The end of a partition."""
        return self.owner.broker.log((where.topic, where.partition)).end

    async def earliest_offsets(self, *partitions: TP) -> dict[TP, int]:
        """The first record that each partition still has."""
        await self.owner.awake()
        await asyncio.sleep(self.owner.broker_away_for())
        return {where: self.owner.broker.log((where.topic, where.partition)).start for where in partitions}

    async def noack_take(self, most: int, within: float) -> AsyncIterator[list[Event]]:
        """Batches of events, for ever."""
        chance = self.owner.chance
        while True:
            while not (self.flow_active and (self._ahead or any(self._more(where) for where in self.share))):
                self._news.clear()
                await self._news.wait()
            await self.owner.point("fetch")
            await asyncio.sleep(self.owner.broker_away_for())
            self._ahead += self._read(min(most, chance.choice((2, most))))
            await asyncio.sleep(SLOW if chance.random() < SELDOM else within * chance.random())
            if self.flow_active:
                taken = self._given_out([*self._ahead, *self._read(most - len(self._ahead))])
                self._ahead = self._read(most) if chance.random() < AHEAD else []
                if taken:
                    yield taken

    def acknowledge(self, message: Message) -> None:
        """Everything that follows from a message is done."""
        self._unacked_messages.discard(message)
        where = (message.topic, message.partition)
        if where in self._acked:
            self._acked[where].add(message.offset)
            if not self._committing:
                self._committing = True
                self.owner.spawn(self._commit_soon())

    async def commit(self) -> None:
        """Tell the group how far everything is acknowledged."""
        offsets: dict[Where, int] = {}
        for where, delivered in self._delivered.items():
            acked = self._acked[where]
            while delivered and delivered[0] in acked:
                acked.discard(delivered[0])
                offsets[where] = delivered.popleft() + 1
        if offsets:
            generation = self.consumer_generation_id
            await self.owner.point("commit")
            if self._group.commit(self, generation, offsets):
                self._committed_offset |= {TP(*where): offset for where, offset in offsets.items()}

    async def give_up(self) -> None:
        """Stop, let what was begun be finished, commit, and let go of the partitions."""
        await self.owner.awake()
        self.flow_active = False
        while self._unacked_messages:  # noqa: ASYNC110 - the consume loop takes them out by itself
            await asyncio.sleep(0.1)
        await self.commit()
        await self.owner.awake()
        await self.revoked(self.assignment())
        self.share = []

    async def join_again(self) -> None:
        """What a member does that finds out that it was put out of its group."""
        await self.give_up()
        self._group.join(self)

    def assigned(self, generation: int, share: list[Where]) -> None:
        """These partitions are in hand from now on, from where their group has committed."""
        broker = self.owner.broker
        self.consumer_generation_id = generation
        self.share = share
        committed = {where: broker.committed(self._group.name, where) for where in share}
        self._committed_offset = {TP(*where): offset for where, offset in committed.items()}
        self._positions = {where: broker.log(where).start if at is None else at for where, at in committed.items()}
        self._delivered = {where: deque() for where in share}
        self._acked = {where: set() for where in share}
        self.flow_active = True
        self._news.set()

    async def _commit_soon(self) -> None:
        await asyncio.sleep(self._commit_seconds)
        await asyncio.sleep(self.owner.broker_away_for())
        self._committing = False
        await self.commit()

    def _appended(self, where: Where) -> None:
        if where in self._positions:
            self._news.set()

    def _more(self, where: Where) -> bool:
        return bool(self.owner.broker.log(where).since(self._positions[where], 1))

    def _given_out(self, events: list[Event]) -> list[Event]:
        """Events that a rebalance waits for from now on."""
        self._unacked_messages |= {event.message for event in events}
        return events

    def _read(self, most: int) -> list[Event]:
        """Up to so many events of the partitions in hand, in any order of partitions."""
        taken: list[Event] = []
        if not self.flow_active:
            return taken
        for where in self.owner.chance.sample(self.share, len(self.share)):
            log = self.owner.broker.log(where)
            records = log.since(self._positions[where], most - len(taken))
            if records:
                self._positions[where] = records[-1].offset + 1
                self._group.read[where] = max(self._group.read.get(where, 0), records[-1].offset + 1)
            for record in records:
                message = Message(where, record, self)
                self._delivered[where].append(record.offset)
                taken.append(Event(message, self))
        return taken
