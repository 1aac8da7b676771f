"""Near misses: evidence that came near a threshold and stayed below it.

Reads the detector's evidence from its state after each negative mention, the same numbers that the detector compares;
changes nothing.  A candidate is a stretch in which evidence stood at `NEAR` of its threshold or more, over when it has
been below for `APART`.  A stretch in which an incident is open, or opens, is no candidate: that is an incident.
"""

from __future__ import annotations

import heapq
from datetime import UTC, datetime
from zlib import crc32

from msgspec import Struct

from pipeline.detect import lifecycle, thresholds, together
from pipeline.detect.detector import CAUTION, GROUNDSWELL_AFTER, SURGE_AFTER, SURGE_MENTIONS
from pipeline.detect.entity import EntityState
from pipeline.detect.heard import HeardMention
from pipeline.detect.thresholds import Table, TestName, Thresholds

NEAR = 0.7
"""Share of a threshold from which evidence is worth a look."""

APART = lifecycle.REFRACTORY
"""Seconds of event time that keep two candidates of an entity apart."""

KEPT = 50
"""Most candidates kept, the nearest."""


class Candidate(Struct, kw_only=True):
    """A stretch that came near: at its height (`at`, an arrival), `value` of evidence against `threshold` in `test`.

    `would_need`: the false alarms per entity and month, promised for all tests together, at which it would have been
    told.  `text` is the mention that led to the height.
    """

    entity: str
    name: str
    test: TestName
    at: datetime
    value: float
    threshold: float
    would_need: float
    author: str
    text: str
    began: int
    until: int

    @property
    def ratio(self) -> float:
        """Evidence as a share of the threshold, below 1."""
        return self.value / self.threshold


class Nearness:
    """Watches one run of the detector, all entities; bounded by one candidate in progress an entity and `KEPT`."""

    def __init__(self, table: Table | None = None) -> None:
        self._table = thresholds.shipped() if table is None else table
        self._now: dict[str, Candidate] = {}
        self._kept: list[tuple[float, int, Candidate]] = []
        self._order = 0

    def look(self, s: EntityState, m: HeardMention, limits: Thresholds) -> None:
        """Look at the evidence after the detector has heard `m`."""
        key = m.entity.id
        now = self._now.get(key)
        if now is not None and s.clock - now.until > APART:
            self._keep(self._now.pop(key))
            now = None
        if any(incident is not None and incident.open for incident in (s.acute, s.slow)):
            if now is not None:
                del self._now[key]
            return
        if m.author_role == "own" or m.sentiment.negative < 0.5:
            return
        for test, curve, value, limit in _evidence(s, m, limits):
            # At 1 and above it is told already, or held back by a rule that is not about evidence.
            if not NEAR <= value / limit < 1.0:
                continue
            if now is None or value / limit > now.ratio:
                began = s.clock if now is None else now.began
                now = self._now[key] = self._candidate(s, m, (test, curve), value, limit, began)
            now.until = s.clock

    def nearest(self) -> list[Candidate]:
        """The candidates, the nearest first."""
        for key in list(self._now):
            self._keep(self._now.pop(key))
        return [candidate for _, _, candidate in sorted(self._kept, key=lambda kept: (-kept[0], kept[1]))]

    def _keep(self, candidate: Candidate) -> None:
        self._order += 1
        heapq.heappush(self._kept, (candidate.ratio, self._order, candidate))
        if len(self._kept) > KEPT:
            heapq.heappop(self._kept)

    def _candidate(
        self, s: EntityState, m: HeardMention, tests: tuple[TestName, TestName], value: float, limit: float, began: int
    ) -> Candidate:
        test, curve = tests
        plain = value / _caution(s) if curve != "groundswell" else value
        if curve == "pile_on":
            plain -= s.baseline.busy
        return Candidate(
            entity=m.entity.id,
            name=m.entity.name or m.entity.id,
            test=test,
            at=(m.ingested_at or m.created_at).astimezone(UTC),
            value=value,
            threshold=limit,
            would_need=self._table.curves[curve].rate(plain) / self._table.share[curve],
            author=m.author.handle or m.author.id,
            text=m.text[:1_000],
            began=began,
            until=s.clock,
        )


def _evidence(s: EntityState, m: HeardMention, limits: Thresholds) -> list[tuple[TestName, TestName, float, float]]:
    """Each test that may fire now: what it is called, whose curve holds for it, evidence and threshold."""
    caution = _caution(s)
    age = s.baseline.age(s.clock)
    found: list[tuple[TestName, TestName, float, float]] = []
    root = m.root_id
    if root is None or (root == m.post_id and m.parent_id is not None):
        root = m.parent_id or m.post_id  # as the detector finds the thread of a mention
    thread = s.threads.get(crc32(root.encode()))
    pile_on = 0.0 if thread is None else thread.pile_on()
    surge = min(max(s.evidence.rate), max(s.evidence.share))
    if thread is not None:
        found.append(("amplification", "amplification", thread.amplified(), limits.amplification * caution))
    if together.learned(s):
        if together.looked_at(pile_on, surge):
            alone = limits.pile_on + s.baseline.busy
            name: TestName = "pile_on" if together.threaded(pile_on, surge, alone, limits.surge) else "surge"
            found.append((name, "together", together.snowball(s, thread, pile_on, surge), limits.together))
    else:
        if thread is not None:
            found.append(("pile_on", "pile_on", pile_on, (limits.pile_on + s.baseline.busy) * caution))
        if age >= SURGE_AFTER and (s.mentions >= SURGE_MENTIONS or age >= lifecycle.LEARNING):
            found.append(("surge", "surge", surge, limits.surge * caution))
    if age >= GROUNDSWELL_AFTER:
        found.append(("groundswell", "groundswell", s.groundswell.evidence, limits.groundswell))
    return found


def _caution(s: EntityState) -> float:
    """By how much the thresholds of a young entity are raised."""
    return 1.0 + CAUTION * max(0.0, 1.0 - s.baseline.age(s.clock) / lifecycle.LEARNING)
