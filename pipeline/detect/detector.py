"""The detector: `(state, mention) → incident events`, the state changed in place.

Pure and deterministic: no clock but the mentions' own, nothing read or written outside the state, so that a replay
gives the same events byte for byte and any split into batches the same incidents.  O(1) a mention.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.contracts.incidents import IncidentEvent, TestResult
from pipeline.detect import judgement
from pipeline.detect.evidence import thresholds
from pipeline.detect.evidence.change_point import ChangePoint
from pipeline.detect.evidence.pile_on import LEARNED_FROM, ThreadEvidence
from pipeline.detect.evidence.pile_on import follow as follow_thread
from pipeline.detect.incidents import context, lifecycle, retractions
from pipeline.detect.incidents.usual import usual
from pipeline.detect.mentions.inbound import Inbound, InboundDeletion, InboundMention
from pipeline.detect.mentions.weighting import CHANGED, PASSED, WeighedMention, recognised, weigh
from pipeline.detect.state.entity import EntityState

LATE: Final = 600
"""Seconds behind the entity's clock after which a mention is history: counted, but no evidence."""

FORGOTTEN: Final = 86_400
"""Seconds behind the clock after which a mention no longer enters the baseline's present bin."""

CAUTION: Final = 0.6
"""By how much the thresholds of an entity never seen before are raised; falls to nothing while it is learned."""

SURGE_AFTER: Final = 12 * 3600
SURGE_MENTIONS: Final = 30
SELDOM_AFTER: Final = 14 * 86_400
"""Seconds after which few mentions mean that the entity is seldom spoken of, and not that it is new."""

GROUNDSWELL_AFTER: Final = 7 * 86_400

_NOTHING: Final[tuple[IncidentEvent, ...]] = ()


class Detector:
    """Takes in mentions, one entity's state at a time.

    `false_alarms`: the promise per entity and month, from which the thresholds come.
    """

    def __init__(self, false_alarms: float = 0.2, table: thresholds.Table | None = None) -> None:
        self.thresholds = thresholds.promised(false_alarms, table)

    def observe(self, entity: EntityState, inbound: Inbound) -> Sequence[IncidentEvent]:
        """Take in a mention or a deletion; gives the events it leads to, in order."""
        if type(inbound) is InboundMention:
            return self._observe(entity, inbound)
        if isinstance(inbound, InboundDeletion):
            retractions.retract(entity, inbound)
        return _NOTHING

    def _observe(self, entity: EntityState, mention: InboundMention) -> Sequence[IncidentEvent]:
        memory = entity.memory
        clock, baseline = entity.clock, entity.baseline
        key, event_time, news = recognised(memory, mention, clock)
        if news == PASSED:
            if mention.author_role == "own" and clock:
                memory.remember_own(mention.post_id, clock // 60, mention.version)
            return _NOTHING
        before = retractions.replace(entity, mention, key) if news == CHANGED else None
        events: Sequence[IncidentEvent] = _NOTHING
        if event_time > clock:
            if clock == 0:
                self._first(entity, event_time)
            entity.clock = clock = event_time
            if event_time >= baseline.bin_end or entity.acute is not None:
                events = self._pass_time(entity, mention)
        behind = clock - event_time
        weighed = weigh(memory, entity.threads, mention, key, clock // 60, behind > LATE, before)
        negative, other = weighed.negative, weighed.other
        if behind < FORGOTTEN:
            swell = entity.groundswell
            if negative:
                baseline.negative += negative
                swell.negative += negative
            if other:
                baseline.other += other
                swell.other += other
        if behind > LATE:
            self._count(entity, mention, weighed, event_time)
            return events
        thread = self._answer(entity, weighed) if weighed.answer else None
        event = None
        if negative > 0.0:
            surge = self._complaint(entity, negative, other, event_time)
            self._count(entity, mention, weighed, event_time)
            event = self._judge(entity, mention, weighed.root, thread, surge)
        else:
            entity.evidence.others += other
            self._count(entity, mention, weighed, event_time)
        acute = entity.acute
        if event is None and acute is not None and acute.resolved == 0 and (acute.wide or weighed.root in acute.roots):
            event = lifecycle.follow(entity, acute, mention)
        return events if event is None else (*events, event)

    def _answer(self, entity: EntityState, weighed: WeighedMention) -> ThreadEvidence:
        """The mention as evidence of its thread."""
        clock, baseline = entity.clock, entity.baseline
        thread = follow_thread(entity.threads, weighed.root, clock)
        if weighed.astray:
            thread.carried += weighed.negative
            if weighed.negative == 0.0:
                return thread
        if weighed.repost:
            thread.repost(clock, weighed.author, weighed.probability, baseline.branching)
        else:
            if thread.negative < LEARNED_FROM:
                baseline.answers += weighed.negative
            thread.add(clock, weighed.negative, baseline.branching)
            thread.negative += weighed.complains
            thread.copies += weighed.copied
            thread.repeats += weighed.author == 0.0 and not weighed.complains
        thread.authors += weighed.first
        thread.naming += weighed.first and not weighed.astray
        return thread

    def _complaint(self, entity: EntityState, negative: float, other: float, event_time: int) -> float:
        """The mention as evidence of a surge, which may have begun with it."""
        clock, evidence, baseline = entity.clock, entity.evidence, entity.baseline
        expected, phi = baseline.expected(clock), baseline.phi
        evidence.advance(clock, expected, phi)
        if evidence.rests():
            evidence.begin(entity.change_point(event_time, expected))
        return evidence.add(negative, other, phi)

    def _count(self, entity: EntityState, mention: InboundMention, weighed: WeighedMention, event_time: int) -> None:
        """The mention in the counts and in the evidence to show, late or not."""
        entity.mentions += 1
        entity.negative += weighed.complains
        entity.authors += weighed.first
        entity.copies += weighed.copied
        if weighed.complains:
            context.remember(entity, mention, weighed.root, event_time)
        acute, slow = entity.acute, entity.slow
        if acute is None and slow is None:
            context.learn(entity, mention, weighed)
            return
        in_scope, clock = False, entity.clock
        for incident in (acute, slow):
            if incident is None or incident.resolved:
                continue
            incident.timeline.advance(clock, entity.baseline.expected(clock))
            incident.timeline.add(event_time, weighed.complains)
            if event_time >= incident.started and (incident.wide or weighed.root in incident.roots):
                lifecycle.count(entity, incident, mention, weighed)
                context.observe(entity, incident, mention, weighed, event_time)
                in_scope = True
        if in_scope and weighed.complains:
            context.group(entity, mention, event_time)

    def _first(self, entity: EntityState, event_time: int) -> None:
        """The first mention of the entity; deletions may have come before, at no time."""
        entity.memory.posts.begin(event_time // 60)
        entity.baseline.begin(event_time)
        entity.evidence.refresh(entity.baseline.p0)
        entity.groundswell.close(event_time, 0.0, 1.0, ChangePoint(event_time))

    def _pass_time(self, entity: EntityState, mention: InboundMention) -> Sequence[IncidentEvent]:
        """Let time come to the clock: incidents end, bins and blocks close."""
        events: list[IncidentEvent] = []
        clock, acute = entity.clock, entity.acute
        if acute is not None:
            if acute.resolved == 0 and lifecycle.over(acute, clock):
                occasion = lifecycle.occasion(mention)
                events.append(lifecycle.resolve(entity, acute, occasion, acute.hot + lifecycle.QUIET))
            if acute.resolved and clock - acute.resolved >= lifecycle.REFRACTORY:
                entity.acute = None
        baseline = entity.baseline
        if clock >= baseline.bin_end:
            hot = (entity.acute is not None and entity.acute.resolved == 0) or entity.slow is not None
            if baseline.close(clock, hot):
                entity.evidence.refresh(baseline.p0)
            if entity.acute is not None and entity.acute.resolved == 0:
                entity.groundswell.explained = True
            if clock >= entity.groundswell.end:
                events.extend(self._close_block(entity, mention))
        return events

    def _close_block(self, entity: EntityState, mention: InboundMention) -> Sequence[IncidentEvent]:
        """Score the block of six hours that has ended; a groundswell opens, goes on or ends only here."""
        swell, baseline, slow = entity.groundswell, entity.baseline, entity.slow
        expected = baseline.expected(entity.clock)
        mark = entity.change_point(entity.clock, expected)
        if not swell.close(entity.clock, expected, baseline.phi, mark):
            return _NOTHING
        if slow is not None and slow.resolved:
            entity.slow = slow = None
        if slow is not None:
            if swell.quiet >= lifecycle.QUIET_BLOCKS:
                return (lifecycle.resolve(entity, slow, lifecycle.occasion(mention), entity.clock),)
            event = lifecycle.follow(entity, slow, mention)
            return _NOTHING if event is None else (event,)
        threshold = self.thresholds.groundswell
        if swell.evidence < threshold or baseline.age(entity.clock) < GROUNDSWELL_AFTER:
            return _NOTHING
        test = TestResult("groundswell", swell.evidence, threshold, self.thresholds.rates["groundswell"])
        entity.slow = lifecycle.begin(entity, mention, test, swell.since, None)
        return (lifecycle.report(entity, entity.slow, lifecycle.occasion(mention), "opened"),)

    def _judge(
        self, entity: EntityState, mention: InboundMention, root: int, thread: ThreadEvidence | None, surge: float
    ) -> IncidentEvent | None:
        """Whether the evidence now suffices, and what follows: an incident opens, or one in progress takes it in.

        An incident opens by the judgement, where it has learned about the like of the entity; else each test speaks
        for itself, and so it does about what joins an incident in progress.
        """
        limits = self.thresholds
        pile_on = thread.pile_on() if thread is not None else 0.0
        spread = thread.amplified() if thread is not None else 0.0
        acute = entity.acute
        if (acute is None or acute.resolved) and judgement.learned(entity):
            return self._open(entity, mention, root, thread, pile_on, spread, surge)
        busy = entity.baseline.busy
        if pile_on < limits.pile_on + busy and surge < limits.surge and spread < limits.amplification:
            return None
        age = entity.baseline.age(entity.clock)
        caution = 1.0 + CAUTION * max(0.0, 1.0 - age / lifecycle.LEARNING)
        if age < SURGE_AFTER or (entity.mentions < SURGE_MENTIONS and age < lifecycle.LEARNING):
            surge = 0.0  # few mentions in months are all that some entities have; few in a day may be the beginning
        for name, value, limit in (
            ("pile_on", pile_on, limits.pile_on + busy),
            ("amplification", spread, limits.amplification),
            ("surge", surge, limits.surge),
        ):
            if value >= limit * caution:
                test = TestResult(name, value, limit * caution, limits.rates[name])
                return self._fire(entity, mention, test, root, thread if name != "surge" else None)
        return None

    def _open(
        self, entity: EntityState, mention: InboundMention, root: int, thread: ThreadEvidence | None, pile_on: float,
        spread: float, surge: float,
    ) -> IncidentEvent | None:  # fmt: skip
        """Whether all evidence together suffices to open an incident; it is named for what there is most of."""
        limits = self.thresholds
        if judgement.worth_asking(pile_on, surge):
            value = judgement.snowball(entity, thread, pile_on, surge)
            if value >= limits.together:
                threads = judgement.threaded(pile_on, surge, limits.pile_on + entity.baseline.busy, limits.surge)
                name = "pile_on" if threads else "surge"
                test = TestResult(name, value, limits.together, limits.rates["together"])
                return self._fire(entity, mention, test, root, thread if threads else None)
        if spread >= limits.amplification:
            test = TestResult("amplification", spread, limits.amplification, limits.rates["amplification"])
            return self._fire(entity, mention, test, root, thread)
        return None

    def _fire(
        self, entity: EntityState, mention: InboundMention, test: TestResult, root: int, thread: ThreadEvidence | None
    ) -> IncidentEvent | None:
        """A test has fired: one snowball is one incident, and so is what flares up soon after its end."""
        acute = entity.acute
        about = None if thread is None else root
        if acute is not None and acute.open:
            lifecycle.merge(entity, acute, test, about)
            return None
        if acute is not None:  # within the refractory time, or it would be forgotten
            lifecycle.reopen(entity, acute, test, about)
            return lifecycle.report(entity, acute, lifecycle.occasion(mention), "escalated")
        if thread is None:
            entity.acute = lifecycle.begin(entity, mention, test, entity.evidence.start(), None)
        else:
            since = usual(entity.baseline, thread.first, entity.clock)
            expected = entity.baseline.expected(entity.clock) - since
            start = entity.change_point(thread.first, expected)
            entity.acute = lifecycle.begin(entity, mention, test, start, root)
            lifecycle.adopt_thread(entity, entity.acute, thread)
        return lifecycle.report(entity, entity.acute, lifecycle.occasion(mention), "opened")
