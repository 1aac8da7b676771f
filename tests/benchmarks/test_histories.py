"""The record of real histories: read whole, judged by a person, and free of what anybody wrote."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from benchmarks.histories import sources
from benchmarks.histories.__main__ import DATA, RECORD, difference, recorded, summary
from benchmarks.histories.readings import readings, unread
from benchmarks.histories.replay import HISTORIES, PageLine, mentions_file, pages

NAMES = sorted(HISTORIES)


def of_record(name: str) -> list[PageLine]:
    lines = (RECORD / f"{name}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=PageLine) for line in lines]


@pytest.mark.parametrize("name", NAMES)
def test_every_page_of_the_record_was_read_by_a_person(name: str) -> None:
    found = of_record(name)
    assert unread(name, found) == []
    assert "unread" not in summary(name, found)
    assert all(len(reading.why) > 20 for reading in readings(name).values())


def test_a_page_that_nobody_read_is_named_and_a_change_is_shown() -> None:
    found = of_record("support")
    changed = [*found, msgspec.structs.replace(found[0], day="2017-12-24", opened_at="2017-12-24T12:00:00Z")]
    assert difference("support", found) == []
    assert [line[0] for line in difference("support", changed)] == ["+"]
    assert unread("support", changed) == [changed[-1]]
    assert difference("support", found[1:]) == [f"-{recorded(found[:1]).strip()}"]


def test_no_promotion_and_no_unchanged_share_of_the_support_sample_pages() -> None:
    for page in of_record("support"):
        assert page.paged == (page.doubt is None)
        if page.paged:
            assert page.share > page.share_before + 0.1


def test_dates_come_from_ids_and_no_id_without_a_date_is_used(tmp_path: Path) -> None:
    for name in sources.DATED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    number = (1_400_000_000_000 - sources.SNOWFLAKE) << 22
    (tmp_path / sources.DATED[0]).write_text(f"{number}\t2013train\t2\tfine\n{2**31}\t2013train\t2\told\n")
    posts = [msgspec.json.decode(row) for row in sources.dated(tmp_path)]
    assert [post["text"] for post in posts] == ["fine"]
    assert posts[0]["created_at"] == datetime.fromtimestamp(1_400_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_history_of_counts_has_the_same_share_of_complaints_at_all_times(tmp_path: Path) -> None:
    """A hundredfold volume for an hour, and nobody is upset: nothing pages."""
    rows = ["timestamp,value"]
    for k in range(5 * 288):
        at = datetime.fromtimestamp(1_425_000_000 + 300 * k, UTC)
        rows.append(f"{at:%Y-%m-%d %H:%M:%S},{200 if 1_300 <= k < 1_312 else 2}")
    (tmp_path / "nab").mkdir()
    (tmp_path / "nab" / "Twitter_volume_ACME.csv").write_text("\n".join(rows))
    mentions = mentions_file("volumes", tmp_path, tmp_path / "cache")
    lines = mentions.read_bytes().splitlines()
    assert len(lines) == 12 * 200 + (5 * 288 - 12) * 2
    complain = sum(msgspec.json.decode(line)["sentiment"]["negative"] > 0.5 for line in lines)
    assert complain / len(lines) == pytest.approx(sources.USUAL_SHARE, abs=0.03)
    assert [page for page in pages(mentions, tmp_path) if page.paged] == []
    assert mentions_file("volumes", tmp_path, tmp_path / "cache") == mentions


@pytest.mark.slow
@pytest.mark.histories
@pytest.mark.parametrize("name", ["support", "rumours"])
def test_the_record_is_what_the_detector_says_today(name: str, tmp_path: Path) -> None:
    """The others take minutes: `python -m benchmarks.histories` runs all."""
    found = pages(mentions_file(name, Path(os.environ[DATA]), tmp_path), tmp_path)
    assert difference(name, found) == []
