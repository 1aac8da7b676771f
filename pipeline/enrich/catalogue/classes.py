"""Classes of Wikidata: which are companies, and the industries they stand for."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import numpy as np

from pipeline.enrich.catalogue.export import is_item

ROOTS = ("Q4830453", "Q6881511", "Q783794", "Q167037", "Q431289")
"""Business, enterprise, company, corporation, brand: with everything that is a subclass of one of them."""
DIRECT = ("Q43229", "Q163740", "Q708676", "Q327333", "Q11032", "Q15265344", "Q1331793")
"""Organization, nonprofit, charity, government agency, newspaper, broadcaster, media company: themselves only, for
much that nobody complains about (bands, clubs, parties) is a subclass of organization."""
NO_THING = ("Wikimedia ", "Wikipedia ")
"""How descriptions of items begin that stand for pages, not for things."""

MAX_EDGES = 8_000_000
"""Subclass relations that are remembered (16 bytes each); Wikidata has about five million."""

_BY_WORD_TEXT = {
    "airline": "airline airlines aviation", "aerospace": "aerospace aircraft", "rail": "railway rail railroad train",
    "telecom": "telecommunication telecommunications telephone broadband isp internet-provider mobile-network",
    "electronics": "electronics semiconductor hardware smartphone computer", "software": "software internet cloud",
    "games": "video-game games game", "streaming": "streaming television film music media broadcasting",
    "social": "social-network social-media", "delivery": "courier logistics delivery postal parcel",
    "ride": "ridesharing taxi", "travel": "travel tourism", "hotel": "hotel hospitality resort",
    "retail": "retail retailer store shop e-commerce department-store retailing", "grocery": "supermarket grocery",
    "clothes": "clothing fashion apparel shoe footwear sportswear", "bank": "bank banking", "payments": "payment",
    "finance": "financial finance investment brokerage stock-exchange", "insurance": "insurance insurer",
    "food": "food restaurant fast-food coffee bakery coffeehouse catering", "drink": "beverage drink beer brewery wine",
    "car": "automotive automobile car motorcycle vehicle", "fuel": "petroleum oil gas", "energy": "electricity energy",
    "pharmacy": "pharmacy drugstore cosmetics", "household": "consumer-goods household",
    "health": "health pharmaceutical biotechnology hospital medical", "press": "newspaper magazine news press",
    "leisure": "gym cinema amusement theme-park leisure", "industry": "manufacturing chemical mining steel",
}  # fmt: skip
_BY_WORD = {word.replace("-", " "): name for name, words in _BY_WORD_TEXT.items() for word in words.split()}
_MOST_WORDS = 2


class Subclasses:
    """Subclass relations as they come by, in a few bytes each."""

    def __init__(self) -> None:
        self._below, self._above = array("q"), array("q")
        self.left_out = 0

    def add(self, below: str, above: Iterable[str]) -> None:
        """Note what an item is a subclass of."""
        for parent in above:
            if not is_item(parent):
                continue
            if len(self._below) < MAX_EDGES:
                self._below.append(int(below[1:]))
                self._above.append(int(parent[1:]))
            else:
                self.left_out += 1

    def companies(self) -> frozenset[str]:
        """The classes whose members are companies, brands or organisations."""
        below, above = np.frombuffer(self._below, np.int64), np.frombuffer(self._above, np.int64)
        found = np.array(sorted(int(root[1:]) for root in ROOTS), np.int64)
        while True:
            wider = np.union1d(found, below[np.isin(above, found)]) if len(below) else found
            if len(wider) == len(found):
                return frozenset(f"Q{number}" for number in found.tolist()) | frozenset(DIRECT)
            found = wider


def industries_of_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Our industries for the names of industries and classes, at most three, in their order."""
    found: dict[str, None] = {}
    for label in labels:
        words = label.lower().replace("-", " ").split()
        for size in range(_MOST_WORDS, 0, -1):
            pieces = (" ".join(words[at : at + size]) for at in range(len(words) - size + 1))
            named = [_BY_WORD[piece] for piece in pieces if piece in _BY_WORD]
            if named:
                found |= dict.fromkeys(named)
                break
    return tuple(found)[:3]
