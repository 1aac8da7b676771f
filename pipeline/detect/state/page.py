"""Pages of remembered posts: values beside an entity's state, written once.

A page is written before the state that counts on it.  After a crash in between, the state does not know of the page,
does again what led to it, and writes the same page again.  The number says whether a page is the one that is meant,
since later pages take the keys of those that count no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from pipeline.detect.state.memory import PAGES, WINDOW, Memory
from pipeline.detect.state.remembered_post import packed_posts, unpacked_posts

PREFIX = "\0posts/"
"""Beginning of the keys of pages; no entity's id begins so."""

EXPIRES = 2 * WINDOW * 60.0
"""Seconds after which a page may go, with room for entities whose clocks are behind."""


class PostPage(Struct, array_like=True):
    """Posts that came up to `minute`, from which their ages are counted."""

    number: int
    minute: int
    posts: bytes


def page_key(entity: str, number: int) -> str:
    """The key of a page; so many pages later it is used again."""
    return f"{PREFIX}{entity}/{number % PAGES}"


def finished(memory: Memory, entity: str, minute: int) -> Iterator[tuple[str, PostPage]]:
    """The pages that have been begun since the last call, by key."""
    for number, posts in memory.unsaved.items():
        yield page_key(entity, number), PostPage(number, minute, packed_posts(posts, minute))
    memory.unsaved = {}


def restore(memory: Memory, minute: int, read: Callable[[int], PostPage | None]) -> None:
    """Take back the pages of a memory that was read, as far as they still count."""
    found = []
    for number in range(memory.pages - 1, max(-1, memory.pages - 1 - PAGES), -1):
        page = read(number)
        if page is None or page.number != number or minute - page.minute > WINDOW:
            break
        found.append((page, unpacked_posts(page.posts, 0, page.minute)[0]))
    for page, posts in reversed(found):
        memory.restore(page.number, posts, minute)
    memory.restored = True
