"""The strongest simple peer, `benchmarks.detection.minscan`, as one of these."""

from __future__ import annotations

import numpy as np

from benchmarks.detection import minscan
from benchmarks.detection.peers.stream import Peer, Scores, Seen
from benchmarks.detection.streams import EPOCH


def scores(seen: Seen) -> Scores:
    """The lower of count score and share score, at mentions."""
    scored = np.array(minscan.scores(seen.month.mentions)).reshape(-1, 2)
    return scored[:, 0] - EPOCH.timestamp(), scored[:, 1]


PEER = Peer("min-scan", "benchmarks/detection/minscan.py", scores, np.arange(4.0, 16.1, 0.25))
