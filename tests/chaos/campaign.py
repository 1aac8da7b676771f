"""Injects one fault after another into one installation, and holds the ledger against it in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from msgspec import Struct

from tests.chaos.installation import Installation
from tests.chaos.kinds import KINDS
from tests.chaos.ledger import Anomaly, Balance

CROWD_EVERY = 3
"""Steps between crowds of complaints, which open incidents."""

Step = tuple[str, ...]
"""The kinds of faults that come at once."""


class Injection(Struct):
    """One fault: how long it took to work off the backlog after its end, and what was wrong with it."""

    kind: str
    recovery: float | None = None
    anomalies: list[Anomaly] = []
    beside: str = ""
    """The other fault that came at the same time, which then has the same recovery and anomalies."""


class Outcome(Struct):
    """What a campaign came to. Anomalies of a check are booked on the last step before it."""

    seed: int
    injections: list[Injection]
    balance: Balance | None
    """The last one."""


def schedule(count: int, seed: int, names: Sequence[str], *, singles: bool = True) -> list[Step]:
    """So many faults in rounds, each of all kinds in a drawn order, two at a time; one by one in the first, unless that
    is left out."""
    rng, out, left = Random(f"schedule|{seed}"), list[Step](), count
    while left > 0:
        drawn = rng.sample(names, len(names))[:left]
        out += _pairs(drawn) if out or not singles else [(name,) for name in drawn]
        left -= len(drawn)
    return out


def _pairs(names: Sequence[str]) -> list[Step]:
    """Each with the next after it that harms something else, where there is one."""
    left, out = list(names), list[Step]()
    while left:
        first = KINDS[left.pop(0)]
        other = next((name for name in left if first.harms and KINDS[name].harms not in ("", first.harms)), None)
        if other is not None:
            left.remove(other)
        out.append((first.name,) if other is None else (first.name, other))
    return out


async def campaign(
    folder: Path, steps: Sequence[Step], seed: int, *, rate: float = 10.0, check_every: int = 4,
    minutes: float = 24 * 60.0, say: Callable[[str], None] = print,
    note: Callable[[Outcome], object] = lambda outcome: None,
) -> Outcome:  # fmt: skip
    """Inject the faults of each step in order, for at most so many minutes; ends early at the first anomaly.

    `note` is given what there is after each step, so that a campaign that is ended from outside has its figures.
    """
    out, until = Outcome(seed, [], None), time.monotonic() + 60.0 * minutes
    async with Installation(folder, seed, rate) as world:
        for stage in ("enrich", "detect", "index", "alert"):
            await world.running(stage, 180.0)
        await asyncio.sleep(3.0)
        for number, step in enumerate(steps):
            last = number + 1 == len(steps) or time.monotonic() > until
            if number % CROWD_EVERY == 0:
                world.traffic.crowd(number // CROWD_EVERY % 6)
            recovery, anomalies = await _inject(world, step)
            if not anomalies and (last or (number + 1) % check_every == 0):
                out.balance = await world.balance()
                anomalies = out.balance.anomalies
                say(_sums(out.balance))
            for name in step:
                beside = " ".join(other for other in step if other != name)
                out.injections.append(Injection(name, recovery, anomalies, beside))
            took = "not recovered" if recovery is None else f"recovered in {recovery:.1f} s"
            say(f"{len(out.injections):4d} {' and '.join(step)}: {took}")
            for anomaly in anomalies:
                say(f"     {anomaly.name}: {anomaly.what}")
            note(out)
            if last or anomalies:
                break
    return out


async def _inject(world: Installation, step: Step) -> tuple[float | None, list[Anomaly]]:
    """Seconds of recovery, and what was wrong."""
    kinds, recovery = [KINDS[name] for name in step], None
    try:
        async with AsyncExitStack() as faults:
            for kind in kinds:
                await faults.enter_async_context(kind.fault(world))
            await asyncio.sleep(max(kind.seconds for kind in kinds))
        recovery = round(await world.recovered(), 2)
        for kind in kinds:
            if kind.after is not None:
                await kind.after(world)
    except TimeoutError as error:
        return recovery, [Anomaly("lost", f"work never ends: {error}")]
    except AssertionError as error:
        return recovery, [Anomaly("unsaid", str(error))]
    except Exception as error:  # the figures up to here must not be lost with a fault that could not be made
        return recovery, [Anomaly("broken", f"the fault could not be made: {error!r}")]
    return recovery, []


def _sums(balance: Balance) -> str:
    return (
        f"     {balance.sent:,} sent = {balance.indexed:,} in the index + {balance.erased:,} erased + "
        f"{balance.letters:,} letters + {balance.lost:,} lost; {balance.incidents} incidents, {balance.steps} steps, "
        f"{balance.repeats} told again, {balance.folded} folded"
    )
