"""Writes output piece by piece, so that an interrupted run can be resumed at a line.

A run that is interrupted has written everything up to a line and nothing of what follows, so that another one can go on
behind it.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import IO, NamedTuple, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class OutputPiece(NamedTuple):
    """What came of the next lines of the input, up to and with number `line` (from 1): whole lines of output, and how
    many lines in all could not be read."""

    line: int
    output: bytes
    bad: int


@dataclass(slots=True)
class OutputProgress:
    """How far it went: lines of the input that are dealt with, those of them that could not be read; whether it was
    asked to stop, or nobody reads the output any more."""

    line: int = 0
    bad: int = 0
    stopped: bool = False
    unread: bool = False


class Stop:
    """Ctrl-C and SIGTERM as a question: a piece in hand is finished first; while a line is awaited nothing is in
    hand, and a second time means at once."""

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the signals like this within; only from the main thread."""
        before = {number: signal.signal(number, self._interrupt) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def awaited(self, rows: Iterator[T]) -> Iterator[T]:
        """The rows, while each of which is awaited a signal ends the run at once."""
        while True:
            self._waiting = True
            try:
                if self.asked:  # since the last piece was written
                    raise KeyboardInterrupt
                row = next(rows, None)
            finally:
                self._waiting = False
            if row is None:
                return
            yield row

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._waiting or self.asked:
            raise KeyboardInterrupt
        self.asked = True


def write_out(
    pieces: Iterator[OutputPiece], out: IO[bytes], stop: Stop, report: Callable[[OutputProgress], None], start: int = 0
) -> OutputProgress:
    """Write every piece, and report after each how far it is; `start` lines were dealt with before."""
    done = OutputProgress(line=start)
    try:
        for piece in pieces:
            out.write(piece.output)
            out.flush()
            done.line, done.bad = max(start, piece.line), piece.bad
            report(done)
            if stop.asked:
                done.stopped = True
                break
    except KeyboardInterrupt:
        done.stopped = True
    except BrokenPipeError:
        done.unread = True
    return done
