"""The table of guarantees: each row is shown by a test that is there, and the documents have the same rows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pipeline.commands.operations.guarantees import GUARANTEES, Guarantee, markdown, of_installation
from pipeline.contracts.stage_names import STAGES
from pipeline.ingest.networks import AGENTS
from pipeline.settings.settings import load

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("guarantee", GUARANTEES, ids=lambda guarantee: guarantee.test)
def test_the_test_that_shows_it_is_there(guarantee: Guarantee) -> None:
    path, _, name = guarantee.test.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_network_and_every_stage_has_its_row() -> None:
    where = " ".join(guarantee.where for guarantee in GUARANTEES)
    assert all(f"network: {name}" in where for name in AGENTS)
    assert all(stage in where or stage == "enrich" for stage in STAGES), "enrich's are those of every stage"


def test_the_document_has_the_table() -> None:
    assert markdown() in (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")


def test_an_installation_is_told_of_its_own_parts() -> None:
    plain = {guarantee.where for guarantee in of_installation(load())}
    assert {"embedded broker", "index: SQLite"} <= plain
    assert not {"Kafka", "index: Elasticsearch", "alert: webhook", "alert: Alertmanager"} & plain
    real = load(
        kafka={"bootstrap": "localhost:9092"}, index={"url": "http://localhost:9200"},
        alert={"alertmanager_url": "http://localhost:9093"},
    )  # fmt: skip
    where = {guarantee.where for guarantee in of_installation(real)}
    assert {"Kafka", "index: Elasticsearch", "alert: Alertmanager"} <= where
    assert not {"embedded broker", "index: SQLite", "alert: webhook"} & where
