"""`groundswell doctor`: check what the settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pipeline.commands import context
from pipeline.errors import GroundswellError, TerminalError
from pipeline.terminal import console

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.index.protocol import Index
    from pipeline.settings.settings import Settings

app = context.new_app()


class Diagnosis(NamedTuple):
    """What was examined, whether it is well, and what was found or has to be done."""

    what: str
    well: bool
    words: str


@app.command()
def doctor(
    trial_page: Annotated[
        bool, typer.Option("--trial-page", help="Also send a trial through every notifier, as if an incident opened")
    ] = False,
    network: Annotated[
        list[str] | None, typer.Option(help="Also connect to this network, as its agents do; repeat for several")
    ] = None,
) -> None:
    """Examine settings, model, catalogue, Kafka, index, ports, workers, rejects, promise; status 1 when one is wrong.

    Below it, what holds in this installation, and what can still go wrong.

    Example:  `groundswell --set index.url=http://localhost:9200 doctor`
    """
    from rich.console import Console

    settings = context.load_to_read()
    checks: dict[str, Callable[[Settings], str]] = {
        "settings": lambda settings: f"data in {settings.data}",
        "model": _model,
        "catalogue": _catalogue,
        "Kafka": _kafka,
        "index": _index,
        "page": _page,
        "workers": _workers,
        "alerting": _alerting,
        "rejects": _rejects,
        "gaps": _gaps,
        "promise": _promise,
    }
    for name in network or []:
        checks[f"network {name}"] = partial(_network, name)
    if trial_page:
        checks["trial page"] = _trial
    diagnoses = [_examine(what, check, settings) for what, check in checks.items()]
    Console().print(_findings(diagnoses))
    Console().print(_promises(settings))
    if not all(found.well for found in diagnoses):
        raise typer.Exit(1)


def _findings(diagnoses: list[Diagnosis]) -> Table:
    from rich.table import Table

    table = Table("", "", "")
    for found in diagnoses:
        table.add_row("[green]well[/]" if found.well else "[red]wrong[/]", found.what, console.plain(found.words))
    return table


def _promises(settings: Settings) -> Table:
    from rich.table import Table

    from pipeline.commands.operations.guarantees import of_installation

    table = Table("", "what holds here", "what can still go wrong", title="Guarantees")
    for guarantee in of_installation(settings):
        table.add_row(guarantee.where, console.plain(guarantee.holds), console.plain(guarantee.remains))
    return table


def _examine(what: str, check: Callable[[Settings], str], settings: Settings) -> Diagnosis:
    try:
        return Diagnosis(what, True, check(settings))
    except GroundswellError as error:
        return Diagnosis(what, False, str(error))


def _model(settings: Settings) -> str:
    from models.load import load_scorer

    scorer = load_scorer(settings.model)
    label = scorer.score(["They lost my bag and nobody answers."])[0].sentiment.label
    return f"{scorer.ref.name} {scorer.ref.version} ({settings.model.backend}); reads a complaint as {label}"


def _catalogue(settings: Settings) -> str:
    from pipeline.enrich.catalogue.loading import load_catalogue

    return f"{len(load_catalogue(settings.catalogue)):,} entities"


def _kafka(settings: Settings) -> str:
    from pipeline.contracts import topics
    from pipeline.runtime.kafka.admin import (
        UNCOMPACTED,
        Offsets,
        compacted_too_soon,
        least_in_sync,
        milliseconds_of,
        too_few_in_sync,
    )

    kafka = settings.kafka
    if not kafka.bootstrap:
        return "none named: `run` and `replay` bring up the embedded one"
    offsets = Offsets(kafka)
    try:
        missing = [topic.name for topic in topics.ALL if not offsets.ends(topic.name)]
    finally:
        offsets.close()
    if missing and not kafka.embedded:
        raise TerminalError(
            f"topics missing: {', '.join(missing)}", subject=kafka.bootstrap, todo="Run `groundswell topics create`"
        )
    if not kafka.embedded and (weak := too_few_in_sync(kafka)):
        least = least_in_sync(kafka.replication)
        raise TerminalError(
            f"a message counts as delivered when fewer than {least} replicas have it: {', '.join(weak)}",
            subject=kafka.bootstrap, todo=f"Set min.insync.replicas={least} on these topics",
        )  # fmt: skip
    if not kafka.embedded and (hasty := compacted_too_soon(kafka)):
        least = milliseconds_of(topics.INCIDENTS.uncompacted_days)
        raise TerminalError(
            f"whoever is behind may miss a step of an incident: {', '.join(hasty)} is compacted too soon",
            subject=kafka.bootstrap, todo=f"Set {UNCOMPACTED}={least} on it",
        )  # fmt: skip
    return f"{kafka.bootstrap} answers, topics are there"


def _index(settings: Settings) -> str:
    async def count(index: Index) -> int:
        await index.setup()
        return await index.count()

    return f"{context.with_index(settings, count):,} mentions in {settings.index.url or settings.data}"


def _rejects(settings: Settings) -> str:
    """Rejects are stored, all of them."""
    from pipeline.ingest.rejects import NOT_STORED, counted

    files = sorted((settings.data / "rejects").glob("*.jsonl"))
    for path in files:
        lost = counted(path.with_name(path.name + NOT_STORED))
        if lost:
            reasons = ", ".join(f"{count:,} {code}" for code, count in lost.most_common())
            raise TerminalError(
                f"rejects were counted but not stored: {reasons}",
                subject=str(path),
                todo=f"Mend the cause, then move the file away with its {NOT_STORED}",
            )
    return f"{len(files):,} files of rejects, nothing left out" if files else "none"


def _gaps(settings: Settings) -> str:
    from pipeline.commands.operations.reach import gaps_of_a_day

    return gaps_of_a_day(settings)


def _network(name: str, settings: Settings) -> str:
    from pipeline.commands.operations.reach import reach

    return reach(settings, name)


def _promise(settings: Settings) -> str:
    import asyncio

    from pipeline.promise.audit import audit_installation
    from pipeline.promise.compliance import sentence

    found = asyncio.run(audit_installation(settings))
    if found.broken:
        worst = found.broken[0]
        raise TerminalError(sentence(worst, found.days), subject=worst.name, todo="See: groundswell promise")
    return sentence(found.whole, found.days)


def _page(settings: Settings) -> str:
    import socket

    host, port = settings.web.host, settings.web.port
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return f"something listens on http://{host}:{port}/ (the page, if Groundswell runs)"
    return f"http://{host}:{port}/ is free"


def _workers(settings: Settings) -> str:
    """Each worker that has run from this folder is asked how it is."""
    import asyncio

    from pipeline.runtime.process.services import health_of, state_of
    from pipeline.runtime.process.stack import worker_addresses

    well: list[str] = []
    wrong: list[str] = []
    for stage, address in worker_addresses(settings).items():
        health = asyncio.run(health_of(address))
        state, detail = ("silent", health) if isinstance(health, str) else state_of(health)
        words = f"{stage} {state}" + (f" ({detail})" if detail else "")
        (wrong if state in ("silent", "stuck") else well).append(words)
    if wrong:
        raise TerminalError(
            "; ".join([*wrong, *well]), subject="workers",
            todo=f"Start them again (groundswell run, or worker STAGE); why is in {settings.data / 'logs'}",
        )  # fmt: skip
    return "; ".join(well) or "none runs from this folder"


def _alerting(settings: Settings) -> str:
    """Who would be notified; an Alertmanager is asked whether it is ready."""
    import httpx

    alert = settings.alert
    notifiers = ["terminal"] * alert.terminal + ["webhook"] * bool(alert.webhook_url)
    if alert.alertmanager_url:
        try:
            answer = httpx.get(f"{alert.alertmanager_url.rstrip('/')}/-/ready", timeout=5.0, trust_env=False)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise TerminalError(
                f"is not ready ({type(error).__name__})", subject="Alertmanager",
                todo="Start it, or set alert.alertmanager_url to where it is",
            ) from None  # fmt: skip
        notifiers.append("Alertmanager")
    if not notifiers:
        return "the terminal of `groundswell run` only; alert.webhook_url or alert.alertmanager_url pages somebody"
    return ", ".join(notifiers)


def _trial(settings: Settings) -> str:
    """Every notifier takes a trial; whether somebody was woken, only they can say."""
    import asyncio
    from datetime import UTC, datetime

    from pipeline.alert.load import open_notifiers
    from pipeline.alert.trial import send_trial

    notifiers = open_notifiers(settings, resend=False)
    taken = asyncio.run(send_trial(notifiers, datetime.now(UTC).replace(microsecond=0)))
    if failed := {name: error for name, error in taken.items() if error is not None}:
        raise TerminalError(
            "; ".join(f"{name}: {error}" for name, error in failed.items()), subject="trial page",
            todo="Mend that, and send it again",
        )  # fmt: skip
    return f"taken by {', '.join(taken)}: see whether it arrived" if taken else "nobody is set to be notified"
