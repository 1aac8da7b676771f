"""Protections that are taken out of every worker of an installation, each with the faults it is there for.

Those of the simulated world are taken out here as there (`tests/simulation/protections.py`); the others are of what is
imitated there.  A worker takes one out as it starts (`tests/chaos/without.py`); nothing in `pipeline` knows of it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import structlog

from pipeline.alert.delivery import Channel
from pipeline.contracts.decode import decode_raw
from pipeline.detect.deduplication import HighWaterMarks
from pipeline.detect.mentions import weighting
from pipeline.detect.state.posts import RememberedPosts
from pipeline.enrich import stage as enrich
from pipeline.errors import TransientError
from pipeline.index.elastic import bulk
from pipeline.index.stage import IndexStage
from pipeline.observability.logs import UnfailingLogger
from pipeline.runtime.kafka import publisher
from pipeline.runtime.kafka.publisher import Publisher, Sent, ToSend, Undelivered
from pipeline.runtime.worker import worker
from pipeline.runtime.worker.gaps import GapWatch
from pipeline.stages.records import Result
from pipeline.stages.state import State
from tests.simulation import protections as simulated
from tests.simulation.protections import Out

WITHOUT = "CHAOS_WITHOUT"
"""The variable that names the protection to take out."""

LATE = 1.0
"""Seconds between a batch and the write of its state, for a worker that is to be frozen in between."""


class Protection(NamedTuple):
    """What protects, how it is taken out, and kinds of faults of which one, in turn, must then do harm."""

    name: str
    kinds: tuple[str, ...]
    out: Out


def remove() -> None:
    """Take out the protection of the environment, for as long as this process lives."""
    BY_NAME[os.environ[WITHOUT]].out().__enter__()


def _instead(owner: Any, name: str, replacement: Any) -> Out:
    return lambda: patch.object(owner, name, replacement)


def _all(*outs: Out) -> Out:
    @contextmanager
    def every() -> Any:
        with ExitStack() as stack:
            for out in outs:
                stack.enter_context(out())
            yield

    return every


def _simulated(name: str) -> Out:
    return next(protection.out for protection in simulated.PROTECTIONS if protection.name == name)


def _forgotten(send: Callable[..., Any]) -> Callable[..., Any]:
    """As Faust sends: what fails is forgotten."""

    async def sent(self: Publisher, messages: Sequence[ToSend]) -> Sent:
        try:
            return await send(self, messages)  # type: ignore[no-any-return]
        except Undelivered:
            return Sent()

    return sent


def _given_up(apply: Callable[..., Any]) -> Callable[..., Any]:
    async def applied(self: IndexStage, effects: Sequence[Any]) -> Result:
        try:
            return await apply(self, effects)  # type: ignore[no-any-return]
        except TransientError:
            return Result()

    return applied


def _not_tried_again(attempt: Callable[..., Any]) -> Callable[..., Any]:
    async def attempted(self: Channel, event: Any) -> Any:
        error = await attempt(self, event)
        return None if isinstance(error, TransientError) else error

    return attempted


def _slowly(flush: Callable[..., Any]) -> Callable[..., Any]:
    async def flushed(self: State, now: float) -> int:
        await asyncio.sleep(LATE)
        return await flush(self, now)  # type: ignore[no-any-return]

    return flushed


def _whenever(decode: Callable[..., Any]) -> Callable[..., Any]:
    return lambda data, produced, ahead: decode(data, produced, 1e12)


def _size_unseen(folder: Any) -> Any:
    from models.manifest import read_manifest

    return read_manifest(folder)


def _unchecked() -> Any:
    from models.runtime import onnx_cpu

    return patch.object(onnx_cpu, "verify", _size_unseen)


LEVELS = ("msg", "info", "warning", "error")

BLIND = _all(
    _instead(HighWaterMarks, "seen_or_mark", lambda self, origin: False),
    _instead(State, "absorbed", lambda self, key, record: False),
    _instead(RememberedPosts, "recall", lambda self, key: None),
)

PROTECTIONS = (
    Protection("messages before acknowledgement", ("kill-enrich",), _simulated("delivery before state")),
    Protection("state before acknowledgement", ("kill-detect",), _simulated("state before acknowledgement")),
    Protection("effects before acknowledgement", ("kill-index",), _simulated("effects before acknowledgement")),
    Protection("marks of the outbox", ("kill-alert",), _simulated("marks of the outbox")),
    Protection("what came before is recognised", ("kill-enrich", "kill-detect"), BLIND),
    Protection(
        "fencing by claims", ("freeze-detect", "scale-detect"),
        _all(_simulated("fencing by claims"), _instead(State, "flush", _slowly(State.flush))),
    ),
    Protection(
        "what the broker did not take is sent again", ("kafka-killed", "kafka-frozen", "kafka-cut"),
        _all(
            _instead(publisher, "DELIVERY_SECONDS", 2.0),
            _instead(Publisher, "send", _forgotten(Publisher.send)),
        ),
    ),
    Protection(
        "what the index did not take is written again", ("elastic-503", "elastic-429", "elastic-killed", "elastic-cut"),
        _instead(IndexStage, "apply", _given_up(IndexStage.apply)),
    ),
    Protection(
        "a block counts as passing", ("elastic-read-only", "elastic-full"),
        _instead(bulk, "_hopeless", lambda status, kind: True),
    ),
    Protection("what is lost is counted", ("retention",), _instead(GapWatch, "see", lambda self, where, offset: 0)),
    Protection(
        "a worker without its state topic ends", ("state-deleted",), _instead(worker, "_check_state", lambda *_: None)
    ),
    Protection("the model is checked", ("model-corrupt",), _unchecked),
    Protection(
        "no work stops for its log", ("disk-full",),
        _all(*(_instead(UnfailingLogger, level, structlog.PrintLogger.msg) for level in LEVELS)),
    ),
    Protection(
        "a receiver is tried until it answers", ("receiver-away",),
        _instead(Channel, "_attempt", _not_tried_again(Channel._attempt)),
    ),
    Protection(
        "future dates become letters", ("clock-ahead",), _instead(enrich, "decode_raw", _whenever(decode_raw))
    ),
    Protection("what is too old is not counted", ("clock-back",), _instead(weighting, "WINDOW", 1 << 30)),
    Protection("dead letters", ("junk",), _simulated("dead letters")),
)  # fmt: skip

BY_NAME = {protection.name: protection for protection in PROTECTIONS}
