"""Posts per second of each stage and end to end, and what each costs: ``python -m benchmarks.end_to_end.stages``.

Each stage is timed alone through the file driver (one core, no broker), then the whole pipeline with the model and with
a fixed answer in its place, on the embedded servers and, with ``--real``, on the real ones that are started for it.
Figures are of the machine at hand; only ratios of one run travel.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.end_to_end.ours import whole
from pipeline.contracts.topics import MENTIONS_SCORED, POSTS_RAW
from pipeline.observability.metrics import Metrics
from pipeline.runtime.build import build
from pipeline.runtime.offline.driver import records, through
from pipeline.settings import settings as settings_module
from pipeline.settings.settings import Settings
from pipeline.simulate.companies import catalogue_yaml, companies
from pipeline.simulate.load import load_posts
from pipeline.stages.records import Outgoing

console = Console()


async def alone(settings: Settings, stage: str, lines: Sequence[bytes], topic: str) -> tuple[float, list[Outgoing]]:
    """Records per second of one stage through the file driver, and what it published."""
    built = build(stage, settings, Metrics())
    published: list[Outgoing] = []
    started = time.perf_counter()
    async for batch in through(built, records(lines, topic), 512):
        published += batch.published
    took = time.perf_counter() - started
    await built.close()
    return len(lines) / took, published


async def indexing(settings: Settings, mentions: Sequence[Outgoing]) -> float:
    """Mentions per second into the index, in batches as the worker writes them."""
    import msgspec

    from pipeline.contracts.mentions import Mention
    from pipeline.index.load import open_index

    decoded = [msgspec.json.decode(message.value, type=Mention) for message in mentions]
    index = open_index(settings)
    await index.setup()
    started = time.perf_counter()
    for begin in range(0, len(decoded), 512):
        await index.write(decoded[begin : begin + 512])
    took = time.perf_counter() - started
    await index.close()
    return len(decoded) / took


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000, help="posts without the model")
    parser.add_argument("--model-posts", type=int, default=4_000, help="posts with the model")
    parser.add_argument("--real", action="store_true", help="also on the real Kafka and Elasticsearch")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_main(arguments, Path(folder)))


async def _main(arguments: argparse.Namespace, folder: Path) -> None:
    chosen = companies(10)
    catalogue = folder / "companies.yaml"
    catalogue.write_text(catalogue_yaml(chosen), encoding="utf-8")
    many, few = (list(load_posts(n, 1, chosen)) for n in (arguments.posts, arguments.model_posts))
    files = {"fixed": folder / "many.jsonl", "onnx": folder / "few.jsonl"}
    files["fixed"].write_bytes(b"".join(many))
    files["onnx"].write_bytes(b"".join(few))

    def settings(name: str, backend: str, **more: Any) -> Settings:
        given = {"data": folder / name, "model": {"backend": backend}, "enrich": {"catalogue": catalogue}}
        return settings_module.load(**{**given, **more})

    stages = Table("stage, alone, one process", "a second", "µs each", title="Stages")
    rate, mentions = await alone(settings("a", "fixed"), "enrich", many, POSTS_RAW.name)
    _row(stages, "enrich without the model", rate)
    model_rate, _ = await alone(settings("b", "onnx"), "enrich", few, POSTS_RAW.name)
    _row(stages, "enrich with the model", model_rate)
    rate, _ = await alone(settings("c", "fixed"), "detect", [m.value for m in mentions], MENTIONS_SCORED.name)
    _row(stages, "detect", rate)
    _row(stages, "index (SQLite)", await indexing(settings("d", "fixed"), mentions))
    console.print(stages)

    ends = Table("end to end", "posts a second", "of the model alone", "CPU µs a post by stage", title="Whole pipeline")
    for backend, label in (("fixed", "without the model"), ("onnx", "with the model")):
        await _end(ends, f"embedded, {label}", settings(f"e-{backend}", backend), files[backend], backend, model_rate)
    if arguments.real:
        from deploy.local.servers import RealServers, own_kafka

        with RealServers() as servers:
            index = {"url": servers.url, "username": servers.username, "password": servers.password}
            for backend, label in (("fixed", "without the model"), ("onnx", "with the model")):
                with own_kafka() as kafka:
                    real = settings(
                        f"r-{backend}", backend, kafka={"bootstrap": kafka.bootstrap},
                        index={**index, "prefix": f"bench-{os.getpid()}-{backend}"},
                    )  # fmt: skip
                    await _end(ends, f"real, {label}", real, files[backend], backend, model_rate)
    console.print(ends)


async def _end(table: Table, label: str, settings: Settings, posts: Path, backend: str, model_rate: float) -> None:
    run, counts = await whole(settings, posts)
    if counts["indexed"] != run.posts:
        raise SystemExit(f"{label}: {run.posts} published, {counts['indexed']} indexed")
    share = f"{run.rate / model_rate:.0%}" if backend == "onnx" else ""
    cost = ", ".join(f"{name} {cpu / run.posts * 1e6:,.0f}" for name, cpu in run.spent.items())
    table.add_row(label, f"{run.rate:,.0f}", share, cost)


def _row(table: Table, label: str, rate: float) -> None:
    table.add_row(label, f"{rate:,.0f}", f"{1e6 / rate:.0f}")


if __name__ == "__main__":
    main()
