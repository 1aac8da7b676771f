"""The strongest simple peer: over several windows, the lower of a count score and a share score.

On the clean stream (each voice and text once), against the same seasonal baseline as the detector, so that only the
test differs.  Counts are Poisson, shares binomial; both scores are log-likelihood ratios.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log

from pipeline.detect.evidence.baseline import BIN, Baseline
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.state.memory import SHORT_TEXT, Memory

WINDOWS = (1, 3, 6, 18, 36, 72, 144)
"""In bins of ten minutes: up to a day."""

REFRACTORY = 6 * 3600.0


class MinScan:
    """One entity.  `hear` gives the score at each mention; an alarm is a score over a threshold."""

    def __init__(self) -> None:
        self.memory, self.baseline = Memory(), Baseline()
        self.clock = 0
        self.bins: list[tuple[float, float, float]] = []  # negative, other, expected negative
        self.spent = 0.0
        self.hot_until = 0.0

    def hear(self, m: InboundMention) -> float:
        key = self.memory.number(m.post_id)
        if self.memory.recall(key, self.clock // 60) is not None:
            return 0.0
        t = int(m.created_at.timestamp())
        if self.clock == 0:
            self.baseline.begin(t)
        late = self.clock - t > 600
        self.clock = max(self.clock, t)
        if self.clock >= self.baseline.bin_end:
            self._close()
        minute = self.clock // 60
        author = self.memory.author_weight(self.memory.number(m.author.id), minute)
        copies = self.memory.copies(m.text, minute) if len(m.text) >= SHORT_TEXT else 0
        weight = (0.4 * author if m.kind == "repost" else author) / (1 + copies)
        self.memory.remember(key, minute, False, 0.0, 0, m.version)
        x = weight if m.sentiment.negative >= 0.5 else 0.0
        self.baseline.negative += x
        self.baseline.other += weight - x
        return self._score() if x and not late else 0.0

    def _close(self) -> None:
        b = self.baseline
        gap = int((self.clock - b.bin_end) // BIN)
        negative, other = b.negative, b.other
        before = b.spent
        b.close(self.clock, self.clock < self.hot_until)
        due = (b.spent - before) / (gap + 1)
        self.bins.append((negative, other, due))
        self.bins += [(0.0, 0.0, due)] * min(gap, WINDOWS[-1])
        del self.bins[: -WINDOWS[-1]]

    def _score(self) -> float:
        b = self.baseline
        negative, other = b.negative, b.other
        due = b.mu_negative * (self.clock - (b.bin_end - BIN) + 1.0)
        best, done = 0.0, 0
        for window in WINDOWS:
            for past in self.bins[max(0, len(self.bins) - window + 1) : len(self.bins) - done]:
                negative += past[0]
                other += past[1]
                due += past[2]
            done = min(window - 1, len(self.bins))
            mean = max(due, 0.02)
            if negative > mean:
                count = (negative * log(negative / mean) - (negative - mean)) / b.phi
                best = max(best, min(count, _share(negative, negative + other, b.p0)))
        return best


def _share(negative: float, n: float, p0: float) -> float:
    p = negative / n
    if p <= p0:
        return 0.0
    return negative * log(p / p0) + ((n - negative) * log((1.0 - p) / (1.0 - p0)) if p < 1.0 else 0.0)


def scores(mentions: Iterable[InboundMention]) -> list[tuple[float, float]]:
    """(arrival in seconds, score) of the mentions that score at all."""
    scan, out = MinScan(), []
    for m in mentions:
        score = scan.hear(m)
        if score >= 2.0:
            out.append(((m.ingested_at or m.created_at).timestamp(), score))
    return out


def alarms(scored: list[tuple[float, float]], threshold: float) -> list[float]:
    """Arrival times of alarms, each at least six hours after the last score over the threshold."""
    last, out = -1e18, []
    for at, score in scored:
        if score >= threshold:
            if at - last >= REFRACTORY:
                out.append(at)
            last = at
    return out
