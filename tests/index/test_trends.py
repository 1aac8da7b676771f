"""Trends on every index: counts, shares with their intervals, share of voice, and the span before."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest

from pipeline.index.protocol import FieldCount, Index, Query
from pipeline.index.trends import ComparedCompany, ShareInterval, Span, as_csv, newest_time, trends, wilson
from tests.support.messages import at, mention


@pytest.fixture
async def filled(index: Index) -> Index:
    made = [mention(f"net:{n}", "late again", minutes=n) for n in range(6)]
    made += [mention(f"net:p{n}", "all fine", label="positive", minutes=n, network="web") for n in range(2)]
    made += [mention(f"net:u{n}", "late", entity="umbrella", minutes=n) for n in range(2)]
    made += [mention(f"net:b{n}", "before", label="positive", minutes=-30) for n in range(3)]
    made += [mention("net:o", "long ago", minutes=-500)]
    await index.write(made)
    await index.refresh()
    return index


async def test_numbers_of_a_span_and_the_one_before(filled: Index) -> None:
    report = await trends(filled, Query(), at(0), at(60))
    assert [row.entity for row in report.companies] == ["acme", "umbrella"]
    acme, umbrella = report.companies
    assert acme.now == Span(8, 6, 0.75, wilson(6, 8), 0.8)
    assert acme.before == Span(3, 0, 0.0, wilson(0, 3), 1.0)
    assert (acme.name, acme.networks) == ("Acme", [FieldCount("net", 6, 6), FieldCount("web", 2, 0)])
    assert umbrella.now.voice == 0.2
    assert umbrella.before == Span(0, 0, None, None, 0.0)


async def test_of_chosen_companies_and_a_query(filled: Index) -> None:
    report = await trends(
        filled, Query(text="late"), at(0), at(60), [ComparedCompany("umbrella", "U"), ComparedCompany("nobody")]
    )
    assert [(row.entity, row.name, row.now.mentions) for row in report.companies] == [
        ("umbrella", "U", 2),
        ("nobody", "nobody", 0),
    ]
    assert report.companies[1].now == Span(0, 0, None, None, 0.0)


async def test_without_an_end_a_span_ends_with_the_newest_mention(filled: Index) -> None:
    end = await newest_time(filled, Query())
    assert end is not None
    assert at(5) < end < at(5.1)
    assert await newest_time(filled, Query(text="nothinglikeit")) is None


async def test_as_a_table_that_no_name_can_break_out_of(filled: Index) -> None:
    hostile = ComparedCompany("acme", '=cmd|"x"!A1\n')
    report = await trends(filled, Query(), at(0), at(60), [hostile])
    (row,) = csv.DictReader(io.StringIO(as_csv(report)))
    assert (row["name"], row["mentions"], row["negative_share"], row["voice"]) == (
        '\'=cmd|"x"!A1\n',
        "8",
        "0.75",
        "1.0",
    )
    assert msgspec.json.decode(msgspec.json.encode(report))["companies"][0]["now"]["interval"][0] > 0.4


def test_the_interval_is_wilsons() -> None:
    assert wilson(0, 0) is None
    low, high = wilson(0, 10) or ShareInterval(1.0, 0.0)
    assert (low, round(high, 4)) == (0.0, 0.2775)
