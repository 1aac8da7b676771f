"""Retractions: what a deleted or edited post weighed leaves counts and evidence again.

Exact for as long as the post is remembered: two days after it came, by when nothing of it is left in the evidence.
What may be quoted goes whenever it is deleted.
"""

from __future__ import annotations

from pipeline.detect.evidence.baseline import BIN
from pipeline.detect.evidence.groundswell import BLOCK
from pipeline.detect.incidents.context import first_post
from pipeline.detect.mentions.inbound import InboundDeletion, InboundMention
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.incident import ACCOUNT
from pipeline.detect.state.page import RememberedPost


def retract(entity: EntityState, deletion: InboundDeletion) -> None:
    """A post is deleted in a version; a further deletion, or that of an older version, changes nothing.

    No later event quotes it, and its author is among those who drive an incident only for other posts.
    """
    memory, minute = entity.memory, entity.clock // 60
    key = memory.number(deletion.post_id)
    post = memory.delete(key, minute, deletion.version)
    now = memory.recall(key, minute)
    if now is None or now.gone:
        _discredit(entity, deletion)
        _unquote(entity, deletion.post_id)
    if post is not None:
        _withdraw(entity, key, post)


def replace(entity: EntityState, mention: InboundMention, key: int) -> RememberedPost | None:
    """A post comes in another version: what the version before weighed is retracted, and given."""
    post = entity.memory.recall(key, entity.clock // 60)
    entity.memory.unlearn(mention.author.id)
    _unquote(entity, mention.post_id)
    if post is not None:
        _withdraw(entity, key, post)
    return post


def _discredit(entity: EntityState, deletion: InboundDeletion) -> None:
    """Take a mention off those of its author, known by the post while it may be quoted, else by the account.

    A deletion that comes twice may do so twice: who is gone is forgotten rather too soon than too late.
    """
    account = (deletion.author_key or "")[:ACCOUNT]
    for incident in (entity.acute, entity.slow):
        if incident is None:
            continue
        quotable = entity.posts if incident.first_post is None else [*entity.posts, incident.first_post]
        names = [post.author for post in quotable if post.post_id == deletion.post_id]
        names += [name for name, key in incident.accounts.items() if key == account]
        if names:
            incident.discredit(names[0])


def _unquote(entity: EntityState, post_id: str) -> None:
    """No later event quotes the post."""
    entity.posts = [other for other in entity.posts if other.post_id != post_id]
    for incident in (entity.acute, entity.slow):
        if incident is not None and incident.first_post is not None and incident.first_post.post_id == post_id:
            incident.first_post = first_post(entity, incident, incident.started)


def _withdraw(entity: EntityState, key: int, post: RememberedPost) -> None:
    event_time, weight = post.minute * 60, post.weight / 100.0
    entity.mentions -= 1
    entity.negative -= post.negative
    if not post.late:  # else it is in none of these
        _from_sums(entity, post, event_time)
        if post.negative:
            entity.evidence.retract(weight, entity.clock - event_time, entity.baseline.phi)
        thread = entity.threads.get(post.root)
        if post.root and thread is not None:
            thread.retract(weight, post.negative, entity.clock - event_time, entity.baseline.branching)
    for incident in (entity.acute, entity.slow):
        if incident is not None and incident.resolved == 0:
            incident.timeline.retract(event_time, post.negative)
            if (incident.wide and event_time >= incident.started - 59) or (post.root or key) in incident.roots:
                incident.mentions = max(0, incident.mentions - 1)
                incident.negative = max(0, incident.negative - post.negative)


def _from_sums(entity: EntityState, post: RememberedPost, event_time: int) -> None:
    """Out of the bin and the block in progress; bins that are closed have been winsorised and stay."""
    weight = post.weight / 100.0
    negative = weight if post.negative else 0.0
    other = weight - negative
    if event_time >= entity.baseline.bin_end - BIN:
        entity.baseline.negative = max(0.0, entity.baseline.negative - negative)
        entity.baseline.other = max(0.0, entity.baseline.other - other)
    if event_time >= entity.groundswell.end - BLOCK:
        entity.groundswell.negative = max(0.0, entity.groundswell.negative - negative)
        entity.groundswell.other = max(0.0, entity.groundswell.other - other)
