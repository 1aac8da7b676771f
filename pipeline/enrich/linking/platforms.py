"""Networks named as places ("via @YouTube", "on facebook"), not as companies.

People name a network mostly as a place.  What an app writes by itself ("I liked a @YouTube video", "Taken with
instagram") says nothing about the network.  What people write ("get off facebook") may; readers who marked companies in
public collections of tweets took about two in three of these as naming the company, so these are linked, barely: the
confidence says how doubtful they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from pipeline.enrich.catalogue.industries import BUSINESS_WORDS

NETWORK = "social"
"""The industry whose names are places as well."""

SHARED = -6.0
"""Nats of a place where something was shared or seen: `via @YouTube`, `saw on facebook that`."""
LOCATION = -2.3
"""`on facebook`, `my instagram`, `a twitter account`, `good morning twitter`."""
TAG = -4.5
"""A network's name as a hashtag is a topic to be found by."""
COMPANY = (0.0, 1.8, 3.6)
"""For no, one, two or more different words that are said of a company."""
HANDLE = 1.6
"""How much more a place says beside a handle, which by itself is surer than a name."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_REACH = 45
"""Characters to each side of a handle in which words are looked for."""
_PLACES_TEXT = "on to onto into in off through thru from over using across by between joined join"
_PLACES = frozenset(_PLACES_TEXT.split())
_OWNERS_TEXT = "my your her his their our ur ya a an another this these old new personal own"
_OWNERS = frozenset(_OWNERS_TEXT.split())
_SHARING_TEXT = "liked favorited favourited added subscribed uploaded posted taken check"
_SHARING = frozenset(_SHARING_TEXT.split())
_SEEN_TEXT = "saw seen read heard found posted posting post shared sharing watched watching"
_SEEN = frozenset(_SEEN_TEXT.split())
"""Before `on`: where something was seen or put."""
_PARTS_TEXT = (
    "account accounts page pages profile profiles video videos vid vids channel channels follower followers following "
    "friend friends post posts photo photos pic pics picture pictures album link links name names handle bio username "
    "background header avi feed timeline tl jail crush crushes q qa chat live stream message messages msg inbox dm dms "
    "story stories group groups event like likes status statuses trend trends famous session break fam family people "
    "folks user users beef rant drama addict star stars clip clips comment comments request requests invite fan fans "
    "competition contest giveaway newspaper daily week age party troll trolls"
)
_PARTS = frozenset(_PARTS_TEXT.split())
_GREETINGS_TEXT = "morning night goodnight evening afternoon hello hi hey bye goodbye gm gn dear welcome"
_GREETINGS = frozenset(_GREETINGS_TEXT.split())
_COMPANY_TEXT = (
    "down outage outages crash crashed crashes crashing app update updates updated stock shares banned ban bans fined "
    "fine privacy hacked hack breach policy policies algorithm employees staff support censors censored censorship "
    "glitch glitching bug bugs broken buggy lag lagging founder suspended server servers engineers advertisers "
    "regulator regulators developers feature redesign layout boycott sucks trash ruined monopoly data login"
)
_COMPANY = frozenset(_COMPANY_TEXT.split()) | BUSINESS_WORDS


def as_name(before: Sequence[str], after: Sequence[str], words: AbstractSet[str]) -> float:
    """Nats against a network's name being about the company, at most 0; 0.0 where nothing says that it is a place.

    `before` and `after` are the words beside the name, nearest last and first; `words` are all of the post.
    """
    previous = before[-1] if before else ""
    following = after[0] if after else ""
    if _is_shared(before[-4:], previous, following):
        return SHARED
    if previous in _PLACES or previous in _OWNERS or previous in _GREETINGS or following in _PARTS:
        return min(0.0, LOCATION + _said(words))
    return 0.0


def as_handle(text: str, start: int, end: int) -> float:
    """The same for a handle at `text[start:end]`; a greeting before it is meant for the company."""
    before = _WORD.findall(text[max(0, start - _REACH) : start].lower())
    after = _WORD.findall(text[end : end + _REACH].lower())
    if before and before[-1] in _GREETINGS:
        return 0.0
    return HANDLE * as_name(before[-4:], after[:4], _words(text))


def as_tag(text: str) -> float:
    """The same for a hashtag that holds the name."""
    return min(0.0, TAG + _said(_words(text)))


def _said(words: AbstractSet[str]) -> float:
    return COMPANY[min(len(_COMPANY & words), 2)]


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))


def _is_shared(near: Sequence[str], previous: str, following: str) -> bool:
    """Whether a line that an app wrote, or that reads like one, says where something was shared or seen."""
    if previous == "via":
        return True
    if previous == "with":
        return "taken" in near
    if previous in ("a", "an") and following.startswith("video"):
        return not _SHARING.isdisjoint(near)
    if previous == "on":
        return not _SEEN.isdisjoint(near[-4:-1])
    return previous == "to" and "posted" in near
