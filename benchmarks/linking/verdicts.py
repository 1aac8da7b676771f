"""What was found when links that the marks of a public collection call false, or that nobody marked, were read.

People who mark organisations in tweets pass over many (`iPhone`, `@HBO`, a shop by its name).  Whether such a link is
wrong is a matter of reading.  They were read once, by the author of the rules and not blind.  The verdicts are kept by
a hash, since the posts are not ours to copy.  In doubt a link is wrong, and a missed organisation one that was meant.

    right   the post names the company, or a product, an account or a shop of it
    place   it names a network as the place where something was said or seen
    wrong   the name means somebody or something else, or nobody
    meant   (of a marked organisation) it is the catalogue's company
    other   (of a marked organisation, linked or not) it bears a company's name, but is another: a football club

One `hash verdict` a line in `verdicts.txt`.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

FILE = Path(__file__).parent / "verdicts.txt"
RIGHT, PLACE, WRONG, MEANT, OTHER, UNREAD = "right", "place", "wrong", "meant", "other", "unread"


def key(text: str, what: str) -> str:
    """Of a post and a company's id, or of a post and the name of an organisation that people marked."""
    return sha256(f"{text}\n{what}".encode()).hexdigest()[:16]


def verdict(text: str, what: str) -> str:
    """What was found; `unread` where nobody has looked."""
    return _known().get(key(text, what), UNREAD)


@cache
def _known() -> dict[str, str]:
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    pairs = [line.split(" ", 1) for line in lines if line and line[0] != "#"]
    return {pair[0]: pair[1] for pair in pairs}
