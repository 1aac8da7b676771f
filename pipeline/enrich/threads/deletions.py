"""Deletions that a partition remembers, for posts that come after their own deletion.

A deletion may overtake what it deletes.  The index refuses the post then; but a reply would be stored whole while it
waits for what it answers.  So deletions of posts and of authors are remembered, by hashes of ids, in values of a bound
size: of `BUCKETS` each holds the newest `SHARE` that fall to it, for `DAY` after the last.  A flood of deletions pushes
out older ones; what comes of that is a reply that waits, and is erased as one that has waited too long.

Each bucket stands by itself and takes in the same deletion once, so it does not matter where a crash cuts in.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.contracts.posts import AuthorDeleted, Post, PostDeleted, covered_by_author
from pipeline.contracts.values import milliseconds
from pipeline.enrich.threads.threads import post_hash
from pipeline.stages.records import Record
from pipeline.stages.state import State

BUCKETS = 64
"""Values of a partition among which deletions are divided, by their hashes."""
SHARE = 128
"""Deletions in one of them: some 3 kB."""
DAY = 86_400.0
"""Seconds after the last deletion for which a value is stored."""


class DeletionBucket(msgspec.Struct, array_like=True):
    """Deletions by what they delete, the oldest first, each with its version and its time (milliseconds)."""

    known: dict[int, tuple[int, int]] = {}


class KnownDeletions:
    """The deletions of the partition that a record lies on; reads and writes the stage's state."""

    def __init__(self, state: State, record: Record) -> None:
        self._state = state
        self._record = record

    def remember(self, message: PostDeleted | AuthorDeleted) -> None:
        """Note a deletion; of several of the same the widest counts."""
        key = post_hash(message.post_id) if isinstance(message, PostDeleted) else _author_hash(message.author_id)
        version, at = message.version, milliseconds(message.deleted_at)
        bucket = self._bucket(key) or DeletionBucket({})
        if (known := bucket.known.get(key)) is not None:
            version, at = max(version, known[0]), max(at, known[1])
            if (version, at) == known:
                return
            del bucket.known[key]
        elif len(bucket.known) >= SHARE:
            del bucket.known[next(iter(bucket.known))]
        bucket.known[key] = version, at
        arrived = self._record.arrived or self._record.timestamp or at / 1000
        self._state.put(self._name(key), bucket, self._record, expires=arrived + DAY)

    def cover(self, post: Post, received: datetime) -> bool:
        """Whether one of them deletes a post that was received at that time."""
        gone = self._known(post_hash(post.post_id))
        if gone is not None and post.version <= gone[0]:
            return True
        gone = self._known(_author_hash(post.author.id))
        if gone is None:
            return False
        return covered_by_author(*gone, post.version, milliseconds(post.created_at), milliseconds(received))

    def _known(self, key: int) -> tuple[int, int] | None:
        bucket = self._bucket(key)
        return None if bucket is None else bucket.known.get(key)

    def _bucket(self, key: int) -> DeletionBucket | None:
        found = self._state.get(self._name(key), self._record)
        return found if isinstance(found, DeletionBucket) else None

    def _name(self, key: int) -> str:
        return f"\0deleted/{self._record.partition}/{key % BUCKETS}"


def _author_hash(author_id: str) -> int:
    """Below zero, where no hash of a post lies."""
    return ~post_hash(author_id)
