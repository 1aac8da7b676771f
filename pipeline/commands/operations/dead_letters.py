"""`groundswell dead-letters`: records that could not be processed, and their replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.commands import context
from pipeline.errors import SettingsError
from pipeline.terminal import console

if TYPE_CHECKING:
    from pipeline.index.protocol import DeadLetter
    from pipeline.settings.settings import Settings

app = context.new_app(
    "Records that could not be processed.\n\nExample:  `groundswell dead-letters list --stage enrich`"
)

Stage = Annotated[str | None, typer.Option(help="Only those of this stage")]
Code = Annotated[str | None, typer.Option(help="Only those with this reason code")]
Limit = Annotated[int, typer.Option(help="At most so many, newest first", min=1, max=100_000)]


@app.command("list")
def list_letters(
    stage: Stage = None,
    code: Code = None,
    limit: Limit = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, original bytes in base64")] = False,
) -> None:
    """Dead letters with their reasons.

    Example:  `groundswell dead-letters list --code not_json`
    """
    import msgspec
    from rich.console import Console
    from rich.table import Table

    letters = _letters(context.load_to_read(), stage, code, limit)
    if as_json:
        for letter in letters:
            typer.echo(msgspec.json.encode(letter).decode())
        return
    table = Table("stage", "where", "code", "reason", "first seen", "tried again")
    for letter in letters:
        where = f"{letter.topic}/{letter.partition}/{letter.offset}"
        again = f"{letter.replayed_at:%Y-%m-%d %H:%M}" if letter.replayed_at else ""
        reason = console.plain(letter.reason[:120])
        table.add_row(letter.stage, where, letter.code, reason, f"{letter.first_seen:%Y-%m-%d %H:%M}", again)
    Console().print(table if letters else "no dead letters")


@app.command()
def replay(stage: Stage = None, code: Code = None, limit: Limit = 1_000) -> None:
    """Put dead letters back on the topic that they came from, after what made them fail was mended.

    Each is published once, however often this is called, and for the stage that failed on it only; what fails again
    becomes a new dead letter, which says how often it was tried.  Of one that was cut the original is fetched from its
    topic, as long as that has it.

    Example:  `groundswell --set kafka.bootstrap=kafka:9092 dead-letters replay --code future_date`
    """
    import asyncio

    from pipeline.runtime.kafka.redelivery import redeliver

    settings = context.load()
    if not settings.kafka.bootstrap:
        raise SettingsError("no Kafka cluster is named", subject="kafka.bootstrap", todo="Set it to the running one")
    letters = [letter for letter in _letters(settings, stage, code, limit) if letter.replayed_at is None]
    done = asyncio.run(redeliver(settings, letters))
    typer.echo(f"{done.published:,} dead letters published again")
    for letter, why in done.refused:
        typer.echo(f"not {letter.letter_id}: {why}", err=True)


def _letters(settings: Settings, stage: str | None, code: str | None, limit: int) -> list[DeadLetter]:
    letters = context.with_index(settings, lambda index: index.dead_letters(stage=stage, limit=limit))
    return [letter for letter in letters if code is None or letter.code == code]
