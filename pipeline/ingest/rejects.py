"""Stores what could not be read, with its reason, in a file of rejects."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec
import structlog
from msgspec import Struct

from pipeline.errors import Malformed, TerminalError

MAX_FILE_BYTES = 1_000_000_000
"""Size of the file that is not exceeded; see `Rejects` for what comes after."""

NOT_STORED = ".not-stored.json"
"""End of the name of the file that counts, by reason, the rejects that were not stored."""

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode
_counts = msgspec.json.Decoder(dict[str, int])
_CODE = re.compile(rb'"code":"(\w+)"')


class ReasonCount(Struct):
    """How many rows were rejected for one reason, and the first of them."""

    count: int
    source: str
    line: int
    first: str


class Rejects:
    """A JSON-lines file: where, why, the original text.  Comes into being with the first reject.

    `counts` has the number by reason.  Bytes that are not UTF-8 are written as backslash escapes.

    Guarantees: rejects of one reason never take more of the file than they leave to the others, so that a flood of one
    kind hides no other.  What is not stored is counted by reason: in `not_stored`, in a file beside this one, by the
    hook, and in the summary; never silently.
    """

    def __init__(
        self, path: Path, max_bytes: int = MAX_FILE_BYTES, on_not_stored: Callable[[str], None] = lambda code: None
    ) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self.reasons: dict[str, ReasonCount] = {}
        self._max_bytes = max_bytes
        self.not_stored: Counter[str] = Counter()
        self._written: Counter[str] = Counter()
        self._on_not_stored = on_not_stored
        self._bytes = 0
        self._of_reason: Counter[str] = Counter()
        self._flushed = 0
        self._file: IO[bytes] | None = None
        self._warned: set[str] = set()

    @property
    def total(self) -> int:
        """Rejects so far."""
        return self.counts.total()

    def add(self, source: str, line: int, reason: Malformed, original: bytes) -> None:
        """Store one, or count it where its reason has had its share; raises `TerminalError` when the file cannot be
        written."""
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
        try:
            if self._file is None:
                self._file = self._opened()
            left = self._max_bytes - self._bytes - len(data)
            if self._of_reason[reason.code] + len(data) > left:
                self._count_only(reason.code)
                return
            self._file.write(data)
        except OSError as error:
            raise TerminalError(
                str(error), subject=str(self.path), todo="Make room, or set another data folder"
            ) from error
        self._bytes += len(data)
        self._of_reason[reason.code] += len(data)

    def summary(self) -> list[str]:
        """One line a reason, the commonest first: how many, where the first is, what is wrong and what mends it; then
        where they all are.  Empty where nothing was rejected."""
        common = sorted(self.reasons.items(), key=lambda item: -item[1].count)
        out = [
            f"{found.count:,} rejected as {code}, first at {found.source} line {found.line:,}: {found.first[:300]}"
            for code, found in common
        ]
        if self.not_stored:
            only = f"{self.not_stored.total():,} were counted only"
            return [*out, f"{only}: their reasons have had their share of {self.path}"]
        return [*out, f"all {self.total:,} are in {self.path}"] if out else []

    def flush(self, sync: bool = False) -> None:
        """Bring what was added to the file; with `sync` onto the disk, so that a power cut does not lose it."""
        if self.not_stored:
            self._write_not_stored()
        if self._file is None or self._bytes == self._flushed:
            return
        self._file.flush()
        if sync:
            os.fsync(self._file.fileno())
        self._flushed = self._bytes

    def close(self) -> None:
        """Close the file; adding opens it again."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _opened(self) -> IO[bytes]:
        """The file, and how much of it each reason has."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._of_reason.clear()
        file = self.path.open("ab")
        self._bytes = self._flushed = file.tell()
        if self._bytes:
            with self.path.open("rb") as stored:
                for line in stored:
                    code = _CODE.search(line)
                    self._of_reason[code[1].decode() if code else ""] += len(line)
        return file

    def _count_only(self, code: str) -> None:
        self.not_stored[code] += 1
        self._on_not_stored(code)
        if code not in self._warned:
            self._warned.add(code)
            log.warning("further rejects of this reason are only counted", code=code, path=str(self.path))
            self._write_not_stored()

    def _write_not_stored(self) -> None:
        """Add what was not stored since the last time to the file that counts it."""
        news = self.not_stored - self._written
        if not news:
            return
        beside = self.path.with_name(self.path.name + NOT_STORED)
        beside.write_bytes(_encode(dict(counted(beside) + news)))
        self._written = self.not_stored.copy()


def counted(path: Path) -> Counter[str]:
    """What a file of counts says; nothing where there is none, or it is damaged."""
    try:
        return Counter(_counts.decode(path.read_bytes()))
    except (OSError, msgspec.DecodeError):
        return Counter()


def rejects_path(data: Path, what: str) -> Path:
    """Where the rejects of one run go, such as ``rejects/replay-20260131T120000Z.jsonl`` in the data folder."""
    return data / "rejects" / f"{what}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"


def forget_rejects(data: Path, id_: str) -> int:
    """Take the lines that name a post or an account out of all files of rejects in the data folder; gives their number.

    Files are written anew and put in the place of the old ones; one that grows meanwhile may lose its newest lines.
    """
    needle = _encode(id_)[1:-1]
    dropped = 0
    for path in sorted((data / "rejects").glob("*.jsonl")):
        if not _mentions(path, needle):
            continue
        fresh = path.with_suffix(".clean")
        with path.open("rb") as old, fresh.open("wb") as new:
            for line in old:
                if needle in line:
                    dropped += 1
                else:
                    new.write(line)
        fresh.replace(path)
    return dropped


def _mentions(path: Path, needle: bytes) -> bool:
    with path.open("rb") as lines:
        return any(needle in line for line in lines)
