"""Deletions and edits: what a post weighed is taken back out of counts and evidence.

Exact for a week of a quiet entity and a minute of a busy one: as long as the post is among those remembered, and for
two days at most, by when nothing of it is left in the evidence.
"""

from __future__ import annotations

from zlib import crc32

from pipeline.detect.evidence.baseline import BIN
from pipeline.detect.evidence.groundswell import BLOCK
from pipeline.detect.mentions.inbound import HeardMention
from pipeline.detect.state.entity import EntityState
from pipeline.detect.state.memory import Told

LASTS = 2 * 1440
"""Minutes after which a post has left the evidence anyway."""


def take_back(s: EntityState, post_id: str) -> None:
    """A post is deleted.  Being told so again changes nothing."""
    key = crc32(post_id.encode())
    told = s.memory.told(key)
    s.memory.forget(key, s.clock // 60)
    _take_out(s, post_id, told)


def replace(s: EntityState, m: HeardMention, key: int) -> None:
    """A post is about to be heard in another version: what the one heard before weighed is taken back."""
    told = s.memory.told(key)
    s.memory.unlearn(key, m.author.id, m.fingerprint or m.text)
    _take_out(s, m.post_id, told)


def _take_out(s: EntityState, post_id: str, told: Told | None) -> None:
    s.ring = [post for post in s.ring if post.post_id != post_id]
    if told is None or s.clock // 60 - told.minute > LASTS:
        return
    t = told.minute * 60
    s.mentions -= 1
    s.negative -= told.negative
    _from_sums(s, told, t)
    if told.negative:
        s.evidence.take_back(told.weight, s.clock - t, s.baseline.phi)
    thread = s.threads.get(told.root)
    if told.root and thread is not None:
        thread.take_back(told.weight if told.negative else 0.0, told.negative, s.clock - t, s.baseline.branching)
    for incident in (s.acute, s.slow):
        if incident is None:
            continue
        if incident.first_post is not None and incident.first_post.post_id == post_id:
            incident.first_post = None
        if incident.resolved == 0:
            incident.course.take_back(t, told.negative)
            if (incident.wide and t >= incident.started - 59) or told.root in incident.roots:
                incident.mentions = max(0, incident.mentions - 1)
                incident.negative = max(0, incident.negative - told.negative)


def _from_sums(s: EntityState, told: Told, t: int) -> None:
    """Out of the bin and the block in progress; bins that are closed have been winsorised and stay."""
    negative = told.weight if told.negative else 0.0
    other = told.weight - negative
    if t >= s.baseline.bin_end - BIN:
        s.baseline.negative = max(0.0, s.baseline.negative - negative)
        s.baseline.other = max(0.0, s.baseline.other - other)
    if t >= s.groundswell.end - BLOCK:
        s.groundswell.negative = max(0.0, s.groundswell.negative - negative)
        s.groundswell.other = max(0.0, s.groundswell.other - other)
