"""What is gathered of an incident so that it can be told: its course, words, narratives, people, signs of coordination.

None of it decides whether there is an incident.
"""

from __future__ import annotations

from typing import Final

from pipeline.detect.incidents.counters import bump
from pipeline.detect.mentions.inbound import HeardMention
from pipeline.detect.mentions.weighting import Weighed
from pipeline.detect.narratives.clustering import place
from pipeline.detect.narratives.narrative import Narratives
from pipeline.detect.narratives.phrases import Talk
from pipeline.detect.narratives.vectors import hashed
from pipeline.detect.narratives.words import terms
from pipeline.detect.state import timeline
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.incident import DRIVERS, NETWORKS, REGULARS, Incident
from pipeline.detect.state.quotable_posts import NAME_BYTES, KeptPost, clip, kept_post
from pipeline.detect.state.timeline import Course
from pipeline.sketch import decode

SAMPLE: Final = 4
SAMPLE_LATER: Final = 32
KNOWN: Final = 100
"""One in so many mentions of quiet times teaches the words of the past: more until so many have been learned."""

NETWORK_BYTES: Final = 24
ENTITY_BYTES: Final = 80


def learn(s: EntityState, m: HeardMention, w: Weighed) -> None:
    """A mention of quiet times: what people usually say, and who they are."""
    if w.key % (SAMPLE if s.past.mentions < KNOWN else SAMPLE_LATER) == 0 and m.text:
        s.past.learn(m.text)
    if w.first:
        s.regulars.learn(w.voice, w.complains, w.praises, w.key >> 3)


def hear(s: EntityState, incident: Incident, m: HeardMention, w: Weighed, t: int) -> None:
    """A mention in the incident's scope, of event time `t`."""
    born = m.author.created_at
    age = None if born is None else (m.created_at - born).total_seconds()
    incident.signs.add(t, age, w.complains and not w.repost)
    if w.complains:
        name = clip(m.author.handle or m.author.id, NAME_BYTES)
        bump(incident.networks, _network(m.network, m.post_id), NETWORKS)
        bump(incident.drivers, name, DRIVERS)
    standing = s.regulars.standing(w.voice)
    if standing is not None:
        name = clip(m.author.handle or m.author.id, NAME_BYTES)
        before = incident.regulars.get(name)
        if before is not None or len(incident.regulars) < REGULARS:
            incident.regulars[name] = (1 if before is None else before[0] + 1, *standing)


def group(s: EntityState, m: HeardMention, t: int) -> None:
    """A complaint of an incident: its words, and the narrative that it belongs to."""
    said = terms(m.text)
    vector, by = (decode(m.sketch), "sketch") if m.sketch is not None else (hashed(said, s.past), "words")
    slot, lost = place(s.narratives, vector, by, t)
    for old, new in lost:
        s.talk.move(old, new)
        for post in s.ring:
            if post.slot == old:
                post.slot = new
    s.talk.hear(said, s.past, s.name, slot)
    if s.ring and s.ring[-1].post_id == m.post_id:
        s.ring[-1].slot = slot


def look_back(s: EntityState, m: HeardMention, incident: Incident, root: int | None) -> None:
    """Fill an incident that begins with what is known from before it was found; `m` is the mention that led to it."""
    s.name = clip(m.entity.name or m.entity.id, ENTITY_BYTES)
    if not any(other is not None and other.open for other in (s.acute, s.slow)):
        s.talk, s.narratives = Talk(), Narratives()
        for post in s.ring:
            post.slot = -1
    posts = sorted(
        (p for p in s.ring if incident.covers(p.root) and (root is not None or p.t >= incident.started)),
        key=_time,
    )
    for post in posts:
        bump(incident.drivers, post.author, DRIVERS)
        bump(incident.networks, _network("", post.post_id), NETWORKS)
        incident.signs.add(post.t, None, True)
        if post.post_id == m.post_id:
            group(s, m, post.t)
        else:
            s.talk.hear(terms(post.text), s.past, s.name)
    incident.first_post = posts[0].copy() if posts else None
    if incident.first_post is None and root is not None:
        author = m.author.handle or m.author.id
        incident.first_post = kept_post(m.post_id, author, m.text, s.clock, m.url, root)


def course_since(s: EntityState, started: int) -> Course:
    """The course of an incident that began at `started` and is found now, as far as single mentions are remembered."""
    since, mentions = timeline.remembered(s.memory, s.clock)
    made = timeline.begun(
        started, s.clock, max(since, int(s.baseline.born)), s.baseline.mu_negative, s.baseline.expected(s.clock)
    )
    for t, complains in mentions:
        made.add(min(t, s.clock), complains)
    return made


def _network(network: str, post_id: str) -> str:
    """The network of a post; ids begin with it."""
    return clip(network or post_id.partition(":")[0], NETWORK_BYTES)


def _time(post: KeptPost) -> int:
    return post.t
