"""Memory of a thread: whom its posts are about, within a bound in bytes.

What matters is what somebody may yet answer.  Where there is no more room, posts go that nobody has answered: first
those about nobody, then those that inherit, then those that name somebody themselves; after that posts that were
answered, in the same order; then what a company's own account wrote; the oldest first.  The thread's root stays.  So a
stranger who fills a thread pushes out his own, and answers to posts that are gone inherit from the root.

A record that is read again after a crash sees what it saw the first time, except for posts that have gone since: those
that it answered itself are among the last to go.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.contracts.mentions import EntityRef
from pipeline.enrich.threads.threads import MAX_REVISIONS, Revision, Thread, post_hash

MAX_ENTITIES = 8
"""Entities remembered for one post, the surest first."""
MAX_BYTES = 32_768
"""Of what is remembered of one thread's posts, without those that wait: some 600 posts."""
SPARE = 0.1
"""Share of it that is freed at a time: looking for what may go costs a pass over all."""

_FEW = 32
"""Posts, and entities, that need no count: with all their versions and links they are less."""
_POST, _REVISION, _LINK, _ENTITY = 10, 32, 11, 4
"""Bytes of each as it is stored; of a link with its number and confidence, of an entity besides its id and name."""


def revise(
    thread: Thread,
    offset: int,
    version: int,
    depth: int,
    links: list[tuple[EntityRef, float]],
    issued: int,
    by: EntityRef | None = None,
) -> Revision:
    """A revision with the strongest links, its entities numbered."""
    strongest = sorted(links, key=lambda link: (-link[1], link[0].id))[:MAX_ENTITIES]
    numbered = [(_number(thread, entity), sure) for entity, sure in strongest]
    return Revision(offset, version, depth, numbered, issued, -1 if by is None else _number(thread, by))


def remember(thread: Thread, key: int, revision: Revision, parent: int | None = None) -> bool:
    """Note what a post is linked to, and that its parent was answered; gives whether anything changed.

    Nothing changes when the record was noted already, or too many versions of the post are.
    """
    revisions = thread.posts.get(key, [])
    if any(r.offset == revision.offset for r in revisions) or len(revisions) >= MAX_REVISIONS:
        return False
    if revisions:
        revision.answered = revisions[-1].answered
    thread.posts[key] = sorted([*revisions, revision], key=lambda r: r.offset)
    if parent is not None and (answered := thread.posts.get(parent)):
        answered[-1].answered = True
    return True


def make_room(thread: Thread, needed: Sequence[str]) -> None:
    """Forget what matters least where too much is remembered; posts whose ids are `needed` stay."""
    if len(thread.posts) <= _FEW and len(thread.entities) <= _FEW:
        return
    size = sum(map(_bytes, thread.posts.values())) + sum(_ENTITY + len(i) + len(name) for i, name in thread.entities)
    if size <= MAX_BYTES:
        return
    aim = MAX_BYTES * (1.0 - SPARE)
    candidates = thread.posts.keys() - set(map(post_hash, needed))
    for key in sorted(candidates, key=lambda key: _matters(thread.posts[key])):
        if size <= aim:
            break
        size -= _bytes(thread.posts.pop(key))
    _renumber(thread)


def _matters(revisions: list[Revision]) -> tuple[bool, bool, int, int]:
    """How much a post matters, more last."""
    newest = revisions[-1]
    linked = (2 if newest.depth == 0 else 1) if newest.links else 0
    return newest.by >= 0, newest.answered, linked, newest.offset


def _bytes(revisions: list[Revision]) -> int:
    return _POST + sum(_REVISION + _LINK * len(revision.links) for revision in revisions)


def _renumber(thread: Thread) -> None:
    """Forget the entities that no post is linked to any more."""
    used = {n for revisions in thread.posts.values() for r in revisions for n in (r.by, *(n for n, _ in r.links))}
    numbers = {old: new for new, old in enumerate(sorted(used - {-1}))} | {-1: -1}
    thread.entities = [thread.entities[old] for old in sorted(used - {-1})]
    for revisions in thread.posts.values():
        for revision in revisions:
            revision.by = numbers[revision.by]
            revision.links = [(numbers[number], confidence) for number, confidence in revision.links]


def _number(thread: Thread, entity: EntityRef) -> int:
    pair = (entity.id, entity.name)
    if pair not in thread.entities:
        thread.entities.append(pair)
    return thread.entities.index(pair)
