"""Splits hashtags into words: `boycottacmeair` is boycott, Acme Air.

The likeliest split is found by dynamic programming over word costs (minus log-probabilities) in the manner of Norvig
(2009): frequent words by their rank (Zipf 1949), other ordinary words dearer, what is no word dearest and by its
length.  Beyond that unigram model, the names of the catalogue are words, and a tag's own capitals, digits and
underscores say where words end.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import cache
from math import log
from typing import NamedTuple

from pipeline.text.clean import fold
from pipeline.text.common_words import ordinary, ranks

MAX_LETTERS = 60
"""Longer tags are not split: they are read as one unknown word."""
MAX_WORD = 24

NAME = 9.3
"""Cost in nats of a name of the catalogue; a very short one, which many letters hold by chance, costs `SHORT_NAME`."""
SHORT_NAME = 13.5
LISTED_WORD = 12.6
PROPER_NAME = 12.4
SPOKEN = 9.6
DIGITS = 6.0
LETTER = 12.0
UNKNOWN, UNKNOWN_LETTER = 13.0, 2.6
ACROSS = 5.0
"""For a word that runs over a capital: `McDonalds` may, as a name, for nothing."""
WITHOUT_CAPITAL = 5.0
"""For a word that begins without a capital in a tag that has them."""

_SPOKEN_TEXT = (
    "app asap yolo lol omg wtf tbh smh diy rip vs nhs tv dj faq iphone wifi podcast selfie vlog emoji meme memes blog "
    "boycott sucks fail fails scam layoffs outage outages refund ripoff dont cant wont didnt doesnt isnt im ive youre "
    "thats whats lets wheres hows its uk usa eu nyc mum mums xmas bday hiphop covid vegan unboxing haul restock hack "
    "hacked breach meltdown chaos strike drivers workers unite sale deals event hashtag tweet tweets twitter filmtok "
    "feeling thoughts motivation vibes goals mood throwback giveaway"
)
_SPOKEN = frozenset(_SPOKEN_TEXT.split())


class HashtagWord(NamedTuple):
    """A word of a tag, folded; `known` unless it is only what was left over, `name` if the catalogue has it."""

    text: str
    known: bool
    name: bool


def split_words(tag: str, names: Container[str] = frozenset()) -> list[HashtagWord]:
    """The likeliest words of a hashtag without its sign; `names` are names in compact form (see `clean.compact`).

    Guarantees: the pieces, put together, are the tag's letters and digits, folded.  Cost is bounded by the tag's length
    times `MAX_WORD`.
    """
    letters, begins, cased = _letters(tag)
    if not letters:
        return []
    if len(letters) > MAX_LETTERS:
        return [HashtagWord(letters, False, letters in names)]
    costs = word_costs()
    return _cheapest(letters, lambda left, right: _cost(letters, left, right, begins, cased, names, costs))


def split_by_frequency(tag: str) -> list[str]:
    """The unigram baseline: word frequencies alone (Norvig 2009), blind to names and capitals.

    >>> split_by_frequency("lostluggage")
    ['lost', 'luggage']
    """
    letters = _letters(tag)[0]
    costs = word_costs()

    def cost(left: int, right: int) -> tuple[float, bool, bool]:
        text = letters[left:right]
        known = costs.get(text)
        return (UNKNOWN + UNKNOWN_LETTER * len(text), False, False) if known is None else (known, True, False)

    return [piece.text for piece in _cheapest(letters, cost)]


@cache
def word_costs() -> dict[str, float]:
    """Nats of every word that may stand in a tag."""
    words = ordinary()
    costs = dict.fromkeys((w for w in words.common if w.isalnum() and len(w) > 1), LISTED_WORD)
    costs |= {w: PROPER_NAME for w in words.names if w not in costs and len(w) > 2 and w.isalnum()}
    for word in _SPOKEN:
        costs[word] = min(SPOKEN, costs.get(word, SPOKEN))
    for word, rank in ranks().items():
        costs[word] = min(costs.get(word, 99.0), log((rank + 6) * 10))
    costs["a"], costs["i"] = 6.0, 6.0
    return costs


def _letters(tag: str) -> tuple[str, frozenset[int], bool]:
    """A tag's letters and digits, folded; where its own signs and capitals begin a word; whether it has capitals."""
    letters: list[str] = []
    begins: set[int] = {0}
    previous = ""
    raw = [c for c in tag if c.isalnum() or c == "_"]
    for at, character in enumerate(raw):
        if character == "_":
            begins.add(len(letters))
            previous = ""
            continue
        following = raw[at + 1] if at + 1 < len(raw) else ""
        upper = character.isupper() and (not previous.isupper() or following.islower())
        if previous and (upper or character.isdigit() != previous.isdigit()):
            begins.add(len(letters))
        folded = fold(character).text
        letters.append(folded[:1] if folded[:1].isalnum() else character.lower()[:1])
        previous = character
    cased = any(c.isupper() for c in tag[1:]) and any(c.islower() for c in tag)
    return "".join(letters), frozenset(begins), cased


def _cost(
    letters: str, left: int, right: int, begins: frozenset[int], cased: bool, names: Container[str],
    costs: dict[str, float],
) -> tuple[float, bool, bool]:  # fmt: skip
    """(nats, known, name) of a piece of a tag."""
    text = letters[left:right]
    name = len(text) > 1 and text in names
    whole = costs.get(text)
    cost, known = 0.0, True
    if text.isdigit():
        split = (left and letters[left - 1].isdigit()) or (right < len(letters) and letters[right].isdigit())
        cost = DIGITS + (20.0 if split else 0.0)
    elif name:
        cost = min(NAME if len(text) > 3 else SHORT_NAME, 99.0 if whole is None else whole)
    elif whole is not None:
        cost = whole
    elif len(text) == 1:
        cost, known = LETTER, False
    else:
        cost, known = UNKNOWN + UNKNOWN_LETTER * len(text), False
    if cased and left and left not in begins:
        cost += WITHOUT_CAPITAL
    if not name:
        cost += ACROSS * sum(1 for at in begins if left < at < right)
    return cost, known, name


def _cheapest(letters: str, cost: Callable[[int, int], tuple[float, bool, bool]]) -> list[HashtagWord]:
    best = [0.0] + [float("inf")] * len(letters)
    came: list[tuple[int, bool, bool]] = [(0, False, False)] * (len(letters) + 1)
    for right in range(1, len(letters) + 1):
        for left in range(max(0, right - MAX_WORD), right):
            price, known, name = cost(left, right)
            if best[left] + price < best[right]:
                best[right] = best[left] + price
                came[right] = (left, known, name)
    pieces: list[HashtagWord] = []
    right = len(letters)
    while right:
        left, known, name = came[right]
        pieces.append(HashtagWord(letters[left:right], known, name))
        right = left
    return pieces[::-1]
