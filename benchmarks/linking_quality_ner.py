"""How right entity linking is on tweets in which people marked every organisation (WNUT-17, Broad Twitter Corpus).

    python -m benchmarks.linking_quality_ner FILE...                 recall and false links, one report a file
    python -m benchmarks.linking_quality_ner FILE --wrong            and what was missed and falsely linked, counted
    python -m benchmarks.linking_quality_ner FILE --without-medium   links "on Facebook" and "via @YouTube" too

Files are in CoNLL form: a token and its tag a line, an empty line after each post.  *Held* organisations are marked
spans that are, letter for letter, a name or a listed handle of the catalogue: a club called `United` is held, too.
One is found when a link overlaps it, or when the post is linked to its owner by another of its names.
*False* links are links in posts in which no organisation is marked.  Annotators marked no products as organisations,
and in one set as something of its own, so a link of `iPhone` to Apple is false here; the report says how many are
of that kind.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.linking_quality import figure
from pipeline.enrich.catalogue import Catalogue, load_catalogue
from pipeline.enrich.linker import Linker
from pipeline.enrich.surfaces import spellings
from pipeline.enrich.text import fold

ORGANISATIONS = frozenset(("ORG", "corporation", "group"))
_TIGHT_BEFORE = frozenset(".,!?:;)'…%")


class Marked(NamedTuple):
    """A post, and the spans that people marked with their kinds."""

    text: str
    spans: list[tuple[int, int, str]]


def read(path: Path) -> Iterator[Marked]:
    """The posts of a file, tokens joined by spaces where a reader would see one."""
    tokens: list[tuple[str, str]] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        token, _, tag = line.strip().partition("\t")
        if token:
            tokens.append((token, tag.strip()))
        elif tokens:
            yield _joined(tokens)
            tokens = []


def _joined(tokens: list[tuple[str, str]]) -> Marked:
    text = ""
    spans: list[tuple[int, int, str]] = []
    for token, tag in tokens:
        tight = token[0] in _TIGHT_BEFORE or re.search(r"(?:^|\s)[@#]$", text)
        text += "" if not text or tight else " "
        start = len(text)
        text += token
        place, _, kind = tag.partition("-")
        if place == "B":
            spans.append((start, len(text), kind))
        elif place == "I" and spans:
            spans[-1] = (spans[-1][0], len(text), spans[-1][2])
    return Marked(text, spans)


def without_medium(catalogue: Catalogue) -> Catalogue:
    """The catalogue with networks as ordinary companies, which are linked wherever they are named."""
    plain = {
        key: msgspec.structs.replace(e, against=(), industry=tuple(i for i in e.industry if i != "social"))
        if "social" in e.industry else e
        for key, e in catalogue.entities.items()
    }  # fmt: skip
    return msgspec.structs.replace(catalogue, entities=plain)


def held_names(catalogue: Catalogue) -> dict[str, set[str]]:
    """Everything that a marked span may be to count as an organisation that the catalogue holds, with its owners."""
    held: dict[str, set[str]] = {}
    for entity in catalogue.entities.values():
        names = {form for name in (entity.name, *entity.aliases) for form in spellings(name)}
        names.update(handle.lower() for handles in entity.handles.values() for handle in handles)
        for name in names:
            held.setdefault(name, set()).add(entity.id)
    return held


def judge(path: Path, linker: Linker, *, wrong: bool) -> dict[str, Any]:
    """The figures of one file."""
    names = held_names(linker.catalogue)
    known = found = posts = links = products = marked_products = with_links = 0
    missed: Counter[str] = Counter()
    false: Counter[str] = Counter()
    shown: list[str] = []
    for post in read(path):
        linked = linker.link(post.text)
        organisations = [span for span in post.spans if span[2] in ORGANISATIONS]
        for start, end, _ in organisations:
            form = fold(post.text[start:end]).text
            if form.lstrip("@#") in names:
                hit = any(one.start < end and start < one.end for one in linked) or bool(
                    names.get(form.lstrip("@#"), frozenset()) & {one.entity.id for one in linked}
                )
                known, found = known + 1, found + hit
                if not hit:
                    missed[form] += 1
                    shown.append(f"missed {form}: {post.text}")
        if not organisations:
            posts += 1
            links += len(linked)
            with_links += bool(linked)
            products += sum(one.how == "product" for one in linked)
            marked_products += sum(
                any(s < one.end and one.start < e and kind == "product" for s, e, kind in post.spans) for one in linked
            )
            false.update(f"{one.entity.name} ({one.surface})" for one in linked)
            shown += [f"false {one.entity.name} {one.confidence}: {post.text}" for one in linked]
    if wrong:
        sys.stderr.write("\n".join(sorted(shown)) + "\n")
    report: dict[str, Any] = {
        "file": path.name,
        "held_organisations": known,
        "recall": figure(found, known),
        "posts_without_organisation": posts,
        "false_links_per_1000": round(1000 * links / max(1, posts), 1),
        "posts_with_a_false_link": figure(with_links, posts),
        "of_which_products": round(1000 * products / max(1, posts), 1),
        "of_which_marked_as_products": round(1000 * marked_products / max(1, posts), 1),
    }
    return report | ({"missed": missed.most_common(40), "false": false.most_common(60)} if wrong else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--without-medium", action="store_true")
    parser.add_argument("--wrong", action="store_true", help="of files that nothing is judged on")
    args = parser.parse_args()
    catalogue = load_catalogue()
    linker = Linker(without_medium(catalogue) if args.without_medium else catalogue)
    for path in args.files:
        report = judge(path, linker, wrong=args.wrong)
        sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
