"""An incident on the page with everything that is known of it, and its picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from struct import unpack_from
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from pipeline.contracts.incidents import IncidentEvent, Phrase, Series
from pipeline.contracts.mentions import EntityRef
from pipeline.index.sqlite.index import SqliteIndex
from pipeline.web import raster
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


def path_of(event: IncidentEvent, form: str = "svg") -> str:
    return f"/incidents/{quote(event.incident_id, safe='')}/picture.{form}"


def pixels(data: bytes) -> list[bytes]:
    """The rows of a PNG with a palette, checked chunk by chunk."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(data):
        (length,) = unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    width, height, depth, colour, *rest = unpack_from(">IIBBBBB", chunks[b"IHDR"])
    assert (width, height, depth, colour, rest) == (raster.WIDTH, raster.HEIGHT, 8, 3, [0, 0, 0])
    raw = zlib.decompress(chunks[b"IDAT"])
    rows = [raw[n : n + width + 1] for n in range(0, len(raw), width + 1)]
    assert len(rows) == height
    assert all(row[0] == 0 and max(row) < len(chunks[b"PLTE"]) // 3 for row in rows)
    return [row[1:] for row in rows]


async def test_the_page_tells_the_stories_the_people_and_the_tests(index: SqliteIndex) -> None:
    await index.write([explained(NOW)])
    text = (await visitor(index).get("/")).text
    for words in (
        "2 stories at once", "lost luggage", "62%", "86 complaints, 11 lately", "on hold", "24 lately", "hung up on me",
        "<b>109</b> answered", "<b>15</b> only passed it on", "@oskar.b", "usually against you", "usually for you",
        "severity 4 of 5: press office and the product&#39;s owner",
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
    as_png = await visitor(index).get(path_of(event, "png"))
    assert as_png.headers["content-type"] == "image/png"
    assert as_png.content == raster.png(event)


async def test_no_picture_of_nothing(index: SqliteIndex) -> None:
    await index.write([incident(NOW)])
    await index.write([structs.replace(explained(NOW), incident_id="drawn")])
    for path in (
        path_of(incident(NOW)), path_of(incident(NOW), "png"), "/incidents/drawn/picture.gif",
        "/incidents/nobody/picture.svg", f"/incidents/{'x' * 3_000}/picture.svg",
    ):  # fmt: skip
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


def test_the_png_shows_the_same_bars() -> None:
    data = raster.png(explained(NOW))
    assert data is not None
    assert len(data) < 10_000
    rows = pixels(data)
    negative = [sum(column) for column in zip(*([pixel == 3 for pixel in row] for row in rows), strict=True)]
    assert max(negative) == pytest.approx(392 * 21 / 24, abs=8)  # the highest bar, less the dashes across it
    assert raster.png(explained(NOW)) == data
    assert raster.png(incident(NOW)) is None


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.floats(0.0, 1e9)), min_size=1, max_size=48),
    st.integers(60, 10**7),
)
def test_any_series_makes_a_png(spans: list[tuple[int, int, float]], seconds: int) -> None:
    mentions, negative, expected = zip(*spans, strict=True)
    data = raster.png(explained(NOW, series=Series(NOW, seconds, mentions, negative, expected)))
    assert data is not None
    assert len(pixels(data)) == raster.HEIGHT


def test_steps_and_spans() -> None:
    assert step_points((1.0, 2.0), 2.0, WIDTH, HEIGHT) == [(0.0, 48.0), (320.0, 48.0), (320.0, 0.0), (640.0, 0.0)]
    assert [span_name(60 * 2**n) for n in (0, 3, 6, 7, 10, 12)] == [
        "minute", "8 minutes", "64 minutes", "2.1 hours", "17.1 hours", "2.8 days",
    ]  # fmt: skip
