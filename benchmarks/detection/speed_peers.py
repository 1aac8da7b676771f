"""What others take for the feed of the detector's speed bench: River's detectors, and a rolling window in pandas.

Neither does the detector's job: they know no threads, copies, late mentions or hours of the day, and explain nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec

from pipeline.detect.mentions.inbound import InboundMention


def measured(mentions: Sequence[InboundMention]) -> list[tuple[str, float | str]]:
    """Name and microseconds a mention, or what is missing."""
    rows: list[tuple[str, float | str]] = []
    for name, package, peer, most in (
        ("River: ADWIN of the share of negatives, one an entity", "river", _adwin, 100_000),
        ("River: half-space trees on gap and probability, one an entity", "river", _trees, 5_000),
        ("pandas: negatives in a rolling hour against a rolling week", "pandas", _rolling, len(mentions)),
    ):
        part = mentions[:most]
        rows.append((name, _timed(peer, part) if find_spec(package) else f"needs `pip install {package}`"))
    return rows


def _timed(peer: Callable[[Sequence[InboundMention]], int], part: Sequence[InboundMention]) -> float:
    begun = time.process_time()
    peer(part)
    return (time.process_time() - begun) / len(part) * 1e6


def _adwin(mentions: Sequence[InboundMention]) -> int:
    from river.drift import ADWIN

    known: dict[str, ADWIN] = {}
    drifts = 0
    for m in mentions:
        detector = known.get(m.entity.id)
        if detector is None:
            detector = known[m.entity.id] = ADWIN()
        detector.update(m.sentiment.negative)
        drifts += detector.drift_detected
    return drifts


def _trees(mentions: Sequence[InboundMention]) -> int:
    from river.anomaly import HalfSpaceTrees

    known: dict[str, tuple[HalfSpaceTrees, float]] = {}
    high = 0
    for m in mentions:
        now = m.created_at.timestamp()
        trees, before = known.get(m.entity.id) or (HalfSpaceTrees(seed=1), now)
        features = {"gap": min(1.0, abs(now - before) / 3600.0), "negative": m.sentiment.negative}
        high += trees.score_one(features) > 0.95
        trees.learn_one(features)
        known[m.entity.id] = trees, now
    return high


def _rolling(mentions: Sequence[InboundMention]) -> int:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "entity": [m.entity.id for m in mentions],
            "negative": [float(m.sentiment.negative >= 0.5) for m in mentions],
        },
        index=pd.DatetimeIndex([m.created_at for m in mentions]),
    ).sort_index()
    negatives = frame.groupby("entity")["negative"]
    hour, week = negatives.rolling("60min").sum(), negatives.rolling("7D").sum() / (7 * 24)
    return int((hour > week + 3.0 * week**0.5 + 3.0).sum())
