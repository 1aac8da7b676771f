"""Namesakes of companies: people, stadiums, tournaments.

`Tim Cook`, `Jarrod Dyson`; `Citizens Bank Park`, `the BNP Paribas Open`.  This is asked also of names that nothing else
is called by, since companies pay to have theirs on buildings and cups, and many are their founders' family names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NAMESAKE = -5.0
"""Nats for a name that is a part of a person's, a building's or an event's."""

_GIVEN_TEXT = (
    "aaron adam adrian alan albert alec alex alexander alexandra alice alison amanda amy andre andrea andrew andy "
    "angela anna anne annie anthony antonio arthur barbara barry ben benjamin bernard beth betty bob bobby brad "
    "brandon brenda brendan brian bruce bryan calvin cameron carl carlos caroline catherine cathy charles charlie "
    "chris christina christine christopher cindy claire clara colin connor courtney craig curtis cynthia damian "
    "dan daniel danny darren dave david dean debbie deborah denise dennis derek diana diane don donald donna doug "
    "douglas duncan dylan ed eddie edward eileen elaine eleanor elizabeth ellen emily emma eric erik erin ethan "
    "evan fiona frances frankie fred gary gavin geoff george gerald gerard glen glenn gloria gordon graham greg "
    "gregory hannah harold harry heather helen henry howard hugh iain ian isaac isabel ivan jacob jake james "
    "jamie jane janet janice jarrod jason jeff jeffrey jennifer jenny jeremy jerome jerry jesse jessica jim jimmy "
    "joan joanna joe joel john johnny jon jonathan joseph josh joshua juan judith judy julia julian julie justin karen "
    "kate katherine kathleen kathryn kathy katie keith kellen kelly ken kenneth kenny kevin kim kimberly kirsty "
    "kristen kurt kyle larry laura lauren lawrence leonard leslie liam linda lisa liz louis louise lucas lucy "
    "luke lynn malcolm marcus margaret maria marie marilyn mario marion martha martin mary matt matthew maureen "
    "megan melissa michael michelle miguel mike miles mitch molly monica nancy natalie nathan neil nicholas nick "
    "nicola nicole nigel noah nora norman oliver olivia oscar owen pamela patricia patrick paul paula pedro peter "
    "phil philip phillip phyllis rachel ralph randy raymond rebecca rhys richard rick robert roberta robin roger "
    "ronald ronnie rory ross roy russell ruth ryan sally sam samantha samuel sandra sarah scott sean shane "
    "shannon sharon shaun shirley simon sophie stacey stanley stephanie stephen steve steven stuart susan tara "
    "ted teresa terry theresa thomas tiffany tim timothy tina todd tom tommy tony tracy trevor tyler vanessa "
    "vincent wayne wendy zach"
)
GIVEN = frozenset(_GIVEN_TEXT.split())
"""Given names of the English-speaking world, those left out that are words, places or verbs as well (Grace, Jordan,
Will, Bill)."""

_OPENING = "\"'([“‘*"
_NEXT = re.compile(r" ([A-Za-z]+)")
_BUILDINGS_TEXT = "arena stadium coliseum ballpark amphitheatre amphitheater"
_BUILDINGS = frozenset(f"{_BUILDINGS_TEXT} {_BUILDINGS_TEXT.title()} {_BUILDINGS_TEXT.upper()}".split())
"""Buildings that not even companies with halls of their own run under their plain name."""
_HALLS_TEXT = "Center Centre Park Field Theater Theatre Pavilion Dome Oval Court"
_HALLS = frozenset(_HALLS_TEXT.split())
_CONTESTS_TEXT = "Open Classic Cup Championship Championships Invitational Playoffs Grand Marathon Bowl"
_CONTESTS = frozenset(_CONTESTS_TEXT.split())
_BEARERS = _BUILDINGS | _HALLS | _CONTESTS
_BEGINNINGS = frozenset(f" {word[:3]}" for word in _BEARERS)
"""Of what follows a name: four characters tell nearly always that there is no such word, without a search."""
_GOES_ON = re.compile(r" \w+ (?:[A-Z]|&)")
"""`Verizon Center Street`: no hall, or none of that name."""
_NO_CONTEST = re.compile(r" (?:\w+ to\b|Grand\b(?! Prix\b))")
_THE = re.compile(r"\b(?:[Tt]he|[12]\d\d\d)(?: \w+)? $")
_OF_THEIR_OWN = frozenset(("leisure", "food", "drink", "streaming"))
"""Industries that have parks, theatres, bowls and cups of their own."""


def is_namesake(text: str, start: int, end: int, industry: Sequence[str]) -> bool:
    """Whether the name at `text[start:end]`, of a company of these industries, is a part of another's."""
    if text[end : end + 4] in _BEGINNINGS:
        following = _NEXT.match(text, end)
        word = following[1] if following is not None else ""
        if word in _BEARERS and _is_sponsored(text, start, end, word, industry):
            return True
    return text[start - 1 : start] == " " and text[start : start + 1].isupper() and _is_person(text, start, end)


def _is_person(text: str, start: int, end: int) -> bool:
    """Whether one word follows a given name: `Tim Cook`."""
    before = text[max(0, start - 16) : start - 1].rsplit(None, 1)
    word = before[-1].lstrip(_OPENING) if before else ""
    return word[:1].isupper() and word.lower() in GIVEN and " " not in text[start:end]


def _is_sponsored(text: str, start: int, end: int, following: str, industry: Sequence[str]) -> bool:
    """Whether a name goes on as that of a building or, after an article, of a contest."""
    if following in _BUILDINGS:
        return True
    if not text[start].isupper() or not _OF_THEIR_OWN.isdisjoint(industry):
        return False
    if following in _HALLS:
        return _GOES_ON.match(text, end) is None
    return _NO_CONTEST.match(text, end) is None and _THE.search(text, max(0, start - 24), start) is not None
