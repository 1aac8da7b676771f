"""Rules of every index: which version wins, what a deletion covers, what fits.

Times are milliseconds since 1970, as Elasticsearch keeps dates, so that both indices sort and filter alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec import Struct, field

from pipeline.contracts.account import author_key
from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import EntityRef, Mention, MentionDeleted
from pipeline.contracts.posts import AuthorDeleted, PostDeleted, covered_by_author
from pipeline.contracts.values import EPOCH, milliseconds
from pipeline.index.protocol import DeadLetter, Document

MAX_VALUE = 1_000_000
"""Bytes of a dead letter's original value that are kept."""

MAX_KEY = 4_096
MAX_REASON = 4_000
MAX_NAME = 256

_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999


def moment(at: int) -> datetime:
    """The time of milliseconds since 1970, in UTC; beyond Python's calendar its first or last day.

    >>> moment(1_773_489_600_000).isoformat()
    '2026-03-14T12:00:00+00:00'
    """
    return EPOCH + timedelta(milliseconds=min(max(at, _FIRST), _LAST))


class Deletion(NamedTuple):
    """A deletion as it is remembered: `key` says of what, `at` in milliseconds."""

    key: str
    version: int
    at: int

    def covers_post(self, mention: Mention) -> bool:
        """A post's deletion wins over everything of it with the same version or an older one."""
        return mention.version <= self.version

    def covers_author(self, mention: Mention) -> bool:
        """An account's deletion covers what was written or received before it (`covered_by_author`)."""
        dates = milliseconds(mention.created_at), milliseconds(mention.ingested_at)
        return covered_by_author(self.version, self.at, mention.version, *dates)

    def of(self, mention: Mention) -> MentionDeleted:
        """The tombstone that reports to others that this deletion took a mention back."""
        author = author_key(mention.network, mention.author.id)
        return taken_back(mention.mention_id, mention.post_id, mention.entity, mention.version, self, author)


def micro(when: datetime) -> int:
    """Microseconds since 1970: events of one incident can be less than a millisecond apart."""
    return milliseconds(when) * 1000 + when.microsecond % 1000


def taken_back(
    mention_id: str, post_id: str, entity: EntityRef, version: int, gone: Deletion, author: str | None
) -> MentionDeleted:
    """A mention's tombstone: no content, and a version that nothing covered by the deletion exceeds; `author` as of
    `author_key`."""
    return MentionDeleted(
        mention_id=mention_id,
        post_id=post_id,
        entity=entity,
        deleted_at=moment(gone.at),
        version=max(version, gone.version),
        author_key=author,
    )


def post_gone(post_id: str) -> str:
    """Key under which a post's deletion is remembered."""
    return f"post:{post_id}"


def author_gone(key: str) -> str:
    """Key under which an account's deletion is remembered; `key` as of `author_key`."""
    return f"author:{key}"


def name_gone(name: str) -> str:
    """Key under which the name of a deleted account is remembered: by hash, it names nobody."""
    return f"name:{sha256(name.encode('utf-8', 'replace')).hexdigest()[:32]}"


def names_of(mention: Mention) -> set[str]:
    """Under what an account may be shown."""
    author = mention.author
    return {name for name in (author.id, author.handle) if name}


class WriteBatch(Struct):
    """Documents of one write by kind, one a document id: of several only the newest, the later one of equals.

    `given` maps what will be stored to the document that the caller gave, for answers about refusals.
    """

    mentions: dict[str, Mention] = field(default_factory=dict)
    tombstones: dict[str, MentionDeleted] = field(default_factory=dict)
    gone: dict[str, Deletion] = field(default_factory=dict)
    incidents: dict[str, IncidentEvent] = field(default_factory=dict)
    history: dict[str, IncidentEvent] = field(default_factory=dict)
    letters: dict[str, DeadLetter] = field(default_factory=dict)


def sort_out(documents: Sequence[Document]) -> WriteBatch:
    """Documents by kind and id.  Their order does not matter otherwise: versions decide."""
    batch = WriteBatch()
    for document in documents:
        if isinstance(document, Mention):
            known = batch.mentions.get(document.mention_id)
            if known is None or document.version >= known.version:
                batch.mentions[document.mention_id] = document
        elif isinstance(document, MentionDeleted):
            earlier = batch.tombstones.get(document.mention_id)
            if earlier is None or document.version >= earlier.version:
                batch.tombstones[document.mention_id] = document
        elif isinstance(document, PostDeleted):
            _remember(batch, post_gone(document.post_id), document.version, document.deleted_at)
        elif isinstance(document, AuthorDeleted):
            key = author_gone(author_key(document.network, document.author_id))
            _remember(batch, key, document.version, document.deleted_at)
        elif isinstance(document, IncidentEvent):
            newest = batch.incidents.get(document.incident_id)
            if newest is None or document.at >= newest.at:
                batch.incidents[document.incident_id] = document
            batch.history[event_id(document)] = document
        else:
            letter = storable(document)
            batch.letters[letter.letter_id] = letter
    return batch


def _remember(batch: WriteBatch, key: str, version: int, deleted_at: datetime) -> None:
    """Of several deletions of the same the widest counts."""
    gone = Deletion(key, version, milliseconds(deleted_at))
    known = batch.gone.get(key, gone)
    batch.gone[key] = Deletion(key, max(known.version, gone.version), max(known.at, gone.at))


def event_id(event: IncidentEvent) -> str:
    """An incident event's own id: the same event is one document, however often it is written."""
    return f"{event.incident_id}|{event.at.isoformat()}|{event.event}"


def storable(letter: DeadLetter) -> DeadLetter:
    """A dead letter that any index can take: what is too long is cut, and the reason says so."""
    notes = []
    value, key = letter.value, letter.key
    value_bytes, key_bytes = letter.value_bytes, letter.key_bytes
    if value is not None and len(value) > MAX_VALUE:
        notes.append(f"the value has {len(value):,} bytes, the first {MAX_VALUE:,} are kept")
        value, value_bytes = value[:MAX_VALUE], value_bytes or len(value)
    if key is not None and len(key) > MAX_KEY:
        notes.append(f"the key has {len(key):,} bytes, the first {MAX_KEY:,} are kept")
        key, key_bytes = key[:MAX_KEY], key_bytes or len(key)
    reason = clean(letter.reason)
    if len(reason) > MAX_REASON:
        notes.append("the reason is cut")
        reason = reason[:MAX_REASON]
    return msgspec.structs.replace(
        letter,
        letter_id=short(letter.letter_id),
        stage=clean(letter.stage)[:MAX_NAME],
        topic=clean(letter.topic)[:MAX_NAME],
        code=clean(letter.code)[:MAX_NAME],
        partition=_int64(letter.partition),
        offset=_int64(letter.offset),
        key=key,
        value=value,
        key_bytes=key_bytes,
        value_bytes=value_bytes,
        previous=None if letter.previous is None else short(clean(letter.previous)),
        reason=f"{reason} ({'; '.join(notes)})" if notes else reason,
    )


def _int64(number: int) -> int:
    return max(-(2**63), min(number, 2**63 - 1))


def clean(text: str) -> str:
    """Text that every store takes: without NUL, and with a question mark for half a surrogate pair."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def short(identifier: str) -> str:
    """The identifier itself, or its hash where Elasticsearch would refuse it as too long (512 bytes)."""
    data = identifier.encode("utf-8", "replace")
    return data.decode() if len(data) <= 512 else f"sha256:{sha256(data).hexdigest()}"
