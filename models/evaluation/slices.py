"""Slices of a test set by length, style and dialect, where a model may be uneven.

The rules look at the text alone and are rough: a text without marks may well be written in a dialect, and a text of a
review site may look like a post.  They show where a model is uneven, not whom it serves how well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from models.metrics import Ints

SHORT, LONG = 10, 25
"""Words: up to `SHORT` is short, more than `LONG` is long."""

_POST = re.compile(r"[@#]\w|https?://|www\.|\bRT\b|[\u2600-\u27bf\U0001f000-\U0001faff]")
_SENTENCES = re.compile(r"^[\"'“(]?[A-Z0-9].*[.!?][\"'”)]*$", re.DOTALL)

_MARKS = {
    "African American English": """
        finna tryna gon imma ima ion iont aint ain't dat dis dem dey deez wit wid nuffin nuttin bruh bruv homie shawty
        lowkey highkey turnt bussin deadass y'all yall nah naw mane cuz boi fam fasho chile errbody erbody whatchu""",
    "British and Irish": """
        mate bloody wee cheers gutted chuffed knackered rubbish bollocks wanker innit quid aye lass lad lads bairn dodgy
        skint gobsmacked shite craic naff proper ta telly fortnight queueing bloke cheeky""",
    "Australian": """
        arvo heaps reckon servo brekkie barbie ute maccas bogan straya g'day sunnies thongs esky dunny defo""",
    "Indian English": """
        lakh lakhs crore crores yaar bhai ji kindly prepone needful timepass desi paisa jugaad arre acha""",
}
DIALECTS = {name: frozenset(words.split()) for name, words in _MARKS.items()}
"""Words of our own choosing that are common in one variety of English and rare in others."""

_WORD = re.compile(r"[\w'’/]+")


def length(text: str) -> str:
    """Short, middling or long, by its words."""
    words = len(text.split())
    if words <= SHORT:
        return f"short (up to {SHORT} words)"
    return f"long (over {LONG} words)" if words > LONG else f"middling ({SHORT + 1} to {LONG} words)"


def style(text: str) -> str:
    """Of what network a text looks: handles, hashtags, links and emoji make it a microblog's; whole sentences from a
    capital to a stop a review's; what is left reads like a forum or a chat.

    >>> style("@brand where is my parcel?? #fail")
    'microblog'
    """
    if _POST.search(text):
        return "microblog"
    return "review" if _SENTENCES.match(text.strip()) else "forum or chat"


def dialect(text: str) -> str:
    """The variety of English with the most marks in a text."""
    words = {word.lower().replace("’", "'") for word in _WORD.findall(text)}
    counts = {name: len(words & marks) for name, marks in DIALECTS.items()}
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else "no marks"


BY: dict[str, Callable[[str], str]] = {"length": length, "style": style, "dialect marks": dialect}


def slices_of(texts: Sequence[str]) -> Iterator[tuple[str, str, Ints]]:
    """(by what, which, indices of its texts), the same for every model."""
    for by, rule in BY.items():
        which = np.array([rule(text) for text in texts])
        for name in sorted(set(which.tolist())):
            yield by, name, np.flatnonzero(which == name)
