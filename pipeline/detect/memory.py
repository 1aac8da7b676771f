"""How much a mention counts: each voice once, each text once.

Without this a handful of accounts, or one copied text, looks like a crowd.  Everything is bounded; when a memory is
full the oldest entry goes.  Times in here are whole minutes of event time since 1970.
"""

from __future__ import annotations

from struct import iter_unpack, pack, unpack_from
from zlib import crc32

from msgspec import Struct

IDS, AUTHORS, TEXTS = 160, 192, 80
"""Entries remembered per entity."""

AUTHOR_MINUTES = 360
"""An author counts in full once in this time."""

TEXT_MINUTES = 1440
"""A text is a copy when the same was seen within this time."""

SHORT_TEXT = 12
"""Texts below this many characters ("me too", "awful") are repeated by real people and are no copies."""

_AUTHOR_WEIGHT = (1.0, 0.3, 0.0, 0.0)


class Memory(Struct):
    """Recent post ids, authors and texts of an entity, as 32-bit hashes.

    `ids`: hash → minute << 8 | negative << 7 | weight in hundredths.  `authors`: hash → first minute << 2 | posts
    before (at most 3).  `texts`: hash → first minute << 4 | copies (at most 15).  Insertion order is age.
    """

    ids: dict[int, int] = {}
    authors: dict[int, int] = {}
    texts: dict[int, int] = {}

    def author_weight(self, author: str, minute: int) -> float:
        """1 for the first post of an author in six hours, then 0.3, then 0."""
        authors = self.authors
        key = crc32(author.encode())
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
        """How often the same text was heard within a day before (at most 15)."""
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

    def remember(self, key: int, minute: int, negative: bool, weight: float) -> None:
        """Note a post id and what its mention weighed, so that a repeat is dropped and a deletion can be taken back."""
        if len(self.ids) >= IDS:
            del self.ids[next(iter(self.ids))]
        self.ids[key] = minute << 8 | negative << 7 | int(weight * 100.0)

    def forget(self, key: int, minute: int) -> None:
        """A post is deleted: it weighs nothing now, and does not count should it be delivered again."""
        if key in self.ids:
            self.ids[key] = self.ids[key] & ~0xFF
        else:
            self.remember(key, minute, False, 0.0)

    def pack(self, minute: int) -> bytes:
        """All three as bytes, 7 + 6 + 6 an entry; `minute` is the entity's clock.

        Authors and texts too old to matter are left out, which changes no later answer.
        """
        ids = [(key, min(minute - (v >> 8), 0xFFFF), v & 255) for key, v in self.ids.items()]
        authors = [
            (k, minute - (v >> 2) << 2 | v & 3) for k, v in self.authors.items() if minute - (v >> 2) < AUTHOR_MINUTES
        ]
        texts = [
            (k, minute - (v >> 4) << 4 | v & 15) for k, v in self.texts.items() if minute - (v >> 4) < TEXT_MINUTES
        ]
        return b"".join(
            (
                pack("<HHH", len(ids), len(authors), len(texts)),
                pack("<" + "IHB" * len(ids), *[x for entry in ids for x in entry]),
                pack("<" + "IH" * len(authors), *[x for entry in authors for x in entry]),
                pack("<" + "IH" * len(texts), *[x for entry in texts for x in entry]),
            )
        )


def unpacked(data: bytes, minute: int) -> Memory:
    """The memory that `Memory.pack` wrote at the same minute."""
    ids, authors, texts = unpack_from("<HHH", data)
    first, second = 6 + 7 * ids, 6 + 7 * ids + 6 * authors
    return Memory(
        {key: minute - age << 8 | rest for key, age, rest in iter_unpack("<IHB", data[6:first])},
        {key: minute - (v >> 2) << 2 | v & 3 for key, v in iter_unpack("<IH", data[first:second])},
        {key: minute - (v >> 4) << 4 | v & 15 for key, v in iter_unpack("<IH", data[second : second + 6 * texts])},
    )
