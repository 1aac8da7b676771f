"""How right entity linking is on tweets in which people marked every organisation (WNUT-17, Broad Twitter Corpus).

    python -m benchmarks.linking.quality_ner FILE...            recall and false links, of each file and of all
    python -m benchmarks.linking.quality_ner FILE... --curve    the same for several cuts of the confidence
    python -m benchmarks.linking.quality_ner FILE... --reader   with the model's reading of the posts
    python -m benchmarks.linking.quality_ner FILE... --wrong    what is missed and falsely linked; of parts for training
    python -m benchmarks.linking.quality_ner FILE... --unread   what nobody has judged yet (see `verdicts.py`)

Files are in CoNLL form: a token and its tag a line, an empty line after each post.  Organisations are told twice.
*By letters*: marked spans that are, letter for letter, a name or a listed handle of the catalogue; a club called
`United` counts, and a link of United Airlines there is a hit.  *Held*: the same without those that somebody has read
and found to be another of that name, missed or hit alike (a link on one is no hit; `hits_unread` says how many nobody
has looked at); networks as places stay.  One is found when a link overlaps it, or when the post is linked to its owner
by another of its names.

Links are told in posts in which nothing is marked as an organisation, company or group, whatever they are made by;
`unexplained` are those that no mark of a product explains either.  Further told apart are links in posts in which
people marked no product (only one of the collections marks products), and there the mentions by the exact name of a
product of the catalogue, which are mentions of its maker.  What is left are accounts, hashtags and sites, networks by
their names, and names; people passed over many of these, and what was found by reading them is told beside it, as far
as somebody has: *false* are the wrong ones, networks as places, and what nobody has read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.linking.marked_posts import ORGANISATIONS, Marked, read
from benchmarks.linking.quality import figure
from benchmarks.linking.reader import shipped_reader
from benchmarks.linking.verdicts import OTHER, PLACE, RIGHT, UNREAD, WRONG, key, verdict
from pipeline.enrich.catalogue import Catalogue, load_catalogue
from pipeline.enrich.linking.linker import Linked, Linker
from pipeline.enrich.linking.platforms import NETWORK
from pipeline.enrich.spelling.names import spellings
from pipeline.text.clean import fold

PRODUCT, MARKED_PRODUCT = "product", "marked as a product"
CUTS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97)


def held_names(catalogue: Catalogue) -> dict[str, set[str]]:
    """Everything that a marked span may be to count as an organisation that the catalogue holds, with its owners."""
    held: dict[str, set[str]] = {}
    for entity in catalogue.entities.values():
        names = {form for name in (entity.name, *entity.aliases) for form in spellings(name)}
        names.update(handle.lower() for handles in entity.handles.values() for handle in handles)
        for name in names:
            held.setdefault(name, set()).add(entity.id)
    return held


class Held(NamedTuple):
    """A marked organisation that is called as one of the catalogue's is: its place, and whose name it is."""

    start: int
    end: int
    owners: frozenset[str]


class Outcome(NamedTuple):
    """What became of a marked organisation: its name, whether it is linked, and what was found by reading."""

    name: str
    found: bool
    verdict: str


class Seen(NamedTuple):
    """What was linked in one post, which entities are `networks`, what the catalogue holds of what is marked, and how
    many organisations are."""

    post: Marked
    links: list[Linked]
    held: list[Held]
    organisations: int
    networks: frozenset[str]

    @property
    def products(self) -> bool:
        """Whether people marked a product."""
        return any(kind == PRODUCT for _, _, kind in self.post.spans)


def look(posts: Iterable[Marked], linker: Linker) -> list[Seen]:
    """Link each post."""
    names = held_names(linker.catalogue)
    networks = frozenset(one.id for one in linker.catalogue.entities.values() if NETWORK in one.industry)
    out = []
    for post in posts:
        organisations = [span for span in post.spans if span[2] in ORGANISATIONS]
        forms = [(start, end, fold(post.text[start:end]).text.lstrip("@#")) for start, end, _ in organisations]
        held = [Held(start, end, frozenset(names[form])) for start, end, form in forms if form in names]
        out.append(Seen(post, linker.link(post.text), held, len(organisations), networks))
    return out


def found(held: Held, links: Sequence[Linked]) -> bool:
    """Whether a link stands where the organisation is named, or is to one of that name."""
    return any((one.start < held.end and held.start < one.end) or one.entity.id in held.owners for one in links)


def figures(seen: Sequence[Seen], cut: float = 0.0) -> dict[str, Any]:
    """The figures of some posts when only links of that confidence are made."""
    organisations = [outcome for some in seen for outcome in outcomes(some, cut)]
    meant = [one for one in organisations if one.verdict != OTHER]
    without = [some for some in seen if not some.organisations]
    false = [(some, one) for some in without for one in at_least(cut, some.links)]
    thousand = 1000 / max(1, len(without))
    report: dict[str, Any] = {
        "by_letters": {
            "organisations": len(organisations),
            "recall": figure(sum(one.found for one in organisations), len(organisations)),
        },
        "held": {
            "organisations": len(meant),
            "recall": figure(sum(one.found for one in meant), len(meant)),
            "hits_unread": sum(one.found and one.verdict == UNREAD for one in meant),
        },
        "posts_without_organisation": len(without),
        "links_per_1000": round(thousand * len(false), 1),
        "unexplained_per_1000": round(thousand * sum(made_by(some, one) != MARKED_PRODUCT for some, one in false), 1),
        "by_kind": by_kind(without, cut),
        "no_product_marked_either": beside_products([some for some in without if not some.products], cut),
    }
    judged = Counter(verdict(some.post.text, one.entity.id) for some, one in false)
    if judged.total() > judged[UNREAD]:
        report["links_read"] = {
            "per_1000": {found: round(thousand * judged[found], 1) for found in (WRONG, PLACE, RIGHT, UNREAD)},
            "wrong_per_1000": per_thousand(judged[WRONG], len(without)),
            "false_per_1000": per_thousand(judged.total() - judged[RIGHT], len(without)),
        }
    return report


def by_kind(seen: Sequence[Seen], cut: float) -> dict[str, float]:
    """Links per 1,000 posts, by what they were made by."""
    kinds = Counter(made_by(some, one) for some in seen for one in at_least(cut, some.links))
    return {kind: round(1000 * number / max(1, len(seen)), 1) for kind, number in sorted(kinds.items())}


def beside_products(seen: Sequence[Seen], cut: float) -> dict[str, Any]:
    """Links in posts in which neither an organisation nor a product is marked: all, and those by no product's name."""
    links = [made_by(some, one) for some in seen for one in at_least(cut, some.links)]
    others = sum(kind != PRODUCT for kind in links)
    return {
        "posts": len(seen),
        "links_per_1000": round(1000 * len(links) / max(1, len(seen)), 1),
        "by_kind": by_kind(seen, cut),
        "by_no_product_per_1000": per_thousand(others, len(seen)),
    }


def per_thousand(part: int, whole: int) -> dict[str, float]:
    """A share with its interval, in thousandths."""
    return {name: round(1000 * value, 1) for name, value in figure(part, whole).items()}


def at_least(cut: float, links: Sequence[Linked]) -> list[Linked]:
    return [one for one in links if one.confidence >= cut]


def outcomes(some: Seen, cut: float = 0.0) -> list[Outcome]:
    """What became of the organisations of a post that are called as one of the catalogue's is."""
    links, text = at_least(cut, some.links), some.post.text
    names = [text[one.start : one.end] for one in some.held]
    return [
        Outcome(name, found(one, links), verdict(text, name)) for name, one in zip(names, some.held, strict=True)
    ]  # fmt: skip


def made_by(some: Seen, link: Linked) -> str:
    """What a link was made by: what people marked as a product, another product, a sign, a bare name."""
    if any(start < link.end and link.start < end and kind == PRODUCT for start, end, kind in some.post.spans):
        return MARKED_PRODUCT
    if link.how == "name":
        return "name of a network" if link.entity.id in some.networks else "name"
    return PRODUCT if link.how == "product" else "handle, hashtag or site"


def unread(seen: Sequence[Seen]) -> Iterator[str]:
    """Lines to be judged by reading: hash, company or name, text."""
    for some in seen:
        asked = [(one.entity.id, f"link {one.entity.name}, {one.surface}") for one in some.links]
        asked = [] if some.organisations else asked
        asked += [(one.name, f"{'hit' if one.found else 'miss'} {one.name}") for one in outcomes(some)]
        for what, told in asked:
            if verdict(some.post.text, what) == UNREAD:
                yield f"{key(some.post.text, what)}\t{told}\t{some.post.text}"


def wrong(seen: Sequence[Seen]) -> Iterator[str]:
    """What is missed and falsely linked."""
    for some in seen:
        yield from (f"missed {one.name}: {some.post.text}" for one in outcomes(some) if not one.found)
        if not some.organisations:
            yield from (f"false {one.entity.name} {one.confidence}: {some.post.text}" for one in some.links)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    for option in ("--curve", "--reader", "--wrong", "--unread"):
        parser.add_argument(option, action="store_true")
    args = parser.parse_args()
    linker = Linker(load_catalogue(), shipped_reader() if args.reader else None)
    parts = {path.name: look(read(path), linker) for path in args.files}
    everything = [one for seen in parts.values() for one in seen]
    if args.wrong or args.unread:
        lines = sorted(wrong(everything) if args.wrong else unread(everything))
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        return
    report: dict[str, Any] = {name: figures(seen) for name, seen in parts.items()}
    report["all"] = figures(everything)
    if args.curve:
        report["by_cut"] = [{"confidence": cut} | _point(figures(everything, cut)) for cut in CUTS]
    sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def _point(report: dict[str, Any]) -> dict[str, Any]:
    return {"recall": report["by_letters"]["recall"]["value"], "links_per_1000": report["links_per_1000"]}


if __name__ == "__main__":
    main()
