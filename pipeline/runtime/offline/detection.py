"""Turns mentions of a file into incident events: the detect stage without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import IO

import structlog

from pipeline.contracts.topics import MENTIONS_SCORED
from pipeline.runtime.offline.driver import records, through
from pipeline.settings.settings import Settings

log = structlog.get_logger()

CHUNK = 2_000


def detect_file(settings: Settings, lines: Iterable[bytes], out: IO[bytes]) -> int:
    """Write the incident events of all mentions; gives the number of lines that could not be read."""
    return asyncio.run(_detect(settings, lines, out))


async def _detect(settings: Settings, lines: Iterable[bytes], out: IO[bytes]) -> int:
    from pipeline.detect.evidence.budget import promised
    from pipeline.detect.stage import Detect

    stage = Detect(promised(settings.detect), page_coordinated=settings.detect.page_coordinated)
    bad = 0
    async for batch in through(stage, records(lines, MENTIONS_SCORED.name), CHUNK):
        for message in batch.published:
            out.write(message.value + b"\n")
        for record, reason in batch.rejected:
            bad += 1
            log.warning("line not read", line=record.offset + 1, code=reason.code, reason=str(reason))
    return bad
