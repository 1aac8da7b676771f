"""Kinds of values that the fields of messages have, their bounds, and times as numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta

MAX_TEXT = 100_000
"""Longest text of a post, in characters; a longer one is a dead letter."""

Id = Annotated[str, Meta(min_length=1, max_length=512)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Time = Annotated[datetime, Meta(tz=True)]
Probability = Annotated[float, Meta(ge=0.0, le=1.0)]
MAX_VERSION = 2**62
Version = Annotated[int, Meta(ge=0, le=MAX_VERSION)]

PostKind = Literal["post", "reply", "quote", "repost", "review", "comment"]
LinkHow = Literal["name", "handle", "hashtag", "product", "inherited"]
Label = Literal["negative", "neutral", "positive"]
AuthorRole = Literal["public", "own", "press"]
IncidentKind = Literal["pile_on", "surge", "groundswell", "amplification"]
IncidentEventName = Literal["opened", "escalated", "updated", "resolved"]
Untrained = Literal["language", "no_words", "hashtags", "code", "long"]
Reason = Literal["few_authors", "copied_texts", "new_accounts", "lockstep"]
Doubt = Literal["promotion", "news", "source_outage"]
Leaning = Literal["ally", "critic", "mixed"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(when: datetime) -> int:
    """Whole milliseconds since 1970, rounded down; any date, negative before 1970."""
    return (when - EPOCH) // _MILLISECOND
