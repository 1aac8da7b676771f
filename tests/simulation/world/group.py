"""A consumer group: who has which partitions, generation by generation.

A member that does not answer within the session time-out is put out, whether it is dead or only stands still; what it
commits afterwards is refused, what it publishes is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from random import Random

from tests.simulation.world.broker import PARTITIONS, Broker, Where
from tests.simulation.world.reader import Reader

SESSION = 10.0
"""Seconds without a sign of life after which a member is out."""

REBALANCE = 60.0
"""Seconds that a member which lives may take to finish what it has begun."""


class Group:
    """See the module.  One rebalance at a time; whoever asks during one is served by the next."""

    def __init__(self, name: str, topics: Iterable[str], broker: Broker, chance: Random) -> None:
        self.name = name
        self.topics = list(topics)
        self.generation = 0
        self.read: dict[Where, int] = {}
        """How far records were read, by whomever: up to there somebody may do something with them."""
        self._broker = broker
        self._chance = chance
        self._members: dict[str, Reader] = {}
        self._asked = False
        self._task: asyncio.Task[None] | None = None

    def join(self, reader: Reader) -> None:
        """A member comes, or comes back.  One that was started again in time takes its own place without further ado
        (static membership)."""
        before = self._members.get(reader.owner.instance)
        self._members[reader.owner.instance] = reader
        if before is not None and before is not reader and before.share and not self._busy:
            reader.assigned(self.generation, before.share)
        else:
            self._ask()

    def leave(self, reader: Reader) -> None:
        """A member goes, or is found dead."""
        if self._members.get(reader.owner.instance) is reader:
            del self._members[reader.owner.instance]
            self._ask()

    def suspect(self, reader: Reader) -> None:
        """A member has given no sign of life for too long: others get its partitions, and it will find out."""
        if self._members.get(reader.owner.instance) is reader and not self._busy:
            del self._members[reader.owner.instance]
            reader.owner.spawn(reader.join_again())
            self._ask()

    def commit(self, reader: Reader, generation: int, offsets: dict[Where, int]) -> bool:
        """Note how far the group has come; refused when it comes from a member of the past."""
        if self._members.get(reader.owner.instance) is not reader or generation != self.generation:
            return False
        self._broker.commit(self.name, offsets)
        return True

    def idle(self) -> bool:
        """Whether everything on the topics is committed."""
        return not self._busy and not any(self.lags())

    def lags(self) -> list[int]:
        """Records that are not committed, by partition."""
        return [
            log.end - max(log.start, self._broker.committed(self.name, where) or 0) if log.records else 0
            for where, log in ((where, self._broker.log(where)) for where in self.places())
        ]

    def places(self) -> list[Where]:
        """The partitions of its topics."""
        return [(topic, number) for topic in self.topics for number in range(PARTITIONS)]

    @property
    def _busy(self) -> bool:
        return self._task is not None and not self._task.done()

    def _ask(self) -> None:
        self._asked = True
        if not self._busy:
            self._task = asyncio.get_running_loop().create_task(self._rebalance())

    async def _rebalance(self) -> None:
        while self._asked:
            await asyncio.sleep(0.05)
            self._asked = False
            members = list(self._members.values())
            answers = await asyncio.gather(*(self._let_go(member) for member in members))
            for member, answered in zip(members, answers, strict=True):
                if not answered and self._members.get(member.owner.instance) is member:
                    del self._members[member.owner.instance]
            self.generation += 1
            readers: Sequence[Reader] = self._chance.sample(list(self._members.values()), len(self._members))
            for number, reader in enumerate(readers):
                mine = range(number, PARTITIONS, len(readers))
                reader.assigned(self.generation, [(topic, one) for topic in self.topics for one in mine])

    async def _let_go(self, member: Reader) -> bool:
        """Have a member give up its partitions; False when it does not within its time."""
        if not member.owner.alive:
            await asyncio.sleep(SESSION)
            return False
        giving = member.owner.spawn(member.give_up())
        waking = member.owner.spawn(member.owner.awake())
        awake, _ = await asyncio.wait({waking}, timeout=SESSION)
        done, _ = await asyncio.wait({giving}, timeout=REBALANCE) if awake else (set(), None)
        if done:
            return not giving.cancelled() and giving.exception() is None
        if member.owner.alive:
            member.owner.spawn(self._rejoined(giving, member))
        return False

    async def _rejoined(self, giving: asyncio.Task[None], member: Reader) -> None:
        """A zombie that has come to itself: it has given up what was not its own any more, and joins."""
        await asyncio.wait({giving})
        self.join(member)
