"""Quotable posts: complaints that an incident may show as evidence, in little room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

POST_BYTES: Final = 220
"""Most bytes of a quotable post; longer texts are cut, longer ids make it unfit."""

NAME_BYTES: Final = 32
"""Most bytes of an author's name."""


class QuotablePost:
    """A negative post that may be quoted as evidence; `root` is the hash of its thread, `slot` that of its narrative
    (-1: none), `at` its event time in whole seconds."""

    __match_args__ = ("post_id", "author", "text", "at", "url", "root", "replies", "slot")
    __slots__ = __match_args__

    def __init__(
        self, post_id: str, author: str, text: str, at: int, url: str | None, root: int, replies: int = 0,
        slot: int = -1,
    ) -> None:  # fmt: skip
        self.post_id = post_id
        self.author = author
        self.text = text
        self.at = at
        self.url = url
        self.root = root
        self.replies = replies
        self.slot = slot

    def copy(self) -> QuotablePost:
        """The same, counted by itself from now on."""
        return QuotablePost(
            self.post_id, self.author, self.text, self.at, self.url, self.root, self.replies, self.slot
        )  # fmt: skip


def retain_post(
    posts: list[QuotablePost], post: QuotablePost, most: int, starts: Sequence[int] = (), roots: Sequence[int] = ()
) -> None:
    """Add a post to those that are remembered; the one that drew the fewest answers for its age makes room.

    While there are others to go, the only post of a narrative stays, and so does what may turn out to be where it
    began: the first post since each of the times `starts`, and the first in each of the threads `roots`.
    """
    if len(posts) >= most:
        slots = [each.slot for each in posts]
        begun = beginnings(posts, starts, roots)
        least, fewest = 0, 1e18
        for number, other in enumerate(posts):
            worth = other.replies + other.at / 3600.0
            if number in begun or (other.slot >= 0 and slots.count(other.slot) == 1):
                worth += 1e9
            if worth < fewest:
                least, fewest = number, worth
        del posts[least]
    posts.append(post)


def beginnings(posts: list[QuotablePost], starts: Sequence[int], roots: Sequence[int]) -> set[int]:
    """Positions of the first post since each time, and of the first in each thread; -1 where there is none."""
    found = {_first(posts, start, 0) for start in starts}
    return found | {_first(posts, -1, root) for root in roots}


def _first(posts: list[QuotablePost], since: int, root: int) -> int:
    """Position of the earliest post since a time, of one thread or (0) of any."""
    first, earliest = -1, 1 << 60
    for number, post in enumerate(posts):
        if since <= post.at < earliest and (root == 0 or post.root == root):
            first, earliest = number, post.at
    return first


def clip(text: str, most: int) -> str:
    """At most `most` bytes of UTF-8 of a text, in whole characters, white space folded."""
    text = " ".join(text[: 2 * most].split())
    if text.isascii():
        return text if len(text) <= most else text[: most - 3] + "…"
    data = text.encode("utf-8", "replace")
    return text if len(data) <= most else data[: most - 3].decode("utf-8", "ignore") + "…"


def quotable_post(post_id: str, author: str, text: str, at: int, url: str | None, root: int) -> QuotablePost | None:
    """A post cut to `POST_BYTES`, or None when its id leaves no room for a text."""
    author = clip(author, NAME_BYTES)
    room = POST_BYTES - len(post_id.encode("utf-8", "replace")) - len(author.encode())
    if room < 60:
        return None
    if url is not None and len(url.encode("utf-8", "replace")) > room - 80:
        url = None
    if url is not None:
        room -= len(url)
    return QuotablePost(post_id, author, clip(text, room), at, url, root)
