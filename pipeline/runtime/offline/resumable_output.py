"""Carries what is made of a file out, piece by piece, and knows at any time how far that went.

A run that is interrupted has written everything up to a line and nothing of what follows, so that another one can go on
behind it.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import IO, Protocol

from pipeline.ingest.formats.lines import Line

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Piece(Protocol):
    """Output that is complete up to a line of the input, and how many lines could not be read until there."""

    @property
    def line(self) -> int: ...
    @property
    def output(self) -> bytes: ...
    @property
    def bad(self) -> int: ...


@dataclass(slots=True)
class Carried:
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
    def heard(self) -> Iterator[None]:
        """Signals are taken like this within; only from the main thread."""
        before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def awaited(self, lines: Iterator[Line]) -> Iterator[Line]:
        """The lines, while each of which is awaited a signal ends the run at once."""
        while True:
            self._waiting = True
            try:
                if self.asked:  # since the last piece was written
                    raise KeyboardInterrupt
                line = next(lines, None)
            finally:
                self._waiting = False
            if line is None:
                return
            yield line

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._waiting or self.asked:
            raise KeyboardInterrupt
        self.asked = True


def carry(
    pieces: Iterator[Piece], out: IO[bytes], stop: Stop, told: Callable[[Carried], None], start: int = 0
) -> Carried:
    """Write every piece, and tell after each how far it is; `start` lines were dealt with before."""
    done = Carried(line=start)
    try:
        for piece in pieces:
            out.write(piece.output)
            out.flush()
            done.line, done.bad = max(start, piece.line), piece.bad
            told(done)
            if stop.asked:
                done.stopped = True
                break
    except KeyboardInterrupt:
        done.stopped = True
    except BrokenPipeError:
        done.unread = True
    return done
