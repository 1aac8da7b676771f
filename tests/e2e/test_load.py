"""More posts than the embedded broker holds go through it, and none is lost, whoever is slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.simulate.companies import catalogue_yaml, companies
from pipeline.simulate.load import load_posts
from tests.e2e.conftest import Configure, opened, replay, running

POSTS = 60_000
"""32 MB on 4 partitions that keep 5 MB each."""


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A file of posts, each about exactly one company, and the catalogue that knows the companies."""
    folder = tmp_path_factory.mktemp("load")
    chosen = companies(10)
    posts, catalogue = folder / "load.jsonl", folder / "companies.yaml"
    with posts.open("wb") as file:
        file.writelines(load_posts(POSTS, 1, chosen))
    catalogue.write_text(catalogue_yaml(chosen), encoding="utf-8")
    return posts, catalogue


@pytest.mark.slow
@pytest.mark.parametrize("configure", ["embedded"], indirect=True)
@pytest.mark.parametrize("slow_seconds", [0.0, 0.25], ids=["as-it-is", "slow-index"])
async def test_nothing_is_lost_on_the_embedded_broker(
    configure: Configure, load: tuple[Path, Path], slow_seconds: float
) -> None:
    posts, catalogue = load
    settings = configure(
        model={"backend": "fixed"}, enrich={"catalogue": catalogue}, index={"slow_seconds": slow_seconds}
    )
    async with running(settings, counted=True) as stack:
        counts = await replay(stack, posts)
    assert counts["published"] == counts["mentions"] == counts["indexed"] == POSTS
    assert counts["dead_letters"] == counts["rejected"] == 0
    async with opened(settings) as index:
        assert await index.count() == POSTS
