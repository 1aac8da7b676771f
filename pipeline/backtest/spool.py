"""Spool of mentions on disk: the model reads each post once, the detector as often as asked."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from msgspec import Struct

from pipeline.detect.mentions.inbound import Inbound, InboundMention, read
from pipeline.errors import TerminalError

DAY = 86_400


class CompanyHistory(Struct, kw_only=True):
    """What a history holds about one entity; times are arrivals in seconds since 1970."""

    id: str
    name: str
    mentions: int = 0
    negative: int = 0
    first: float
    last: float


class MentionSpool:
    """Mentions in order of arrival: `add` everything, then iterate as often as wanted.

    Deletes its file on `close`.  Memory grows with the number of entities and of days in the calendar, not with the
    number of mentions.  `days` counts mentions by the day on which they were written.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` must have room for all mentions; the system's temporary one when None."""
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = tempfile.TemporaryFile(  # noqa: SIM115
            prefix="groundswell-mentions-", dir=folder, buffering=2**20
        )
        self.companies: dict[str, CompanyHistory] = {}
        self.days: Counter[int] = Counter()
        self.records = 0

    def add(self, line: bytes) -> None:
        """Store one message of the mentions' topic, without a line break in it.

        What is not for the detector is passed over.  Raises `Malformed` for what cannot be read, `TerminalError` when
        the disk is full.
        """
        inbound = read(line)
        if inbound is None:
            return
        self.records += 1
        try:
            self._file.write(line + b"\n")
        except OSError as error:
            raise TerminalError(
                str(error.strerror), subject="temporary file of mentions", todo="Make room, or set another data folder"
            ) from error
        if isinstance(inbound, InboundMention):
            self._count(inbound)

    def __iter__(self) -> Iterator[Inbound]:
        """Everything that was added, in that order.  One iteration at a time."""
        self._file.seek(0)
        for line in self._file:
            inbound = read(line)
            if inbound is not None:
                yield inbound

    @property
    def mentions(self) -> int:
        """Mentions, as often as they were delivered."""
        return sum(company.mentions for company in self.companies.values())

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def __enter__(self) -> MentionSpool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _count(self, mention: InboundMention) -> None:
        arrived = (mention.ingested_at or mention.created_at).timestamp()
        company = self.companies.get(mention.entity.id)
        if company is None:
            name = mention.entity.name or mention.entity.id
            company = self.companies[mention.entity.id] = CompanyHistory(
                id=mention.entity.id, name=name, first=arrived, last=arrived
            )
        company.mentions += 1
        company.negative += mention.sentiment.negative >= 0.5
        company.first = min(company.first, arrived)
        company.last = max(company.last, arrived)
        self.days[int(mention.created_at.timestamp() // DAY)] += 1
