"""The Elasticsearch index: time slices of mentions, incidents, dead letters, deletions.

What the writes guarantee is in `bulk` and `deletions`, what the server needs to have in `templates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.values import milliseconds
from pipeline.index.documents import sort_out
from pipeline.index.elastic.bulk import PAUSES, Bulk
from pipeline.index.elastic.client import connect, explained
from pipeline.index.elastic.deletions import Deletions
from pipeline.index.elastic.documents import gone_actions, mention_action, other_actions
from pipeline.index.elastic.queries import ElasticQueries
from pipeline.index.elastic.slices import start_of
from pipeline.index.elastic.templates import Names, Setup
from pipeline.index.protocol import DeadLetter, Document, FieldCount, Page, PartField, Query, Refused, Volume, Written
from pipeline.settings.index import IndexSettings


class ElasticIndex:
    """See `pipeline.index.protocol.Index`.

    What is written is durable at once and visible to searches within the refresh interval of the templates (5 s).
    """

    def __init__(self, settings: IndexSettings, *, pauses: Sequence[float] = PAUSES) -> None:
        self._slice = settings.slice
        self._url = settings.url
        self._names = Names(settings.prefix)
        self._client = connect(settings)
        self._setup = Setup(self._client, self._url, self._names)
        self._bulk = Bulk(self._client, self._url, self._setup.create, pauses)
        self._deletions = Deletions(self._client, self._url, self._names, self._bulk)
        self._reader = ElasticQueries(self._client, self._url, self._names)
        self._ready = False

    async def setup(self) -> None:
        await self._setup.setup()
        self._ready = True

    async def write(self, documents: Sequence[Document]) -> Written:
        if not documents:
            return Written()
        if not self._ready:
            await self._setup.check()
            self._ready = True
        batch = sort_out(documents)
        await self._bulk.write(gone_actions(self._names, batch))
        mentions = {id_: (mention_action(self._names, self._slice, m), m) for id_, m in batch.mentions.items()}
        others = list(other_actions(self._names, batch))
        refusals = await self._bulk.write([action for action, _ in mentions.values()] + others)
        given: dict[tuple[str, str], Document] = {(a.target, a.id): m for a, m in mentions.values()}
        events: list[Document] = [*batch.incidents.values(), *batch.history.values(), *batch.letters.values()]
        given |= {(a.target, a.id): d for a, d in zip(others, events, strict=True)}
        refused: dict[int, Refused] = {}
        for refusal in refusals:
            document = given[refusal.action.target, refusal.action.id]
            refused[id(document)] = Refused(document, refusal.reason)
        answers = await self._deletions.bury_late(
            {id_: pair for id_, pair in mentions.items() if id(pair[1]) not in refused}
        )
        names: set[str] = set()
        answers |= await self._deletions.carry_out(batch, names)
        return Written(refused=list(refused.values()), taken_back=list(answers.values()), authors=sorted(names))

    async def search(self, query: Query) -> Page:
        return await self._reader.search(query)

    async def volume(self, query: Query, seconds: int) -> list[Volume]:
        return await self._reader.volume(query, seconds)

    async def parts(self, query: Query, by: PartField, limit: int = 50) -> list[FieldCount]:
        return await self._reader.parts(query, by, limit)

    async def entities(self, limit: int = 50) -> list[tuple[str, str, int]]:
        return await self._reader.entities(limit)

    async def count(self) -> int:
        return await self._reader.count()

    async def existing(self, mention_ids: Sequence[str]) -> int:
        return await self._reader.existing(mention_ids)

    async def incidents(self, *, open_only: bool = False, limit: int = 50) -> list[IncidentEvent]:
        return await self._reader.incidents(open_only, limit)

    async def incident_history(self, incident_id: str, limit: int = 200) -> list[IncidentEvent]:
        return await self._reader.incident_history(incident_id, limit)

    async def newest_events(self, incident_ids: Sequence[str]) -> list[IncidentEvent]:
        return await self._reader.newest_events(incident_ids)

    async def events_of(self, entities: Sequence[str]) -> list[IncidentEvent]:
        with explained(self._url):
            both = [self._names.incidents, self._names.incident_events]
            await self._client.indices.refresh(index=both, ignore_unavailable=True)
        return await self._reader.events_of(entities)

    async def remembered(self, keys: Sequence[str]) -> set[str]:
        return await self._deletions.remembered(keys)

    async def dead_letters(self, *, stage: str | None = None, limit: int = 100) -> list[DeadLetter]:
        return await self._reader.dead_letters(stage, limit)

    async def dead_letter_counts(self) -> dict[str, int]:
        return await self._reader.dead_letter_counts()

    async def refresh(self) -> None:
        with explained(self._url):
            everything = [self._names.mentions, *self._names.single]
            await self._client.indices.refresh(index=everything, ignore_unavailable=True)

    async def expire(self, before: datetime) -> int:
        dropped = await self._setup.drop_before(before)
        # A deletion must be remembered as long as a slice stands that a late mention of it could enter.
        await self._deletions.forget_before(milliseconds(start_of(before, self._slice)))
        await self._deletions.drop_letters_before(milliseconds(before))
        return dropped

    async def remove(self) -> None:
        """Remove everything under the prefix, data included.  For tests and for starting anew."""
        await self._setup.remove()
        self._ready = False

    async def close(self) -> None:
        await self._client.close()
