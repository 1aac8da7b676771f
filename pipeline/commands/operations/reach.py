"""Whether networks can be reached, are authorised and within budget, for `doctor`."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

from pipeline.errors import GroundswellError, SettingsError, TerminalError, TransientError

if TYPE_CHECKING:
    from pipeline.ingest.agent import Agent
    from pipeline.settings.settings import Settings

SECONDS = 20.0
"""Longest wait for a network."""

GAP_SECONDS = 60.0
"""Seconds missing within a day above which `doctor` calls a network wrong."""


def reach(settings: Settings, network: str) -> str:
    """Connects as the agents of a network do, and reads nothing; gives what was found in words.

    Raises `SettingsError` for what is not set up, `TerminalError` for what cannot be reached, is refused, or over
    budget.
    """
    from pipeline.ingest.budget import Budget
    from pipeline.ingest.registry import AGENTS, RECEIVING

    if network not in AGENTS:
        raise SettingsError("no such network", subject=network, todo=f"Known are {', '.join(AGENTS)}")
    agents = AGENTS[network](settings.ingest, Budget(network, getattr(settings.ingest, network).budget))
    if not agents:
        raise SettingsError("nothing to listen to", subject=f"ingest.{network}", todo="See docs/ingest.md")
    if network in RECEIVING:
        return "set up; it is the platforms that connect"
    asyncio.run(_all(list(agents)))
    return f"answers ({', '.join(agent.name for agent in agents)})"


async def _all(agents: list[Agent]) -> None:
    for agent in agents:
        try:
            async with asyncio.timeout(SECONDS), aclosing(agent.listen({})) as items:
                await anext(items)
        except TimeoutError:
            raise TerminalError(f"does not answer within {SECONDS:g} s", subject=agent.name) from None
        except StopAsyncIteration:
            raise TerminalError("ends at once", subject=agent.name) from None
        except TransientError as error:
            todo = "Try again later; see whether the network has an outage" if not error.todo else ""
            raise TerminalError(str(error), subject=agent.name, todo=todo) from None


def gaps_of_a_day(settings: Settings) -> str:
    """What networks did not give within the last day.

    Raises `TerminalError` when that is more than a minute of one of them.
    """
    from pipeline.ingest.cursor import CursorStore

    path = settings.data / "cursors.sqlite"
    if not path.exists():
        return "no network was listened to from here"
    try:
        with CursorStore(path) as store:
            gaps = store.gaps(time.time() - 86_400)
    except GroundswellError as error:
        raise TerminalError(error.what, subject=error.subject, todo=error.todo) from None
    seconds: dict[str, float] = {}
    for gap in gaps:
        seconds[gap.agent] = seconds.get(gap.agent, 0.0) + (gap.until - gap.since).total_seconds()
    if long := {agent: missing for agent, missing in seconds.items() if missing >= GAP_SECONDS}:
        said = ", ".join(f"{missing / 60:,.0f} min of {agent}" for agent, missing in long.items())
        raise TerminalError(
            f"missing within a day: {said}", subject="networks",
            todo="Nothing brings it back; see why: groundswell sources, and the agents' log",
        )  # fmt: skip
    return f"{len(gaps):,} gaps within a day, none of a minute" if gaps else "no gap within a day"
