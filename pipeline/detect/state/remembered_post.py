"""Remembered posts: the version of each that counts, what it weighed, the bytes of many.

A page is a run of them that does not change any more; an entity's own state has the newest, and pages beside it hold
those of the time before.
"""

from __future__ import annotations

from struct import iter_unpack, pack, unpack_from
from typing import Final

_GONE: Final = 127
_OLDEST: Final = 0xFFFF


class RememberedPost:
    """What is remembered of a post.

    `minute`: the entity's clock when it came; `weight` in hundredths; `root`: hash of its thread (0: its own);
    `version`: the newest that came, below zero for the stamp of a state of before version 5; `gone`: deleted in that
    version; `page`: the number of the page that holds it.
    """

    __match_args__ = ("minute", "negative", "weight", "root", "version", "gone")
    __slots__ = ("gone", "minute", "negative", "page", "root", "version", "weight")

    def __init__(self, minute: int, negative: bool, weight: int, root: int, version: int, gone: bool) -> None:
        self.minute = minute
        self.negative = negative
        self.weight = weight
        self.root = root
        self.version = version
        self.gone = gone
        self.page = 0


def packed_posts(posts: list[tuple[int, RememberedPost]], minute: int) -> bytes:
    """Posts by key as bytes, 20 a post and 8 a thread; ages are counted from `minute`, 255 threads at most."""
    roots: dict[int, int] = {0: 0}
    entries: list[int] = []
    for key, post in posts:
        age = minute - post.minute
        number = roots.setdefault(post.root, len(roots))
        what = _GONE if post.gone else post.weight
        entries += (key, age if age < _OLDEST else _OLDEST, post.negative << 7 | what, number, post.version)
    return b"".join(
        (
            pack("<HB", len(posts), len(roots) - 1),
            pack(f"<{len(roots) - 1}Q", *[root for root in roots if root]),
            pack("<" + "QHBBq" * len(posts), *entries),
        )
    )


def unpacked_posts(data: bytes, first: int, minute: int) -> tuple[list[tuple[int, RememberedPost]], int]:
    """The posts that `packed_posts` wrote at the same minute, from the byte `first`, and the byte after them."""
    count, threads = unpack_from("<HB", data, first)
    first += 3
    roots = (0, *unpack_from(f"<{threads}Q", data, first))
    first += 8 * threads
    end = first + 20 * count
    posts = []
    for key, age, what, number, version in iter_unpack("<QHBBq", data[first:end]):
        gone = what & 127 == _GONE
        weight = 0 if gone else what & 127
        posts.append((key, RememberedPost(minute - age, bool(what & 128), weight, roots[number], version, gone)))
    return posts, end
