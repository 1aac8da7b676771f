"""Every agent against every fault of its network: what was sent is in Kafka once, or in a gap.

A network is put to the proof by a wire (`tests/ingest/conformance/wire.py`) and its entry in
`tests/ingest/conformance/networks.py`.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from contextlib import suppress
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
import trustme

from pipeline.ingest.registry import AGENTS
from tests.ingest.conformance.networks import WIRES
from tests.ingest.conformance.wire import REST, Fault, Wire
from tests.ingest.conformance.world import World
from tests.ingest.conftest import Broker

FAULTS = [
    pytest.param(wire, fault, id=f"{name}-{fault.name.lower()}")
    for name, wire in WIRES.items()
    for fault in Fault
    if fault in wire.faults and fault is not Fault.TOO_OLD
]
FORGETFUL = [name for name, wire in WIRES.items() if Fault.TOO_OLD in wire.faults]
KILLS = int(os.environ.get("GROUNDSWELL_TEST_KILLS", "5"))


@pytest.fixture
def world(broker: Broker, tmp_path: Path) -> World:
    return World(broker.bootstrap, tmp_path)


def test_every_network_has_its_wire() -> None:
    assert {wire.network for wire in WIRES.values()} == AGENTS.keys()


@pytest.mark.parametrize(("kind", "fault"), FAULTS)
async def test_a_fault_loses_nothing_and_doubles_nothing(kind: type[Wire], fault: Fault, world: World) -> None:
    """The fault among posts, then posts, then a connection that drops, then posts."""
    async with kind() as wire:
        async with world.running(wire) as observed:
            await observed.wait(lambda: observed.connections > 0)
            await wire.post(5)
            await observed.wait(lambda: observed.delivered >= 5)
            await wire.inject(fault)
            await wire.post(5)
            await observed.wait(lambda: observed.delivered >= 10)
            await wire.inject(Fault.DROP)
            await wire.post(5)
            await observed.wait(lambda: observed.delivered >= 15)
        world.check(wire)
        if fault is Fault.BUSY:
            assert wire.busy_at is not None
            early = [at - wire.busy_at for at in wire.asked_at if 0.1 < at - wire.busy_at < 0.8 * REST]
            assert early == [], "a rest that was asked for is a rest"


@pytest.mark.parametrize("name", FORGETFUL)
async def test_what_the_network_does_not_give_any_more_is_a_gap(name: str, world: World) -> None:
    async with WIRES[name]() as wire:
        async with world.running(wire) as observed:
            await observed.wait(lambda: observed.connections > 0)
            await wire.post(5)
            await observed.wait(lambda: observed.delivered >= 5)
        given = set(wire.sent)
        await wire.post(5)
        await wire.inject(Fault.TOO_OLD)
        wire.lost = wire.sent.keys() - given
        async with world.running(wire) as observed:
            await observed.wait(lambda: observed.connections > 0)
            await wire.post(5)
            await observed.wait(lambda: observed.delivered >= 5 + len(observed.gaps) and bool(observed.gaps))
        world.check(wire)


@pytest.mark.parametrize("name", WIRES)
async def test_a_restart_goes_on_where_it_was(name: str, world: World) -> None:
    async with WIRES[name]() as wire:
        async with world.running(wire) as observed:
            await observed.wait(lambda: observed.connections > 0)
            await wire.post(5)
            await observed.wait(lambda: observed.delivered >= 5)
        await wire.post(5)
        async with world.running(wire) as observed:
            await observed.wait(lambda: observed.delivered >= 5)
        world.check(wire)


@pytest.mark.parametrize("name", [name for name, wire in WIRES.items() if wire.serves])
async def test_a_server_with_a_certificate_that_nobody_vouches_for_gets_no_request(name: str, world: World) -> None:
    authority = trustme.CA()
    async with WIRES[name](_server_tls(authority)) as wire:
        async with world.running(wire) as observed:
            await observed.wait(lambda: len(observed.reasons) >= 2)
        assert wire.asked_at == []
        assert observed.connections == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", WIRES)
async def test_killed_at_random_moments_nothing_is_lost(name: str, world: World) -> None:
    """`kill -9`, so many times as GROUNDSWELL_TEST_KILLS says (5), while posts come in."""
    chance = random.Random(name)
    async with WIRES[name]() as wire:
        await _run_until(name, wire, world, 0.0)
        for _ in range(KILLS):
            posting = asyncio.create_task(_post_on(wire, chance))
            await _run_until(name, wire, world, chance.uniform(0.0, 1.0))
            posting.cancel()
        async with world.running(wire) as observed:
            await observed.wait(lambda: observed.connections > 0)
            await wire.post(1)
            with suppress(TimeoutError):  # what is missing is said by the check
                async with asyncio.timeout(60):
                    while not wire.sent.keys() <= world.copies().keys():  # noqa: ASYNC110
                        await asyncio.sleep(0.2)
        world.check(wire, most=KILLS + 2)


async def _post_on(wire: Wire, chance: random.Random) -> None:
    while True:
        await wire.post(1)
        await asyncio.sleep(chance.uniform(0.0, 0.05))


async def _run_until(name: str, wire: Wire, world: World, seconds: float) -> None:
    """An agent in a process of its own, killed so long after it has stored something."""
    root = Path(__file__).parents[3]
    arguments = [name, wire.url, world.settings.bootstrap, world.posts.name.partition(".")[2], str(world.folder)]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.ingest.conformance.live", *arguments, cwd=root
    )
    before = {row.stream: row.saved_at for row in world.cursors.all_positions()}
    async with asyncio.timeout(60):
        while {row.stream: row.saved_at for row in world.cursors.all_positions()} == before:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await asyncio.sleep(seconds)
    child.kill()
    await child.wait()


def _server_tls(authority: trustme.CA) -> SSLContext:
    context = SSLContext(PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
