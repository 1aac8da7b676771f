"""A folder with an embedded index in it, and the command line on that folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.commands import context
from pipeline.commands.main import app
from pipeline.index.protocol import Document
from pipeline.index.sqlite.index import SqliteIndex
from tests.support.messages import mention


@pytest.fixture(autouse=True)
def flags(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags of one test are not those of the next."""
    monkeypatch.setattr(context, "_flags", {})


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(context, "_flags", {"data": str(tmp_path)})
    monkeypatch.setenv("COLUMNS", "200")
    put(
        tmp_path,
        mention("net:1", "The parcel \x1b[2J never\ncame [bold]"),
        mention("net:2", "Lovely staff", label="positive", minutes=1),
        mention("net:3", "Elsewhere", author="net:bob", entity="umbrella", minutes=2),
    )
    return tmp_path


def put(folder: Path, *documents: Document) -> int:
    """Write and give the number of mentions kept."""

    async def run() -> int:
        index = SqliteIndex(folder / "index.sqlite")
        await index.write(documents)
        count = await index.count()
        await index.close()
        return count

    return asyncio.run(run())


def groundswell(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)
