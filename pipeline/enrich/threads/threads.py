"""Threads: replies inherit the entities of the post they answer.

"yeah, they suck" names nobody; it is about the company three posts up.  Each root post has one small value that says
which of the thread's posts were linked to whom, and which wait for a post that has not come (`orphans.py`).  An entry
knows the offset of the record that it came from, and a reader sees only what came before its own: a record that is
read again after a crash sees exactly what it saw the first time, so it gives the same mentions.

Links are inherited along known answers, or from the thread's root, and from no bystander: whoever names a company in
a thread about something else speaks for those who answer that post, and for at most `REACH` of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from pipeline.contracts.mentions import EntityRef

MAX_REVISIONS = 8
"""Versions of one post that are remembered."""

DECAY = 0.9
"""What is left of the confidence with each step down a thread."""
DECAY_UNKNOWN_PARENT = 0.7
"""The same where the parent is not known and the thread's root speaks for it."""
FLOOR = 0.3
"""Inherited confidence falls no lower: a long thread gets less sure whom it is about, but does not forget."""
REACH = 20
"""Answers that inherit a company, for each post of the thread that names it in its own words.  No bound where the
thread's root is about the company, or the company's own account is answered."""


class Revision(msgspec.Struct, array_like=True):
    """What one version of a post was linked to: positions in `Thread.entities` with confidences; and its depth, the
    number of steps that the link was inherited over (0 when the post itself names the entity).

    `issued` is the version under which its mentions were published: higher than the post's own where a late parent
    has changed them.  0 in values written before there was such a thing.  `by` is the company whose own account wrote
    it, -1 for anybody else.  `answered`: whether an answer to the post was remembered.
    """

    offset: int
    version: int
    depth: int
    links: list[tuple[int, float]]
    issued: int = 0
    by: int = -1
    answered: bool = False

    @property
    def published(self) -> int:
        """The version of its mentions."""
        return self.issued or self.version


class Orphan(msgspec.Struct, array_like=True):
    """A post, as it came, that answers one not known; by hashes of ids.  `arrived` in seconds; `named` when its own
    words say whom it is about."""

    offset: int
    version: int
    key: int
    parent: int
    arrived: float
    post: bytes
    named: bool = False


class Thread(msgspec.Struct, array_like=True):
    """Whom the posts of one thread were linked to, by the hash of their ids; `until` is when it expires (seconds).

    `outdated`: offsets of versions that came while a newer one of their post waited, the newest of them.  `first` is no
    longer read: it named the first linked post, whoever wrote it.
    """

    entities: list[tuple[str, str]] = []
    posts: dict[int, list[Revision]] = {}
    first: int = 0
    until: float = 0.0
    waiting: list[Orphan] = []
    outdated: list[int] = []


class Inherited(NamedTuple):
    """An entity taken over from the post that is answered."""

    entity: EntityRef
    confidence: float


class Inheritance(NamedTuple):
    """What a reply takes over, and over how many steps from the post that names the entities; `beyond_reach` counts
    entities that it does not take over since too many have (`REACH`)."""

    entities: list[Inherited]
    depth: int
    beyond_reach: int = 0


Now = Mapping[int, Revision]
"""What the record in hand has led to so far: read before anything that is remembered."""
_NOTHING_NOW: Now = {}


class ThreadCodec:
    """Bytes of a thread; the first byte is the version of this layout."""

    VERSION = b"\x01"

    def __init__(self) -> None:
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Thread).decode

    def encode(self, value: Any) -> bytes:
        return self.VERSION + self._encode(value)

    def decode(self, data: bytes) -> Thread:
        """The thread, or an empty one where the layout is of another version: links are then learnt anew."""
        return self._decode(data[1:]) if data[:1] == self.VERSION else Thread()


@lru_cache(maxsize=8_192)
def post_hash(post_id: str) -> int:
    """63 bits of a post id, or an author's (cached: each is asked for several times in a row)."""
    return int.from_bytes(blake2b(post_id.encode("utf-8", "replace"), digest_size=8).digest(), "big") >> 1


def inherit(
    thread: Thread | None, parent: int, root: int, offset: int, now: Now = _NOTHING_NOW, read_at: int | None = None
) -> Inheritance:
    """What a reply to `parent` is about when it names nobody itself, by what was read before `offset`.

    The parent's links where it is known, also if it is known to be about nobody; else, with less confidence, those of
    the thread's root.  `read_at` is the reply's own offset, where that is another: it has its rank among those that
    inherit by it.
    """
    if thread is None:
        return Inheritance([], 0)
    revision, decay, first = seen(thread, parent, offset, now), DECAY, seen(thread, root, offset, now)
    if revision is None:
        revision, decay = first, DECAY_UNKNOWN_PARENT
    if revision is None:
        return Inheritance([], 0)
    spoken = {number for number, _ in first.links} if first is not None else set()
    read_at = offset if read_at is None else read_at
    within = [
        (number, confidence)
        for number, confidence in revision.links
        if number in spoken or number == revision.by or _within_reach(thread, number, read_at, now)
    ]
    entities = [
        Inherited(EntityRef(*thread.entities[number]), max(FLOOR, round(confidence * decay, 3)))
        for number, confidence in within
    ]
    return Inheritance(entities, revision.depth + 1 if entities else 0, len(revision.links) - len(within))


def _within_reach(thread: Thread, number: int, offset: int, now: Now) -> bool:
    """Whether one more post may inherit an entity that the root is not about."""
    own_words = inherited = 0
    known = (next((r for r in reversed(revisions) if r.offset < offset), None) for revisions in thread.posts.values())
    for revision in filter(None, chain(known, now.values())):
        if any(number == linked for linked, _ in revision.links):
            own_words += revision.depth == 0
            inherited += revision.depth > 0
    return inherited < REACH * max(1, own_words)


def addressed(thread: Thread | None, parent: int, offset: int, now: Now = _NOTHING_NOW) -> Inheritance:
    """The company to whose own account a reply speaks, whomever else it names; see `inherit`."""
    revision = seen(thread, parent, offset, now) if thread is not None else None
    if thread is None or revision is None or revision.by < 0:
        return Inheritance([], 0)
    sure = max((confidence for number, confidence in revision.links if number == revision.by), default=1.0)
    return Inheritance([Inherited(EntityRef(*thread.entities[revision.by]), round(sure * DECAY, 3))], 0)


def seen(thread: Thread, key: int, offset: int, now: Now = _NOTHING_NOW) -> Revision | None:
    """The newest version of a post among the records before `offset`."""
    if key in now:
        return now[key]
    known = [r for r in thread.posts.get(key, ()) if r.offset < offset]
    return max(known, key=lambda r: (r.version, r.offset)) if known else None


def begun(thread: Thread | None, offset: int) -> bool:
    """Whether anything of a thread was read before `offset`."""
    return thread is not None and (
        any(revisions[0].offset < offset for revisions in thread.posts.values())
        or any(waiting.offset < offset for waiting in thread.waiting)
    )


def before(thread: Thread | None, post_id: str, offset: int) -> list[EntityRef]:
    """The entities to which versions of this post that were read before `offset` were linked."""
    if thread is None:
        return []
    revisions = thread.posts.get(post_hash(post_id), [])
    numbers = dict.fromkeys(number for r in revisions if r.offset < offset for number, _ in r.links)
    return [EntityRef(*thread.entities[number]) for number in numbers]


def newest(thread: Thread | None, post_id: str, offset: int) -> Revision | None:
    """What is remembered of the highest version of this post that was read before `offset`."""
    return seen(thread, post_hash(post_id), offset) if thread is not None else None


def issue(earlier: Revision | None, version: int) -> int:
    """The version under which the mentions of a post are published: its own, unless mentions of an earlier version
    were published under as high a one."""
    if earlier is None or version < earlier.version:
        return version
    if version == earlier.version:
        return earlier.published
    return max(version, earlier.published + 1)


def covering(thread: Thread | None, key: int, offset: int, version: int) -> int:
    """The version of a deletion that covers all that was published before `offset` of what it deletes."""
    known = () if thread is None else thread.posts.get(key, ())
    return max([version, *(r.published for r in known if r.offset < offset and r.version <= version)])
