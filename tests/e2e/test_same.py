"""The same file gives the same, whatever servers it goes through."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pipeline.index.protocol import Query
from pipeline.settings import settings as settings_module
from pipeline.settings.settings import Settings
from pipeline.simulate.companies import demo_catalogue
from pipeline.simulate.demo import demo_posts
from tests.e2e.conftest import configure_for, opened, replay, running

SECONDS = 120.0
"""How much of the demonstration's live part is replayed."""

Outcome = tuple[dict[str, str], dict[str, tuple[object, ...]]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The demonstration's backlog and its first minutes, with a snowball in them, and the catalogue."""
    folder = tmp_path_factory.mktemp("story")
    encode = msgspec.json.Encoder().encode
    posts, catalogue = folder / "posts.jsonl", folder / "companies.yaml"
    with posts.open("wb") as file:
        for post, due in demo_posts(2, datetime(2026, 10, 1, tzinfo=UTC)):
            if due > SECONDS:
                break
            file.write(encode(post) + b"\n")
    catalogue.write_text(demo_catalogue(), encoding="utf-8")
    return posts, catalogue


async def outcome(settings: Settings, posts: Path) -> Outcome:
    """Mention id → label, and incident id → what its newest event says."""
    async with running(settings, counted=True) as stack:
        counts = await replay(stack, posts)
        assert counts["dead_letters"] == 0
        assert counts["indexed"] == counts["mentions"] > 1_000
        labels: dict[str, str] = {}
        async with opened(stack.settings) as index:
            for entity, _, _ in await index.entities(100):
                offset = 0
                while page := (await index.search(Query(entity=entity, limit=100, offset=offset))).mentions:
                    labels |= {mention.mention_id: mention.sentiment.label for mention in page}
                    offset += len(page)
            found = await index.incidents(limit=1_000)
    assert len(labels) == counts["mentions"]
    return labels, {e.incident_id: (e.kind, e.event, e.at, e.severity, e.counts) for e in found}


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.timeout(400)
async def test_embedded_and_real_servers_agree(
    request: pytest.FixtureRequest, tmp_path: Path, story: tuple[Path, Path]
) -> None:
    posts, catalogue = story
    embedded = settings_module.load(data=tmp_path / "embedded", enrich={"catalogue": catalogue})
    real = configure_for(request, tmp_path)(enrich={"catalogue": catalogue})
    with_embedded, with_real = await outcome(embedded, posts), await outcome(real, posts)
    assert with_embedded[0] == with_real[0]
    assert with_embedded[1] == with_real[1]
    assert with_embedded[1], "there were snowballs to be found"
