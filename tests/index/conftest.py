"""Every index, for the tests of what all of them promise."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pipeline.index.protocol import Index
from pipeline.index.sqlite.index import SqliteIndex
from pipeline.settings.index import IndexSettings


@pytest.fixture(params=["sqlite", pytest.param("elastic", marks=pytest.mark.real)])
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Index]:
    """An empty index, set up."""
    if request.param == "sqlite":
        embedded = SqliteIndex(tmp_path / "index.sqlite")
        await embedded.setup()
        yield embedded
        await embedded.close()
        return
    from pipeline.index.elastic.index import ElasticIndex

    server = request.getfixturevalue("real_elasticsearch")
    settings = IndexSettings(
        url=server.url,
        username=server.username,
        password=server.password,
        prefix=f"test-{uuid.uuid4().hex[:12]}",
    )
    real = ElasticIndex(settings)
    await real.setup()
    yield real
    await real.remove()
    await real.close()
