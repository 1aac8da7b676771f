"""How many links are right in ordinary tweets, which nobody chose for their companies and from which no rule was made.

    python -m benchmarks.linking_ordinary FILE             share of right links among the first 300
    python -m benchmarks.linking_ordinary FILE --unread    those that nobody has judged yet (see `linking_verdicts.py`)

FILE is TweetEval's sentiment training part with one post a line (id, split, label and text, parted by tabs, under a
heading).  Its distinct texts are taken in the order of their SHA-256, which is any order.  The first 2,100 and those
from the 6,000th on may be looked at; what lies between is for judging.  A link that nobody has read counts as wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

from benchmarks.linking_quality import figure
from benchmarks.linking_reader import shipped_reader
from benchmarks.linking_verdicts import PLACE, RIGHT, UNREAD, WRONG, key, verdict
from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linker import Linked, Linker

JUDGING = slice(2_100, 6_000)
LINKS = 300


def texts(path: Path) -> list[str]:
    """The judging part, in order."""
    rows = [line.split("\t", 3) for line in path.read_text(encoding="utf-8").split("\n")[1:]]
    distinct = {row[3].strip() for row in rows if len(row) == 4}
    return sorted(distinct, key=lambda text: sha256(text.encode()).hexdigest())[JUDGING]


def links(linker: Linker, posts: list[str]) -> Iterator[tuple[int, str, Linked]]:
    """(number of the post, its text, link), all that are made."""
    for number, text in enumerate(posts, 1):
        yield from ((number, text, one) for one in linker.link(text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--unread", action="store_true")
    args = parser.parse_args()
    linker = Linker(load_catalogue(), shipped_reader())
    found = list(islice(links(linker, texts(args.file)), LINKS))
    if args.unread:
        for _, text, one in found:
            if verdict(text, one.entity.id) == UNREAD:
                told = f"link {one.entity.name}, {one.surface}"
                sys.stdout.write(f"{key(text, one.entity.id)}\t{told}\t{text}\n")
        return
    judged = Counter(verdict(text, one.entity.id) for _, text, one in found)
    report = {
        "posts": found[-1][0] if found else 0,
        "links": len(found),
        "by_verdict": {name: judged[name] for name in (RIGHT, PLACE, WRONG, UNREAD)},
        "right_or_place": figure(judged[RIGHT] + judged[PLACE], len(found)),
        "right": figure(judged[RIGHT], len(found)),
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
