"""`groundswell backtest`: what would have paged over a history, as a report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands import context
from pipeline.terminal import console

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.backtest.findings import Findings

app = context.new_app()

LISTED = 20
"""Most incidents in the summary on the terminal."""


@app.command()
def backtest(
    files: Annotated[list[str], typer.Argument(help="History (.jsonl, .csv, .gz) or - for standard input")],
    format: Annotated[
        str | None, typer.Option(help="posts, twcs, mentions, or a layout from the settings; else as the file begins")
    ] = None,
    network: Annotated[str | None, typer.Option(help="Network of posts that name none")] = None,
    out: Annotated[Path, typer.Option(help="Where to write the report, one HTML file")] = Path("report.html"),
    false_alarms: Annotated[
        float | None, typer.Option(help="False alarms promised per entity and month", min=0.001, max=30.0)
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="What really happened, as `simulate --labels` writes it")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object of JSON instead of the summary")] = False,
    catalogue: Annotated[str | None, typer.Option(help="An own catalogue, as enrich.catalogue")] = None,
) -> None:
    """Analyze and detect over history: what would have paged, when, on what evidence.

    Example:  `groundswell backtest support.csv --format twcs --out report.html`
    """
    import msgspec
    from rich.console import Console

    from pipeline.backtest import report
    from pipeline.backtest.findings import as_json as for_machines
    from pipeline.backtest.run import BacktestRequest
    from pipeline.backtest.run import backtest as find
    from pipeline.ingest.formats.formats import detected_format
    from pipeline.ingest.rejects import Rejects, rejects_path
    from pipeline.terminal.steps import Steps

    if false_alarms is not None:
        context.put("detect.false_alarms", false_alarms)
    if catalogue:
        context.put("enrich.catalogue", catalogue)
    settings = context.load()
    report.check_writable(out)
    started = time.monotonic()
    request = BacktestRequest(
        files=tuple(files), format=format or detected_format(files), network=network, labels=labels
    )
    with (
        Rejects(rejects_path(Path(settings.data), "backtest")) as rejects,
        Steps(console.err, interactive=console.interactive()) as steps,
    ):
        found = find(settings, request, rejects, steps)
    report.write(out, report.render(found))
    console.say([*found.assumed, *rejects.summary()])
    if as_json:
        answer = {**for_machines(found), "report": str(out), "seconds": round(time.monotonic() - started, 1)}
        typer.echo(msgspec.json.encode(answer))
        return
    _summary(Console(highlight=False), found)
    typer.echo(f"report: {out}")


def _summary(out: Console, found: Findings) -> None:
    """A short table for a person; strangers' names are shown as plain text."""
    from rich.table import Table
    from rich.text import Text

    from pipeline.text.safe import single_line

    table = Table("paged (UTC)", "company", "kind", "severity", "mentions", "authors", box=None, pad_edge=False)
    for episode in found.episodes[:LISTED]:
        last, at = episode.last, episode.paged_at
        table.add_row(
            f"{at:%Y-%m-%d %H:%M}" if at else "not paged",
            Text(single_line(last.entity.name, 40)),
            last.kind,
            str(episode.worst.severity),
            f"{last.counts.mentions:,}",
            f"{last.counts.authors:,}",
        )
    if found.episodes:
        out.print(table)
    if len(found.episodes) > LISTED:
        out.print(f"… and {len(found.episodes) - LISTED:,} more in the report")
    out.print(
        f"{found.read:,} rows read, {found.rejected:,} rejected, {found.mentions:,} mentions of "
        f"{len(found.companies):,} companies; {len(found.episodes):,} incidents, {found.outcome.paging:,} would have "
        f"paged, {len(found.candidates):,} came near",
        soft_wrap=True,
    )
    rates = " · ".join(f"{rate.false_alarms:g} → {rate.paging:,}" for rate in found.rates)
    out.print(f"pages at other false-alarm rates: {rates}", soft_wrap=True)
    _own_rates(out, found)
    if found.score is not None:
        out.print(
            f"against the labels: {len(found.score.found):,} found, {len(found.score.missed):,} missed, "
            f"{found.score.false:,} false"
        )


def _own_rates(out: Console, found: Findings) -> None:
    """How the companies' own rates stand to the promise; those that a setting would mend, by name."""
    from collections import Counter

    from pipeline.backtest.report import standing
    from pipeline.text.safe import single_line

    counts = Counter(str(own.standing) for own in found.own_rates)
    words = {
        "more": "more than promised",
        "as_promised": "not to be told from the promise",
        "fewer": "fewer than promised",
        "too_short": "too short a history to say",
    }
    said = " · ".join(f"{counts[key]} {text}" for key, text in words.items() if counts[key])
    whose = "pages in quiet weeks" if found.score is not None else "every page counted as false"
    out.print(f"own false-alarm rates ({whose}): {said or 'no company'}", soft_wrap=True)
    for own in [own for own in found.own_rates if own.suggested is not None][:LISTED]:
        out.print(f"  {single_line(own.name, 40)}: {standing(own)}", soft_wrap=True, markup=False)
