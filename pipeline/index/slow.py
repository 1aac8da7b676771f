"""An index slowed down on purpose, for load tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from pipeline.contracts.incidents import IncidentEvent
from pipeline.index.protocol import DeadLetter, Document, FieldCount, Index, Page, PartField, Query, Volume, Written


class SlowIndex:
    """Another index, each of whose writes takes `seconds` longer.  Reading is as fast as before."""

    def __init__(self, index: Index, seconds: float) -> None:
        self._index = index
        self._seconds = seconds

    async def write(self, documents: Sequence[Document]) -> Written:
        await asyncio.sleep(self._seconds)
        return await self._index.write(documents)

    async def setup(self) -> None:
        await self._index.setup()

    async def search(self, query: Query) -> Page:
        return await self._index.search(query)

    async def volume(self, query: Query, seconds: int) -> list[Volume]:
        return await self._index.volume(query, seconds)

    async def parts(self, query: Query, by: PartField, limit: int = 50) -> list[FieldCount]:
        return await self._index.parts(query, by, limit)

    async def entities(self, limit: int = 50) -> list[tuple[str, str, int]]:
        return await self._index.entities(limit)

    async def count(self) -> int:
        return await self._index.count()

    async def existing(self, mention_ids: Sequence[str]) -> int:
        return await self._index.existing(mention_ids)

    async def incidents(self, *, open_only: bool = False, limit: int = 50) -> list[IncidentEvent]:
        return await self._index.incidents(open_only=open_only, limit=limit)

    async def incident_history(self, incident_id: str, limit: int = 200) -> list[IncidentEvent]:
        return await self._index.incident_history(incident_id, limit)

    async def newest_events(self, incident_ids: Sequence[str]) -> list[IncidentEvent]:
        return await self._index.newest_events(incident_ids)

    async def events_of(self, entities: Sequence[str]) -> list[IncidentEvent]:
        return await self._index.events_of(entities)

    async def remembered(self, keys: Sequence[str]) -> set[str]:
        return await self._index.remembered(keys)

    async def dead_letters(self, *, stage: str | None = None, limit: int = 100) -> list[DeadLetter]:
        return await self._index.dead_letters(stage=stage, limit=limit)

    async def dead_letter_counts(self) -> dict[str, int]:
        return await self._index.dead_letter_counts()

    async def refresh(self) -> None:
        await self._index.refresh()

    async def expire(self, before: datetime) -> int:
        return await self._index.expire(before)

    async def close(self) -> None:
        await self._index.close()
