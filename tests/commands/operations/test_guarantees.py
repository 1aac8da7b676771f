"""The table of guarantees: each row is shown by a test that is there, and the documents have the same rows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pipeline.commands.operations.guarantees import Guarantee, guarantees, markdown, of_installation
from pipeline.contracts.stage_names import STAGES
from pipeline.ingest.registry import AGENTS
from pipeline.settings.settings import load

ROOT = Path(__file__).resolve().parents[3]
CONCERNS = {"", "kafka", "embedded", "elasticsearch", "sqlite", "webhook", "alertmanager"}


@pytest.mark.parametrize("guarantee", guarantees(), ids=lambda guarantee: guarantee.where)
def test_the_tests_that_show_it_are_there(guarantee: Guarantee) -> None:
    assert guarantee.tests
    assert guarantee.concerns in CONCERNS
    for test in guarantee.tests:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in defined if name else any(function.startswith("test_") for function in defined), test


def test_every_network_and_every_stage_has_its_row() -> None:
    where = " ".join(guarantee.where for guarantee in guarantees())
    assert all(f"network {name}" in where for name in AGENTS)
    assert all(stage in where for stage in STAGES)


def test_the_document_has_the_table() -> None:
    assert markdown() in (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")


def test_an_installation_is_told_of_its_own_parts() -> None:
    plain = {guarantee.concerns for guarantee in of_installation(load())}
    assert plain == {"", "embedded", "sqlite"}
    real = load(
        kafka={"bootstrap": "localhost:9092"}, index={"url": "http://localhost:9200"},
        alert={"alertmanager_url": "http://localhost:9093"},
    )  # fmt: skip
    assert {guarantee.concerns for guarantee in of_installation(real)} == {"", "kafka", "elasticsearch", "alertmanager"}
