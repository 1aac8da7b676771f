"""How right hashtags are split, beside a unigram model, on hashtags of our own.

    python -m benchmarks.linking.hashtags [--part development] [--wrong]

A tag is right when every word of it is; a name of several words may come as one piece.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Container, Sequence
from itertools import accumulate
from pathlib import Path

import msgspec

from benchmarks.linking.quality import figure
from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linking.surfaces import compile_surfaces
from pipeline.enrich.spelling.hashtags import HashtagWord, split_by_frequency, split_words

TAGS = Path(__file__).parents[2] / "tests" / "enrich" / "data" / "hashtags.jsonl"


class Tag(msgspec.Struct, frozen=True):
    """A hashtag without its sign, and its words."""

    split: str
    tag: str
    words: tuple[str, ...]


def read(part: str, path: Path = TAGS) -> list[Tag]:
    tags = [msgspec.json.decode(line, type=Tag) for line in path.read_bytes().splitlines()]
    return [tag for tag in tags if part in ("all", tag.split)]


def is_right(words: Sequence[str], pieces: Sequence[HashtagWord]) -> bool:
    """Whether the pieces end where the words do, but inside a name."""
    ends = set(accumulate(map(len, words)))
    at = 0
    for piece in pieces:
        left, at = at, at + len(piece.text)
        if at not in ends or (not piece.name and any(left < end < at for end in ends)):
            return False
    return True


def right(tags: Sequence[Tag], split: Callable[[str], Sequence[HashtagWord]]) -> list[bool]:
    return [is_right(tag.words, split(tag.tag)) for tag in tags]


def by_frequency(tag: str) -> list[HashtagWord]:
    """The baseline's answer as pieces."""
    return [HashtagWord(word, True, False) for word in split_by_frequency(tag)]


def catalogue_names() -> Container[str]:
    return compile_surfaces(load_catalogue()).compacts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("development", "judging", "all"), default="judging")
    parser.add_argument("--wrong", action="store_true")
    args = parser.parse_args()
    tags, names = read(args.part), catalogue_names()
    ours = right(tags, lambda tag: split_words(tag, names))
    if args.wrong:
        for tag, good in zip(tags, ours, strict=True):
            if not good:
                sys.stderr.write(f"{tag.tag}: {' '.join(p.text for p in split_words(tag.tag, names))}\n")
    baseline = right(tags, by_frequency)
    report = {
        "part": args.part,
        "tags": len(tags),
        "right": figure(sum(ours), len(tags)),
        "unigram_baseline": figure(sum(baseline), len(tags)),
        "only_ours_right": sum(a and not b for a, b in zip(ours, baseline, strict=True)),
        "only_the_baseline_right": sum(b and not a for a, b in zip(ours, baseline, strict=True)),
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
