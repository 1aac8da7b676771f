"""The protocol of an index, implemented by Elasticsearch and by the embedded SQLite.

Writes are idempotent: a document's id is deterministic and its version comes from the source, so that writing the same
again, or something older, changes nothing.  Reading is for people and for the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

from pipeline.contracts.incidents import IncidentEvent
from pipeline.contracts.mentions import Mention, MentionDeleted
from pipeline.contracts.posts import AuthorDeleted, PostDeleted
from pipeline.contracts.values import Label


class DeadLetter(Struct, kw_only=True):
    """A record that a stage could not process, as kept for a person: original bytes (base64 in JSON) and the reason.

    `letter_id` is stage, topic, partition and offset: the same record is one dead letter, however often it fails.
    """

    letter_id: str
    stage: str
    topic: str
    partition: int
    offset: int
    code: str
    reason: str
    key: bytes | None
    value: bytes | None
    first_seen: datetime
    replayed_at: datetime | None = None
    key_bytes: int | None = None
    """How long the key was, where it is cut."""
    value_bytes: int | None = None
    """How long the value was, where it is cut."""
    tries: int = 0
    """How often the record had been sent again from the dead letters before it failed this time."""
    previous: str | None = None
    """The letter that it was sent again from."""


Order = Literal["newest", "oldest", "reach", "best"]
"""By time, by the followers of the author, by how well the words match; ties by id."""

PartField = Literal["entity", "network", "lang", "sentiment"]
"""Fields by which mentions can be parted."""

Document = Mention | MentionDeleted | PostDeleted | AuthorDeleted | IncidentEvent | DeadLetter


class Refused(NamedTuple):
    """A document that the index will never take, with its words."""

    document: Document
    reason: str


class Written(Struct):
    """What came of a write: what was refused, the mentions that deletions by post or author took back, and the names
    under which deleted accounts were shown."""

    refused: list[Refused] = []
    taken_back: list[MentionDeleted] = []
    authors: list[str] = []


class Query(Struct, kw_only=True, frozen=True):
    """A search over mentions: `text` in the query language (docs/search.md; empty for any), and filters.

    `entity` is an id or a name.  `after` is the `next` of the page before: pages go on from there however many they
    are, while `offset` reaches the first 10,000 hits.  `now` is what dates in words go by; the clock where unset.
    """

    text: str = ""
    entity: str | None = None
    sentiment: Label | None = None
    network: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    order: Order = "newest"
    limit: int = 20
    offset: int = 0
    after: str = ""
    now: datetime | None = None


class Page(Struct, frozen=True):
    """One page of hits, and how many there are in all; `next` is for the page after it, empty where there is none."""

    total: int
    mentions: list[Mention]
    next: str = ""


class FieldCount(Struct, frozen=True):
    """Mentions and negative mentions that have one value of a field."""

    value: str
    mentions: int
    negative: int


class Volume(Struct, frozen=True):
    """Mentions and negative mentions of one span that begins at `start`."""

    start: datetime
    mentions: int
    negative: int


class Index(Protocol):
    """See the module.  Every method may raise `TransientError` (away, busy: try again) or `TerminalError`."""

    async def setup(self) -> None:
        """Make or renew templates and tables; safe to repeat."""
        ...

    async def write(self, documents: Sequence[Document]) -> Written:
        """Write all documents; on return they survive a crash of this process.

        Older versions than the one kept are passed over in silence.  A deleted post stays deleted, also when its
        mention comes after its deletion.
        """
        ...

    async def search(self, query: Query) -> Page: ...

    async def volume(self, query: Query, seconds: int) -> list[Volume]:
        """Mentions over time in spans of `seconds`, oldest first, for the mentions that the query finds.

        Spans begin at multiples of `seconds` since 1970; those without a mention are left out.
        """
        ...

    async def parts(self, query: Query, by: PartField, limit: int = 50) -> list[FieldCount]:
        """What the query finds by a field, most first; mentions without a value are left out."""
        ...

    async def entities(self, limit: int = 50) -> list[tuple[str, str, int]]:
        """(id, name, mentions) of the entities most mentioned."""
        ...

    async def count(self) -> int:
        """Mentions in the index, deletions not counted; exact after `refresh`."""
        ...

    async def existing(self, mention_ids: Sequence[str]) -> int:
        """How many of these mentions the index holds (at most 1,000 asked at a time)."""
        ...

    async def incidents(self, *, open_only: bool = False, limit: int = 50) -> list[IncidentEvent]:
        """The newest event of each incident, newest first."""
        ...

    async def incident_history(self, incident_id: str, limit: int = 200) -> list[IncidentEvent]:
        """The events of one incident, oldest first."""
        ...

    async def newest_events(self, incident_ids: Sequence[str]) -> list[IncidentEvent]:
        """The newest event of each of these incidents that the index knows; also what was written just now."""
        ...

    async def events_of(self, entities: Sequence[str]) -> list[IncidentEvent]:
        """Every event of every incident of these entities, in no particular order; also what was written just now."""
        ...

    async def remembered(self, keys: Sequence[str]) -> set[str]:
        """Those of these keys (`pipeline.index.documents`, `pipeline.index.erasure`) that are remembered as deleted."""
        ...

    async def dead_letters(self, *, stage: str | None = None, limit: int = 100) -> list[DeadLetter]:
        """Dead letters, newest first."""
        ...

    async def dead_letter_counts(self) -> dict[str, int]:
        """Dead letters by stage and code, as ``stage/code``."""
        ...

    async def refresh(self) -> None:
        """Make everything written so far visible to searches (tests and `--wait`; never the hot path)."""
        ...

    async def expire(self, before: datetime) -> int:
        """Drop mentions created before, whole time slices where the index has them; gives the number of slices or
        rows dropped.  Dead letters first seen and deletions made before go too."""
        ...

    async def close(self) -> None: ...
