"""The life of an incident: opened, escalated, updated, resolved, and opened again.

Every function here changes the state and gives the event to report, if there is one; all times are event time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import exp
from typing import Final, NamedTuple

from pipeline.contracts.incidents import Counts, Firing, Forecast, IncidentEvent, Share, TestResult
from pipeline.contracts.mentions import EntityRef
from pipeline.contracts.values import IncidentEventName
from pipeline.detect.evidence.change_point import ChangePoint
from pipeline.detect.evidence.coordination import reasons
from pipeline.detect.evidence.groundswell import BLOCK
from pipeline.detect.evidence.pile_on import FAST, TAU, ThreadEvidence
from pipeline.detect.incidents.context import backfill, timeline_since
from pipeline.detect.incidents.counters import incident_id
from pipeline.detect.incidents.doubt import doubt
from pipeline.detect.incidents.explain import Known, explanation
from pipeline.detect.incidents.forecast import Outlook, outlook, shares
from pipeline.detect.incidents.forecast_review import record, review
from pipeline.detect.incidents.severity import severity
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.mentions.weighting import WeighedMention
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.incident import FIRED, ROOTS, Fired, Incident

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
    """What an event is reported at: about whom, and the arrival of the mention that led to it."""

    entity: EntityRef
    arrival: datetime


def occasion(mention: InboundMention) -> Occasion:
    """A mention as the occasion of an event about its own entity."""
    return Occasion(
        EntityRef(mention.entity.id, mention.entity.name or mention.entity.id),
        mention.ingested_at or mention.created_at,
    )


def begin(
    entity: EntityState, mention: InboundMention, test: TestResult, start: ChangePoint, root: int | None
) -> Incident:
    """A new incident, with what has been counted since `start`, the mention at hand included."""
    kind = test.name
    arrival = mention.ingested_at or mention.created_at
    mark = (
        (mention.root_id or mention.post_id)
        if root is not None
        else f"{mention.created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    )
    incident = Incident(
        incident_id=incident_id(mention.entity.id, kind, mark),
        kind=kind,
        opened_at=arrival.timestamp(),
        started=start.at,
        share_before=entity.baseline.p0,
        expected_from=start.expected,
        roots=[] if root is None else [root],
        wide=root is None,
        fired=[_fired(test, entity.clock)],
        timeline=timeline_since(entity, start.at),
        at=entity.clock,
        hot=entity.clock,
        last_event=entity.clock,
        learning=entity.baseline.age(entity.clock) < LEARNING,
    )
    # Deletions since then may have been of mentions before it.
    incident.negative = max(0, entity.negative - start.negative)
    incident.mentions = max(incident.negative, entity.mentions - start.mentions)
    incident.authors = entity.authors - start.authors
    incident.copies = entity.copies - start.copies
    incident.fast, incident.middle, incident.slow = (
        entity.evidence.fast,
        entity.evidence.middle,
        float(incident.negative),
    )
    if root is None:
        since = [thread for thread in entity.threads.values() if thread.first >= start.at]
        answers = sum(thread.mentions - thread.reposts for thread in since)
        incident.reposts = min(sum(thread.reposts for thread in since), incident.mentions)
        incident.participation.begin(incident.mentions, incident.authors, answers, incident.reposts)
    incident.signs.begin(incident.negative, incident.authors, incident.copies, incident.reposts)
    backfill(entity, mention, incident, root)
    return incident


def adopt_thread(entity: EntityState, incident: Incident, thread: ThreadEvidence) -> None:
    """Counts of an incident that is one thread so far."""
    incident.mentions, incident.negative = thread.mentions, thread.negative
    incident.authors, incident.copies, incident.reposts = thread.authors, thread.copies, thread.reposts
    incident.fast, incident.middle, incident.slow = thread.fast, thread.middle, float(thread.mentions)
    incident.participation.begin(thread.mentions, thread.authors, thread.mentions - thread.reposts, thread.reposts)
    post = incident.first_post
    if post is not None and post.at <= thread.first and entity.memory.number(post.post_id) == post.root:
        incident.started = post.at  # the root itself was counted
        incident.mentions += 1
        incident.negative += 1
        incident.authors += 1
        incident.participation.add(answer=False, repost=False, first=True)
    incident.signs.begin(incident.negative, incident.authors, incident.copies, incident.reposts)


def count(entity: EntityState, incident: Incident, mention: InboundMention, weighed: WeighedMention) -> None:
    """Count a mention in the incident's scope."""
    passed = entity.clock - incident.at
    if passed > 0:
        incident.fast *= exp(-passed / FAST)
        incident.middle *= exp(-passed / TAU)
        incident.slow *= exp(-passed / SLOW)
        incident.at = entity.clock
    incident.mentions += 1
    incident.negative += weighed.complains
    incident.authors += weighed.first
    incident.copies += weighed.copied
    incident.reposts += weighed.repost
    incident.participation.add(weighed.answer, weighed.repost, weighed.first)
    if weighed.complains or not incident.wide:
        incident.fast += 1.0
        incident.middle += 1.0
        incident.slow += 1.0
        usual = 1.5 * entity.baseline.mu_negative * TAU if incident.wide else 0.0
        if incident.middle > usual + 1.0:
            incident.hot = entity.clock


def follow(entity: EntityState, incident: Incident, mention: InboundMention) -> IncidentEvent | None:
    """The event that an incident's new mention leads to: an escalation, an update, or none."""
    seen = incident.mentions
    doubled = seen >= 2 * incident.reported and seen >= incident.reported + 10
    due = entity.clock - incident.last_event >= UPDATE
    if not (doubled or due or (seen % 8 == 0 and incident.severity < WORST)):
        return None
    ahead = _outlook(entity, incident, upper=doubled or due)
    worse = _severity(entity, incident, ahead) > incident.severity
    if doubled or due:
        return report(entity, incident, occasion(mention), "escalated" if doubled or worse else "updated", ahead)
    return report(entity, incident, occasion(mention), "escalated") if worse else None


def over(incident: Incident, event_time: int) -> bool:
    """Whether an open incident has been quiet for an hour at `event_time`."""
    return event_time - incident.hot >= QUIET


def resolve(entity: EntityState, incident: Incident, when: Occasion, event_time: int) -> IncidentEvent:
    """End an incident; its evidence is spent, that of every thread in its scope included."""
    incident.resolved = event_time
    if incident is entity.slow:
        entity.groundswell.clear()
    else:
        entity.evidence.clear()
        for root, thread in entity.threads.items():
            if incident.covers(root):
                thread.evidence = thread.spread = 0.0
    return report(entity, incident, when, "resolved")


def patience(entity: EntityState) -> int | None:
    """Seconds of silence after which something open here is over; None when nothing is open."""
    left = []
    if entity.acute is not None and entity.acute.open:
        left.append(entity.acute.hot + QUIET - entity.clock)
    if entity.slow is not None and entity.slow.open:
        left.append(int(entity.groundswell.end + QUIET_BLOCKS * BLOCK) - entity.clock)
    return max(0, min(left)) if left else None


def resolve_silent(entity: EntityState, when: Occasion, silent: int) -> list[IncidentEvent]:
    """End what is over after so many seconds without a mention of this entity; its own clock stays where it is."""
    event_time = entity.clock + silent
    events = []
    if entity.acute is not None and entity.acute.open and over(entity.acute, event_time):
        events.append(resolve(entity, entity.acute, when, entity.acute.hot + QUIET))
    if entity.slow is not None and entity.slow.open and event_time >= entity.groundswell.end + QUIET_BLOCKS * BLOCK:
        events.append(resolve(entity, entity.slow, when, int(entity.groundswell.end + QUIET_BLOCKS * BLOCK)))
    return events


def merge(entity: EntityState, incident: Incident, test: TestResult, root: int | None) -> None:
    """Take a further test that fired into an open incident, which notes which fired when."""
    _widen(incident, root)
    if all(fired.name != test.name for fired in incident.fired) and len(incident.fired) < FIRED:
        incident.fired.append(_fired(test, entity.clock))


def reopen(entity: EntityState, incident: Incident, test: TestResult, root: int | None) -> None:
    """Open an incident again that ended within the refractory time; what fired joins its scope."""
    incident.resolved = 0
    incident.hot = entity.clock
    _widen(incident, root)
    if len(incident.fired) < FIRED:
        incident.fired.append(_fired(test, entity.clock))


def report(
    entity: EntityState, incident: Incident, when: Occasion, event: IncidentEventName, ahead: Outlook | None = None
) -> IncidentEvent:
    """The event, with everything known on this occasion; its time never goes back within an incident.

    `ahead`: the forecast, where it has just been made.
    """
    incident.reported_at = max(incident.reported_at, when.arrival.timestamp())
    incident.reasons = reasons(incident.signs)
    if ahead is None:
        ahead = _outlook(entity, incident)
    cause = doubt(entity, incident)
    level = _severity(entity, incident, ahead)
    incident.severity = level if incident.coordinated or cause is not None else max(level, incident.severity)
    if event != "updated":
        incident.reported = incident.mentions
    incident.last_event = entity.clock
    if not incident.resolved:
        record(incident, ahead, entity.clock)
    now = max(entity.clock, incident.resolved)
    foreseen = entity.baseline.expected(now)
    expected = max(0.0, foreseen - incident.expected_from)
    mu = entity.baseline.mu_negative
    mentions = expected * (mu + entity.baseline.mu_other) / mu if mu > 0.0 else 0.0
    first = incident.fired[0]
    return IncidentEvent(
        incident_id=incident.incident_id,
        entity=when.entity,
        kind=incident.kind,  # type: ignore[arg-type]
        event=event,
        at=datetime.fromtimestamp(incident.reported_at, UTC),
        severity=incident.severity,
        pageable=not incident.coordinated and cause is None,
        coordinated=incident.coordinated,
        opened_at=datetime.fromtimestamp(incident.opened_at, UTC),
        resolved_at=datetime.fromtimestamp(incident.resolved, UTC) if incident.resolved else None,
        counts=Counts(incident.mentions, incident.negative, incident.authors, round(mentions, 2)),
        share=Share(round(incident.share_before, 4), round(min(1.0, incident.negative / max(1, incident.mentions)), 4)),
        forecast=Forecast(ahead.size, ahead.low, ahead.high, ahead.doubling_minutes),
        explanation=explanation(entity, incident, Known(when.entity.name, expected, ahead, cause)),
        test=TestResult(first.name, first.value, first.threshold, first.rate),
        reasons=incident.reasons,
        fired=tuple(
            Firing(f.name, datetime.fromtimestamp(f.at, UTC), f.value, f.threshold, f.rate) for f in incident.fired
        ),
        series=incident.timeline.series(now, foreseen),
        review=review(incident) if incident.resolved else (),
        doubt=cause,
    )


def _widen(incident: Incident, root: int | None) -> None:
    """A thread joins the scope, or all that is said of the entity does (None); so it does when threads are too many to
    list, for then they are no longer the story of a few."""
    if root is None or (root not in incident.roots and len(incident.roots) >= ROOTS):
        incident.wide = True
    elif root not in incident.roots:
        incident.roots.append(root)


def _fired(test: TestResult, event_time: int) -> Fired:
    return Fired(test.name, event_time, round(test.value, 3), round(test.threshold, 3), round(test.false_alarms, 5))


def _outlook(entity: EntityState, incident: Incident, upper: bool = True) -> Outlook:
    if incident.resolved:
        size = float(incident.mentions)
        return Outlook(size, size, size, None)
    passed = max(0, entity.clock - incident.at)
    timeline = incident.timeline
    counts = timeline.negative if incident.wide else timeline.mentions
    return outlook(
        incident.mentions,
        incident.fast * exp(-passed / FAST),
        incident.middle * exp(-passed / TAU),
        incident.slow * exp(-passed / SLOW),
        (entity.clock - incident.started) / 60.0,
        shares(counts, timeline.width, timeline.start, incident.started, entity.clock),
        upper,
    )


def _severity(entity: EntityState, incident: Incident, ahead: Outlook) -> int:
    daily = entity.baseline.mu_negative / max(entity.baseline.factor, 0.05) * 86_400.0  # negatives on an ordinary day
    if doubt(entity, incident) is not None:
        return 0
    return severity(ahead.low, ahead.size, incident.mentions, ahead.doubling_minutes, daily, incident.coordinated)
