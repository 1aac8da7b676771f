"""How many links are right in ordinary tweets, which nobody chose for their companies and from which no rule was made.

    python -m benchmarks.linking.ordinary FILE...             share of right links among the first 300
    python -m benchmarks.linking.ordinary FILE... --unread    those that nobody has judged yet (`verdicts.py`)

Files are parts for training of TweetEval: the one for sentiment as a table (`.tsv`: id, split, label and text, under a
heading), or those of other tasks with a text a line (`.txt`).  Distinct texts are taken in the order of their SHA-256,
which is any order.  For judging are, of the table, the 2,101st to the 6,000th, of the others those from the 6,001st on;
the rest may be looked at.  A link that nobody has read counts as wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path

from benchmarks.linking.quality import figure
from benchmarks.linking.reader import shipped_reader
from benchmarks.linking.verdicts import PLACE, RIGHT, UNREAD, WRONG, key, verdict
from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linking.linker import Linked, Linker

JUDGING = {".tsv": slice(2_100, 6_000), ".txt": slice(6_000, None)}
"""By the form of the files."""
LINKS = 300


def texts(paths: Sequence[Path]) -> list[str]:
    """The judging part of some files of one form, in order."""
    lines = [line for path in paths for line in rows(path)]
    distinct = {line.strip() for line in lines} - {""}
    return sorted(distinct, key=lambda text: sha256(text.encode()).hexdigest())[JUDGING[paths[0].suffix]]


def rows(path: Path) -> list[str]:
    """The texts of a file."""
    lines = path.read_text(encoding="utf-8").split("\n")
    if path.suffix == ".txt":
        return lines
    return [line.split("\t", 3)[3] for line in lines[1:] if line.count("\t") >= 3]


def links(linker: Linker, posts: list[str]) -> Iterator[tuple[int, str, Linked]]:
    """(number of the post, its text, link), all that are made."""
    for number, text in enumerate(posts, 1):
        yield from ((number, text, one) for one in linker.link(text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--unread", action="store_true")
    args = parser.parse_args()
    linker = Linker(load_catalogue(), shipped_reader())
    found = list(islice(links(linker, texts(args.files)), LINKS))
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
