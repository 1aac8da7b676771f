"""Documents as Elasticsearch stores them: ids, versions, and the way back.

A mention and its tombstone share an id.  Their versions are doubled, and the tombstone's is odd, so that among equals
the deletion wins and nothing older comes back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from pipeline.contracts.account import author_key
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import Mention, MentionDeleted
from pipeline.contracts.values import milliseconds
from pipeline.index.documents import Deletion, WriteBatch, micro, short
from pipeline.index.elastic.bulk import Action
from pipeline.index.elastic.slices import slice_of
from pipeline.index.elastic.templates import Names
from pipeline.index.protocol import DeadLetter

_JSON = msgspec.json.Encoder()
_LARGEST = 2**62 - 1
"""Of the versions that the contract allows only the very last does not fit when doubled."""


def mention_gone(mention_id: str) -> str:
    """Key under which it is remembered that a mention was taken back."""
    return f"mention:{mention_id}"


def mention_action(names: Names, size: Literal["month", "day"], mention: Mention) -> Action:
    """Write a mention into its slice."""
    source = _with_author(_JSON.encode(mention), author_key(mention.network, mention.author.id))
    index = names.slice(slice_of(mention.created_at, size))
    return Action(index, short(mention.mention_id), 2 * min(mention.version, _LARGEST), source)


def tombstone_action(index: str, mention: MentionDeleted, author: str) -> Action:
    """Put a tombstone in the place of a mention; the author stays as a hash, to answer a repeated deletion."""
    source = _JSON.encode(msgspec.structs.replace(mention, author_key=author))
    return Action(index, short(mention.mention_id), 2 * min(mention.version, _LARGEST) + 1, source)


def gone_actions(names: Names, batch: WriteBatch) -> list[Action]:
    """Remember the deletions of a batch.

    Of two deletions of one account the one dated later is kept, for its date decides; of a post or a mention, the one
    with the higher version.
    """
    records = [
        (gone, max(gone.at, 0) if gone.key.startswith("author:") else gone.version) for gone in batch.gone.values()
    ]
    for mention in batch.tombstones.values():
        gone = Deletion(mention_gone(mention.mention_id), mention.version, milliseconds(mention.deleted_at))
        records.append((gone, gone.version))
    return [
        Action(names.deletions, short(gone.key), version, _JSON.encode(gone._asdict())) for gone, version in records
    ]


def other_actions(names: Names, batch: WriteBatch) -> Iterator[Action]:
    """Write the incidents and dead letters of a batch."""
    for id_, event in batch.incidents.items():
        yield Action(names.incidents, short(id_), max(micro(event.at), 0), _JSON.encode(event))
    for id_, event in batch.history.items():
        yield Action(names.incident_events, short(id_), 0, _JSON.encode(event))
    for id_, letter in batch.letters.items():
        replayed = 0 if letter.replayed_at is None else max(milliseconds(letter.replayed_at), 0)
        yield Action(names.dead_letters, id_, replayed, _JSON.encode(letter))


def _with_author(document: bytes, author: str) -> bytes:
    return document[:-1] + b',"author_key":"' + author.encode() + b'"}'


def mention_of(source: dict[str, Any]) -> Mention:
    """A mention from the index."""
    return msgspec.convert(source, Mention)


def event_of(source: dict[str, Any]) -> IncidentEvent:
    """An incident event from the index."""
    return msgspec.convert(source, IncidentEvent)


def letter_of(source: dict[str, Any]) -> DeadLetter:
    """A dead letter from the index."""
    return msgspec.convert(source, DeadLetter)
