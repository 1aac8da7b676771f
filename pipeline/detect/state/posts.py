"""Posts that an entity remembers: the newest in its state, those before in pages.

Posts are known for two days on the entity's clock after they came, however many they are, and some of the newest for
longer.  They lie in the order in which they came, in pages as bytes, and a map says where each is; so a post that comes
again lies twice, and the later position counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from struct import pack
from typing import Final

from pipeline.detect.state.page import (
    OLDEST,
    PAGE,
    PAGES,
    POST,
    WINDOW,
    PostPage,
    RememberedPost,
    page_key,
    remembered,
)

FRESH: Final = 96
"""Posts in the entity's own state, fewer than that; when they are so many, the oldest `PAGE` become a page."""

_ROOM: Final = 512  # positions that may stand for nothing, beside as many as count

Entry = tuple[int, int, int, int, int]
"""A post: its hash, the minute, its weight or what stands in place of it, the hash of its thread, its version."""


@dataclass(slots=True)
class RememberedPosts:
    """The newest posts, the pages before them, and where each post is.

    `begun`: how many pages there were, of which `written` need nobody's writing any more.  `held`: those that still
    count, by number, the oldest first.  `positions`: hash → page number * `PAGE` + position in it, as if the newest
    posts were in pages already, and for a while of posts that are forgotten.  `restored`: false when pages were written
    that are not in hand.  `entries`: the newest posts.
    """

    begun: int = 0
    written: int = 0
    held: dict[int, PostPage] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)
    restored: bool = True
    entries: list[Entry] = field(default_factory=list)

    def recall(self, key: int) -> RememberedPost | None:
        """The post of that hash, however old."""
        position = self.positions.get(key, -1)
        if position < 0:
            return None
        number = position // PAGE
        if number < self.begun:
            page = self.held.get(number)
            return None if page is None else page.at(position % PAGE)
        _, minute, what, root, version = self.entries[position - self.begun * PAGE]
        return remembered(minute, what, root, version)

    def note(self, key: int, minute: int, what: int, root: int, version: int) -> None:
        """Remember a post that comes at that minute of the entity's clock, in place of what was known of it.

        `what`: its weight in hundredths or `GONE`, and `NEGATIVE`.
        """
        self.positions[key] = self.begun * PAGE + len(self.entries)
        self.entries.append((key, minute, what, root, version))
        if len(self.entries) >= FRESH:
            self._turn(minute)

    def begin(self, minute: int) -> None:
        """The entity's clock begins; what came before, at no time, came just now."""
        self.entries = [(key, minute, what, root, version) for key, _, what, root, version in self.entries]

    def newest(self, most: int, minute: int) -> list[RememberedPost]:
        """The posts that came last and still count, at least `most` of them where there are so many, in order of
        arrival."""
        found = self._of(PostPage(self.begun, minute, self.fresh(minute)))
        for number in reversed(list(self.held)):
            if len(found) >= most:
                break
            page = self._of(self.held[number])
            found = [post for post in page if minute - post.minute <= WINDOW] + found
        return found

    def threads(self) -> set[int]:
        """The hashes of the threads of all that is in hand."""
        newest = {root for _, _, _, root, _ in self.entries if root}
        return newest.union(*[page.threads() for page in self.held.values()])

    def fresh(self, minute: int) -> bytes:
        """The newest posts as the bytes of a page, their ages counted from that minute."""
        return packed(self.entries, minute)

    def finished(self, entity: str) -> Iterator[tuple[str, PostPage]]:
        """The pages that have become full since the last call, by key."""
        for number in range(self.written, self.begun):
            if number in self.held:
                yield page_key(entity, number), self.held[number]
        self.written = self.begun

    def restore(self, minute: int, read: Callable[[int], PostPage | None]) -> None:
        """Take back the pages that were written, as far as they still count."""
        found: list[PostPage] = []
        for number in range(self.written - 1, max(-1, self.begun - 1 - PAGES), -1):
            page = read(number)
            if page is None or page.number != number or minute - page.newest() > WINDOW:
                break
            found.append(page)
        later = self.positions
        self.positions, pages = {}, self.held
        self.held = {}
        for page in reversed(found):
            self._hold(page)
        self.held.update(pages)
        self.positions.update(later)
        self.restored = True

    def _of(self, page: PostPage) -> list[RememberedPost]:
        """The posts of a page that have not come again since."""
        found: list[RememberedPost] = []
        position = page.number * PAGE
        for key, post in page.all():
            if self.positions.get(key, -1) == position:
                found.append(post)
            position += 1
        return found

    def _turn(self, minute: int) -> None:
        """The oldest of the newest posts become a page, or are forgotten when all are too old to matter."""
        full, self.entries = self.entries[:PAGE], self.entries[PAGE:]
        if minute - full[-1][1] <= WINDOW:
            self.held[self.begun] = PostPage(self.begun, minute, packed(full, minute))
            self.begun += 1
        else:
            self._drop(full)
        self._forget(minute)

    def _drop(self, full: list[Entry]) -> None:
        """Forget posts, and let those that came after them move up."""
        first = self.begun * PAGE
        for number, entry in enumerate((*full, *self.entries)):
            if self.positions.get(entry[0], -1) == first + number:
                if number < PAGE:
                    del self.positions[entry[0]]
                else:
                    self.positions[entry[0]] = first + number - PAGE

    def _hold(self, page: PostPage) -> None:
        self.held[page.number] = page
        position = page.number * PAGE
        for key in page.hashes():
            self.positions[key] = position
            position += 1

    def _forget(self, minute: int) -> None:
        """Let go of pages that are too many, or whose posts are too old to matter."""
        gone = []
        for number, page in self.held.items():
            if number >= self.begun - PAGES and minute - page.newest() <= WINDOW:
                break
            gone.append(number)
        for number in gone:
            del self.held[number]
        first = next(iter(self.held), self.begun)
        if len(self.positions) > 2 * (self.begun - first) * PAGE + _ROOM:
            # All at once, in order: to look each of them up costs five times as much.
            first *= PAGE
            self.positions = {key: position for key, position in self.positions.items() if position >= first}


def packed(entries: Sequence[Entry], minute: int) -> bytes:
    """The bytes of a page, 20 a post and 8 a thread, 255 threads at most; ages are counted from `minute`."""
    roots: dict[int, int] = {}
    values: list[int] = []
    for key, came, what, root, version in entries:
        number = roots.setdefault(root, len(roots) + 1) if root else 0
        age = minute - came
        values += (key, age if age < OLDEST else OLDEST, what, number, version)
    count = len(entries)
    return pack(f"<HB{len(roots)}Q" + POST * count, count, len(roots), *roots, *values)


def unpacked(data: bytes, minute: int, begun: int) -> RememberedPosts:
    """The newest posts, as `fresh` gave them at the same minute, without the `begun` pages before them.  States of
    earlier versions had more of them."""
    made = RememberedPosts(begun=begun, written=begun, restored=begun == 0)
    page = PostPage(begun, minute, data)
    roots = (0, *page.threads())
    for key, age, what, number, version in page.entries():
        made.note(key, minute - age, what, roots[number], version)
    return made
