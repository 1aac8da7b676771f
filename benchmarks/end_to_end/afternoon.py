"""Groundswell beside an afternoon's work with the same parts: ``python -m benchmarks.end_to_end.afternoon``.

Both run on the real Kafka and Elasticsearch, on the same posts, in turn, and have all cores to themselves then.  Two
streams: posts that are all about a company, which the model reads one and all, and ordinary tweets, of which one in
fifteen is about one.  The peer (`newcomer.py`) reads every post with a model of RoBERTa-base's shape.  What both take
to start and their first posts are left out; a post counts when it is in the index.

Figures are of the machine at hand; only ratios of one run travel.  Takes some five minutes, on Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from benchmarks.end_to_end.measured import ELASTICSEARCH, KAFKA, EndToEnd, billion
from benchmarks.end_to_end.ours import whole
from benchmarks.end_to_end.peer import Bounds, peer
from benchmarks.end_to_end.tweets import ORDINARY, tweets
from deploy.local.servers import RealServers, own_kafka
from deploy.local.tools import ELASTICSEARCH_JAVA, MissingTool, find_java, find_maven
from pipeline.settings import settings as settings_module
from pipeline.settings.settings import Settings
from pipeline.simulate.companies import catalogue_yaml, companies

COMPANIES = companies(10)
WARM_UP = 400
BOUNDS = Bounds(warm_up=30, posts=500, seconds=60.0)
"""Of the peer, which gets the first posts of the stream and is ended in the midst of them."""
PEER_POSTS = 600


class Race(Struct, frozen=True):
    """One stream: what it is, how many posts ours gets, and one in how many of them is about a company."""

    title: str
    posts: int
    every: int
    means: str
    """What becomes of each of its posts with us."""


ABOUT = Race("all about a company", 3_000, 1, "read by the model")
TWEETS = Race(f"ordinary tweets, 1 in {ORDINARY} about one", 12_000, ORDINARY, "received (ordinary tweets)")
TITLE = "Groundswell beside an afternoon's work with the same parts"


def missing() -> str | None:
    """What this machine lacks for the race, and how to get it; None when nothing."""
    if any(find_spec(name) is None for name in ("torch", "transformers")):
        return "It needs the train extra: make install-train"
    try:
        find_java(ELASTICSEARCH_JAVA)
        find_maven()
    except MissingTool as error:
        return str(error)
    return None


@contextmanager
def servers(folder: Path, name: str, real: RealServers, threads: int) -> Iterator[tuple[Settings, dict[str, int]]]:
    """Settings for a Kafka of its own and the shared Elasticsearch, and the ids of both processes."""
    node = next(process.pid for process in real.servers.processes if process.name == ELASTICSEARCH)
    catalogue = folder / "companies.yaml"
    catalogue.write_text(catalogue_yaml(COMPANIES), encoding="utf-8")
    with own_kafka() as kafka:
        settings = settings_module.load(
            data=folder / name,
            kafka={"bootstrap": kafka.bootstrap},
            index={
                "url": real.url,
                "username": real.username,
                "password": real.password,
                "prefix": f"bench-{os.getpid()}-{name}",
            },
            enrich={"catalogue": catalogue},
            model={"threads": threads},
        )
        yield settings, {KAFKA: kafka.pid, ELASTICSEARCH: node}


async def run(race: Race, folder: Path, real: RealServers, threads: int) -> tuple[EndToEnd, EndToEnd]:
    """Ours and the peer on one stream."""
    warm_up, posts, some = (folder / f"{name}-{race.every}.jsonl" for name in ("warm-up", "posts", "some"))
    warm_up.write_bytes(b"".join(tweets(WARM_UP, COMPANIES, 2, race.every)))
    stream = list(tweets(race.posts, COMPANIES, 1, race.every))
    posts.write_bytes(b"".join(stream))
    some.write_bytes(b"".join(stream[:PEER_POSTS]))
    with servers(folder, f"ours-{race.every}", real, threads) as (settings, processes):
        ours, _ = await whole(settings, posts, warm_up=warm_up, servers=processes)
    with servers(folder, f"peer-{race.every}", real, threads) as (settings, processes):
        return ours, await peer(settings, some, COMPANIES, BOUNDS, processes)


Found = tuple[Race, EndToEnd, EndToEnd]
"""A stream, how ours did on it, and how the peer did."""


def show(found: list[Found]) -> Table:
    """The figures of both streams."""
    table = Table("stream", "", "posts a second", "CPU ms a post", "and of the servers", title=TITLE)
    for race, ours, other in found:
        for who, side in (("Groundswell", ours), ("the peer", other)):
            figures = (f"{side.rate:,.1f}", f"{side.own * 1e3:,.2f}", f"{side.servers * 1e3:,.2f}")
            table.add_row(race.title if side is ours else "", who, *figures)
        ratios = (ours.rate / other.rate, other.own / ours.own, other.servers / ours.servers)
        table.add_row("", "times", *(f"{ratio:,.1f}" for ratio in ratios), end_section=True)
    return table


def price(found: list[Found], core_hour: float) -> Iterator[str]:
    """What a billion posts cost, in a sentence a stream."""
    for race, ours, other in found:
        (mine, with_servers), (its, its_with_servers) = (
            (billion(side.own, core_hour), billion(side.own + side.servers, core_hour)) for side in (ours, other)
        )
        yield (
            f"A billion posts {race.means} cost {mine:,.0f} ({with_servers:,.0f} with the servers) at {core_hour:g} a "
            f"core-hour; the peer's {its:,.0f} ({its_with_servers:,.0f})."
        )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--core-hour", type=float, default=0.04, help="price of a core for an hour, in any currency")
    parser.add_argument("--threads", type=int, default=0, help="of both models; 0: one a core. 1 where others work too")
    arguments = parser.parse_args()
    if reason := missing():
        sys.stderr.write(f"afternoon: left out. {reason}\n")
        return
    with tempfile.TemporaryDirectory() as folder, RealServers() as real:
        found = [(race, *asyncio.run(run(race, Path(folder), real, arguments.threads))) for race in (ABOUT, TWEETS)]
    console = Console()
    console.print(show(found))
    for sentence in price(found, arguments.core_hour):
        console.print(sentence, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
