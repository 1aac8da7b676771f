"""Injects one fault after another into one installation, and holds the ledger against it in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from msgspec import Struct

from tests.chaos.installation import Installation
from tests.chaos.kinds import KINDS
from tests.chaos.ledger import Anomaly, Balance

CROWD_EVERY = 3
"""Injections between crowds of complaints, which open incidents."""


class Injection(Struct):
    """One fault: how long it took to work off the backlog after its end, and what was wrong with it."""

    kind: str
    recovery: float | None = None
    anomalies: list[Anomaly] = []


class Outcome(Struct):
    """What a campaign came to.  Anomalies of a check are booked on the last injection before it."""

    seed: int
    injections: list[Injection]
    balance: Balance | None
    """The last one."""


def schedule(count: int, seed: int, names: Sequence[str]) -> list[str]:
    """So many kinds: all in a drawn order, then all in another, and so on."""
    rng, out = Random(f"schedule|{seed}"), list[str]()
    while len(out) < count:
        out += rng.sample(names, len(names))
    return out[:count]


async def campaign(
    folder: Path, names: Sequence[str], seed: int, *, rate: float = 10.0, check_every: int = 4,
    minutes: float = 24 * 60.0, say: Callable[[str], None] = print,
) -> Outcome:  # fmt: skip
    """Inject the named faults in order, for at most so many minutes; ends early at the first anomaly."""
    out, until = Outcome(seed, [], None), time.monotonic() + 60.0 * minutes
    async with Installation(folder, seed, rate) as world:
        for stage in ("enrich", "detect", "index", "alert"):
            await world.running(stage, 180.0)
        await asyncio.sleep(3.0)
        for number, name in enumerate(names):
            last = number + 1 == len(names) or time.monotonic() > until
            if number % CROWD_EVERY == 0:
                world.traffic.crowd(number // CROWD_EVERY % 6)
            injection = await _inject(world, name)
            out.injections.append(injection)
            if not injection.anomalies and (last or (number + 1) % check_every == 0):
                out.balance = await world.balance()
                injection.anomalies = out.balance.anomalies
                say(_sums(out.balance))
            took = "not recovered" if injection.recovery is None else f"recovered in {injection.recovery:.1f} s"
            say(f"{number + 1:4d} {name}: {took}")
            for anomaly in injection.anomalies:
                say(f"     {anomaly.name}: {anomaly.what}")
            if last or injection.anomalies:
                break
    return out


async def _inject(world: Installation, name: str) -> Injection:
    kind, out = KINDS[name], Injection(name)
    try:
        async with kind.fault(world):
            await asyncio.sleep(kind.seconds)
        out.recovery = round(await world.recovered(), 2)
        if kind.after is not None:
            await kind.after(world)
    except TimeoutError as error:
        out.anomalies = [Anomaly("lost", f"work never ends: {error}")]
    except AssertionError as error:
        out.anomalies = [Anomaly("unsaid", str(error))]
    except Exception as error:  # the figures up to here must not be lost with a fault that could not be made
        out.anomalies = [Anomaly("broken", f"the fault could not be made: {error!r}")]
    return out


def _sums(balance: Balance) -> str:
    return (
        f"     {balance.sent:,} sent = {balance.indexed:,} in the index + {balance.erased:,} erased + "
        f"{balance.letters:,} letters + {balance.lost:,} lost; {balance.incidents} incidents, {balance.steps} steps, "
        f"{balance.repeats} told again, {balance.folded} folded"
    )
