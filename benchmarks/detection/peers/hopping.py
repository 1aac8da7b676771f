"""What a first Faust program does: a hopping window of an hour, moved on by ten minutes, and a fixed count."""

from __future__ import annotations

import numpy as np

from benchmarks.detection.peers.stream import BIN, HOUR, Peer, Scores, Seen, rolling


def scores(seen: Seen) -> Scores:
    """Negatives delivered in the last hour; deliveries are counted, since a window remembers no ids."""
    return seen.bin_ends, rolling(seen.deliveries, int(HOUR / BIN))


PEER = Peer("hopping window, fixed count", "the usual Faust example", scores, np.arange(5.0, 1_500.0, 5.0))
