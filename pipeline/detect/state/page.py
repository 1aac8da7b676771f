"""Pages of remembered posts: values beside an entity's state, written once.

A page is written before the state that counts on it.  After a crash in between, the state does not know of the page,
does again what led to it, and writes the same page again.  The number says whether a page is the one that is meant,
since later pages take the keys of those that count no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct as Layout
from struct import unpack_from
from typing import Final

from msgspec import Struct

WINDOW: Final = 2 * 1440
"""Minutes for which a post is known; by then nothing of it is left in the evidence."""

PAGE: Final = 64
"""Posts of a page, at most."""

PAGES: Final = 1024
"""Pages that an entity has at most."""

PREFIX: Final = "\0posts/"
"""Beginning of the keys of pages; no entity's id begins so."""

EXPIRES: Final = 2 * WINDOW * 60.0
"""Seconds after which a page may go, with room for entities whose clocks are behind."""

GONE: Final = 127
"""In place of the weight of a post that is deleted."""

HISTORY: Final = 126
"""In place of the weight of a post that came too late to be evidence of anything."""

OWN: Final = 125
"""In place of the weight of what the company itself said, which is counted nowhere."""

NEGATIVE: Final = 128
"""Added to the weight of a complaint."""

OLDEST: Final = 0xFFFF
"""The highest age in minutes, some forty-five days."""

POST: Final = "QHBBq"
"""A post: its hash, its age, its weight, the number of its thread (0: its own), its version."""

_LAYOUT: Final = Layout(f"<{POST}")


class RememberedPost(Struct, gc=False):
    """What is remembered of a post.

    `minute`: the entity's clock when it came; `weight` in hundredths; `root`: hash of its thread (0: its own);
    `version`: the newest that came, below zero for the stamp of a state of before version 5; `gone`: deleted in that
    version; `late`: it came too late to be evidence; `own`: the company said it.
    """

    minute: int
    negative: bool
    weight: int
    root: int
    version: int
    gone: bool
    late: bool = False
    own: bool = False


class PostPage(Struct, array_like=True, gc=False):
    """Posts as bytes, 20 each and 8 a thread; their ages are counted from `minute`."""

    number: int
    minute: int
    posts: bytes

    def at(self, position: int) -> RememberedPost:
        """The post at a position of the page."""
        return self._post(_LAYOUT.unpack_from(self.posts, self._first + _LAYOUT.size * position))

    def all(self) -> Iterator[tuple[int, RememberedPost]]:
        """Its posts by hash, in order."""
        for entry in self.entries():
            yield entry[0], self._post(entry)

    def entries(self) -> Iterator[tuple[int, ...]]:
        """The same in the layout of `POST`."""
        return _LAYOUT.iter_unpack(self.posts[self._first :])

    def hashes(self) -> tuple[int, ...]:
        """The hashes of its posts, in order."""
        count = self.posts[0] | self.posts[1] << 8
        return unpack_from("<" + "Q12x" * count, self.posts, self._first)

    def threads(self) -> tuple[int, ...]:
        """The hashes of the threads that its posts are of."""
        return unpack_from(f"<{self.posts[2]}Q", self.posts, 3)

    def newest(self) -> int:
        """The minute of its last post."""
        age: int = unpack_from("<H", self.posts, len(self.posts) - _LAYOUT.size + 8)[0]
        return self.minute - age

    @property
    def _first(self) -> int:
        return 3 + 8 * self.posts[2]

    def _post(self, entry: tuple[int, ...]) -> RememberedPost:
        _, age, what, number, version = entry
        root = unpack_from("<Q", self.posts, 8 * number - 5)[0] if number else 0
        return remembered(self.minute - age, what, root, version)


def remembered(minute: int, what: int, root: int, version: int) -> RememberedPost:
    """A post of which `what` says its weight, or what stands in place of it."""
    weight = what & GONE
    gone, late, own = weight == GONE, weight == HISTORY, weight == OWN
    weight = 0 if weight >= OWN else weight
    return RememberedPost(minute, what >= NEGATIVE, weight, root, version, gone, late, own)


def page_key(entity: str, number: int) -> str:
    """The key of a page; so many pages later it is used again."""
    return f"{PREFIX}{entity}/{number % PAGES}"
