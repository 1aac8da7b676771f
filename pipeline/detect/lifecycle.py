"""The life of an incident: opened, escalated, updated, resolved; opened again within the refractory time.

Every function here changes the state and gives the event to tell, if there is one; all times are event time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import exp
from typing import Final, NamedTuple
from zlib import crc32

from pipeline.contracts.messages import (
    Counts,
    EntityRef,
    Firing,
    Forecast,
    IncidentEvent,
    IncidentEventName,
    Share,
    TestResult,
)
from pipeline.detect.coordination import reasons
from pipeline.detect.entity import EntityState
from pipeline.detect.explain import Known, explanation
from pipeline.detect.forecast import Outlook
from pipeline.detect.groundswell import BLOCK
from pipeline.detect.heard import HeardMention
from pipeline.detect.incident import FIRED, ROOTS, Fired, Incident
from pipeline.detect.keeping import incident_id
from pipeline.detect.outlook import outlook
from pipeline.detect.people import Parts
from pipeline.detect.review import foretell, review
from pipeline.detect.severity import severity
from pipeline.detect.shares import shares
from pipeline.detect.start import Start
from pipeline.detect.telling import course_since, look_back
from pipeline.detect.threads import FAST, TAU, Thread
from pipeline.detect.weighed import Weighed

UPDATE: Final = 900
"""Seconds between updates at least."""

QUIET: Final = 3600
"""Seconds of quiet after which an incident is over."""

QUIET_BLOCKS: Final = 4
"""Blocks of six hours without a trace after which a groundswell is over."""

REFRACTORY: Final = 6 * 3600
"""Seconds after the end within which the same snowball is opened again instead of anew."""

SLOW: Final = 10_800.0
"""Seconds over which the slowest count for the forecast decays."""

WORST: Final = 5
"""The highest severity."""

LEARNING: Final = 3 * 86_400
"""Seconds for which a new entity is being learned."""


class Occasion(NamedTuple):
    """What an event is told at: about whom, and the arrival of the mention that led to it."""

    entity: EntityRef
    arrival: datetime


def occasion(m: HeardMention) -> Occasion:
    """A mention as the occasion of an event about its own entity."""
    return Occasion(EntityRef(m.entity.id, m.entity.name or m.entity.id), m.ingested_at or m.created_at)


def begin(s: EntityState, m: HeardMention, test: TestResult, start: Start, root: int | None) -> Incident:
    """A new incident, with what has been counted since `start`, the mention at hand included."""
    kind = test.name
    arrival = m.ingested_at or m.created_at
    mark = (m.root_id or m.post_id) if root is not None else f"{m.created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    incident = Incident(
        incident_id=incident_id(m.entity.id, kind, mark),
        kind=kind,
        opened_at=arrival.timestamp(),
        started=start.t,
        share_before=s.baseline.p0,
        expected_from=start.expected,
        roots=[] if root is None else [root],
        wide=root is None,
        fired=[_fired(test, s.clock)],
        course=course_since(s, start.t),
        at=s.clock,
        hot=s.clock,
        last_event=s.clock,
        learning=s.baseline.age(s.clock) < LEARNING,
    )
    # Deletions since then may have been of mentions before it.
    incident.negative = max(0, s.negative - start.negative)
    incident.mentions = max(incident.negative, s.mentions - start.mentions)
    incident.authors = s.authors - start.authors
    incident.copies = s.copies - start.copies
    incident.fast, incident.middle, incident.slow = s.evidence.fast, s.evidence.middle, float(incident.negative)
    if root is None:
        since = [thread for thread in s.threads.values() if thread.first >= start.t]
        answers = sum(thread.mentions - thread.reposts for thread in since)
        incident.reposts = min(sum(thread.reposts for thread in since), incident.mentions)
        incident.parts.begin(incident.mentions, incident.authors, answers, incident.reposts)
    look_back(s, m, incident, root)
    return incident


def take_thread(incident: Incident, thread: Thread) -> None:
    """Counts of an incident that is one thread so far."""
    incident.mentions, incident.negative = thread.mentions, thread.negative
    incident.authors, incident.copies, incident.reposts = thread.authors, thread.copies, thread.reposts
    incident.fast, incident.middle, incident.slow = thread.fast, thread.middle, float(thread.mentions)
    incident.parts.begin(thread.mentions, thread.authors, thread.mentions - thread.reposts, thread.reposts)
    post = incident.first_post
    if post is not None and post.t <= thread.first and crc32(post.post_id.encode()) == post.root:
        incident.started = post.t  # the root itself was heard
        incident.mentions += 1
        incident.negative += 1
        incident.authors += 1
        take_part(incident.parts, answer=False, repost=False, first=True)


def count(s: EntityState, incident: Incident, m: HeardMention, w: Weighed) -> None:
    """Count a mention in the incident's scope."""
    passed = s.clock - incident.at
    if passed > 0:
        incident.fast *= exp(-passed / FAST)
        incident.middle *= exp(-passed / TAU)
        incident.slow *= exp(-passed / SLOW)
        incident.at = s.clock
    incident.mentions += 1
    incident.negative += w.complains
    incident.authors += w.first
    incident.copies += w.copied
    incident.reposts += w.repost
    take_part(incident.parts, w.answer, w.repost, w.first)
    if w.complains or not incident.wide:
        incident.fast += 1.0
        incident.middle += 1.0
        incident.slow += 1.0
        usual = 1.5 * s.baseline.mu_negative * TAU if incident.wide else 0.0
        if incident.middle > usual + 1.0:
            incident.hot = s.clock


def take_part(parts: Parts, answer: bool, repost: bool, first: bool) -> None:
    """A mention in the incident's scope; `first` of its author in six hours."""
    if repost:
        parts.shares += 1
        parts.sharers += first
    elif answer:
        parts.answers += 1
        parts.answerers += first
    else:
        parts.written += 1
        parts.writers += first


def follow(s: EntityState, incident: Incident, m: HeardMention) -> IncidentEvent | None:
    """The event that an incident's new mention leads to: an escalation, an update, or none."""
    seen = incident.mentions
    doubled = seen >= 2 * incident.told and seen >= incident.told + 10
    due = s.clock - incident.last_event >= UPDATE
    if not (doubled or due or (seen % 8 == 0 and incident.severity < WORST)):
        return None
    ahead = _outlook(s, incident)
    worse = _severity(s, incident, ahead) > incident.severity
    if doubled or worse:
        return tell(s, incident, occasion(m), "escalated", ahead)
    return tell(s, incident, occasion(m), "updated", ahead) if due else None


def over(incident: Incident, t: int) -> bool:
    """Whether an open incident has been quiet for an hour at `t`."""
    return t - incident.hot >= QUIET


def resolve(s: EntityState, incident: Incident, when: Occasion, t: int) -> IncidentEvent:
    """End an incident at event time `t`; its evidence is spent."""
    incident.resolved = t
    for root in incident.roots:
        if root in s.threads:
            s.threads[root].evidence = s.threads[root].spread = 0.0
    if incident is s.slow:
        s.groundswell.clear()
    else:
        s.evidence.clear()
    return tell(s, incident, when, "resolved")


def patience(s: EntityState) -> int | None:
    """Seconds of silence after which something open here is over; None when nothing is open."""
    left = []
    if s.acute is not None and s.acute.open:
        left.append(s.acute.hot + QUIET - s.clock)
    if s.slow is not None and s.slow.open:
        left.append(int(s.groundswell.end + QUIET_BLOCKS * BLOCK) - s.clock)
    return max(0, min(left)) if left else None


def settle(s: EntityState, when: Occasion, silent: int) -> list[IncidentEvent]:
    """End what is over after so many seconds without a mention of this entity; its own clock stays where it is."""
    t = s.clock + silent
    events = []
    if s.acute is not None and s.acute.open and over(s.acute, t):
        events.append(resolve(s, s.acute, when, s.acute.hot + QUIET))
    if s.slow is not None and s.slow.open and t >= s.groundswell.end + QUIET_BLOCKS * BLOCK:
        events.append(resolve(s, s.slow, when, int(s.groundswell.end + QUIET_BLOCKS * BLOCK)))
    return events


def merge(s: EntityState, incident: Incident, test: TestResult, root: int | None) -> None:
    """Take a further test that fired into an open incident, which keeps which fired when."""
    if root is None:
        incident.wide = True
    elif root not in incident.roots and len(incident.roots) < ROOTS:
        incident.roots.append(root)
    if all(fired.name != test.name for fired in incident.fired) and len(incident.fired) < FIRED:
        incident.fired.append(_fired(test, s.clock))


def reopen(s: EntityState, incident: Incident, test: TestResult) -> None:
    """Open an incident again that ended within the refractory time."""
    incident.resolved = 0
    incident.hot = s.clock
    if len(incident.fired) < FIRED:
        incident.fired.append(_fired(test, s.clock))


def tell(
    s: EntityState, incident: Incident, when: Occasion, event: IncidentEventName, ahead: Outlook | None = None
) -> IncidentEvent:
    """The event, with everything known on this occasion; its time never goes back within an incident.

    `ahead`: the forecast, where it has just been made.
    """
    incident.told_at = max(incident.told_at, when.arrival.timestamp())
    incident.reasons = reasons(incident.mentions, incident.authors, incident.copies, incident.reposts, incident.signs)
    if ahead is None:
        ahead = _outlook(s, incident)
    level = _severity(s, incident, ahead)
    incident.severity = max(level, incident.severity) if not incident.coordinated else level
    if event != "updated":
        incident.told = incident.mentions
    incident.last_event = s.clock
    if not incident.resolved:
        foretell(incident, ahead, s.clock)
    now = max(s.clock, incident.resolved)
    foreseen = s.baseline.expected(now)
    expected = max(0.0, foreseen - incident.expected_from)
    mu = s.baseline.mu_negative
    mentions = expected * (mu + s.baseline.mu_other) / mu if mu > 0.0 else 0.0
    first = incident.fired[0]
    return IncidentEvent(
        incident_id=incident.incident_id,
        entity=when.entity,
        kind=incident.kind,  # type: ignore[arg-type]
        event=event,
        at=datetime.fromtimestamp(incident.told_at, UTC),
        severity=incident.severity,
        pageable=not incident.coordinated,
        coordinated=incident.coordinated,
        opened_at=datetime.fromtimestamp(incident.opened_at, UTC),
        resolved_at=datetime.fromtimestamp(incident.resolved, UTC) if incident.resolved else None,
        counts=Counts(incident.mentions, incident.negative, incident.authors, round(mentions, 2)),
        share=Share(round(incident.share_before, 4), round(min(1.0, incident.negative / max(1, incident.mentions)), 4)),
        forecast=Forecast(ahead.size, ahead.low, ahead.high, ahead.doubling_minutes),
        explanation=explanation(s, incident, Known(when.entity.name, expected, ahead)),
        test=TestResult(first.name, first.value, first.threshold, first.rate),
        reasons=incident.reasons,
        fired=tuple(
            Firing(f.name, datetime.fromtimestamp(f.at, UTC), f.value, f.threshold, f.rate) for f in incident.fired
        ),
        series=incident.course.series(now, foreseen),
        review=review(incident) if incident.resolved else (),
    )


def _fired(test: TestResult, t: int) -> Fired:
    return Fired(test.name, t, round(test.value, 3), round(test.threshold, 3), round(test.false_alarms, 5))


def _outlook(s: EntityState, incident: Incident) -> Outlook:
    if incident.resolved:
        size = float(incident.mentions)
        return Outlook(size, size, size, None)
    passed = max(0, s.clock - incident.at)
    course = incident.course
    counts = course.negative if incident.wide else course.mentions
    return outlook(
        incident.mentions,
        incident.fast * exp(-passed / FAST),
        incident.middle * exp(-passed / TAU),
        incident.slow * exp(-passed / SLOW),
        (s.clock - incident.started) / 60.0,
        shares(counts, course.width, course.start, incident.started, s.clock),
    )


def _severity(s: EntityState, incident: Incident, ahead: Outlook) -> int:
    daily = s.baseline.mu_negative / max(s.baseline.factor, 0.05) * 86_400.0  # negatives on an ordinary day
    return severity(ahead.low, ahead.size, incident.mentions, ahead.doubling_minutes, daily, incident.coordinated)
