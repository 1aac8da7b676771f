"""Logs say what went wrong and where, and never what a post said."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

import msgspec
import pytest
import structlog
from pydantic import BaseModel

from pipeline.contracts.decode import decode_raw
from pipeline.contracts.posts import Post
from pipeline.errors import Malformed, TransientError
from pipeline.observability.logs import set_up
from pipeline.observability.redaction import redacted
from pipeline.stages.records import Record, Result
from pipeline.stages.state import State
from tests.runtime.worker.test_processor import Counting, a_processor, records

MARK = "zebra-mark-4711"
log = structlog.get_logger()


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    threading.excepthook, sys.unraisablehook = threading.__excepthook__, sys.__unraisablehook__
    set_up("debug")
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def entries(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    said = capsys.readouterr()
    assert MARK not in said.err + said.out
    return [json.loads(line) for line in said.err.splitlines()]


class _Number(BaseModel):
    value: int


def _value() -> None:
    post = {"text": MARK}  # also in the frame's variables
    raise ValueError(f"cannot read {post}")


def _msgspec() -> None:
    msgspec.json.decode(b'{"type":"post","kind":"%s"}' % MARK.encode(), type=Post)


def _pydantic() -> None:
    _Number.model_validate({"value": MARK})


def _malformed() -> None:
    decode_raw(b'{"type":"post","post_id":"a","network":"b","kind":"%s"}' % MARK.encode(), 0.0)


def _wrapped() -> None:
    try:
        _value()
    except ValueError as error:
        raise TransientError("the server is away") from error


CRASHES = (_value, _msgspec, _pydantic, _malformed, _wrapped)


@pytest.mark.parametrize("crash", CRASHES)
def test_an_exception_is_logged_without_what_it_says_of_the_post(
    crash: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        crash()
    except Exception as error:
        log.exception("a batch failed", reason=str(error) if isinstance(error, Malformed) else "")
        sys.excepthook(type(error), error, error.__traceback__)
    first, second = entries(capsys)
    for entry in (first, second):
        exception = entry["exception"]
        assert isinstance(exception, dict)
        assert len(exception["digest"]) == 12
        assert any("test_logs.py:" in place for place in exception["at"])
    assert (first["event"], second["event"]) == ("a batch failed", "unexpected error")


def test_a_thread_that_ends_and_a_task_nobody_awaited(capsys: pytest.CaptureFixture[str]) -> None:
    thread = threading.Thread(target=_value, name="work")
    thread.start()
    thread.join()

    async def forgotten() -> None:
        task = asyncio.get_running_loop().create_task(_fails())
        await asyncio.sleep(0)
        del task
        await asyncio.sleep(0)

    async def _fails() -> None:
        _value()

    asyncio.run(forgotten())
    found = entries(capsys)
    assert found[0]["event"] == "unexpected error in a thread"
    assert "Task exception was never retrieved" in [entry["event"] for entry in found]
    assert all(entry["error"] for entry in found if entry.get("exception"))


def test_libraries_log_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    library = logging.getLogger("some.library")
    library.error("Crashed reason=%r on %s after %d", ValueError(MARK), {"text": MARK}, 3)
    library.error("partition %(name)s", {"name": "posts.raw.v1"})
    library.error(f"bad value '{MARK} and more'")
    assert [entry["event"] for entry in entries(capsys)] == [
        "Crashed reason='…' on dict after 3", "partition posts.raw.v1", "bad value '…'",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("the broker's disk isn't writable", "the broker's disk isn't writable"),
        ("No such file: '/data/x.db'", "No such file: '/data/x.db'"),
        ("Object missing required field `text`", "Object missing required field `text`"),
        (f"value '{MARK} isn't' here", "value '…' here"),
        (f"[type=int, input_value='{MARK}', input_type=str]", "[type=int, input_value='…', input_type=str]"),
    ],
)
def test_messages_keep_what_is_ours(text: str, left: str) -> None:
    assert redacted(text) == left


@pytest.mark.parametrize("name", ["enrich", "detect", "index", "alert"])
async def test_a_stage_that_crashes_on_a_post_logs_nothing_of_it(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(self: Counting, batch: Sequence[Record], state: State) -> Result:
        raise ValueError(f"cannot handle {[record.value for record in batch]}")

    monkeypatch.setattr(Counting, "name", name)
    monkeypatch.setattr(Counting, "handle", crash)
    processor, _, _ = a_processor([])
    with pytest.raises(Exception) as raised:  # noqa: PT011 - a stage that fails on everything ends its worker
        await processor.process(records(*[f'{{"text": "{MARK}"}}'.encode()] * 10))
    sys.excepthook(raised.type, raised.value, raised.tb)
    assert sum("exception" in entry for entry in entries(capsys)) >= 2


def test_a_log_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str, /) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    log.info("state recovered", partition=3)
    try:
        raise ValueError("unforeseen")
    except ValueError:
        log.exception("unexpected error: the worker ends")
