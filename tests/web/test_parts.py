"""Pieces of the page: charts, the short memory for answers, the file that says what runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.index.protocol import Volume
from pipeline.web.cache import Cache
from pipeline.web.chart import HEIGHT, WIDTH, chart, span_name, step_for
from pipeline.web.render import link, query_string, said
from pipeline.web.serve import is_loopback
from pipeline.web.status import read_status

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_bars_lie_within_the_picture_and_keep_their_proportions() -> None:
    volumes = [Volume(NOON + timedelta(minutes=5 * n), n, n // 2) for n in range(1, 13)]
    start = NOON.timestamp()
    drawn = chart(volumes, start, start + 3_599, 300, expected=6.0, opened=start + 1_800)
    assert [bar.mentions for bar in drawn.bars] == list(range(1, 12))
    assert (drawn.peak, drawn.mentions) == (11, 66)
    for bar in drawn.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert bar.y + bar.height == pytest.approx(HEIGHT, abs=0.02)
        assert bar.negative_height <= bar.height
    assert drawn.bars[10].height == pytest.approx(HEIGHT)
    assert drawn.expected_y == pytest.approx(HEIGHT * (1 - 6 / 11), abs=0.1)
    assert drawn.opened_x == pytest.approx(WIDTH / 2)


def test_an_expectation_above_everything_seen_stays_in_the_picture() -> None:
    drawn = chart([Volume(NOON, 1, 0)], NOON.timestamp(), NOON.timestamp() + 60, 60, expected=50.0)
    assert drawn.expected_y is not None
    assert 0 < drawn.expected_y < HEIGHT


def test_nothing_seen_is_said_in_words() -> None:
    assert chart([], NOON.timestamp(), NOON.timestamp() + 600, 60).label == "No mentions in this time"


@pytest.mark.parametrize(
    ("span", "step"), [(60, 60), (3_600, 120), (86_400, 1_800), (86_400 * 30, 86_400), (1e12, 604_800)]
)
def test_spans_are_of_lengths_that_read_well(span: float, step: int) -> None:
    assert step_for(span, 48) == step
    assert span_name(step) in ("minute", "2 minutes", "30 minutes", "day", "7 days")


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "//evil.test", "/local", "http:", "https://[x",
     "", "https://e.test/" + "x" * 3_000, "vbscript:x"],
)  # fmt: skip
def test_only_ordinary_addresses_become_links(url: str) -> None:
    assert link(url) == ""


def test_ordinary_addresses_become_links() -> None:
    assert link("https://example.com/a?b=c") == "https://example.com/a?b=c"
    assert link(None) == ""


def test_queries_leave_out_what_is_empty() -> None:
    assert query_string({"q": "a b&c", "entity": "", "offset": 20}, offset=0) == "q=a+b%26c"


def test_texts_are_cut_and_lines_kept() -> None:
    assert said("one\ntwo\x07") == "one\ntwo"
    assert said("x" * 700) == "x" * 599 + "…"


async def test_answers_are_shared_for_a_moment_and_errors_are_not_kept() -> None:
    time = 0.0
    made = 0
    cache: Cache[int] = Cache(1.0, most=2, clock=lambda: time)

    async def make() -> int:
        nonlocal made
        made += 1
        await asyncio.sleep(0)
        if made == 3:
            raise ValueError("once")
        return made

    assert await asyncio.gather(*(cache.get("a", make) for _ in range(5))) == [1] * 5
    time = 1.5
    assert await cache.get("a", make) == 2
    with pytest.raises(ValueError, match="once"):
        await cache.get("b", make)
    assert await cache.get("b", make) == 4
    assert await cache.get("c", make) == 5
    assert await cache.get("a", make) == 6  # pushed out by the others


async def test_costly_answers_are_kept_longer() -> None:
    time = 0.0
    made = 0
    cache: Cache[int] = Cache(1.0, clock=lambda: time)

    async def slow() -> int:
        nonlocal time, made
        time += 2.0
        made += 1
        return made

    assert await cache.get("a", slow) == 1
    time = 11.9
    assert await cache.get("a", slow) == 1
    time = 12.1
    assert await cache.get("a", slow) == 2


def test_a_missing_or_half_written_status_is_no_status(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    assert read_status(tmp_path) == {}
    path.write_text('{"source": "simu')
    assert read_status(tmp_path) == {}
    path.write_text("[]")
    assert read_status(tmp_path) == {}
    path.write_text('{"source": "simulation"}')
    assert read_status(tmp_path) == {"source": "simulation"}


def test_the_last_word_of_what_has_ended_is_not_taken_for_news(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.write_text('{"source": "simulation", "running": {"enrich": "running"}}')
    later = path.stat().st_mtime + 61.0
    assert read_status(tmp_path, lambda: later) == {
        "source": "simulation",
        "services": [{"name": "groundswell run", "state": "stopped"}],
    }


def test_loopback_is_told_from_the_rest() -> None:
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "127.9.9.9"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "example.com"))
