"""River's half-space trees (Tan, Ting and Liu 2011) on two counts, scaled as its guide does; needs river."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from benchmarks.detection.peers.stream import BIN, HOUR, Peer, Scores, Seen, rolling


def scores(seen: Seen) -> Scores:
    """The forest's score of each bin of ten minutes, 0 where the last hour is no busier than usual."""
    from river import anomaly, compose, preprocessing

    model = compose.Pipeline(
        preprocessing.MinMaxScaler(), anomaly.HalfSpaceTrees(n_trees=10, height=8, window_size=144, seed=1)
    )
    hour = rolling(seen.negative, int(HOUR / BIN))
    usual, out = 0.0, np.zeros(len(hour))
    for place, (now, last) in enumerate(zip(seen.negative.tolist(), hour.tolist(), strict=True)):
        features = {"now": now, "hour": last}
        if last > 1.5 * usual:
            out[place] = model.score_one(features)
        model.learn_one(features)
        usual += (last - usual) / (place + 1)
    return seen.bin_ends, out


AVAILABLE = find_spec("river") is not None
PEER = Peer(
    "river's half-space trees", "river, anomaly.HalfSpaceTrees", scores, 1.0 - np.geomspace(0.3, 1e-6, 400), slow=True
)
