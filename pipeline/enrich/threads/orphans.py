"""Orphans: replies that arrived before the post they answer.

A reply to a post that is not known waits for `WAIT` seconds of event time (arrival of the one to arrival of the
other), also one that names somebody, for it may speak to a company's own account.  What comes of it:

- *The parent comes late* and is about somebody: the reply is published again, one version higher, with the parent's
  entities; and so are replies to that reply which wait as well.  Mentions that have lost their ground are taken back.
- *The parent never comes*, or later than that: the reply stays what it was when it was read.  In a thread whose root
  is known to be about somebody it has inherited that, with less confidence; and it does so still when the root comes
  within the wait.

Which replies wait is decided by what was read before them alone, so a replay gives the same answers; except that what
was erased, replaced by an edit or pushed out since (`waiting.py`) is not published once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pipeline.contracts.posts import Post
from pipeline.enrich.threads.threads import (
    MAX_REVISIONS,
    Inheritance,
    Now,
    Orphan,
    Revision,
    Thread,
    addressed,
    inherit,
    post_hash,
    seen,
)

WAIT = 3600.0
"""Seconds that a reply waits for what it answers."""
SLACK = 600.0
"""Seconds for which it is kept beyond that: partitions are not read at quite the same pace."""
MAX_WAITING = 24
"""Replies of one thread that wait at a time; later ones do not wait."""
MAX_BYTES = 65_536
"""Bytes of all of them together."""


def waits(thread: Thread | None, parent: int, offset: int) -> bool:
    """Whether what a post answers is not known, or itself waits."""
    if thread is None:
        return True
    if any(w.key == parent and w.offset < offset for w in thread.waiting):
        return True
    return seen(thread, parent, offset) is None


def outdated(thread: Thread, newest: Revision | None, post: Post, offset: int) -> bool:
    """Whether a newer version of a post was read before `offset`: the newest that is remembered, or one that waited.

    The latter is noted, for it may wait no longer when the record is read again.
    """
    if (newest is not None and newest.version > post.version) or offset in thread.outdated:
        return True
    key = post_hash(post.post_id) if thread.waiting else 0
    if not any(w.key == key and w.version > post.version and w.offset < offset for w in thread.waiting):
        return False
    thread.outdated = [*thread.outdated, offset][-MAX_WAITING:]
    return True


def replaced(thread: Thread, waiting: Orphan) -> bool:
    """Whether a newer version of a post waits already or, when its record is read again, has been linked since."""
    later = (*(w for w in thread.waiting if w.key == waiting.key), *thread.posts.get(waiting.key, ()))
    return any(known.version > waiting.version for known in later)


def enqueue(thread: Thread, waiting: Orphan) -> bool:
    """Note a post that waits, and forget those that have waited too long; gives whether anything changed.

    Nothing changes when the record was noted already, or as many wait as may.
    """
    if any(w.offset == waiting.offset for w in thread.waiting):
        return False
    remaining = [w for w in thread.waiting if waiting.arrived - w.arrived <= 2.0 * WAIT]
    size = sum(len(w.post) for w in remaining) + len(waiting.post)
    if len(remaining) >= MAX_WAITING or size > MAX_BYTES:
        return False
    thread.waiting = sorted([*remaining, waiting], key=lambda w: w.offset)
    return True


def erase(thread: Thread, offset: int, key: int, version: int) -> bool:
    """Forget what waits of a post up to a version, as far as it was read before `offset`; gives whether any did."""
    return _drop(thread, lambda w: w.key == key and w.version <= version and w.offset < offset)


def drop(thread: Thread, offset: int) -> bool:
    """Forget the post that waits since the record at `offset`; gives whether it did."""
    return _drop(thread, lambda w: w.offset == offset)


def _drop(thread: Thread, goes: Callable[[Orphan], bool]) -> bool:
    remaining = [w for w in thread.waiting if not goes(w)]
    changed, thread.waiting = len(remaining) < len(thread.waiting), remaining
    return changed


def concerned(thread: Thread, key: int, offset: int, arrival: float) -> Sequence[Orphan]:
    """The posts that wait when the record at `offset` brings news of post `key`: newest versions, parents first."""
    newest: dict[int, Orphan] = {}
    for waiting in thread.waiting:
        if waiting.offset < offset and waiting.key != key and abs(arrival - waiting.arrived) <= WAIT:
            held = newest.get(waiting.key)
            if held is None or waiting.version >= held.version:
                newest[waiting.key] = waiting
    live = {k: w for k, w in newest.items() if not _outdated(thread, w, offset)}
    return list(_parents_first(live))


def republished(thread: Thread, offset: int, concerned: Sequence[Orphan]) -> dict[int, Revision]:
    """What the record at `offset` led to when it was read before, of replies that wait no longer: those that answer
    them still see it."""
    waiting = {w.key for w in concerned}
    found = {key: r for key, revisions in thread.posts.items() for r in revisions if r.offset == offset}
    return {key: revision for key, revision in found.items() if key not in waiting}


def changed(
    thread: Thread, waiting: Orphan, root: int, offset: int, now: Now
) -> tuple[Inheritance, Inheritance] | None:
    """What a waiting post inherited before and what it inherits now, where that is not the same."""
    if waiting.named:
        old, new = addressed(thread, waiting.parent, offset), addressed(thread, waiting.parent, offset, now)
    else:
        old = inherit(thread, waiting.parent, root, offset, read_at=waiting.offset)
        new = inherit(thread, waiting.parent, root, offset, now, waiting.offset)
    return None if old[:2] == new[:2] else (old, new)


def _outdated(thread: Thread, waiting: Orphan, offset: int) -> bool:
    """Whether a newer version of the post has been read, which names somebody, or it was published often enough."""
    revision = seen(thread, waiting.key, offset)
    if revision is None:
        return False
    again = sum(r.offset < offset for r in thread.posts[waiting.key])
    return revision.version > waiting.version or again >= MAX_REVISIONS


def _parents_first(waiting: dict[int, Orphan]) -> Iterator[Orphan]:
    """Each before those that answer it; posts that answer each other in a circle by offset."""
    left = dict(sorted(waiting.items(), key=lambda item: item[1].offset))
    while left:
        ready = [key for key, reply in left.items() if reply.parent not in left or reply.parent == key]
        for key in ready or [next(iter(left))]:
            yield left.pop(key)
