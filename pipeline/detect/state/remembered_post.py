"""Remembered posts: the version of each that counts, what it weighed, the bytes of many.

A page is a run of them that does not change any more; an entity's own state has the newest, and pages beside it hold
those of the time before.  There are thousands an entity, so they hold nothing that the garbage collector looks for.
"""

from __future__ import annotations

from struct import Struct as Layout
from struct import unpack_from
from typing import Final

from msgspec import Struct

GONE: Final = 127
_POST: Final = Layout("<QHBBq")


class RememberedPost(Struct, gc=False):
    """What is remembered of a post.

    `minute`: the entity's clock when it came; `weight` in hundredths; `root`: hash of its thread (0: its own);
    `version`: the newest that came, below zero for the stamp of a state of before version 5; `gone`: deleted in that
    version.
    """

    minute: int
    negative: bool
    weight: int
    root: int
    version: int
    gone: bool


class PostPage(Struct, array_like=True, gc=False):
    """Posts that came up to `minute`, from which their ages are counted."""

    number: int
    minute: int
    posts: bytes

    def at(self, place: int) -> RememberedPost:
        """The post at a place of the page."""
        return _post(_POST.unpack_from(self.posts, _first(self.posts) + _POST.size * place), self.posts, self.minute)

    def all(self) -> list[tuple[int, RememberedPost]]:
        """Its posts by key, in order."""
        return unpacked_posts(self.posts, self.minute)

    def hashes(self) -> tuple[int, ...]:
        """The hashes of its posts, in order."""
        (count,) = unpack_from("<H", self.posts)
        return unpack_from("<" + "Q12x" * count, self.posts, _first(self.posts))


def unpacked_posts(data: bytes, minute: int) -> list[tuple[int, RememberedPost]]:
    """The posts by key that `packed_posts` wrote at the same minute."""
    return [(entry[0], _post(entry, data, minute)) for entry in _POST.iter_unpack(data[_first(data) :])]


def _first(data: bytes) -> int:
    """The byte at which the posts begin, after the threads that they are of."""
    return 3 + 8 * data[2]


def _post(entry: tuple[int, ...], data: bytes, minute: int) -> RememberedPost:
    _, age, what, number, version = entry
    root = unpack_from("<Q", data, 8 * number - 5)[0] if number else 0
    gone = what & GONE == GONE
    return RememberedPost(minute - age, what > GONE, 0 if gone else what & GONE, root, version, gone)
