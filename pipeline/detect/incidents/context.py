"""Gathers the context of an incident: timeline, words, narratives, people, coordination.

None of it decides whether there is an incident.
"""

from __future__ import annotations

from functools import partial
from typing import Final
from zlib import crc32

from pipeline.contracts.account import author_key
from pipeline.contracts.fingerprint import LENGTH, parts
from pipeline.contracts.sketch import decode
from pipeline.detect.incidents.counters import bump
from pipeline.detect.incidents.usual import usual
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.mentions.weighting import WeighedMention
from pipeline.detect.narratives.clustering import assign
from pipeline.detect.narratives.narrative import NarrativeClusters
from pipeline.detect.narratives.phrases import IncidentVocabulary
from pipeline.detect.narratives.vectors import hashed
from pipeline.detect.narratives.words import terms
from pipeline.detect.state import timeline
from pipeline.detect.state.entity import POSTS, EntityState
from pipeline.detect.state.incident import DRIVERS, NETWORKS, REGULARS, TEXTS, Incident
from pipeline.detect.state.quotable_posts import NAME_BYTES, QuotablePost, clip, quotable_post, retain_post
from pipeline.detect.state.timeline import Timeline

SAMPLE: Final = 4
SAMPLE_LATER: Final = 32
KNOWN: Final = 100
"""One in so many mentions of quiet times teaches the words of the past: more until so many have been learned."""

LONG_TEXT: Final = 80
"""Characters from which people do not share most words of a text by chance; in short ones they do."""

SMOULDERS, HOT = 0.5, 7200
"""Evidence of a thread, in nats, and seconds since its last answer, at which a pile-on may yet come of it."""

NETWORK_BYTES: Final = 24
ENTITY_BYTES: Final = 80


def learn(entity: EntityState, mention: InboundMention, weighed: WeighedMention) -> None:
    """A mention of quiet times: what people usually say, and who they are."""
    chance = crc32(mention.post_id.encode())  # not keyed, so that a replay elsewhere learns the same words
    if chance % (SAMPLE if entity.past.mentions < KNOWN else SAMPLE_LATER) == 0 and mention.text:
        entity.past.learn(mention.text)
    if weighed.first:
        entity.regulars.learn(weighed.voice, weighed.complains, weighed.praises, chance >> 3)


def observe(
    entity: EntityState, incident: Incident, mention: InboundMention, weighed: WeighedMention, event_time: int
) -> None:
    """A mention in the incident's scope."""
    if weighed.complains:
        if not weighed.complained:  # an edit makes no further voice
            born = mention.author.created_at
            age = None if born is None else (mention.created_at - born).total_seconds()
            nth = 1 if weighed.author == 1.0 else 2 if weighed.author > 0.0 else 3
            copied = weighed.copied or (nth == 1 and not weighed.repost and _resembles(incident, mention))
            incident.signs.add(event_time, age, nth, copied, weighed.repost)
        name = clip(mention.author.handle or mention.author.id, NAME_BYTES)
        bump(incident.networks, _network(mention.network, mention.post_id), NETWORKS)
        bump(incident.drivers, name, DRIVERS)
        if name not in incident.accounts and name in incident.drivers:
            incident.credit(name, author_key(mention.network, mention.author.id))
    standing = entity.regulars.standing(weighed.voice)
    if standing is not None:
        name = clip(mention.author.handle or mention.author.id, NAME_BYTES)
        before = incident.regulars.get(name)
        if before is not None or len(incident.regulars) < REGULARS:
            incident.regulars[name] = (1 if before is None else before[0] + 1, *standing)
            if name not in incident.accounts:
                incident.credit(name, author_key(mention.network, mention.author.id))


def remember(entity: EntityState, mention: InboundMention, root: int, event_time: int) -> None:
    """Remember a complaint that may be quoted, and count the answer it gives to another.

    What a test finds later began with a post of before: the first since each possible beginning stays.  One that comes
    late to an incident in progress, and was written before all that it has, is its first post from then on.
    """
    if mention.parent_id is not None:
        for post in entity.posts:
            if post.post_id == mention.parent_id:
                post.replies += 1
                break
        for incident in (entity.acute, entity.slow):
            if incident is not None and incident.first_post is not None:
                incident.first_post.replies += incident.first_post.post_id == mention.parent_id
    if mention.kind == "repost":
        return
    author = mention.author.handle or mention.author.id
    quotable = quotable_post(mention.post_id, author, mention.text, event_time, mention.url, root)
    if quotable is None:
        return
    retain_post(entity.posts, quotable, POSTS, *_beginnings(entity))
    for incident in (entity.acute, entity.slow):
        if incident is None or incident.resolved or incident.first_post is None or not incident.covers(root):
            continue
        if incident.started <= event_time < incident.first_post.at:
            incident.first_post = quotable.copy()


def _beginnings(entity: EntityState) -> tuple[list[int], list[int]]:
    """When an incident that is found later may have begun, and in which threads."""
    swell, clock = entity.groundswell, entity.clock
    starts = [start.at for start in entity.evidence.starts]
    starts.append(swell.mark.at)
    if swell.evidence > 0.0:
        starts.append(swell.since.at)
    roots = [
        root for root, thread in entity.threads.items() if thread.evidence >= SMOULDERS and clock - thread.at < HOT
    ]
    return starts, roots


def first_post(entity: EntityState, incident: Incident, since: int) -> QuotablePost | None:
    """The first of the remembered complaints in its scope since a time, counted by itself from now on."""
    posts = [post for post in entity.posts if incident.covers(post.root) and post.at >= since]
    return min(posts, key=_time).copy() if posts else None


def _resembles(incident: Incident, mention: InboundMention) -> bool:
    """Whether a text is, but for a word or two, one that somebody else complained with; note it."""
    fingerprint = mention.fingerprint
    if fingerprint is None or len(fingerprint) != LENGTH or len(mention.text) < LONG_TEXT:
        return False
    shared = parts(fingerprint)
    found = any(part in incident.texts for part in shared)
    for part in shared:
        bump(incident.texts, part, TEXTS)
    return found


def group(entity: EntityState, mention: InboundMention, event_time: int) -> None:
    """A complaint of an incident: its words, and the narrative that it belongs to."""
    said = terms(mention.text)
    if mention.sketch is not None:
        vector, by = decode(mention.sketch), "sketch"
    else:
        vector, by = hashed(said, entity.past), "words"
    slot, lost = assign(entity.narratives, vector, by, event_time)
    for old, new in lost:
        entity.vocabulary.move(old, new)
        for post in entity.posts:
            if post.slot == old:
                post.slot = new
    entity.vocabulary.add(said, entity.past, entity.name, slot)
    if entity.posts and entity.posts[-1].post_id == mention.post_id:
        entity.posts[-1].slot = slot


def backfill(entity: EntityState, mention: InboundMention, incident: Incident, root: int | None) -> None:
    """Fill an incident that begins with what is known from before it was found; `mention` led to it."""
    entity.name = clip(mention.entity.name or mention.entity.id, ENTITY_BYTES)
    if not any(other is not None and other.open for other in (entity.acute, entity.slow)):
        entity.vocabulary, entity.narratives = IncidentVocabulary(), NarrativeClusters()
        for post in entity.posts:
            post.slot = -1
    posts = sorted(
        [
            post
            for post in entity.posts
            if incident.covers(post.root) and (root is not None or post.at >= incident.started)
        ],
        key=_time,
    )
    for post in posts:
        bump(incident.drivers, post.author, DRIVERS)
        bump(incident.networks, _network("", post.post_id), NETWORKS)
        incident.signs.note_time(post.at)
        if post.post_id == mention.post_id:
            group(entity, mention, post.at)
        else:
            entity.vocabulary.add(terms(post.text), entity.past, entity.name)
    incident.first_post = posts[0].copy() if posts else None
    if incident.first_post is None and root is not None:
        author = mention.author.handle or mention.author.id
        at = int(min(mention.created_at, mention.ingested_at or mention.created_at).timestamp())
        incident.first_post = quotable_post(mention.post_id, author, mention.text, at, mention.url, root)


def timeline_since(entity: EntityState, started: int) -> Timeline:
    """The timeline of an incident that began at `started` and is found now, as far as mentions are remembered."""
    since, mentions = timeline.remembered(entity.memory, entity.clock)
    clock, baseline = entity.clock, entity.baseline
    known_since = max(since, int(baseline.born))
    made = timeline.begun(started, clock, known_since, partial(usual, baseline), baseline.expected(clock))
    for event_time, complains in mentions:
        made.add(min(event_time, clock), complains)
    return made


def _network(network: str, post_id: str) -> str:
    """The network of a post; ids begin with it."""
    return clip(network or post_id.partition(":")[0], NETWORK_BYTES)


def _time(post: QuotablePost) -> int:
    return post.at
