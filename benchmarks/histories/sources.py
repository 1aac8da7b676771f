"""Sources of real history: public data sets with times, as posts or as mentions.

Nothing of them is in the repository: they are read from a folder that is named by an option.  Three hold texts, which
go through the whole enrich stage; the fourth holds counts, which become mentions of no words (`volumes`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from pipeline.contracts.posts import Author, Post
from pipeline.contracts.values import EPOCH

Row = bytes
"""A post as one line of JSON."""

SUPPORT: Final = "threads/twcs_sample.csv"
RUMOURS: Final = "threads/rumoureval2017_traindev.csv"
VOLUMES: Final = "nab/Twitter_volume_*.csv"
DATED: Final = (
    "tweeteval/sentiment/train.tsv",
    "complaints/complaints_train.csv",
    "topic_sentiment/twitter-2015train-BD.tsv",
    "topic_sentiment/twitter-2016train-CE.tsv",
    "topic_sentiment/twitter-2016dev-CE.tsv",
)
"""Sets whose rows have the id of a tweet and no time: the id holds it.  No official test part is among them."""

SNOWFLAKE: Final = 1_288_834_974_657
"""Milliseconds since 1970 from which ids of tweets count since November 2010; the older ones hold no time."""

FIRST_DATED: Final = 30_000_000_000_000_000
"""Ids below it were given one after the other, or lie in the first weeks of the change."""

USUAL_SHARE: Final = 0.2
"""Share of complaints among the mentions of a series of counts, at all times the same."""

_encode = msgspec.json.Encoder().encode


def rumours(folder: Path) -> Iterator[Row]:
    """The threads of rumours; authors are not in the set, so each post has one of its own."""
    with (folder / RUMOURS).open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (int(row["epoch"]), row["post_id"]))
    for row in rows:
        parent = row["parent_id"]
        yield _encode(
            Post(
                post_id=f"twitter:{row['post_id']}",
                network="twitter",
                kind="reply" if parent else "post",
                author=Author(id=f"twitter:of-{row['post_id']}"),
                text=row["text"],
                created_at=datetime.fromtimestamp(int(row["epoch"]), UTC),
                parent_id=f"twitter:{parent}" if parent else None,
                root_id=f"twitter:{row['thread_id']}",
            )
        )


def dated(folder: Path) -> Iterator[Row]:
    """Tweets whose ids say when they were written, in order of time, each once; authors are not in the sets."""
    found: dict[int, str] = {}
    for name in DATED:
        for number, text in _texts(folder / name):
            if number >= FIRST_DATED and text != "Not Available":
                found.setdefault(number, text)
    for number, text in sorted(found.items()):
        yield _encode(
            Post(
                post_id=f"twitter:{number}",
                network="twitter",
                author=Author(id=f"twitter:of-{number}"),
                text=text,
                created_at=EPOCH + timedelta(milliseconds=(number >> 22) + SNOWFLAKE),
            )
        )


def volumes(folder: Path) -> Iterator[bytes]:
    """Counts of tweets that mention a company, as mentions spread evenly over their five minutes.

    What people felt is not known.  Here a fifth complain, at all times, drawn by a hash of the mention's number: a
    history in which volume is all that ever changes.
    """
    for path in sorted(folder.glob(VOLUMES)):
        company = path.stem.rpartition("_")[2]
        number = 0
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                start, count = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC), int(row["value"])
                for position in range(count):
                    number += 1
                    yield _mention(company, number, start + timedelta(seconds=300.0 * position / count))


def _mention(company: str, number: int, at: datetime) -> bytes:
    post_id = f"volume:{company}-{number}"
    drawn = int.from_bytes(blake2b(post_id.encode(), digest_size=4).digest()) / 2**32
    negative = 0.9 if drawn < USUAL_SHARE else 0.05
    return _encode(
        {
            "type": "mention",
            "mention_id": f"{post_id}|{company}",
            "post_id": post_id,
            "network": "volume",
            "kind": "post",
            "entity": {"id": company.lower(), "name": company, "type": "company"},
            "link": {"method": "handle", "confidence": 1.0, "start": 0, "end": 1},
            "author": {"id": f"volume:of-{company}-{number}"},
            "author_role": "public",
            "text": "",
            "lang": "en",
            "created_at": at,
            "ingested_at": at,
            "sentiment": {
                "label": "negative" if negative > 0.5 else "neutral",
                "negative": negative,
                "neutral": 0.95 - negative,
                "positive": 0.05,
            },
            "model": {"name": "none", "version": "0"},
        }
    )


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Ids and texts of a set; the sets agree on where the id is and on little else."""
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            for row in csv.DictReader(file):
                yield int(row["tweet_id"]), row["text"]
            return
        for line in file:
            cells = line.rstrip("\n").split("\t")
            if len(cells) >= 4 and cells[0].isdigit():
                yield int(cells[0]), cells[3]
