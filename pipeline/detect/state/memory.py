"""Memory of recent posts, authors and texts, so that each voice and text counts once.

Without this a handful of accounts, or one copied text, looks like a crowd.  Everything is bounded; when a memory is
full the oldest entry goes.  Times in here are whole minutes of event time since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import iter_unpack, pack, unpack_from
from typing import Final, NamedTuple
from zlib import crc32

IDS: Final = 160
AUTHORS: Final = 192
TEXTS: Final = 80
"""Entries remembered per entity."""

AUTHOR_MINUTES: Final = 360
"""An author counts in full once in this time."""

TEXT_MINUTES: Final = 1440
"""A text is a copy when the same was seen within this time."""

SHORT_TEXT: Final = 12
"""Texts below this many characters ("me too", "awful") are repeated by real people and are no copies."""

GONE: Final = 0
"""The stamp of a post that was deleted."""

_AUTHOR_WEIGHT = (1.0, 0.3, 0.0, 0.0)
_MINUTES: Final = 0xFFFF_FFFF


class RememberedPost(NamedTuple):
    """What is remembered of a post: when it was written (minutes since 1970), what it weighed, its thread (0: its own),
    the stamp of its version."""

    minute: int
    negative: bool
    weight: float
    root: int
    stamp: int


@dataclass(slots=True)
class Memory:
    """Recent post ids, authors and texts of an entity, as 32-bit hashes.

    `ids`: hash → stamp of the version << 40 | minute << 8 | negative << 7 | weight in hundredths.  `roots`: hash →
    thread, of those that are answers.  `authors`: hash → first minute << 2 | posts before (at most 3).  `texts`: hash →
    first minute << 4 | copies (at most 15).  Insertion order is age.
    """

    ids: dict[int, int] = field(default_factory=dict)
    roots: dict[int, int] = field(default_factory=dict)
    authors: dict[int, int] = field(default_factory=dict)
    texts: dict[int, int] = field(default_factory=dict)

    def author_weight(self, key: int, minute: int) -> float:
        """1 for the first post of an author in six hours, then 0.3, then 0; `key`: CRC-32 of the author's id."""
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
            del authors[next(iter(authors))]
        authors[key] = minute << 2 | 1
        return 1.0

    def copies(self, text: str, minute: int) -> int:
        """How often the same text came within a day before (at most 15)."""
        texts = self.texts
        key = crc32(text.encode("utf-8", "replace"))
        known = texts.get(key)
        if known is not None:
            if minute - (known >> 4) < TEXT_MINUTES:
                before = known & 15
                if before < 15:
                    texts[key] = known + 1
                return before
            del texts[key]
        elif len(texts) >= TEXTS:
            del texts[next(iter(texts))]
        texts[key] = minute << 4 | 1
        return 0

    def version(self, key: int) -> int:
        """The stamp of the version of a post that came, `GONE` if it was deleted, -1 if it is not remembered."""
        value = self.ids.get(key)
        return -1 if value is None else value >> 40

    def mentions(self) -> list[tuple[int, bool]]:
        """The minutes of those posts that weigh something, and whether they complained, in order of arrival."""
        return [(value >> 8 & _MINUTES, bool(value & 128)) for value in self.ids.values() if value & 127]

    def full(self) -> bool:
        """Whether older posts have been forgotten."""
        return len(self.ids) >= IDS

    def remember(self, key: int, minute: int, negative: bool, weight: float, root: int = 0, stamp: int = GONE) -> None:
        """Note a post id and what its mention weighed, so that a repeat is dropped and a deletion can be made good."""
        ids = self.ids
        if len(ids) >= IDS:
            oldest = next(iter(ids))
            del ids[oldest]
            self.roots.pop(oldest, None)
        ids[key] = stamp << 40 | minute << 8 | negative << 7 | int(weight * 100.0)
        if root:
            self.roots[key] = root

    def recall(self, key: int) -> RememberedPost | None:
        """What is remembered of a post that is neither forgotten nor deleted."""
        value = self.ids.get(key)
        if value is None or value >> 40 == GONE:
            return None
        root = self.roots.get(key, 0)
        return RememberedPost(value >> 8 & _MINUTES, bool(value & 128), (value & 127) / 100.0, root, value >> 40)

    def forget(self, key: int, minute: int) -> None:
        """A post is deleted: it weighs nothing now, and does not count should it be delivered again."""
        if key in self.ids:
            self.ids[key] &= _MINUTES << 8
            self.roots.pop(key, None)
        else:
            self.remember(key, minute, False, 0.0)

    def unlearn(self, key: int, author: str, text: str) -> None:
        """A post is about to come in another version: as if it, its author's turn and its text had not been."""
        self.ids.pop(key, None)
        self.roots.pop(key, None)
        voice, words = crc32(author.encode()), crc32(text.encode("utf-8", "replace"))
        if self.authors.get(voice, 0) & 3:
            self.authors[voice] -= 1
        if self.texts.get(words, 0) & 15:
            self.texts[words] -= 1

    def pack(self, minute: int) -> bytes:
        """All three as bytes, 9 + 6 + 6 an entry, and 5 for the thread of an answer; `minute` is the entity's clock.

        Authors and texts too old to matter are left out, which changes no later answer.
        """
        ids: list[int] = []
        roots: list[int] = []
        for number, (key, value) in enumerate(self.ids.items()):
            age = minute - (value >> 8 & _MINUTES)
            ids += (key, age if age < 0xFFFF else 0xFFFF, value & 255, value >> 40)
            if key in self.roots:
                roots += (number, self.roots[key])
        authors, texts = _young(self.authors, 2, AUTHOR_MINUTES, minute), _young(self.texts, 4, TEXT_MINUTES, minute)
        return b"".join(
            (
                pack("<HHH", len(ids) // 4, len(authors) // 2, len(texts) // 2),
                pack("<" + "IHBH" * (len(ids) // 4), *ids),
                pack("<" + "IH" * (len(authors) // 2), *authors),
                pack("<" + "IH" * (len(texts) // 2), *texts),
                pack("<" + "BI" * (len(roots) // 2), *roots),
            )
        )


def _young(entries: dict[int, int], bits: int, minutes: int, minute: int) -> list[int]:
    """Keys, and ages in place of the minutes above so many bits, in turn; without what is too old."""
    found: list[int] = []
    for key, value in entries.items():
        age = minute - (value >> bits)
        if age < minutes:
            found += (key, age << bits | value & (1 << bits) - 1)
    return found


def unpacked(data: bytes, minute: int) -> Memory:
    """The memory that `Memory.pack` wrote at the same minute."""
    ids, authors, texts = unpack_from("<HHH", data)
    first = 6 + 9 * ids
    second = first + 6 * authors
    third = second + 6 * texts
    posts = list(iter_unpack("<IHBH", data[6:first]))
    return Memory(
        {key: stamp << 40 | minute - age << 8 | rest for key, age, rest, stamp in posts},
        {posts[number][0]: root for number, root in iter_unpack("<BI", data[third:])},
        {key: minute - (value >> 2) << 2 | value & 3 for key, value in iter_unpack("<IH", data[first:second])},
        {key: minute - (value >> 4) << 4 | value & 15 for key, value in iter_unpack("<IH", data[second:third])},
    )


def stamp(version: int) -> int:
    """A version of a post as 16 bits, never `GONE`: two versions nearly always differ."""
    return (version ^ version >> 16 ^ version >> 32 ^ version >> 48) & 0xFFFF or 1
