"""Recent events of a network, so that what comes again is known and costs nothing.

Events are known for a window of time after they were delivered, however many they are, and across restarts: their
identities are stored with the positions, in one transaction.  64 bits of a keyed hash each: a newcomer is taken for a
repeat by chance once in 10¹² events where some millions are known, and nobody without the key can bring that about.
"""

from __future__ import annotations

import array
import threading
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b

from pipeline.ingest.cursor import CursorStore

WINDOW = 900.0
"""Seconds for which an event is known at least: a rewind after a reconnect has some seconds, or minutes."""

GENERATIONS = 4
"""Parts of the window that are forgotten as a whole."""


class RecentEvents:
    """Events of one network that are in Kafka, whichever of its agents brought them.

    Guarantees: an event is known for at least `window` seconds of the wall clock after `add`, and is forgotten within a
    quarter more.  About 70 bytes of memory and 8 on disk for each.  May be used from any thread.
    """

    def __init__(
        self, store: CursorStore, network: str, window: float = WINDOW, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._network = network
        self._clock = clock
        self._length = window / GENERATIONS
        self._window = window
        self._key = store.hash_key()
        self._lock = threading.Lock()
        self._generations: tuple[tuple[float, set[int]], ...] = ()
        for saved_at, packed in store.recent(network, clock() - window):
            self.add(unpacked(packed), saved_at)

    def hashed(self, identity: str) -> int:
        """64 bits that stand for an identity."""
        digest = blake2b(identity.encode("utf-8", "replace"), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "little")

    def known(self, hashed: int) -> bool:
        """Whether this event was delivered within the window."""
        return any(hashed in generation for _, generation in self._generations)

    def add(self, hashes: Iterable[int], at: float | None = None) -> None:
        """Remember delivered events."""
        now = self._clock() if at is None else at
        with self._lock:
            generations = self._generations
            if not generations or abs(now - generations[-1][0]) > self._length:
                generations = (*generations, (now, set()))
                self._store.forget_recent(self._network, now - self._window)
            generations[-1][1].update(hashes)
            while len(generations) > 1 and now - generations[1][0] > self._window:
                generations = generations[1:]
            self._generations = generations[-GENERATIONS - 2 :]


def packed(hashes: Iterable[int]) -> bytes:
    """Eight bytes each, for the store."""
    return array.array("Q", hashes).tobytes()


def unpacked(identities: bytes) -> array.array[int]:
    """The reverse of `packed`; a piece at the end that is no whole identity is left out."""
    return array.array("Q", identities[: len(identities) // 8 * 8])
