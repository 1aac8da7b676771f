"""Limits of a simulation: the kinds of stories, and the most of everything."""

from __future__ import annotations

from typing import Literal, get_args

StoryKind = Literal["cascade", "groundswell", "amplification", "repost_flood", "promotion", "news_surge", "brigade"]
STORY_KINDS: tuple[StoryKind, ...] = get_args(StoryKind)

MOST_STORIES = 60.0
"""Most stories of a kind, per company and month."""

MOST_COMPANIES = 6_000
MOST_DAYS = 3_650
