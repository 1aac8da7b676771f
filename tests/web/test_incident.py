"""An incident on the page with everything that is known of it, and its picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from pipeline.index.sqlite import SqliteIndex
from pipeline.messages import EntityRef, IncidentEvent, Phrase, Series
from pipeline.web.app import create_app
from pipeline.web.chart import HEIGHT, WIDTH, course, span_name, step_points
from pipeline.web.picture import picture
from tests.web.story import explained, incident, running

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</title><script>alert(1)</script>&\x00\x1b[31m\u202e<svg onload=x>"


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[SqliteIndex]:
    made = SqliteIndex(tmp_path / "index.sqlite")
    await made.setup()
    yield made
    await made.close()


def visitor(index: SqliteIndex) -> httpx.AsyncClient:
    app = create_app(index, running, clock=lambda: NOW)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost")


def path_of(event: IncidentEvent) -> str:
    return f"/incidents/{quote(event.incident_id, safe='')}/picture.svg"


async def test_the_page_tells_the_stories_the_people_and_the_tests(index: SqliteIndex) -> None:
    await index.write([explained(NOW)])
    text = (await visitor(index).get("/")).text
    for words in (
        "2 stories at once", "lost luggage", "62%", "86 complaints, 11 lately", "on hold", "24 lately", "hung up on me",
        "<b>109</b> answered", "<b>15</b> only passed it on", "@oskar.b", "usually against you", "usually for you",
        "pile on at", "surge at", "negative, as expected", "expected against seen", "0.05 false alarms",
    ):  # fmt: skip
        assert words in text
    assert 'style="' not in text  # the policy would not let it


async def test_an_incident_that_is_over_tells_what_was_foretold(index: SqliteIndex) -> None:
    await index.write([explained(NOW, "resolved", reasons=("few_authors",), coordinated=True, pageable=False)])
    text = (await visitor(index).get("/")).text
    assert "from 12 mentions: 120 (40–380), within the interval, 26% off; it came to 161" in " ".join(text.split())
    assert "looks coordinated: few authors · not paged" in text


async def test_strangers_words_are_only_shown(index: SqliteIndex) -> None:
    event = explained(NOW, entity=EntityRef("evil", HOSTILE))
    story = structs.replace(event.explanation.narratives[0], phrases=(Phrase(HOSTILE, 3),))
    told = structs.replace(event.explanation, narratives=(story,))
    await index.write([structs.replace(event, explanation=told)])
    page = (await visitor(index).get("/")).text
    drawn = (await visitor(index).get(path_of(event))).text
    for text in (page, drawn):
        assert "<script>alert" not in text
        assert "<svg onload" not in text
        assert "\u202e" not in text
        assert "\x1b" not in text


async def test_the_picture_is_served_as_it_stands(index: SqliteIndex) -> None:
    event = structs.replace(
        explained(NOW), incident_id="northwind-air:pile_on:mastodon:https://social.example/@a/1?b#c"
    )
    older = structs.replace(event, at=NOW - timedelta(minutes=20), severity=1)
    await index.write([older, event])
    answer = await visitor(index).get(path_of(event))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.text == picture(event)


async def test_no_picture_of_nothing(index: SqliteIndex) -> None:
    await index.write([incident(NOW)])
    for path in (path_of(incident(NOW)), "/incidents/nobody/picture.svg", f"/incidents/{'x' * 3_000}/picture.svg"):
        assert (await visitor(index).get(path)).status_code == 404


def test_a_picture_says_in_words_what_it_shows_and_is_well_formed() -> None:
    text = picture(explained(NOW))
    assert text is not None
    root = ET.fromstring(text)
    title, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == "Northwind Air: pile-on, severity 4 (severe)"
    assert described is not None
    assert described.text is not None
    assert "At most 21 negative of 24" in described.text
    assert root.get("aria-labelledby") == "t d"
    assert {child.tag for child in root.iter()} == {
        f"{SVG}{name}" for name in ("svg", "title", "desc", "rect", "text", "line", "polyline")
    }
    assert not any(name.startswith("on") or name in ("style", "href") for child in root.iter() for name in child.attrib)
    assert picture(explained(NOW)) == text


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.floats(0.0, 1e9)), min_size=1, max_size=48),
    st.integers(60, 10**7),
    st.text(max_size=80),
)
def test_any_series_stays_within_its_picture(spans: list[tuple[int, int, float]], seconds: int, name: str) -> None:
    mentions, negative, expected = zip(*spans, strict=True)
    series = Series(NOW, seconds, mentions, negative, expected)
    text = picture(explained(NOW, series=series, entity=EntityRef("e", name)))
    assert text is not None
    for element in ET.fromstring(text).iter(f"{SVG}rect"):
        x, y = float(element.get("x", "0")), float(element.get("y", "0"))
        assert 0.0 <= x <= x + float(element.get("width", "0")) <= 720.1
        assert 0.0 <= y <= y + float(element.get("height", "0")) <= 320.1
    drawn = course(series, NOW.timestamp())
    assert all(0.0 <= bar.y <= bar.y + bar.height <= HEIGHT + 0.1 for bar in drawn.bars)
    assert all(bar.negative_height <= bar.height for bar in drawn.bars)


def test_steps_and_spans() -> None:
    assert step_points((1.0, 2.0), 2.0, WIDTH, HEIGHT) == [(0.0, 48.0), (320.0, 48.0), (320.0, 0.0), (640.0, 0.0)]
    assert [span_name(60 * 2**n) for n in (0, 3, 6, 7, 10, 12)] == [
        "minute", "8 minutes", "64 minutes", "2.1 hours", "17.1 hours", "2.8 days",
    ]  # fmt: skip
