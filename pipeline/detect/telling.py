"""What is gathered of an incident so that it can be told: its course, words, narratives, people, signs of coordination.

None of it decides whether there is an incident.
"""

from __future__ import annotations

from copy import copy
from typing import Final

from pipeline.contracts.sketch import decode
from pipeline.detect import course
from pipeline.detect.coordination import YOUNG, Signs
from pipeline.detect.course import Course
from pipeline.detect.entity import EntityState
from pipeline.detect.grouping import place
from pipeline.detect.heard import HeardMention
from pipeline.detect.incident import (
    DRIVERS,
    NAME_BYTES,
    NETWORKS,
    REGULARS,
    Incident,
    KeptPost,
)
from pipeline.detect.keeping import bump
from pipeline.detect.narratives import Narratives
from pipeline.detect.phrases import Talk, terms
from pipeline.detect.ring import clip, kept_post
from pipeline.detect.weighed import Weighed
from pipeline.detect.wordvector import hashed

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


def chart(s: EntityState, found: Course, t: int, complains: bool) -> None:
    """Let time pass in the course of an incident, and count a mention of time `t` in it.

    What nearly every mention needs is written out, since it is compiled here and not there.
    """
    clock, at, start, width = s.clock, found.at, found.start, found.width
    if clock > at and (clock - start) // width != (at - start) // width:
        found.settle(clock, s.baseline.expected(clock))
        width = found.width
    place, mentions = (t - start) // width, found.mentions
    if 0 <= place < len(mentions):
        mentions[place] += 1
        found.negative[place] += complains
    else:
        found.add(t, complains)


def hear(s: EntityState, incident: Incident, m: HeardMention, w: Weighed, t: int) -> None:
    """A mention in the incident's scope, of event time `t`."""
    born = m.author.created_at
    age = None if born is None else (m.created_at - born).total_seconds()
    watch(incident.signs, t, age, w.complains and not w.repost)
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


def watch(signs: Signs, t: int, age: float | None, complains: bool) -> None:
    """A mention in an incident's scope at time `t`, by an account of that age (seconds; None: not known)."""
    if age is not None:
        signs.aged += 1
        signs.young += age < YOUNG
    if not complains:
        return
    last = signs.last
    if last and t >= last:
        gap = t - last
        signs.gaps += 1
        signs.total += gap
        signs.squares += gap * gap
    if t > last:
        signs.last = t


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
        watch(incident.signs, post.t, None, True)
        if post.post_id == m.post_id:
            group(s, m, post.t)
        else:
            s.talk.hear(terms(post.text), s.past, s.name)
    incident.first_post = copy(posts[0]) if posts else None
    if incident.first_post is None and root is not None:
        author = m.author.handle or m.author.id
        incident.first_post = kept_post(m.post_id, author, m.text, s.clock, m.url, root)


def course_since(s: EntityState, started: int) -> Course:
    """The course of an incident that began at `started` and is found now, as far as single mentions are remembered."""
    since, mentions = course.remembered(s.memory, s.clock)
    made = course.begun(
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
