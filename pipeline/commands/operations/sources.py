"""`groundswell sources`: what is listened to, how far it got, and what is missing."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from pipeline.commands import context

if TYPE_CHECKING:
    from pipeline.contracts.gaps import NetworkGap
    from pipeline.ingest.cursor import StoredPosition
    from pipeline.settings.section import Section
    from pipeline.settings.settings import Settings

app = context.new_app()

UNSAID = frozenset({"budget", "secret", "secret_file", "token", "token_file", "key"})
"""Settings of a network that say nothing about what is listened to, or are secret."""

DAYS = 7.0
LISTED = 4


class NetworkSource(Struct):
    """A network: what the settings ask of it, and what came of that."""

    network: str
    asks: list[str]
    """Settings that differ from the defaults; empty for all that the network gives."""
    streams: int
    """Streams with a position, of all its agents."""
    stored_seconds_ago: float | None
    gaps: int
    gap_seconds: float
    budget_left: dict[str, float]


@app.command()
def sources(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a network.")] = False,
) -> None:
    """Show every network: what is asked of it, how far it was read, gaps of the last week, the day's budget.

    Example:  `groundswell sources`
    """
    import msgspec

    found = network_sources(context.load_to_read())
    if as_json:
        for source in found:
            typer.echo(msgspec.json.encode(source))
        return
    _show(found)


def network_sources(settings: Settings) -> list[NetworkSource]:
    """Every network that the commands know, in the order of their names."""
    from pipeline.ingest.budget import Budget
    from pipeline.ingest.cursor import CursorStore
    from pipeline.ingest.registry import AGENTS

    path = settings.data / "cursors.sqlite"
    positions: list[StoredPosition] = []
    gaps: list[NetworkGap] = []
    left: dict[str, dict[str, float]] = {}
    if path.exists():
        with CursorStore(path) as store:
            positions, gaps = store.all_positions(), store.gaps(time.time() - DAYS * 86_400)
            for name in AGENTS:
                left[name] = Budget(name, getattr(settings.ingest, name).budget, store).left()
    out = []
    for name in sorted(AGENTS):
        of_network = [row for row in positions if row.agent.partition("/")[0] == name]
        missing = [gap for gap in gaps if gap.network == name]
        newest = max((row.saved_at for row in of_network), default=None)
        out.append(
            NetworkSource(
                name, asked(getattr(settings.ingest, name)), len(of_network),
                None if newest is None else round(time.time() - newest, 1),
                len(missing), sum((gap.until - gap.since).total_seconds() for gap in missing), left.get(name, {}),
            )
        )  # fmt: skip
    return out


def asked(section: Section) -> list[str]:
    """What a network's settings ask for beyond the defaults, without secrets."""
    said = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if name in UNSAID or value == field.default:
            continue
        if isinstance(value, dict | list | tuple):
            names = [str(entry) for entry in value]
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            said.append(f"{name}: {', '.join(names[:LISTED])}{more}")
        else:
            said.append(f"{name}: {value}")
    return said


def _show(found: list[NetworkSource]) -> None:
    from rich.console import Console
    from rich.table import Table

    from pipeline.terminal.console import plain

    table = Table("network", "asked for", "streams", "stored", f"gaps, {DAYS:g} days", "budget left today")
    for source in found:
        gaps = f"{source.gaps:,}, {timedelta(seconds=round(source.gap_seconds))}" if source.gaps else "none"
        table.add_row(
            source.network, plain("; ".join(source.asks) or "as it comes"), f"{source.streams:,}",
            "never" if (ago := source.stored_seconds_ago) is None else f"{timedelta(seconds=round(ago))} ago", gaps,
            ", ".join(f"{amount:,g} {kind}" for kind, amount in source.budget_left.items()) or "no limit",
        )  # fmt: skip
    Console().print(table)
    if any(source.gaps for source in found):
        typer.echo("Each gap is a message on gaps.v1: from when to when nothing was received, and why.", err=True)
