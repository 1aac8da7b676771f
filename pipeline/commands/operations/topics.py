"""`groundswell topics`: list and create the Kafka topics."""

from __future__ import annotations

import typer

from pipeline.commands import context
from pipeline.errors import SettingsError

app = context.new_app("The Kafka topics.\n\nExample:  `groundswell topics list`")


@app.command("list")
def list_topics() -> None:
    """Every topic: its key, partitions and retention.

    Example:  `groundswell topics list`
    """
    from typing import get_args

    from rich.console import Console
    from rich.table import Table

    from pipeline.contracts import topics

    table = Table("topic", "key", "partitions", "kept", "carries")
    for topic in topics.ALL:
        retention = "newest a key" if topic.compacted else f"{topic.retention_days:g} days"
        names = " | ".join(kind.__name__ for kind in get_args(topic.carries) or (topic.carries,))
        table.add_row(topic.name, topic.key, str(topic.partitions), retention, names)
    Console().print(table)


@app.command()
def create() -> None:
    """Create the topics that are missing; safe to repeat.

    Example:  `groundswell --set kafka.bootstrap=kafka:9092 topics create`
    """
    from pipeline.runtime.kafka.admin import create_all

    settings = context.load()
    if not settings.kafka.bootstrap:
        raise SettingsError("no Kafka cluster is named", subject="kafka.bootstrap", todo="Set it")
    created = create_all(settings.kafka)
    typer.echo("\n".join(created) if created else "all there already")
