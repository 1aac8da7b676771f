"""Publishes dead letters again to the topics that they came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice

import msgspec
import structlog

from pipeline.contracts.headers import REPLAYED
from pipeline.index.load import open_index
from pipeline.index.protocol import DeadLetter
from pipeline.runtime.kafka.publisher import Publisher, ToSend
from pipeline.settings.settings import Settings

log = structlog.get_logger()

CHUNK = 200


async def redeliver(settings: Settings, letters: Sequence[DeadLetter]) -> int:
    """Publish letters again under their old key, oldest first, then mark them as replayed; gives how many.

    Killed in between, some are published and not marked: they are published again next time, which does no harm.
    Letters whose value was too large to be kept whole are left alone and named in the log.
    """
    publisher = Publisher(settings.kafka)
    index = open_index(settings)
    await publisher.start()
    count = 0
    try:
        remaining = iter(sorted(letters, key=lambda letter: (letter.topic, letter.partition, letter.offset)))
        while chunk := list(islice(remaining, CHUNK)):
            whole = [letter for letter in chunk if letter.value is not None]
            for letter in chunk:
                if letter.value is None:
                    log.warning("not kept whole, so not published again", letter=letter.letter_id)
            mark = ((REPLAYED, b"1"),)
            await publisher.send([ToSend(letter.topic, letter.key, letter.value, mark) for letter in whole])
            now = datetime.now(UTC)
            await index.write([msgspec.structs.replace(letter, replayed_at=now) for letter in whole])
            count += len(whole)
    finally:
        await publisher.close()
        await index.close()
    return count
