"""One installation: both servers, a worker a stage, a receiver, the traffic; and what can be asked of it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import time
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path
from random import Random

import httpx

from pipeline.contracts.stage_names import STAGES
from pipeline.errors import TransientError
from pipeline.index.load import open_index
from pipeline.runtime.kafka.drain import Drain
from pipeline.runtime.process.stack import Stack
from pipeline.runtime.process.supervisor import Child
from pipeline.settings import settings as settings_module
from pipeline.simulate.companies import catalogue_yaml
from tests.chaos.ledger import Balance, Books, balance
from tests.chaos.receiver import Receiver
from tests.chaos.servers import SEARCHING, Servers
from tests.chaos.traffic import COMPANIES, Traffic

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0
"""Seconds after the end of a fault within which the backlog must be worked off."""

_GAP = re.compile(r"^groundswell_gap_records_total\{.*\} (\S+)$", re.MULTILINE)


class Installation:
    """See the module.  Around an ``async with`` block; everything is in `folder` but the servers' data."""

    def __init__(self, folder: Path, seed: int, rate: float) -> None:
        self._folder = folder
        self._exit = AsyncExitStack()
        self.rng = Random(f"faults|{seed}")
        self._seed, self._rate = seed, rate
        self.servers = Servers()
        self.receiver = Receiver()
        self.model = folder / "model"
        self._passing: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[str] = set()
        self.interruptions = 0
        """Times that a worker of alerts stood still or lost its connection, and with that perhaps a mark."""
        self.removed = 0
        """Records that retention removed unread, the last time."""
        self.gaps = 0
        """Records that workers said they had lost, in all."""

    async def __aenter__(self) -> Installation:
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(self.servers)
            await self.receiver.start()
            opened.push_async_callback(self.receiver.close)
            shutil.copytree(ROOT / "models" / "artefact", self.model)
            (self._folder / "companies.yaml").write_text(catalogue_yaml(COMPANIES), encoding="utf-8")
            self.stack = await opened.enter_async_context(Stack(self._settings(), parent=os.getpid()))
            self.settings = self.stack.settings
            for stage in STAGES:
                self.start_worker(stage)
            self.traffic = Traffic(self.servers.bootstrap, self._seed, self._rate)
            self.traffic.resume()
            opened.push_async_callback(self.traffic.pause)
            self._exit = opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    def _settings(self) -> settings_module.Settings:
        servers = self.servers
        return settings_module.load(
            data=self._folder / "data",
            kafka={"bootstrap": servers.bootstrap},
            index={"url": servers.url, "username": "elastic", "password": servers.password},
            model={"path": self.model, "threads": 1},
            enrich={"catalogue": self._folder / "companies.yaml"},
            alert={
                "webhook_url": f"http://127.0.0.1:{self.receiver.port}/",
                "webhook_secret": "a secret for nobody but us",
                "webhook_allow_private": True,
            },
        )

    def start_worker(self, stage: str, number: int = 0) -> Child:
        """Start a worker of a stage and have it kept running, one with a number until `end_workers`; it reaches the
        servers over the relays of its stage."""
        pairs = [f"kafka.bootstrap=127.0.0.1:{self.servers.kafka_links[stage].port}"]
        if stage in SEARCHING:
            pairs.append(f"index.url=http://127.0.0.1:{self.servers.elastic_links[stage].port}")
        options = [part for pair in pairs for part in ("--set", pair)]
        args = [*options, "worker", stage, "--instance", f"{stage}-{number}", "--parent", str(os.getpid())]
        child = Child(f"{stage}-{number}" if number else stage, args)
        if number:
            self.stack.children[child.name] = child
            self._passing[child.name] = asyncio.create_task(self._run(child), name=child.name)
        else:
            self.stack.start(child)
        return child

    async def _run(self, child: Child) -> None:
        """Start a worker again and again, until it is asked to end."""
        assert self.stack.supervisor is not None
        while child.name not in self._leaving:
            await self.stack.supervisor._run(child)
            child.restarts += 1
            await asyncio.sleep(0.5)

    async def end_workers(self, *children: Child) -> None:
        """End workers that were started with a number, for good."""
        names = {child.name for child in children}
        self._leaving |= names
        try:
            for name in names:
                self.signal(name, signal.SIGTERM)
            await asyncio.wait_for(asyncio.gather(*map(self._passing.pop, names)), 30.0)
        finally:
            self._leaving -= names

    def worker(self, stage: str) -> Child:
        """The worker of a stage."""
        return self.stack.children[stage]

    def signal(self, name: str, number: signal.Signals) -> None:
        """Signal a worker, if it runs."""
        child = self.worker(name)
        if name.startswith("alert") and number == signal.SIGSTOP:
            self.interruptions += 1
        if child.process is not None and child.process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(child.process.pid, number)

    async def running(self, name: str, within: float = 60.0) -> None:
        """Wait until a worker says that it is ready."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            child = self.worker(name)
            if child.process is not None and child.process.returncode is None:
                health = await self.page(child, "healthz")
                if '"ready":true' in health.replace(" ", ""):
                    return
            await asyncio.sleep(0.2)
        raise TimeoutError(f"{name} is not ready after {within:.0f} s: {self.worker(name).last_error}")

    async def page(self, child: Child, name: str) -> str:
        """A page of a worker's own, empty where it does not answer."""
        if child.process is None:
            return ""
        stage = child.name.partition("-")[0]
        file = self.settings.data / "workers" / f"{stage}.{child.process.pid}"
        try:
            address = file.read_text().strip()
            async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
                return (await client.get(f"{address}/{name}")).text
        except (OSError, httpx.HTTPError):
            return ""

    def _lost_marks(self) -> int:
        """How often a mark of the outbox may have been lost: each may bring one step of an incident again."""
        restarts = (child.restarts for name, child in self.stack.children.items() if name.startswith("alert"))
        return self.interruptions + sum(restarts)

    async def gaps_said(self, stage: str) -> int:
        """Records that the worker of a stage says it has lost since it started."""
        return round(sum(map(float, _GAP.findall(await self.page(self.worker(stage), "metrics")))))

    async def recovered(self) -> float:
        """Wait until what was sent before now is worked off by every stage; gives the seconds that took.

        Raises `TimeoutError` when it takes longer than `PATIENCE`.
        """
        began = time.monotonic()
        await self.traffic.pause()
        with closing(Drain(self.settings.kafka)) as drain:
            while time.monotonic() - began < PATIENCE:
                with suppress(TransientError):
                    left = await asyncio.to_thread(drain.left)
                    if not any(left.values()) and not any((await asyncio.to_thread(drain.left)).values()):
                        took = time.monotonic() - began
                        self.traffic.resume()
                        return took
                await asyncio.sleep(0.2)
        raise TimeoutError(f"not worked off after {PATIENCE:.0f} s: {left}")

    async def balance(self) -> Balance:
        """The ledger, with the traffic at rest and nothing on its way."""
        await self.recovered()
        await self.traffic.pause()
        index = open_index(self.settings)
        try:
            for _ in range(20):  # what waits in the outbox is on no topic
                books = Books(self.traffic.books, self.receiver.accepted, self._lost_marks(), self.gaps)
                found = await balance(books, self.settings.kafka, index)
                if not any(anomaly.name == "never_told" for anomaly in found.anomalies):
                    break
                await asyncio.sleep(2.0)
            return found
        finally:
            await index.close()
            self.traffic.resume()
