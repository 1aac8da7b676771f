"""Pages of remembered posts: values beside an entity's state, written once.

A page is written before the state that counts on it.  After a crash in between, the state does not know of the page,
does again what led to it, and writes the same page again.  The number says whether a page is the one that is meant,
since later pages take the keys of those that count no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from struct import pack
from typing import Final

from pipeline.detect.state.remembered_post import GONE, PostPage, RememberedPost

WINDOW: Final = 2 * 1440
"""Minutes for which a post is known; by then nothing of it is left in the evidence."""

PAGE: Final = 64
"""Posts of a page, at most."""

PAGES: Final = 1024
"""Pages that an entity has at most."""

PREFIX: Final = "\0posts/"
"""Beginning of the keys of pages; no entity's id begins so."""

_OLDEST: Final = 0xFFFF

EXPIRES: Final = 2 * WINDOW * 60.0
"""Seconds after which a page may go, with room for entities whose clocks are behind."""


@dataclass(slots=True)
class PostPages:
    """The pages of an entity's posts, and where in them each post is.

    `begun`: how many pages there were so far, of which `written` need nobody's writing any more.  `held`: those that
    still count, by number, the oldest first; `places`: hash → page number * `PAGE` + place in it.  `restored`: false
    when pages were written that are not in hand.
    """

    begun: int = 0
    written: int = 0
    held: dict[int, PostPage] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    restored: bool = True

    def recall(self, key: int) -> RememberedPost | None:
        """The post of that hash, however old."""
        place = self.places.get(key)
        return None if place is None else self.held[place // PAGE].at(place % PAGE)

    def turn(self, posts: list[tuple[int, RememberedPost]], minute: int) -> None:
        """Move posts to a page at that minute of the entity's clock, at most `PAGE`, all of them still to matter."""
        number = self.begun
        self._hold(PostPage(number, minute, packed_posts(posts, minute)))
        self.begun = number + 1
        self._forget(minute)

    def newest(self, most: int, minute: int, but: dict[int, RememberedPost]) -> list[RememberedPost]:
        """The posts that came last and still count, at least `most` of them where there are so many, in order of
        arrival; without those of `but`, which came again."""
        found: list[RememberedPost] = []
        for number in reversed(list(self.held)):
            if len(found) >= most:
                break
            page, place, posts = self.held[number], number * PAGE, list[RememberedPost]()
            for key, post in page.all():
                if self.places.get(key) == place and minute - post.minute <= WINDOW and key not in but:
                    posts.append(post)
                place += 1
            found = posts + found
        return found

    def finished(self, entity: str) -> Iterator[tuple[str, PostPage]]:
        """The pages that have been begun since the last call, by key."""
        for number in range(self.written, self.begun):
            if number in self.held:
                yield page_key(entity, number), self.held[number]
        self.written = self.begun

    def restore(self, minute: int, read: Callable[[int], PostPage | None]) -> None:
        """Take back the pages that were written, as far as they still count."""
        found: list[PostPage] = []
        for number in range(self.begun - 1, max(-1, self.begun - 1 - PAGES), -1):
            page = read(number)
            if page is None or page.number != number or minute - page.minute > WINDOW:
                break
            found.append(page)
        for page in reversed(found):
            self._hold(page)
        self.restored = True

    def _hold(self, page: PostPage) -> None:
        self.held[page.number] = page
        places, place = self.places, page.number * PAGE
        for key in page.hashes():
            places[key] = place
            place += 1

    def _forget(self, minute: int) -> None:
        """Let go of pages that are too many, or whose posts are too old to matter."""
        while self.held:
            number = next(iter(self.held))
            page = self.held[number]
            if number >= self.begun - PAGES and minute - page.minute <= WINDOW:
                return
            del self.held[number]
            places, first = self.places, number * PAGE
            for key in page.hashes():
                if first <= places.get(key, -1) < first + PAGE:
                    del places[key]


def packed_posts(posts: list[tuple[int, RememberedPost]], minute: int) -> bytes:
    """Posts by key as bytes, 20 a post and 8 a thread; ages are counted from `minute`, 255 threads at most."""
    roots: dict[int, int] = {0: 0}
    entries: list[int] = []
    for key, post in posts:
        number = roots.setdefault(post.root, len(roots)) if post.root else 0
        what = GONE if post.gone else post.weight
        age = min(minute - post.minute, _OLDEST)
        entries += (key, age, what | 128 if post.negative else what, number, post.version)
    threads = list(roots)[1:]
    return pack(f"<HB{len(threads)}Q" + "QHBBq" * len(posts), len(posts), len(threads), *threads, *entries)


def page_key(entity: str, number: int) -> str:
    """The key of a page; so many pages later it is used again."""
    return f"{PREFIX}{entity}/{number % PAGES}"
