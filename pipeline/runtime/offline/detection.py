"""Turns mentions of a file into incident events: the detect stage without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import IO

from pipeline.contracts.topics import MENTIONS_SCORED
from pipeline.ingest.rejects import Rejects
from pipeline.runtime.offline.driver import records, through
from pipeline.settings.settings import Settings

CHUNK = 2_000


def detect_file(settings: Settings, path: str, lines: Iterable[bytes], out: IO[bytes], rejects: Rejects) -> None:
    """Write the incident events of all mentions; lines that could not be read go to `rejects`."""
    asyncio.run(_detect(settings, path, lines, out, rejects))


async def _detect(settings: Settings, path: str, lines: Iterable[bytes], out: IO[bytes], rejects: Rejects) -> None:
    from pipeline.detect.evidence.budget import promised
    from pipeline.detect.stage import Detect

    stage = Detect(promised(settings.detect), page_coordinated=settings.detect.page_coordinated)
    async for batch in through(stage, records(lines, MENTIONS_SCORED.name), CHUNK):
        for message in batch.published:
            out.write(message.value + b"\n")
        for record, reason in batch.rejected:
            rejects.add(path, record.offset + 1, reason, record.value or b"")
