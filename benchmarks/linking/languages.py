"""Precision and recall of linking on 300 posts of our own in five languages.

    python -m benchmarks.linking.languages            with the model's reading and without, by language and kind of name
    python -m benchmarks.linking.languages --wrong    every post that is judged wrong; nothing is tuned on them

Sixty posts a language; in half of them (`word`) stands a name that is an ordinary word, a place or a person there.
Every link of a post is judged.  Intervals are Wilson's (1927), 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.linking.quality import Figures
from benchmarks.linking.reader import reader_if_known
from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linking.linker import Linker

POSTS = Path(__file__).parents[2] / "tests" / "enrich" / "data" / "five-languages.jsonl"


class LabelledPost(msgspec.Struct, frozen=True):
    """A post, whether it is about a name that is a word there, and the entities that it is about."""

    id: str
    lang: str
    network: str
    word: bool
    entities: frozenset[str]
    text: str


class Outcome(NamedTuple):
    """A post and the entities that were linked in it."""

    post: LabelledPost
    links: frozenset[str]

    @property
    def wrong(self) -> bool:
        return self.links != self.post.entities


def read(path: Path = POSTS) -> list[LabelledPost]:
    return [msgspec.json.decode(line, type=LabelledPost) for line in path.read_bytes().splitlines()]


def judge(linker: Linker, posts: Sequence[LabelledPost]) -> list[Outcome]:
    """Link each post."""
    return [
        Outcome(post, frozenset(found.entity.id for found in linker.consider(post.text) if found.linked))
        for post in posts
    ]


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Links that are right, false and missed, summed over posts."""
    return Figures(
        right=sum(len(links & post.entities) for post, links in outcomes),
        false=sum(len(links - post.entities) for post, links in outcomes),
        missed=sum(len(post.entities - links) for post, links in outcomes),
    )


def by_group(outcomes: Sequence[Outcome]) -> dict[str, object]:
    """The figures of all posts, of each language, and of names that are words and that are not."""
    groups: dict[str, Callable[[LabelledPost], bool]] = {
        "all": lambda post: True,
        "word": lambda post: post.word,
        "no_word": lambda post: not post.word,
    }
    report: dict[str, object] = {
        name: figures([outcome for outcome in outcomes if belongs(outcome.post)]).as_json()
        for name, belongs in groups.items()
    }
    for lang in sorted({outcome.post.lang for outcome in outcomes}):
        report[lang] = figures([outcome for outcome in outcomes if outcome.post.lang == lang]).as_json()
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="show what is wrong; tune nothing on it")
    args = parser.parse_args()
    catalogue, posts, reader = load_catalogue(), read(), reader_if_known()
    words = judge(Linker(catalogue), posts)
    reading = judge(Linker(catalogue, reader), posts) if reader else None
    if args.wrong:
        for post, links in filter(lambda outcome: outcome.wrong, reading or words):
            sys.stderr.write(f"{post.id} {sorted(post.entities)} <- {sorted(links)}: {post.text}\n")
    report = {
        "posts": len(posts),
        "words_and_reading": by_group(reading) if reading else "the model's reading was not fitted for it",
        "words": by_group(words),
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
