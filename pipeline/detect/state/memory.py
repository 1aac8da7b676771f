"""Memory of posts, authors and texts, so that each voice and text counts once.

Without this a handful of accounts, or one copied text, looks like a crowd.  Posts are known for two days on the
entity's clock after they came, however many they are (`posts.py`).  Beyond `PAGES` pages, some 65,000 posts of a
company in two days (1.4 MB), the oldest are forgotten, live or deleted: deleting one of those changes nothing, and one
that comes again counts again, as evidence only where it is less than ten minutes old.  Of authors and texts so many are
remembered; the oldest goes.
Times in here are whole minutes of event time since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from struct import iter_unpack, pack, unpack_from
from typing import Final
from zlib import crc32

from pipeline.detect.state import posts
from pipeline.detect.state.keyed_hash import FIXED, keyed_hash
from pipeline.detect.state.page import GONE, HISTORY, NEGATIVE, OWN, WINDOW, RememberedPost
from pipeline.detect.state.posts import RememberedPosts

SHOWN: Final = 160
"""The newest posts whose times show in an incident from before it was found."""

AUTHORS: Final = 192
TEXTS: Final = 80
"""Authors and texts remembered per entity."""

AUTHOR_MINUTES: Final = 360
"""An author counts in full once in this time."""

TEXT_MINUTES: Final = 1440
"""A text is a copy when the same was seen within this time."""

SHORT_TEXT: Final = 12
"""Texts below this many characters ("me too", "awful") are repeated by real people and are no copies."""

UNKEYED: Final = 1 << 32
"""Hashes below are of a state of before version 5."""

_AUTHOR_WEIGHT = (1.0, 0.3, 0.0, 0.0)
_SELDOM: Final = 127


@dataclass(slots=True)
class Memory:
    """Recent posts, authors and texts of an entity, by keyed hashes.

    `authors`: hash → first minute << 2 | posts before (at most 3).  `texts`: hash → first minute << 4 | copies (at most
    15).  Insertion order is age.  `unkeyed`: hashes of an older state that count until `unkeyed_until`.
    """

    secret: int = FIXED
    posts: RememberedPosts = field(default_factory=RememberedPosts)
    authors: dict[int, int] = field(default_factory=dict)
    texts: dict[int, int] = field(default_factory=dict)
    unkeyed: set[int] = field(default_factory=set)
    unkeyed_until: int = 0

    def number(self, name: str) -> int:
        """The hash under which a post, an author, a text or a thread is known here."""
        if self.unkeyed:
            old = crc32(name.encode("utf-8", "replace"))
            if old in self.unkeyed:
                return old
        return keyed_hash(name, self.secret)

    def author_weight(self, key: int, minute: int) -> float:
        """1 for the first post of an author in six hours, then 0.3, then 0; `key`: the hash of the author's id."""
        authors = self.authors
        known = authors.get(key)
        if known is not None:
            if minute - (known >> 2) < AUTHOR_MINUTES:
                before = known & 3
                if before < 3:
                    authors[key] = known + 1
                return _AUTHOR_WEIGHT[before]
            del authors[key]
        elif len(authors) >= AUTHORS:
            del authors[_oldest(authors)]
            if key & _SELDOM == 0:  # to find the oldest, a dictionary walks over the deleted: a copy has none
                self.authors = authors = dict(authors)
        authors[key] = minute << 2 | 1
        return 1.0

    def copies(self, text: str, minute: int, again: bool = False) -> int:
        """How often the same text came within a day before (at most 15); `again`: its post has come before, perhaps
        with this text, and is not counted as a copy of itself."""
        texts = self.texts
        key = self.number(text)
        known = texts.get(key)
        if known is not None:
            if minute - (known >> 4) < TEXT_MINUTES:
                before = known & 15
                if before < 15:
                    texts[key] = known + 1
                return before - 1 if again and before else before
            del texts[key]
        elif len(texts) >= TEXTS:
            del texts[_oldest(texts)]
        texts[key] = minute << 4 | 1
        return 0

    def recall(self, key: int, minute: int) -> RememberedPost | None:
        """What is remembered of a post, live or deleted, at that minute of the entity's clock."""
        post = self.posts.recall(key)
        return post if post is not None and minute - post.minute <= WINDOW else None

    def remember(
        self, key: int, minute: int, negative: bool, weight: float, root: int, version: int, late: bool = False
    ) -> None:
        """Note a post and what its mention weighed, so that a repeat is dropped and a deletion can be made good; one
        that came `late` has been evidence of nothing."""
        what = HISTORY if late else int(weight * 100.0)
        self.posts.note(key, minute, what | NEGATIVE if negative else what, root, version)

    def remember_own(self, post_id: str, minute: int, version: int) -> None:
        """Note what the company itself said, so that answers to it are known to be about the company."""
        self.posts.note(self.number(post_id), minute, OWN, 0, version)

    def delete(self, key: int, minute: int, version: int) -> RememberedPost | None:
        """A post is deleted in a version; gives what it had weighed when it takes a live one away.

        An older deletion than what came since changes nothing; a newer one is remembered, known or not.
        """
        post = self.recall(key, minute)
        if post is not None and (post.version > version or (post.gone and post.version == version)):
            return None
        self.posts.note(key, minute, GONE, 0, version)
        return None if post is None or post.gone or post.own else post

    def unlearn(self, author: str) -> None:
        """A post is about to come in another version: as if its author's turn had not been.

        Its text stays: which it was is not remembered, and an edit must not make room for a copy of somebody else's.
        """
        voice = self.number(author)
        if self.authors.get(voice, 0) & 3:
            self.authors[voice] -= 1

    def mentions(self, minute: int) -> tuple[list[tuple[int, bool]], bool]:
        """The minutes of the newest posts that weigh something, and whether they complained, in order of arrival; and
        whether there are older ones."""
        known = self.posts.newest(SHOWN, minute)
        newest = [(post.minute, post.negative) for post in known[-SHOWN:] if post.weight]
        return newest, len(known) >= SHOWN or self.posts.begun > 0

    def pack(self, minute: int) -> bytes:
        """What is not in pages as bytes, 20 a post and 10 an author or a text; `minute` is the entity's clock.

        Authors and texts too old to matter are left out, which changes no later answer.
        """
        authors, texts = _young(self.authors, 2, AUTHOR_MINUTES, minute), _young(self.texts, 4, TEXT_MINUTES, minute)
        return b"".join(
            (
                pack("<QIIHH", self.secret, self.posts.begun, self.unkeyed_until, len(authors) // 2, len(texts) // 2),
                pack("<" + "QH" * (len(authors) // 2), *authors),
                pack("<" + "QH" * (len(texts) // 2), *texts),
                self.posts.fresh(minute),
            )
        )


def _oldest(entries: dict[int, int]) -> int:
    for key in entries:
        return key
    raise KeyError("nothing is remembered")


def _young(entries: dict[int, int], bits: int, minutes: int, minute: int) -> list[int]:
    """Keys, and ages in place of the minutes above so many bits, in turn; without what is too old."""
    found: list[int] = []
    for key, value in entries.items():
        age = minute - (value >> bits)
        if age < minutes:
            found += (key, age << bits | value & (1 << bits) - 1)
    return found


def unpacked(data: bytes, minute: int) -> Memory:
    """The memory that `Memory.pack` wrote at the same minute, without its pages."""
    secret, pages, unkeyed_until, authors, texts = unpack_from("<QIIHH", data)
    second = 20 + 10 * authors
    third = second + 10 * texts
    return Memory(
        secret=secret,
        posts=posts.unpacked(data[third:], minute, pages),
        authors=aged(iter_unpack("<QH", data[20:second]), 2, minute),
        texts=aged(iter_unpack("<QH", data[second:third]), 4, minute),
        unkeyed_until=unkeyed_until,
    )


def aged(entries: Iterable[tuple[int, ...]], bits: int, minute: int) -> dict[int, int]:
    """Keys and numbers with minutes in place of the ages above so many bits."""
    return {key: minute - (value >> bits) << bits | value & (1 << bits) - 1 for key, value in entries}


def stamp(version: int) -> int:
    """What states of before version 5 remember of a post's version: 16 bits, never 0."""
    return (version ^ version >> 16 ^ version >> 32 ^ version >> 48) & 0xFFFF or 1
