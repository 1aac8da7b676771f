"""Resolves the root of every post, also where a network names another post as such.

Posts are kept together by their root, so a post and what it answers must name the same.  Networks do not always do so:
of a quote they name the post that is quoted, which may be an answer itself; of an answer to a quote, the quote; some
name no root at all, only the post that is answered.  Here the root of each such post is remembered when it arrives,
and what refers to it gets that root.
"""

from __future__ import annotations

import threading
from hashlib import blake2b

import msgspec

from pipeline.contracts.posts import Post, PostDeleted, RawMessage

REMEMBERED = 200_000
"""Posts whose root is another post; about 40 MB.  On a network with 40 of them a second that is 80 minutes."""


class Roots:
    """Roots of the latest answers, quotes and reposts.

    Guarantees: a post that refers to one of the `limit` latest that arrived before it gets its root; any other stays
    as it is, so that it is together with the post that it names, and with nothing above that.  O(1) a post.  The agents
    of a network share one: it may be used from any thread.
    """

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._roots: dict[int, str] = {}
        self._lock = threading.Lock()

    def resolved(self, message: RawMessage) -> RawMessage:
        """The message with the root of its thread; remembers it.  A deletion follows the post that it takes back, as
        long as that is remembered."""
        if isinstance(message, PostDeleted) and message.root_id is None and (known := self.known(message.post_id)):
            return msgspec.structs.replace(message, root_id=known)
        if not isinstance(message, Post):
            return message
        root = self.root(message.post_id, message.parent_id, message.root_id)
        return message if root == message.root_id else msgspec.structs.replace(message, root_id=root)

    def root(self, post_id: str, parent_id: str | None, root_id: str | None) -> str | None:
        """The root of a post of which the network says this much; None for one that refers to nothing."""
        named = root_id or parent_id
        if named is None or named == post_id:
            return root_id
        root = self._roots.get(_key(named)) or self._roots.get(_key(parent_id or named)) or named
        if root == post_id:  # they refer to each other
            return root_id
        self._remember(_key(post_id), root)
        return root

    def known(self, post_id: str) -> str | None:
        """The root of a post that refers to another and is remembered."""
        return self._roots.get(_key(post_id))

    def _remember(self, key: int, root: str) -> None:
        with self._lock:
            if key not in self._roots and len(self._roots) >= self._limit:
                del self._roots[next(iter(self._roots))]
            self._roots[key] = root


def _key(post_id: str) -> int:
    """63 bits of an id: a memory of whole ids would be several times as large."""
    return int.from_bytes(blake2b(post_id.encode("utf-8", "replace"), digest_size=8).digest(), "big") >> 1
