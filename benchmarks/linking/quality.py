"""How right entity linking is, on posts of our own about brands that are ordinary words.

    python -m benchmarks.linking.quality                       the judging part, with the model's reading and without
    python -m benchmarks.linking.quality --part development    the part that may be looked at
    python -m benchmarks.linking.quality --wrong               every post that is judged wrong
    python -m benchmarks.linking.quality --plain               without the words that were written for each brand

A link counts when it is made through one of the post's words, or to a brand that the words may mean; others (a second
company in the post) are not judged.  Intervals are Wilson's (1927), 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from benchmarks.linking.reader import reader_if_known
from pipeline.enrich.catalogue import Catalogue, load_catalogue
from pipeline.enrich.linking.linker import Considered, Linker

POSTS = Path(__file__).parents[2] / "tests" / "enrich" / "data" / "homonyms.jsonl"


class Post(msgspec.Struct, frozen=True):
    """A post with the words that may name a brand, and the brand that it is about."""

    split: str
    words: tuple[str, ...]
    about: str | None
    text: str


class Judged(NamedTuple):
    """What was linked in a post, of what is judged there."""

    post: Post
    links: frozenset[str]

    @property
    def right(self) -> int:
        return int(self.post.about in self.links)

    @property
    def false(self) -> int:
        return len(self.links - {self.post.about or ""})

    @property
    def missed(self) -> int:
        return int(self.post.about is not None and self.post.about not in self.links)


class Figures(NamedTuple):
    """Sums over posts."""

    right: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.false)

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + self.missed)

    def as_json(self) -> dict[str, object]:
        return {
            "precision": figure(self.right, self.right + self.false),
            "recall": figure(self.right, self.right + self.missed),
            "right": self.right,
            "false": self.false,
            "missed": self.missed,
        }


def read(part: str, path: Path = POSTS) -> list[Post]:
    """The posts of one part, or of both for `all`."""
    posts = [msgspec.json.decode(line, type=Post) for line in path.read_bytes().splitlines()]
    return [post for post in posts if part in ("all", post.split)]


def judged(post: Post, considered: Iterable[Considered], brands: frozenset[str]) -> list[Considered]:
    """The candidates that count: named by one of the post's words, or a brand that they may mean."""
    return [
        one for one in considered
        if one.entity.name in brands or any(word in one.surface.lower().split() for word in post.words)
    ]  # fmt: skip


def judge(linker: Linker, posts: Sequence[Post], *, everything: bool = False) -> list[Judged]:
    """Link each post; with `everything`, every candidate is taken as linked (no context step)."""
    brands = brands_by_word(posts)
    out = []
    for post in posts:
        counted = judged(post, linker.consider(post.text), brands[post.words])
        out.append(Judged(post, frozenset(one.entity.name for one in counted if one.linked or everything)))
    return out


def brands_by_word(posts: Iterable[Post]) -> dict[tuple[str, ...], frozenset[str]]:
    """The brands that posts with the same words are about."""
    found: dict[tuple[str, ...], set[str]] = {}
    for post in posts:
        found.setdefault(post.words, set()).update({post.about} - {None})  # type: ignore[arg-type]
    return {words: frozenset(brands) for words, brands in found.items()}


def figures(results: Sequence[Judged]) -> Figures:
    return Figures(sum(r.right for r in results), sum(r.false for r in results), sum(r.missed for r in results))


def figure(part: int, whole: int) -> dict[str, float]:
    """A share with its interval."""
    low, high = wilson(part, whole)
    return {"value": round(part / max(1, whole), 4), "low": round(low, 4), "high": round(high, 4)}


def wilson(part: int, whole: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share (Wilson 1927)."""
    if not whole:
        return 0.0, 1.0
    share, spread = part / whole, z * z / whole
    middle = share + spread / 2
    wide = z * sqrt(share * (1 - share) / whole + spread / (4 * whole))
    return max(0.0, (middle - wide) / (1 + spread)), (middle + wide) / (1 + spread)


def plain(catalogue: Catalogue) -> Catalogue:
    """The catalogue without `cues`, `against` and `homonym`: how a brand fares for which nobody wrote such words."""
    entities = {k: replace(e, cues=(), against=(), homonym=()) for k, e in catalogue.entities.items()}
    return replace(catalogue, entities=entities)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("development", "judging", "all"), default="judging")
    parser.add_argument("--wrong", action="store_true", help="show what is wrong; of the judging part, tune nothing")
    parser.add_argument("--plain", action="store_true")
    args = parser.parse_args()
    catalogue = plain(load_catalogue()) if args.plain else load_catalogue()
    linker = Linker(catalogue)
    posts = read(args.part)
    reader = reader_if_known()
    words = judge(linker, posts)
    reading = judge(Linker(catalogue, reader), posts) if reader else None
    results = reading or words
    if args.wrong:
        for result in results:
            if result.false or result.missed:
                sys.stderr.write(f"{result.post.about} <- {sorted(result.links)}: {result.post.text}\n")
    report = {
        "part": args.part,
        "posts": len(posts),
        "words_and_reading": figures(reading).as_json() if reading else "the model's reading was not fitted for it",
        "words": figures(words).as_json(),
        "every_name_linked": figures(judge(linker, posts, everything=True)).as_json(),
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
