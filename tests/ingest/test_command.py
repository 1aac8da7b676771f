"""`groundswell ingest`: agents of several networks in one process, from settings to Kafka."""

from __future__ import annotations

import asyncio
import re
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.ingest.conformance.web import Reply, Request, WebWire
from tests.ingest.conformance.wires.feeds import FeedsWire
from tests.ingest.conformance.wires.hackernews import HackerNewsWire
from tests.ingest.conftest import Broker, read_back

RAW = "posts.raw.v1"
PUBLISHED = 'groundswell_agent_published_total{agent="hackernews"} 2.0'


async def test_networks_side_by_side_with_their_metrics(broker: Broker, tmp_path: Path) -> None:
    async with FeedsWire() as feeds, HackerNewsWire() as news:
        child = await _started(broker, tmp_path, feeds, news)
        try:
            log = await _log_until(child, lambda log: log.count("listening") == 2)
            await feeds.post(2)
            await news.post(2)
            await _all_published(broker, {*feeds.sent, *news.sent})
            (address,) = re.findall(r"(http://[\d.:]+/metrics)", log)
            async with asyncio.timeout(30):
                while PUBLISHED not in (metrics := await asyncio.to_thread(_get, address)):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        finally:
            child.terminate()
            await child.wait()
    assert 'groundswell_agent_connected{agent="feeds"} 1.0' in metrics
    (left,) = re.findall(r'groundswell_network_budget_left\{kind="requests",network="feeds"\} (\S+)', metrics)
    assert 0 < 100_000 - float(left) < 10_000
    assert child.returncode == 0


async def test_a_network_that_refuses_ends_alone(broker: Broker, tmp_path: Path) -> None:
    async with FeedsWire() as feeds, ForbiddenWire() as news:
        child = await _started(broker, tmp_path, feeds, news)
        try:
            await _log_until(child, lambda log: "cannot go on" in log and "listening" in log)
            await feeds.post(2)
            await _all_published(broker, set(feeds.sent))
        finally:
            child.terminate()
            await child.wait()
    assert child.returncode == 1, "the error is not forgotten"


class ForbiddenWire(HackerNewsWire):
    """Lets nobody in."""

    def answer(self, request: Request) -> Reply:
        return Reply(b"", 403)


async def _started(broker: Broker, folder: Path, feeds: WebWire, news: WebWire) -> asyncio.subprocess.Process:
    (folder / "groundswell.toml").write_text(
        f"""
        data = "{folder}"
        [kafka]
        bootstrap = "{broker.bootstrap}"
        [ingest]
        allow_private = true
        [ingest.feeds]
        urls = ["{feeds.url}/feed.xml"]
        every = 0.05
        [ingest.feeds.budget]
        requests = 100000
        [ingest.hackernews]
        url = "{news.url}"
        poll = 0.05
        """
    )
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pipeline.commands.main", "--set", "kafka.embedded=true",
        "ingest", "feeds", "hackernews",
        cwd=Path(__file__).parents[2], stderr=asyncio.subprocess.PIPE,
        env={"GROUNDSWELL_CONFIG": str(folder / "groundswell.toml"), "PATH": ""},
    )  # fmt: skip


async def _all_published(broker: Broker, expected: set[str]) -> None:
    async with asyncio.timeout(30):
        while not expected <= _published(broker):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def _log_until(child: asyncio.subprocess.Process, condition: Callable[[str], bool]) -> str:
    """The log until it fulfils a condition."""
    assert child.stderr is not None
    log = ""
    async with asyncio.timeout(60):
        while not condition(log):
            line = await child.stderr.readline()
            assert line, log
            log += line.decode()
    return log


def _published(broker: Broker) -> set[str]:
    return {
        record.value().decode().split('"post_id":"')[1].split('"')[0] for record in read_back(broker.bootstrap, RAW)
    }


def _get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())
