"""The protections of the pipeline, each with how it is taken out: does the simulation notice?

A protection is taken out by putting something in the place of one function of ours, in this process, for as long as the
histories run.  To add one is a line in `PROTECTIONS`: its name, what it does, and what takes its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from pipeline.alert import pending, stage
from pipeline.alert.delivery import Channel, DeliveryOutcome
from pipeline.alert.pending import PendingNotice, WaitingIncidents
from pipeline.alert.stage import Alert
from pipeline.detect.deduplication import HighWaterMarks
from pipeline.enrich.threads import orphans
from pipeline.index.sqlite import writing
from pipeline.index.stage import IndexStage
from pipeline.runtime.kafka.publisher import Publisher, Sent, ToSend
from pipeline.runtime.stores import changelog
from pipeline.runtime.stores.fencing import LogFold, LogRecord
from pipeline.runtime.worker import dead_letters, processor
from pipeline.runtime.worker.consume import ConsumeLoop
from pipeline.runtime.worker.processor import Processor
from pipeline.stages.records import Result
from pipeline.stages.state import State
from tests.simulation.world.reader import Message, Reader

Out = Callable[[], AbstractContextManager[object]]


class Protection(NamedTuple):
    """What protects, against what, and how it is taken out."""

    name: str
    against: str
    out: Out


def _instead(owner: Any, name: str, make: Callable[[Any], Any]) -> Out:
    """Put `make(original)` in the place of an attribute."""
    return lambda: patch.object(owner, name, make(getattr(owner, name)))


def _always(owner: Any, name: str, answer: Any) -> Out:
    """Have a function answer the same whatever it is asked."""
    return _instead(owner, name, lambda original: lambda *args, **options: answer)


def _numbers_given_again(store: Callable[..., None]) -> Callable[..., None]:
    def numbered(db: Any, fresh: Any, authors: Any, last: int) -> None:
        store(db, fresh, authors, int(db.execute("SELECT coalesce(max(number), 0) FROM mentions").fetchone()[0]))

    return numbered


def _without_versions(store: Callable[..., None]) -> Callable[..., None]:
    def stored(db: Any, *args: Any) -> None:
        store(db, *args)
        db.execute("UPDATE mentions SET version = 0")

    return stored


def _written_soon(flush: Callable[..., Any]) -> Callable[..., Any]:
    async def soon(self: State, now: float) -> int:
        changes = [self._change(key) for key in self._touched]
        self._touched.clear()
        asyncio.get_running_loop().create_task(_later(lambda: self._store.write(changes)))
        return len(changes)

    return soon


async def _later(action: Callable[[], Any]) -> None:
    await asyncio.sleep(1.0)
    await action()


def _sent_soon(send: Callable[..., Any]) -> Callable[..., Any]:
    async def soon(self: Publisher, messages: Sequence[ToSend]) -> Sent:
        if any(message.topic.endswith(".state.v1") for message in messages):
            return await send(self, messages)  # type: ignore[no-any-return]
        asyncio.get_running_loop().create_task(_later(lambda: send(self, messages)))
        return Sent()

    return soon


def _last_first() -> AbstractContextManager[object]:
    """The newest notice that waits is sent first, and then those before it."""
    stack = ExitStack()
    stack.enter_context(patch.object(Channel, "put", _reversed(Channel.put)))
    stack.enter_context(patch.object(stage, "without", _without_this))
    return stack


def _reversed(put: Callable[..., None]) -> Callable[..., None]:
    def reversed_put(self: Channel, partition: int, incident: str, notices: Sequence[Any], **how: bool) -> None:
        put(self, partition, incident, notices[::-1], **how)

    return reversed_put


def _without_this(waiting: Sequence[PendingNotice], name: str, offset: int, refusal: str = "") -> list[PendingNotice]:
    """What is left when a notifier has done with one notice, whatever was before it."""
    return [
        left
        for notice in waiting
        for left in (pending.without([notice], name, offset, refusal) if notice.offset == offset else [notice])
    ]


def _sent_at_once(mark: Callable[..., Any]) -> Callable[..., Any]:
    """Marked in this process, and written only with the next batch, if there is one."""

    def marked(self: Alert, outcome: DeliveryOutcome, state: State) -> None:
        memory = state.value(outcome.partition, outcome.incident)
        assert memory is not None
        memory.pending = [notice for notice in memory.pending if notice.offset > outcome.notice.offset]
        self._refresh(outcome.partition, outcome.incident, state)

    return marked


def _without_answers(apply: Callable[..., Any]) -> Callable[..., Any]:
    async def applied(self: IndexStage, effects: Sequence[Any]) -> Result:
        result: Result = await apply(self, effects)
        return Result(rejected=result.rejected)

    return applied


def _without_letters(publish: Callable[..., Any]) -> Callable[..., Any]:
    async def published(self: Processor, outgoing: Sequence[Any], rejected: Sequence[Any]) -> None:
        await publish(self, outgoing, [])

    return published


def _effects_in_passing(apply: Callable[..., Any]) -> Callable[..., Any]:
    async def applied(self: Processor, effects: Sequence[Any]) -> None:
        asyncio.get_running_loop().create_task(_later(lambda: apply(self, effects)))

    return applied


def _without_claims() -> AbstractContextManager[object]:
    """Every worker writes under the same epoch, and nobody looks who else does."""
    stack = ExitStack()
    stack.enter_context(patch.object(changelog, "log_key", lambda key, epoch: key))
    stack.enter_context(patch.object(changelog.ChangelogStore, "_check", _unchecked))
    stack.enter_context(patch.object(LogFold, "add", _last_wins(LogFold.add)))
    return stack


async def _unchecked(self: changelog.ChangelogStore, partition: int, spans: object) -> None:
    return


async def _not_swept(self: ConsumeLoop) -> None:
    self.swept = asyncio.get_running_loop().time()


async def _not_asked(self: ConsumeLoop) -> None:
    return


def _last_wins(add: Callable[[LogFold, LogRecord], None]) -> Callable[[LogFold, LogRecord], None]:
    def added(self: LogFold, record: LogRecord) -> None:
        add(self, record._replace(writer=1 << 62))

    return added


def _whole_letters() -> AbstractContextManager[object]:
    """No letter is cut, neither at first nor when the broker refuses it."""
    stack = ExitStack()
    stack.enter_context(patch.object(dead_letters, "cut", lambda letter, most_key, most_value: letter))
    stack.enter_context(patch.object(processor, "_smaller", lambda letter: letter))
    return stack


def _tried_once(flush: Callable[..., Any]) -> Callable[..., Any]:
    async def flushed(self: State, now: float) -> int:
        self._unwritten = []
        return await flush(self, now)  # type: ignore[no-any-return]

    return flushed


async def _not_closed(self: Publisher) -> None:
    return


@contextmanager
def _generation_of_now() -> Iterator[None]:
    """Every message passes for one of the present generation."""
    with patch.object(Message, "generation_id", property(lambda self: self.reader.consumer_generation_id)):
        yield


def _everything_committed(commit: Callable[..., Any]) -> Callable[..., Any]:
    async def committed(self: Reader) -> None:
        for where, delivered in self._delivered.items():
            self._acked[where] |= set(delivered)
        await commit(self)

    return committed


PROTECTIONS = (
    Protection(
        "row numbers", "two mentions of the index under one number",
        _instead(writing, "_store", _numbers_given_again),
    ),
    Protection(
        "versions in the index", "an older version over a newer one",
        _instead(writing, "_store", _without_versions),
    ),
    Protection("remembered deletions", "a post that comes after its deletion", _always(writing, "_gone_of", {})),
    Protection("tombstones", "a mention that comes after it was taken back", _always(writing, "_bury", None)),
    Protection(
        "answers to deletions", "deleted posts in the detector's counts",
        _instead(IndexStage, "apply", _without_answers),
    ),
    Protection(
        "deduplication by origin", "what enrich publishes again after a crash",
        _always(HighWaterMarks, "seen_or_mark", False),
    ),
    Protection("absorbed offsets", "records that come again after a crash", _always(State, "absorbed", False)),
    Protection("state before acknowledgement", "a crash between the two", _instead(State, "flush", _written_soon)),
    Protection("delivery before state", "a crash between the two", _instead(Publisher, "send", _sent_soon)),
    Protection(
        "effects before acknowledgement", "a crash between the two",
        _instead(Processor, "_apply", _effects_in_passing),
    ),
    Protection("order of alerts", "an older step of an incident as the last", _last_first),
    Protection(
        "marks of the outbox", "alerts that are sent again after a crash", _instead(Alert, "_mark", _sent_at_once)
    ),
    Protection(
        "outbox after a restart", "alerts that wait when a worker ends", _always(WaitingIncidents, "listed", ())
    ),
    Protection("fencing by claims", "what a worker that lost its partition writes late", _without_claims),
    Protection(
        "a look after quiet partitions", "what a stopped worker writes late to a partition where nothing happens",
        _instead(ConsumeLoop, "_sweep", lambda original: _not_swept),
    ),
    Protection(
        "a look at what was removed", "records that retention removed, where nothing follows them",
        _instead(ConsumeLoop, "_count_removed", lambda original: _not_asked),
    ),
    Protection("generation of a record", "records read before a rebalance", _generation_of_now),
    Protection(
        "acknowledged before committed", "a crash with records in hand",
        _instead(Reader, "commit", _everything_committed),
    ),
    Protection("dead letters", "records that cannot be read", _instead(Processor, "_publish", _without_letters)),
    Protection("letters that fit", "records that are too large for a letter", _whole_letters),
    Protection(
        "a producer made anew", "one that the broker refuses for ever",
        _instead(Publisher, "close", lambda original: _not_closed),
    ),
    Protection("state written again", "a write that failed in passing", _instead(State, "flush", _tried_once)),
    Protection("late parents", "replies that come before what they answer", _always(orphans, "concerned", [])),
)  # fmt: skip


def slug(protection: Protection) -> str:
    """Its name on the command line: `row-numbers-out`."""
    return f"{protection.name.replace(' ', '-')}-out"
