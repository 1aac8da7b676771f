"""Two streams of tweets for the race: all about a company, and ordinary ones, of which one in fifteen is.

Words are of our own phrase book; no two texts of a stream are alike, and in both a text has some 33 tokens, so that a
model that reads every post has as much to read in one as in the other.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence

from pipeline.simulate.companies import Company
from pipeline.simulate.events import Event, utc
from pipeline.simulate.streams import EPOCH
from pipeline.simulate.texts import Writer

ORDINARY = 15
"""One in so many ordinary tweets is about a company."""

_POLARITIES = (-1, 0, 0, 1)
_PER_SECOND = 5.0
_AUTHORS = 99_991


def tweets(count: int, companies: Sequence[Company], seed: int, every: int = 1) -> Iterator[bytes]:
    """`count` posts as lines of JSON (with the line end) by rising time; one in `every` names one of the companies."""
    draw = random.Random(f"tweets|{seed}")
    words = _distinct(Writer(seed), companies, seed, every)
    for number in range(count):
        time = utc(EPOCH + number / _PER_SECOND).isoformat()
        author = draw.randrange(_AUTHORS)
        post = {
            "type": "post",
            "post_id": f"tweets:{seed}-{number}",
            "network": "tweets",
            "kind": "post",
            "author": {"id": f"tweets:u{author}", "handle": f"user_{author}"},
            "text": next(words),
            "lang": "en",
            "created_at": time,
            "ingested_at": time,
        }
        yield json.dumps(post, ensure_ascii=False).encode() + b"\n"


def _distinct(writer: Writer, companies: Sequence[Company], seed: int, every: int) -> Iterator[str]:
    """Texts without end: a post about a company and a sentence, or three sentences about nobody."""
    draw = random.Random(f"words|{seed}")
    seen: set[str] = set()
    number = asked = 0
    while True:
        parts = []
        for part in range(2 if number % every == 0 else 3):
            about = draw.choice(companies) if number % every == 0 and part == 0 else None
            parts.append(writer.write(_event(f"{asked}.{part}", draw.choice(_POLARITIES)), about))
        asked += 1
        text = " ".join(parts)
        if text not in seen:
            seen.add(text)
            number += 1
            yield text


def _event(words: str, polarity: int) -> Event:
    """An event for the writer, who reads of it only which words to draw, the kind and the polarity."""
    return Event("", "", "", None, "", 0.0, 0.0, "post", polarity, 0.5, words, "post", "", False)
