"""A Kafka and an Elasticsearch of one's own that can be killed, paused and started again on the same data.

Each stage reaches each server over a relay of its own: Kafka has a listener for each stage, and advertises the relay
before it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from deploy.local import elasticsearch, kafka
from deploy.local.download import fetch
from deploy.local.process import Process, remember, stop
from deploy.local.servers import BASE, free_ports, where_nobody_can_read
from deploy.local.state import locked
from pipeline.contracts.stage_names import STAGES
from tests.chaos.proxy import Proxy

START_SECONDS = 180.0
SEARCHING = ("index", "alert")
"""The stages that reach Elasticsearch."""

QUICK = {
    "log.retention.check.interval.ms": 2_000,
    "log.initial.task.delay.ms": 2_000,
    "log.cleaner.backoff.ms": 1_000,
    "log.segment.delete.delay.ms": 1_000,
}
"""Settings of the broker under which retention and compaction come within seconds."""


class Server:
    """A server process; `pid` says which process is the server once it runs (its launcher may be another)."""

    def __init__(self, name: str, ready: Callable[[], bool], pid: Callable[[], int | None] = lambda: None) -> None:
        self.name = name
        self._ready = ready
        self._pid = pid
        self._child: subprocess.Popen[bytes] | None = None
        self._processes: list[Process] = []

    async def started(self, child: subprocess.Popen[bytes]) -> None:
        """Wait until what was just started answers."""
        self._child, deadline = child, time.monotonic() + START_SECONDS
        while not await asyncio.to_thread(self._ready):
            if child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not start")
            await asyncio.sleep(0.2)
        pids = {child.pid, self._pid() or child.pid}
        self._processes = [process for pid in pids if (process := remember(self.name, pid))]

    async def kill(self) -> None:
        """`kill -9`."""
        self.signal(signal.SIGKILL)
        await asyncio.to_thread(stop, self._processes, 5.0)

    async def end(self) -> None:
        """End in order."""
        await asyncio.to_thread(stop, self._processes, 40.0)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of it."""
        for process in self._processes:
            if process.running:
                os.kill(process.pid, number)


class Servers:
    """Both servers and the relays before them, around an ``async with`` block; their data goes with its end."""

    def __init__(self, base: Path = BASE) -> None:
        with locked(base):
            distribution = fetch(base)
        base, self._distribution = where_nobody_can_read(base, distribution)
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=base))
        self.folder.chmod(0o711)
        self._ports = free_ports(4 + len(STAGES))
        self.bootstrap = f"127.0.0.1:{self._ports[0]}"
        self.url = f"http://127.0.0.1:{self._ports[2]}"
        self.password = secrets.token_urlsafe(24)
        self.kafka_links = dict(zip(STAGES, map(Proxy, self._ports[4:]), strict=True))
        self.elastic_links = {stage: Proxy(self._ports[2]) for stage in SEARCHING}
        self.kafka = Server("Kafka", lambda: kafka.ready(self.bootstrap))
        self.elastic = Server(
            "Elasticsearch",
            lambda: elasticsearch.ready(self.url, self.password),
            lambda: elasticsearch.server_pid(self.folder / "elasticsearch"),
        )

    async def __aenter__(self) -> Servers:
        for link in (*self.kafka_links.values(), *self.elastic_links.values()):
            await link.start()
        (self.folder / "elasticsearch").mkdir(mode=0o700)
        try:
            node = elasticsearch.start(
                self._distribution.elasticsearch, self.folder / "elasticsearch", self._ports[2], self._ports[3],
                self.password, self._log("elasticsearch"),
            )  # fmt: skip
            broker = kafka.start(
                self._distribution.kafka, self.folder / "kafka", self._ports[0], self._ports[1], self._log("kafka"),
                {**QUICK, **self._listeners()},
            )  # fmt: skip
            await asyncio.gather(self.kafka.started(broker), self.elastic.started(node))
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in (self.kafka, self.elastic):
            server.signal(signal.SIGCONT)
            await server.kill()
        for link in (*self.kafka_links.values(), *self.elastic_links.values()):
            await link.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def start_kafka(self) -> None:
        """Start Kafka again after its end."""
        await self.kafka.started(kafka.start_again(self._distribution.kafka, self.folder / "kafka", self._log("kafka")))

    async def start_elastic(self) -> None:
        """Start Elasticsearch again after its end."""
        folder = self.folder / "elasticsearch"
        (folder / "pid").unlink(missing_ok=True)
        await self.elastic.started(
            elasticsearch.start_again(self._distribution.elasticsearch, folder, self._log("elasticsearch"))
        )

    def _listeners(self) -> dict[str, object]:
        """A listener for us, and for each stage one that is advertised as the relay before it."""
        names = {stage: stage.upper() for stage in STAGES}
        ours = f"PLAINTEXT://{self.bootstrap}"
        inside = [f"{names[stage]}://127.0.0.1:{port}" for stage, port in zip(STAGES, self._ports[4:], strict=True)]
        outside = [f"{names[stage]}://127.0.0.1:{link.port}" for stage, link in self.kafka_links.items()]
        kinds = [f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER", *names.values())]
        return {
            "listeners": ",".join([ours, f"CONTROLLER://127.0.0.1:{self._ports[1]}", *inside]),
            "advertised.listeners": ",".join([ours, *outside]),
            "listener.security.protocol.map": ",".join(kinds),
        }

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"
