"""Hazards: kinds of input, fault and check that histories may hold, by name.

A history that is cut down to what it takes to fail says by them what it needs.
"""

from __future__ import annotations

LEAKS = "words of deleted posts outside the index"
CHANGED_SUBJECT = "an edit that changes whom a post is about"
OLDER_ELSEWHERE = "an older version, about another company, that comes after a newer one"
OVERTAKEN = "a version of a post that comes after a newer one, in the detector"
TURNED_TWICE = "a reply that turns to other companies twice, as those above it come late"
BACK_AGAIN = "a post that comes back after its deletion"
HUGE = "a record whose dead letter is over the limit"
RECEIVER_AWAY = "a receiver that is away for minutes"
ALERT_KILLED = "an alert worker that ends between an alert and its commit"
ANSWER_LOST = "an alert whose receipt is lost"
ALERT_PAUSED = "an alert worker that stands still between an alert and its mark"
REPLAYED = "dead letters of alerts that are published again"
STATE_REPEATED = "a write of state that fails in passing and is tried again"
STATE_COMPACTED = "a state topic that is compacted after a late write"
MANY_REPEATED = "more posts of a company than the detector remembers, some of them sent again"
MANY_DELETED = "more deletions of a company's posts than the detector remembers"

HAZARDS = (
    LEAKS,
    CHANGED_SUBJECT,
    OLDER_ELSEWHERE,
    OVERTAKEN,
    TURNED_TWICE,
    BACK_AGAIN,
    HUGE,
    RECEIVER_AWAY,
    ALERT_KILLED,
    ANSWER_LOST,
    ALERT_PAUSED,
    REPLAYED,
    STATE_REPEATED,
    STATE_COMPACTED,
    MANY_REPEATED,
    MANY_DELETED,
)
"""All of them; ordinary histories may hold each."""
