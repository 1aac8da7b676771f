"""Services of a running stack as they are now: each process was asked a moment ago."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

import httpx
from msgspec import Struct

from pipeline.runtime.process.supervisor import Child

ServiceState = Literal["running", "starting", "waiting", "behind", "stuck", "restarting", "stopped", "silent"]

BEHIND = 5_000
"""Records unread from which a worker counts as behind."""

ASK_SECONDS = 2.0


class Service(Struct):
    """One process: its state, and in a few words what it waits for, how far it is behind, or why it ended."""

    name: str
    state: ServiceState
    detail: str = ""


async def ask_services(children: Mapping[str, Child], addresses: Mapping[str, str]) -> list[Service]:
    """The services of all children; `addresses` of the health pages by the name of the child.

    A child without a health page is what its process is.  Raises nothing: who does not answer is `silent`.
    """
    async with httpx.AsyncClient(timeout=ASK_SECONDS, trust_env=False) as client:
        asked = (_service(client, child, addresses.get(child.name)) for child in children.values())
        return list(await asyncio.gather(*asked))


async def health_of(address: str) -> dict[str, Any] | str:
    """What a health page answers, or the reason why it does not."""
    async with httpx.AsyncClient(timeout=ASK_SECONDS, trust_env=False) as client:
        return await _asked(client, address)


def state_of(health: Mapping[str, Any]) -> tuple[ServiceState, str]:
    """State and words for the answer of a worker's `/healthz`."""
    waiting, lag = health.get("waiting_for"), health.get("lag", 0)
    if not health.get("ok"):
        why = f"waits for {waiting}" if waiting else f"no progress for {health.get('stuck_seconds', 0):,.0f} s"
        return "stuck", f"{why}, {lag:,} records behind"
    if waiting:
        seconds = health.get("waiting_seconds")
        return "waiting", f"for {waiting}" + (f" since {seconds:,.0f} s" if seconds else "")
    if not health.get("ready", True):
        return "starting", ""
    return ("behind", f"{lag:,} records") if isinstance(lag, int) and lag >= BEHIND else ("running", "")


async def _service(client: httpx.AsyncClient, child: Child, address: str | None) -> Service:
    if child.state == "restarting":
        return Service(child.name, "restarting", f"ended with status {child.status}: {child.last_error}")
    if child.state == "stopped":
        return Service(child.name, "stopped")
    if address is None:
        return Service(child.name, "running" if child.state == "running" else "starting")
    health = await _asked(client, address)
    if isinstance(health, str):
        return Service(child.name, "silent", health)
    return Service(child.name, *state_of(health))


async def _asked(client: httpx.AsyncClient, address: str) -> dict[str, Any] | str:
    try:
        answer = (await client.get(f"{address}/healthz")).json()
    except httpx.TimeoutException:
        return f"no answer within {ASK_SECONDS:.0f} s"
    except (httpx.HTTPError, ValueError) as error:
        return f"no answer ({type(error).__name__})"
    return answer if isinstance(answer, dict) else "no answer that can be read"
