"""Posts for load tests: as many as wanted, as fast as a disk takes them.

Each names exactly one of the invented companies, so the number of mentions to expect is the number of posts.  Texts are
of 40 to 1,000 characters; ids never repeat; one post in five answers the one before it about the same company.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence

from pipeline.simulate.companies import Company
from pipeline.simulate.events import utc
from pipeline.simulate.streams import EPOCH

_FILLERS = (
    "The weather is mild and the trains run.",
    "I wrote to them on a Tuesday and again on a Friday.",
    "It took the whole afternoon, and nobody could say why.",
    "My neighbours tell the same story, more or less.",
    "I have kept every letter and every receipt since then.",
    "We shall see what comes of it.",
)
_VARIANTS = 512
_PER_SECOND = 5.0
"""Posts in a second of event time."""


def load_posts(count: int, seed: int, companies: Sequence[Company], *, start: float = EPOCH) -> Iterator[bytes]:
    """`count` posts as lines of JSON (with the line end), by rising `created_at`; deterministic."""
    rng = random.Random(f"load|{seed}")
    texts = [[_text(rng, company) for _ in range(_VARIANTS)] for company in companies]
    roots = [""] * len(companies)
    stamp, second = "", -1
    for number in range(count):
        draw = rng.getrandbits(30)
        company = draw % len(companies)
        at, fraction = divmod(number / _PER_SECOND, 1.0)
        if at != second:
            second = int(at)
            stamp = utc(start + at).strftime("%Y-%m-%dT%H:%M:%S")
        post_id = f"demo-load:{seed}-{number}"
        time = f"{stamp}.{round(fraction * 1_000):03d}Z"
        answers = roots[company] if draw >> 12 & 3 == 0 and draw >> 14 & 3 and roots[company] else ""
        thread = f'"kind":"reply","parent_id":"{answers}","root_id":"{answers}",' if answers else '"kind":"post",'
        roots[company] = roots[company] if answers else post_id
        text = texts[company][draw >> 16 & (_VARIANTS - 1)]
        yield (
            f'{{"type":"post","post_id":"{post_id}","network":"demo-load",{thread}'
            f'"author":{{"id":"demo-load:u{draw % 99_991}","handle":"load_{draw % 99_991}"}},'
            f'"text":"{text} No. {number}.","lang":"en","created_at":"{time}","ingested_at":"{time}"}}\n'
        ).encode()


def _text(rng: random.Random, company: Company) -> str:
    """Words about one company, as the inside of a JSON string."""
    size = rng.choice((40, 80, 80, 140, 140, 280, 1_000))
    words = f"About {company.name}: {rng.choice(('quite good', 'so so', 'bad', 'nothing new'))} today."
    while len(words) < size:
        words = f"{words} {rng.choice(_FILLERS)}"
    return json.dumps(words[: max(size, 40)])[1:-1]
