"""The detector: `(state of the entity, what was heard) → incident events`, and the state changed in place.

Pure and deterministic: no clock but the mentions' own, nothing read or written outside the state, so that a replay
gives the same events byte for byte and any split into batches the same incidents.  O(1) a mention.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.contracts.messages import IncidentEvent, TestResult
from pipeline.detect import corrections, lifecycle, telling, thresholds, together
from pipeline.detect.entity import RING, EntityState
from pipeline.detect.heard import Heard, HeardMention
from pipeline.detect.ring import keep_post, kept_post
from pipeline.detect.start import Start
from pipeline.detect.threads import LEARNED_FROM, Thread
from pipeline.detect.threads import follow as follow_thread
from pipeline.detect.weighed import CHANGED, PASSED, Weighed
from pipeline.detect.weight import recognised, weigh

LATE: Final = 600
"""Seconds behind the entity's clock after which a mention is history: counted, but no evidence."""

FORGOTTEN: Final = 86_400
"""Seconds behind the clock after which a mention no longer enters the baseline's present bin."""

CAUTION: Final = 0.6
"""By how much the thresholds of an entity never heard of before are raised; falls to nothing while it is learned."""

SURGE_AFTER: Final = 12 * 3600
SURGE_MENTIONS: Final = 30
SELDOM_AFTER: Final = 14 * 86_400
"""Seconds after which few mentions mean that the entity is seldom spoken of, and not that it is new."""

GROUNDSWELL_AFTER: Final = 7 * 86_400

_NOTHING: Final[tuple[IncidentEvent, ...]] = ()


class Detector:
    """Hears mentions, one entity's state at a time.

    `false_alarms`: the promise per entity and month, from which the thresholds come.
    """

    def __init__(self, false_alarms: float = 0.2, table: thresholds.Table | None = None) -> None:
        self.thresholds = thresholds.promised(false_alarms, table)

    def hear(self, s: EntityState, heard: Heard) -> Sequence[IncidentEvent]:
        """Take in a mention or a deletion; gives the events it leads to, in order."""
        if type(heard) is HeardMention:
            return self._hear(s, heard)
        corrections.take_back(s, heard.post_id)
        return _NOTHING

    def _hear(self, s: EntityState, m: HeardMention) -> Sequence[IncidentEvent]:
        memory = s.memory
        key, t, news = recognised(memory, m)
        if news == PASSED:
            return _NOTHING
        if news == CHANGED:
            corrections.replace(s, m, key)
        clock, baseline = s.clock, s.baseline
        events: Sequence[IncidentEvent] = _NOTHING
        if t > clock:
            if clock == 0:
                self._first(s, t)
            s.clock = clock = t
            if t >= baseline.bin_end or s.acute is not None:
                events = self._pass_time(s, m)
        (
            root, voice, negative, other, author, probability, complains, praises, first, copied, answer, repost,
        ) = weigh(memory, m, key, clock // 60)  # fmt: skip
        w = Weighed(
            key, root, voice, negative, other, author, probability, complains, praises, first, copied, answer, repost,
        )  # fmt: skip
        behind = clock - t
        if behind < FORGOTTEN:
            swell = s.groundswell
            if negative:
                baseline.negative += negative
                swell.negative += negative
            if other:
                baseline.other += other
                swell.other += other
        if behind > LATE:
            self._count(s, m, w, t)
            return events
        thread = self._answer(s, w) if w.answer else None
        told = None
        if negative > 0.0:
            surge = self._complaint(s, negative, other)
            self._count(s, m, w, t)
            told = self._judge(s, m, w.root, thread, surge)
        else:
            s.evidence.others += other
            self._count(s, m, w, t)
        acute = s.acute
        if told is None and acute is not None and acute.resolved == 0 and (acute.wide or w.root in acute.roots):
            told = lifecycle.follow(s, acute, m)
        return events if told is None else (*events, told)

    def _answer(self, s: EntityState, w: Weighed) -> Thread:
        """The mention as evidence of its thread."""
        clock, baseline = s.clock, s.baseline
        thread = follow_thread(s.threads, w.root, clock)
        if w.repost:
            thread.repost(clock, w.author, w.probability, baseline.branching)
        else:
            if thread.negative < LEARNED_FROM:
                baseline.answers += w.negative
            thread.add(clock, w.negative, baseline.branching)
            thread.negative += w.complains
            thread.copies += w.copied
        thread.authors += w.first
        return thread

    def _complaint(self, s: EntityState, negative: float, other: float) -> float:
        """The mention as evidence of a surge."""
        clock, evidence, baseline = s.clock, s.evidence, s.baseline
        expected, phi = baseline.expected(clock), baseline.phi
        evidence.settle(clock, expected, phi)
        if evidence.rests():
            evidence.begin(Start(clock, s.mentions, s.negative, s.authors, s.copies, expected))
        return evidence.add(negative, other, phi)

    def _count(self, s: EntityState, m: HeardMention, w: Weighed, t: int) -> None:
        """The mention in the counts and in the evidence to show, late or not."""
        s.mentions += 1
        s.negative += w.complains
        s.authors += w.first
        s.copies += w.copied
        if w.complains:
            self._keep(s, m, w.root)
        acute, slow = s.acute, s.slow
        if acute is None and slow is None:
            telling.learn(s, m, w)
            return
        heard = False
        for incident in (acute, slow):
            if incident is None or incident.resolved:
                continue
            telling.chart(s, incident.course, t, w.complains)
            if t >= incident.started and (incident.wide or w.root in incident.roots):
                lifecycle.count(s, incident, m, w)
                telling.hear(s, incident, m, w, t)
                heard = True
        if heard and w.complains:
            telling.group(s, m, t)

    def _first(self, s: EntityState, t: int) -> None:
        """The entity is heard of for the first time."""
        s.baseline.begin(t)
        s.evidence.refresh(s.baseline.p0)
        s.groundswell.close(t, 0.0, 0.0, 1.0, Start(t))

    def _pass_time(self, s: EntityState, m: HeardMention) -> Sequence[IncidentEvent]:
        """Let time come to the clock: incidents end, bins and blocks close."""
        events: list[IncidentEvent] = []
        t, acute = s.clock, s.acute
        if acute is not None:
            if acute.resolved == 0 and lifecycle.over(acute, t):
                events.append(lifecycle.resolve(s, acute, lifecycle.occasion(m), acute.hot + lifecycle.QUIET))
            if acute.resolved and t - acute.resolved >= lifecycle.REFRACTORY:
                s.acute = None
        baseline = s.baseline
        if t >= baseline.bin_end:
            hot = (s.acute is not None and s.acute.resolved == 0) or s.slow is not None
            if baseline.close(t, hot):
                s.evidence.refresh(baseline.p0)
            if s.acute is not None and s.acute.resolved == 0:
                s.groundswell.explained = True
            if t >= s.groundswell.end:
                events.extend(self._close_block(s, m))
        return events

    def _close_block(self, s: EntityState, m: HeardMention) -> Sequence[IncidentEvent]:
        """Score the block of six hours that has ended; a groundswell opens, goes on or ends only here."""
        swell, baseline, slow = s.groundswell, s.baseline, s.slow
        expected = baseline.expected(s.clock)
        mark = Start(s.clock, s.mentions, s.negative, s.authors, s.copies, expected)
        if not swell.close(s.clock, expected, baseline.p0, baseline.phi, mark):
            return _NOTHING
        if slow is not None and slow.resolved:
            s.slow = slow = None
        if slow is not None:
            if swell.quiet >= lifecycle.QUIET_BLOCKS:
                return (lifecycle.resolve(s, slow, lifecycle.occasion(m), s.clock),)
            told = lifecycle.follow(s, slow, m)
            return _NOTHING if told is None else (told,)
        threshold = self.thresholds.groundswell
        if swell.evidence < threshold or baseline.age(s.clock) < GROUNDSWELL_AFTER:
            return _NOTHING
        test = TestResult("groundswell", swell.evidence, threshold, self.thresholds.rates["groundswell"])
        s.slow = lifecycle.begin(s, m, test, swell.since, None)
        return (lifecycle.tell(s, s.slow, lifecycle.occasion(m), "opened"),)

    def _keep(self, s: EntityState, m: HeardMention, root: int) -> None:
        """Keep a negative post as possible evidence, and count the answer it gives to another."""
        if m.parent_id is not None:
            for kept in s.ring:
                if kept.post_id == m.parent_id:
                    kept.replies += 1
                    break
            for incident in (s.acute, s.slow):
                if incident is not None and incident.first_post is not None:
                    incident.first_post.replies += incident.first_post.post_id == m.parent_id
        if m.kind != "repost":
            post = kept_post(m.post_id, m.author.handle or m.author.id, m.text, s.clock, m.url, root)
            if post is not None:
                keep_post(s.ring, post, RING)

    def _judge(
        self, s: EntityState, m: HeardMention, root: int, thread: Thread | None, surge: float
    ) -> IncidentEvent | None:
        """Whether the evidence now suffices, and what follows: an incident opens, or one in progress takes it in.

        An incident opens by the judgement, where it has learned about the like of the entity; else each test speaks
        for itself, and so it does about what joins an incident in progress.
        """
        limits = self.thresholds
        pile_on = thread.pile_on() if thread is not None else 0.0
        spread = thread.amplified() if thread is not None else 0.0
        acute = s.acute
        if (acute is None or acute.resolved) and together.learned(s):
            return self._open(s, m, root, thread, pile_on, spread, surge)
        busy = s.baseline.busy
        if pile_on < limits.pile_on + busy and surge < limits.surge and spread < limits.amplification:
            return None
        age = s.baseline.age(s.clock)
        caution = 1.0 + CAUTION * max(0.0, 1.0 - age / lifecycle.LEARNING)
        if age < SURGE_AFTER or (s.mentions < SURGE_MENTIONS and age < lifecycle.LEARNING):
            surge = 0.0  # few mentions in months are all that some entities have; few in a day may be the beginning
        for name, value, limit in (
            ("pile_on", pile_on, limits.pile_on + busy),
            ("amplification", spread, limits.amplification),
            ("surge", surge, limits.surge),
        ):
            if value >= limit * caution:
                test = TestResult(name, value, limit * caution, limits.rates[name])
                return self._fire(s, m, test, root, thread if name != "surge" else None)
        return None

    def _open(
        self, s: EntityState, m: HeardMention, root: int, thread: Thread | None, pile_on: float, spread: float,
        surge: float,
    ) -> IncidentEvent | None:  # fmt: skip
        """Whether all evidence together suffices to open an incident; it is named for what there is most of."""
        limits = self.thresholds
        if together.looked_at(pile_on, surge):
            value = together.snowball(s, thread, pile_on, surge)
            if value >= limits.together:
                threads = together.threaded(pile_on, surge, limits.pile_on + s.baseline.busy, limits.surge)
                name = "pile_on" if threads else "surge"
                test = TestResult(name, value, limits.together, limits.rates["together"])
                return self._fire(s, m, test, root, thread if threads else None)
        if spread >= limits.amplification:
            test = TestResult("amplification", spread, limits.amplification, limits.rates["amplification"])
            return self._fire(s, m, test, root, thread)
        return None

    def _fire(
        self, s: EntityState, m: HeardMention, test: TestResult, root: int, thread: Thread | None
    ) -> IncidentEvent | None:
        """A test has fired: one snowball is one incident."""
        acute = s.acute
        about = None if thread is None else root
        if acute is not None and acute.resolved == 0:
            lifecycle.merge(s, acute, test, about)
            return None
        if acute is not None and (about is None or about in acute.roots):
            lifecycle.reopen(s, acute, test)
            return lifecycle.tell(s, acute, lifecycle.occasion(m), "escalated")
        if thread is None:
            s.acute = lifecycle.begin(s, m, test, s.evidence.start(), None)
        else:
            expected = s.baseline.expected(s.clock) - s.baseline.mu_negative * (s.clock - thread.first)
            start = Start(thread.first, s.mentions, s.negative, s.authors, s.copies, expected)
            s.acute = lifecycle.begin(s, m, test, start, root)
            lifecycle.take_thread(s.acute, thread)
        return lifecycle.tell(s, s.acute, lifecycle.occasion(m), "opened")
