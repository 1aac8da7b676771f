"""The index stage: writes mentions, incidents and dead letters as searchable documents.

Deletions of posts and accounts are answered on ``mentions.scored.v1`` with a `MentionDeleted` for every mention that
they take back, so that each entity's partition receives it.  The stage then reads its own answers; they write the same
tombstones again and are answered by nothing, so that it ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import structlog

from pipeline.contracts.decode import decode
from pipeline.contracts.headers import replays
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import MentionDeleted, ScoredMessage
from pipeline.contracts.origin import ERASED
from pipeline.contracts.topics import DEAD_LETTERS, INCIDENTS, MENTIONS_SCORED, Topic
from pipeline.errors import Malformed
from pipeline.index.erasure import Erasure
from pipeline.index.letters import dead_letter
from pipeline.index.protocol import DeadLetter, Document, Index, Refused, Written
from pipeline.stages.records import Outgoing, Record, Rejected, Result
from pipeline.stages.state import Codec, State

_SCORED: msgspec.json.Decoder[ScoredMessage] = msgspec.json.Decoder(ScoredMessage)
_EVENT = msgspec.json.Decoder(IncidentEvent)
_JSON = msgspec.json.Encoder()
_DEAD = frozenset(topic.name for topic in DEAD_LETTERS)
_log = structlog.get_logger()


class Entry(NamedTuple):
    """A document to write, and the record that it came from."""

    document: Document
    record: Record


class NoState:
    """The codec of a stage that keeps nothing."""

    def encode(self, value: Any) -> bytes:
        return b""

    def decode(self, data: bytes) -> Any:
        return None


class IndexStage:
    """See the module.  Keeps no state: versions in the index make repeated and late records harmless."""

    name = "index"
    sources: tuple[Topic, ...] = (MENTIONS_SCORED, INCIDENTS, *DEAD_LETTERS)
    stateful = False
    merges = False

    def __init__(self, index: Index) -> None:
        self._codec = NoState()
        self._index = index
        self._erasure = Erasure(index)

    @property
    def codec(self) -> Codec:
        return self._codec

    def handle(self, batch: Sequence[Record], state: State) -> Result:
        """Effects for every record that can be read; the others are rejected.

        Records of dead-letter topics are never rejected: they would come back for ever.
        """
        result = Result()
        for record in batch:
            try:
                document = self._document(record)
            except Malformed as reason:
                result.rejected.append(Rejected(record, reason))
            else:
                if document is not None:
                    result.effects.append(Entry(document, record))
        return result

    def _document(self, record: Record) -> Document | None:
        if record.topic in _DEAD:
            return dead_letter(record)
        if record.topic == INCIDENTS.name:
            return None if record.value is None else decode(record.value, _EVENT)  # None: compaction's own mark
        return decode(record.value, _SCORED)

    async def apply(self, effects: Sequence[Any]) -> Result:
        """Write the documents.  Raises `TransientError` when the index is away or busy."""
        entries: Sequence[Entry] = effects
        if not entries:
            return Result()
        documents = await self._erasure.cleaned([entry.document for entry in entries])
        written = await self._index.write(documents)
        records = {id(document): entry.record for document, entry in zip(documents, entries, strict=True)}
        result = Result()
        for refused in written.refused:
            if isinstance(refused.document, DeadLetter):
                await self._store_without_content(refused)
            else:
                reason = Malformed(
                    "refused_by_index",
                    refused.reason,
                    todo="Run `groundswell index setup`, then `groundswell dead-letters replay`",
                )
                result.rejected.append(Rejected(records[id(refused.document)], reason))
        arrived = max((e.record.arrived for e in entries), default=0.0)
        await self._erasure.clean_letters(documents)
        result.publish = [_answer(mention, arrived) for mention in written.taken_back]
        erased = await self._erased(entries, documents, written)
        overtaken = {id_: event for id_, event in (await self._overtaken(entries)).items() if id_ not in erased}
        result.publish += [_again(event, arrived, ERASED) for event in erased.values()]
        result.publish += [_again(event, arrived) for event in overtaken.values()]
        return result

    async def _erased(
        self, entries: Sequence[Entry], documents: Sequence[Document], written: Written
    ) -> dict[str, IncidentEvent]:
        """By incident the newest events of those that quoted what is deleted, without it.

        They are published first, and the index is cleaned when they come back: a crash in between loses neither.
        """
        again = await self._erasure.newest_changed(documents, written)
        cleaned = set()
        for entry, document in zip(entries, documents, strict=True):
            if isinstance(document, IncidentEvent) and document is not entry.document:
                cleaned.add(document.incident_id)
            elif isinstance(document, IncidentEvent) and entry.record.origin == ERASED:
                await self._erasure.clean_history(document)
        again += await self._erasure.newest(cleaned)
        return {event.incident_id: event for event in again}

    async def _overtaken(self, entries: Sequence[Entry]) -> dict[str, IncidentEvent]:
        """By incident the newest events of those of which an older one is now the last on the topic.

        A detector that has lost its partition may publish late, whenever it wakes up, and what is erased may be
        published when the detector has gone on.  Compaction would retain the older step; published again, the newest
        is the last under its key, whoever comes late: each that comes late is read here, too.
        """
        last: dict[str, IncidentEvent] = {}
        for document, record in entries:
            if isinstance(document, IncidentEvent) and not replays(record.headers):  # those have keys of their own
                last[document.incident_id] = document
        newest = await self._erasure.newest(last)
        return {event.incident_id: event for event in newest if event.at > last[event.incident_id].at}

    async def _store_without_content(self, refused: Refused) -> None:
        """A dead letter that the index refuses is kept as what is known of it: as a dead letter it would come back."""
        assert isinstance(refused.document, DeadLetter)
        bare = msgspec.structs.replace(
            refused.document,
            key=None,
            value=None,
            reason=f"{refused.document.reason} (the original is not kept: {refused.reason})",
        )
        if (await self._index.write([bare])).refused:
            _log.error("dead letter could not be kept", letter=bare.letter_id, reason=refused.reason)

    async def close(self) -> None:
        await self._index.close()


def _answer(mention: MentionDeleted, arrived: float) -> Outgoing:
    return Outgoing(MENTIONS_SCORED.name, mention.entity.id.encode(), _JSON.encode(mention), arrived)


def _again(event: IncidentEvent, arrived: float, origin: bytes = b"") -> Outgoing:
    return Outgoing(INCIDENTS.name, event.incident_id.encode(), _JSON.encode(event), arrived, origin)
