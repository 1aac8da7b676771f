"""Stores what could not be read, with its reason, in a file of rejects."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec
import structlog
from msgspec import Struct

from pipeline.errors import Malformed, TerminalError

MAX_FILE_BYTES = 1_000_000_000
"""Size at which the file is kept no further (what comes after is still counted)."""

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode


class ReasonCount(Struct):
    """How many rows were rejected for one reason, and the first of them."""

    count: int
    source: str
    line: int
    first: str


class Rejects:
    """A JSON-lines file: where, why, the original text.  Comes into being with the first reject.

    `counts` has the number by reason.  Bytes that are not UTF-8 are written as backslash escapes.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_FILE_BYTES) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self.reasons: dict[str, ReasonCount] = {}
        self._max_bytes = max_bytes
        self._bytes = 0
        self._flushed = 0
        self._file: IO[bytes] | None = None
        self._full = False

    @property
    def total(self) -> int:
        """Rejects so far."""
        return self.counts.total()

    def add(self, source: str, line: int, reason: Malformed, original: bytes) -> None:
        """Keep one; raises `TerminalError` when the file cannot be written."""
        self.counts[reason.code] += 1
        if reason.code in self.reasons:
            self.reasons[reason.code].count += 1
        else:
            self.reasons[reason.code] = ReasonCount(1, source, line, str(reason))
        entry = {
            "source": source,
            "line": line,
            "code": reason.code,
            "reason": str(reason),
            "rejected_at": datetime.now(UTC),
            "original": original.decode("utf-8", errors="backslashreplace").rstrip("\r\n"),
        }
        data = _encode(entry) + b"\n"
        if self._bytes + len(data) > self._max_bytes:
            self._note_full()
            return
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("ab")
                self._bytes = self._file.tell()
            self._file.write(data)
        except OSError as error:
            raise TerminalError(
                str(error), subject=str(self.path), todo="Make room, or set another data folder"
            ) from error
        self._bytes += len(data)

    def summary(self) -> list[str]:
        """One line a reason, the commonest first: how many, where the first is, what is wrong and what mends it; then
        where they all are.  Empty where nothing was rejected."""
        common = sorted(self.reasons.items(), key=lambda item: -item[1].count)
        out = [
            f"{found.count:,} rejected as {code}, first at {found.source} line {found.line:,}: {found.first[:300]}"
            for code, found in common
        ]
        return [*out, f"all {self.total:,} are in {self.path}"] if out else []

    def flush(self, sync: bool = False) -> None:
        """Bring what was added to the file; with `sync` onto the disk, so that a power cut does not lose it."""
        if self._file is None or self._bytes == self._flushed:
            return
        self._file.flush()
        if sync:
            os.fsync(self._file.fileno())
        self._flushed = self._bytes

    def close(self) -> None:
        """Close the file; adding opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _note_full(self) -> None:
        if not self._full:
            self._full = True
            log.warning("rejects file is full; further rejects are only counted", path=str(self.path))


def rejects_path(data: Path, what: str) -> Path:
    """Where the rejects of one run go, such as ``rejects/replay-20260131T120000Z.jsonl`` in the data folder."""
    return data / "rejects" / f"{what}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
