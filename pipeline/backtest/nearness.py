"""Near misses: evidence that came near a threshold and stayed below it.

Reads the detector's evidence from its state after each negative mention, the same numbers that the detector compares;
changes nothing.  A candidate is a stretch in which evidence stood at `NEAR` of its threshold or more, over when it has
been below for `APART`.  A stretch in which an incident is open, or opens, is no candidate: that is an incident.
"""

from __future__ import annotations

import heapq
from datetime import UTC, datetime

from msgspec import Struct

from pipeline.detect import judgement
from pipeline.detect.detector import CAUTION, GROUNDSWELL_AFTER, SURGE_AFTER, SURGE_MENTIONS
from pipeline.detect.evidence import thresholds
from pipeline.detect.evidence.thresholds import Table, TestName, Thresholds
from pipeline.detect.incidents import lifecycle
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.state.entity import EntityState

NEAR = 0.7
"""Share of a threshold from which evidence is worth attention."""

APART = lifecycle.REFRACTORY
"""Seconds of event time that keep two candidates of an entity apart."""

MOST_RETAINED = 50
"""Most near misses that are retained, the nearest."""


class NearMiss(Struct, kw_only=True):
    """A stretch that came near: at its height (`at`, an arrival), `value` of evidence against `threshold` in `test`.

    `would_need`: the false alarms per entity and month, promised for all tests together, at which it would have been
    an incident.  `text` is the mention that led to the height.
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
    """Watches a run of the detector, all entities; bounded by a candidate in progress each, and `MOST_RETAINED`."""

    def __init__(self, table: Table | None = None) -> None:
        self._table = thresholds.shipped() if table is None else table
        self._now: dict[str, NearMiss] = {}
        self._retained: list[tuple[float, int, NearMiss]] = []
        self._order = 0

    def observe(self, state: EntityState, mention: InboundMention, limits: Thresholds) -> None:
        """Compare the evidence with its thresholds, after the detector has processed `mention`."""
        key = mention.entity.id
        now = self._now.get(key)
        if now is not None and state.clock - now.until > APART:
            self._retain(self._now.pop(key))
            now = None
        if any(incident is not None and incident.open for incident in (state.acute, state.slow)):
            if now is not None:
                del self._now[key]
            return
        if mention.author_role == "own" or mention.sentiment.negative < 0.5:
            return
        for test, curve, value, limit in _evidence(state, mention, limits):
            # At 1 and above there is an incident already, or a rule holds it back that is not about evidence.
            if not NEAR <= value / limit < 1.0:
                continue
            if now is None or value / limit > now.ratio:
                began = state.clock if now is None else now.began
                now = self._now[key] = self._candidate(state, mention, (test, curve), value, limit, began)
            now.until = state.clock

    def nearest(self) -> list[NearMiss]:
        """The candidates, the nearest first."""
        for key in list(self._now):
            self._retain(self._now.pop(key))
        return [candidate for _, _, candidate in sorted(self._retained, key=lambda entry: (-entry[0], entry[1]))]

    def _retain(self, candidate: NearMiss) -> None:
        self._order += 1
        heapq.heappush(self._retained, (candidate.ratio, self._order, candidate))
        if len(self._retained) > MOST_RETAINED:
            heapq.heappop(self._retained)

    def _candidate(
        self,
        state: EntityState,
        mention: InboundMention,
        tests: tuple[TestName, TestName],
        value: float,
        limit: float,
        began: int,
    ) -> NearMiss:
        test, curve = tests
        plain = value / _caution(state) if curve != "groundswell" else value
        if curve == "pile_on":
            plain -= state.baseline.busy
        return NearMiss(
            entity=mention.entity.id,
            name=mention.entity.name or mention.entity.id,
            test=test,
            at=(mention.ingested_at or mention.created_at).astimezone(UTC),
            value=value,
            threshold=limit,
            would_need=self._table.curves[curve].rate(plain) / self._table.share[curve],
            author=mention.author.handle or mention.author.id,
            text=mention.text[:1_000],
            began=began,
            until=state.clock,
        )


def _evidence(
    state: EntityState, mention: InboundMention, limits: Thresholds
) -> list[tuple[TestName, TestName, float, float]]:
    """Each test that may fire now: what it is called, whose curve holds for it, evidence and threshold."""
    caution = _caution(state)
    age = state.baseline.age(state.clock)
    found: list[tuple[TestName, TestName, float, float]] = []
    root = mention.root_id
    if root is None or (root == mention.post_id and mention.parent_id is not None):
        root = mention.parent_id or mention.post_id  # as the detector finds the thread of a mention
    thread = state.threads.get(state.memory.number(root))
    pile_on = 0.0 if thread is None else thread.pile_on()
    surge = min(max(state.evidence.rate), max(state.evidence.share))
    if thread is not None:
        found.append(("amplification", "amplification", thread.amplified(), limits.amplification * caution))
    if judgement.learned(state):
        if judgement.worth_asking(pile_on, surge):
            alone = limits.pile_on + state.baseline.busy
            name: TestName = "pile_on" if judgement.threaded(pile_on, surge, alone, limits.surge) else "surge"
            found.append((name, "together", judgement.snowball(state, thread, pile_on, surge), limits.together))
    else:
        if thread is not None:
            found.append(("pile_on", "pile_on", pile_on, (limits.pile_on + state.baseline.busy) * caution))
        if age >= SURGE_AFTER and (state.mentions >= SURGE_MENTIONS or age >= lifecycle.LEARNING):
            found.append(("surge", "surge", surge, limits.surge * caution))
    if age >= GROUNDSWELL_AFTER:
        found.append(("groundswell", "groundswell", state.groundswell.evidence, limits.groundswell))
    return found


def _caution(state: EntityState) -> float:
    """By how much the thresholds of a young entity are raised."""
    return 1.0 + CAUTION * max(0.0, 1.0 - state.baseline.age(state.clock) / lifecycle.LEARNING)
