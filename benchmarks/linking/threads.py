"""How many answers that name nobody are linked to the company that they are addressed to.

    python -m benchmarks.linking.threads FILE [--reader]     the customer-support sample (CSV)

Judged are customers' answers, in the sample, to a post of a company's own account; their handles are cut out, and
nothing else is changed.  The posts go through the stage in the order in which they were written.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.linking.quality import figure
from benchmarks.linking.reader import shipped_reader
from benchmarks.linking.speed import COMPANY_OF_HANDLE
from models.runtime.fixed import FixedScorer
from pipeline.contracts.mentions import Mention, ScoredMessage
from pipeline.contracts.posts import Author, Post
from pipeline.enrich.catalogue import load_catalogue
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.records import Record
from pipeline.stages.state import MemoryStore, State

_HANDLE = re.compile(r"@\w+\s*")
_WRITTEN = "%a %b %d %H:%M:%S %z %Y"
Row = dict[str, str]


def posts(rows: list[Row]) -> Iterator[tuple[Post, str | None]]:
    """Each post in order of time, with the company that it is addressed to where it is judged."""
    by_id = {row["tweet_id"]: row for row in rows}
    for row in sorted(rows, key=lambda r: (_time(r), int(r["tweet_id"]))):
        parent = by_id.get(_answers(row))
        company = None
        if parent is not None and row["inbound"] == "True" and parent["inbound"] == "False":
            company = COMPANY_OF_HANDLE.get(parent["author_id"].lower())
        yield _post(row, by_id, judged=company is not None), company


def _answers(row: Row) -> str:
    """The post that a post answers; the sample has such numbers with a fraction."""
    return row["in_response_to_tweet_id"].partition(".")[0]


def _time(row: Row) -> datetime:
    return datetime.strptime(row["created_at"], _WRITTEN)


def _post(row: Row, by_id: dict[str, Row], *, judged: bool) -> Post:
    root, seen = row, {row["tweet_id"]}
    while (above := by_id.get(_answers(root))) is not None and above["tweet_id"] not in seen:
        root = above
        seen.add(root["tweet_id"])
    known = _answers(row) in by_id
    return Post(
        post_id=f"twitter:{row['tweet_id']}",
        network="twitter",
        author=Author(f"twitter:{row['author_id']}", row["author_id"]),
        text=_HANDLE.sub("", row["text"]) if judged else row["text"],
        created_at=_time(row),
        kind="reply" if known else "post",
        parent_id=f"twitter:{_answers(row)}" if known else None,
        root_id=f"twitter:{root['tweet_id']}",
    )


def judge(path: Path, linker: Linker) -> dict[str, Any]:
    """The share of the judged answers that are linked to their company, and to nobody else."""
    with path.open(encoding="utf-8", newline="") as file:
        asked = list(posts(list(csv.DictReader(file))))
    stage = Enrich(linker, FixedScorer())
    state = State(MemoryStore(), stage.codec)
    decode = msgspec.json.Decoder(ScoredMessage).decode
    right = only = total = 0
    for offset, (post, company) in enumerate(asked):
        at = post.created_at.timestamp()
        result = stage.handle([Record("posts", 0, offset, b"", msgspec.json.encode(post), at, at)], state)
        if company is None:
            continue
        messages = [decode(one.value) for one in result.publish if one.value is not None]
        linked = {m.entity.name for m in messages if isinstance(m, Mention) and m.post_id == post.post_id}
        total, right, only = total + 1, right + (company in linked), only + (linked == {company})
    return {"answers": total, "to_the_company": figure(right, total), "and_to_nobody_else": figure(only, total)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--reader", action="store_true", help="with the model's reading of the posts")
    args = parser.parse_args()
    linker = Linker(load_catalogue(), shipped_reader() if args.reader else None)
    sys.stdout.write(json.dumps(judge(args.file, linker), indent=2) + "\n")


if __name__ == "__main__":
    main()
