"""Retractions: what a deleted or edited post weighed leaves counts and evidence again.

Exact for a week of a quiet entity and a minute of a busy one: as long as the post is among those remembered, and for
two days at most, by when nothing of it is left in the evidence.
"""

from __future__ import annotations

from zlib import crc32

from pipeline.detect.evidence.baseline import BIN
from pipeline.detect.evidence.groundswell import BLOCK
from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.memory import RememberedPost

LASTS = 2 * 1440
"""Minutes after which a post has left the evidence anyway."""


def retract(entity: EntityState, post_id: str) -> None:
    """A post is deleted.  A further deletion of it changes nothing."""
    key = crc32(post_id.encode())
    post = entity.memory.recall(key)
    entity.memory.forget(key, entity.clock // 60)
    _withdraw(entity, post_id, post)


def replace(entity: EntityState, mention: InboundMention, key: int) -> None:
    """A post comes in another version: what the version before weighed is retracted."""
    post = entity.memory.recall(key)
    entity.memory.unlearn(key, mention.author.id, mention.fingerprint or mention.text)
    _withdraw(entity, mention.post_id, post)


def _withdraw(entity: EntityState, post_id: str, post: RememberedPost | None) -> None:
    entity.posts = [other for other in entity.posts if other.post_id != post_id]
    if post is None or entity.clock // 60 - post.minute > LASTS:
        return
    event_time = post.minute * 60
    entity.mentions -= 1
    entity.negative -= post.negative
    _from_sums(entity, post, event_time)
    if post.negative:
        entity.evidence.retract(post.weight, entity.clock - event_time, entity.baseline.phi)
    thread = entity.threads.get(post.root)
    if post.root and thread is not None:
        thread.retract(
            post.weight if post.negative else 0.0, post.negative, entity.clock - event_time, entity.baseline.branching
        )
    for incident in (entity.acute, entity.slow):
        if incident is None:
            continue
        if incident.first_post is not None and incident.first_post.post_id == post_id:
            incident.first_post = None
        if incident.resolved == 0:
            incident.timeline.retract(event_time, post.negative)
            if (incident.wide and event_time >= incident.started - 59) or post.root in incident.roots:
                incident.mentions = max(0, incident.mentions - 1)
                incident.negative = max(0, incident.negative - post.negative)


def _from_sums(entity: EntityState, post: RememberedPost, event_time: int) -> None:
    """Out of the bin and the block in progress; bins that are closed have been winsorised and stay."""
    negative = post.weight if post.negative else 0.0
    other = post.weight - negative
    if event_time >= entity.baseline.bin_end - BIN:
        entity.baseline.negative = max(0.0, entity.baseline.negative - negative)
        entity.baseline.other = max(0.0, entity.baseline.other - other)
    if event_time >= entity.groundswell.end - BLOCK:
        entity.groundswell.negative = max(0.0, entity.groundswell.negative - negative)
        entity.groundswell.other = max(0.0, entity.groundswell.other - other)
