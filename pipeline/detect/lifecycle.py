"""The life of an incident: opened, escalated, updated, resolved; opened again within the refractory time.

Every function here changes the state and gives the event to tell, if there is one; all times are event time.
"""

from __future__ import annotations

from copy import copy
from datetime import UTC, datetime
from math import exp
from zlib import crc32

from pipeline.detect.entity import EntityState
from pipeline.detect.evidence import Start
from pipeline.detect.explain import explanation
from pipeline.detect.forecast import Outlook, outlook
from pipeline.detect.heard import HeardMention
from pipeline.detect.incident import DRIVERS, NETWORKS, ROOTS, Incident, bump, incident_id, kept_post
from pipeline.detect.phrases import Talk
from pipeline.detect.severity import is_coordinated, severity
from pipeline.detect.threads import FAST, TAU, Thread
from pipeline.detect.weight import Weighed
from pipeline.messages import Counts, EntityRef, Forecast, IncidentEvent, IncidentEventName, Share, TestResult

UPDATE = 900
"""Seconds between updates at least."""

QUIET = 3600
"""Seconds of quiet after which an incident is over."""

REFRACTORY = 6 * 3600
"""Seconds after the end within which the same snowball is opened again instead of anew."""

SLOW = 10_800.0
"""Seconds over which the slowest count for the forecast decays."""

LEARNING = 3 * 86_400
"""Seconds for which a new entity is being learned."""


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
        test=kind,
        threshold=test.threshold,
        rate=test.false_alarms,
        value=test.value,
        at=s.clock,
        hot=s.clock,
        last_event=s.clock,
        learning=s.baseline.age(s.clock) < LEARNING,
        fired={kind: s.clock},
    )
    # Deletions since then may have been of mentions before it.
    incident.negative = max(0, s.negative - start.negative)
    incident.mentions = max(incident.negative, s.mentions - start.mentions)
    incident.authors = s.authors - start.authors
    incident.copies = s.copies - start.copies
    incident.fast, incident.middle, incident.slow = s.evidence.fast, s.evidence.middle, float(incident.negative)
    if not any(other is not None and other.open for other in (s.acute, s.slow)):
        s.talk = Talk()
    _look_back(s, m, incident, root)
    return incident


def take_thread(incident: Incident, thread: Thread) -> None:
    """Counts of an incident that is one thread so far."""
    incident.mentions, incident.negative = thread.mentions, thread.negative
    incident.authors, incident.copies, incident.reposts = thread.authors, thread.copies, thread.reposts
    incident.fast, incident.middle, incident.slow = thread.fast, thread.middle, float(thread.mentions)
    post = incident.first_post
    if post is not None and post.t <= thread.first and crc32(post.post_id.encode()) == post.root:
        incident.started = post.t  # the root itself was heard
        incident.mentions += 1
        incident.negative += 1
        incident.authors += 1


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
    if w.complains or not incident.wide:
        incident.fast += 1.0
        incident.middle += 1.0
        incident.slow += 1.0
        usual = 1.5 * s.baseline.mu_negative * TAU if incident.wide else 0.0
        if incident.middle > usual + 1.0:
            incident.hot = s.clock
    if w.complains:
        bump(incident.networks, m.network or m.post_id.partition(":")[0][:24], NETWORKS)
        bump(incident.drivers, (m.author.handle or m.author.id)[:40], DRIVERS)


def follow(s: EntityState, incident: Incident, m: HeardMention) -> IncidentEvent | None:
    """The event that an incident's new mention leads to: an escalation, an update, or none."""
    seen = incident.mentions
    doubled = seen >= 2 * incident.told and seen >= incident.told + 10
    due = s.clock - incident.last_event >= UPDATE
    if not (doubled or due or seen % 8 == 0):
        return None
    ahead = _outlook(s, incident)
    worse = _severity(s, incident, ahead) > incident.severity
    if doubled or worse:
        return tell(s, incident, m, "escalated")
    return tell(s, incident, m, "updated") if due else None


def over(s: EntityState, incident: Incident, t: int) -> bool:
    """Whether an open incident has been quiet for an hour at `t`."""
    return t - incident.hot >= QUIET


def resolve(s: EntityState, incident: Incident, m: HeardMention) -> IncidentEvent:
    """End an incident; its evidence is spent."""
    incident.resolved = s.clock
    for root in incident.roots:
        if root in s.threads:
            s.threads[root].evidence = s.threads[root].spread = 0.0
    return tell(s, incident, m, "resolved")


def merge(s: EntityState, incident: Incident, test: str, root: int | None) -> bool:
    """Take a further test that fired into an open incident; gives whether it is news."""
    if root is None:
        incident.wide = True
    elif root not in incident.roots and len(incident.roots) < ROOTS:
        incident.roots.append(root)
    if test in incident.fired:
        return False
    incident.fired[test] = s.clock
    return True


def reopen(s: EntityState, incident: Incident) -> None:
    """Open an incident again that ended within the refractory time."""
    incident.resolved = 0
    incident.hot = s.clock


def tell(s: EntityState, incident: Incident, m: HeardMention, event: IncidentEventName) -> IncidentEvent:
    """The event, with everything known at this mention."""
    arrival = (m.ingested_at or m.created_at).astimezone(UTC)
    incident.coordinated = is_coordinated(incident.mentions, incident.authors, incident.copies, incident.reposts)
    ahead = _outlook(s, incident)
    level = _severity(s, incident, ahead)
    incident.severity = max(level, incident.severity) if not incident.coordinated else level
    if event != "updated":
        incident.told = incident.mentions
    incident.last_event = s.clock
    name = m.entity.name or m.entity.id
    expected = max(0.0, s.baseline.expected(s.clock) - incident.expected_from)
    mu = s.baseline.mu_negative
    mentions = expected * (mu + s.baseline.mu_other) / mu if mu > 0.0 else 0.0
    return IncidentEvent(
        incident_id=incident.incident_id,
        entity=EntityRef(m.entity.id, name),
        kind=incident.kind,  # type: ignore[arg-type]
        event=event,
        at=arrival,
        severity=incident.severity,
        pageable=not incident.coordinated,
        coordinated=incident.coordinated,
        opened_at=datetime.fromtimestamp(incident.opened_at, UTC),
        resolved_at=datetime.fromtimestamp(incident.resolved, UTC) if incident.resolved else None,
        counts=Counts(incident.mentions, incident.negative, incident.authors, round(mentions, 2)),
        share=Share(round(incident.share_before, 4), round(min(1.0, incident.negative / max(1, incident.mentions)), 4)),
        forecast=Forecast(ahead.size, ahead.low, ahead.high, ahead.doubling_minutes),
        explanation=explanation(s, incident, name, expected, ahead),
        test=TestResult(incident.test, round(incident.value, 3), round(incident.threshold, 3), round(incident.rate, 5)),
    )


def _outlook(s: EntityState, incident: Incident) -> Outlook:
    if incident.resolved:
        return Outlook(incident.mentions, incident.mentions, incident.mentions, None)
    passed = max(0, s.clock - incident.at)
    return outlook(
        incident.mentions,
        incident.fast * exp(-passed / FAST),
        incident.middle * exp(-passed / TAU),
        incident.slow * exp(-passed / SLOW),
        (s.clock - incident.started) / 60.0,
    )


def _severity(s: EntityState, incident: Incident, ahead: Outlook) -> int:
    daily = s.baseline.mu_negative / max(s.baseline.factor, 0.05) * 86_400.0  # negatives on an ordinary day
    return severity(ahead.low, ahead.size, incident.mentions, ahead.doubling_minutes, daily, incident.coordinated)


def _look_back(s: EntityState, m: HeardMention, incident: Incident, root: int | None) -> None:
    """Fill the explanation from the posts kept before the incident opened."""
    posts = sorted(
        (p for p in s.ring if incident.covers(p.root) and (root is not None or p.t >= incident.started)),
        key=lambda p: p.t,
    )
    for post in posts:
        s.talk.hear(post.text)
        bump(incident.drivers, post.author[:40], DRIVERS)
        bump(incident.networks, post.post_id.partition(":")[0][:24], NETWORKS)
    incident.first_post = copy(posts[0]) if posts else None
    if incident.first_post is None and root is not None:
        author = m.author.handle or m.author.id
        incident.first_post = kept_post(m.post_id, author, m.text, s.clock, m.url, root)
