"""Trends: mentions, negatives and share of voice over a span, beside the span before.

Counts are counts.  The share of negatives is an estimate of how people feel, from the posts that were found; its
interval is Wilson's (1927) at 95 %, which says how much of it chance may be, and nothing about faults of the model.
"""

from __future__ import annotations

import csv
import io
from asyncio import gather
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt
from typing import NamedTuple

import msgspec
from msgspec import Struct

from pipeline.index.protocol import FieldCount, Index, PartField, Query

MAX_COMPANIES = 50
PARTS = 10
"""Networks and languages that are given of each company, most first."""
_Z = 1.96


class ShareInterval(NamedTuple):
    """Bounds of an estimate, 95 %."""

    low: float
    high: float


class Span(Struct, frozen=True):
    """What was found in a span: counts, the share of negatives with its interval (None without a mention)."""

    mentions: int
    negative: int
    share: float | None
    interval: ShareInterval | None
    voice: float | None
    """Part of the mentions of all companies that are compared."""


class CompanyTrend(Struct, frozen=True):
    """One company: `now` the span asked for, `before` the one of equal length before it."""

    entity: str
    name: str
    now: Span
    before: Span
    networks: list[FieldCount]
    languages: list[FieldCount]


class TrendReport(Struct, frozen=True):
    """Companies, most mentioned first, from `since` to `until` (exclusive)."""

    since: datetime
    until: datetime
    companies: list[CompanyTrend]


class ComparedCompany(NamedTuple):
    """A company to report on; `name` empty where only its id is known."""

    id: str
    name: str = ""


def wilson(part: int, whole: int) -> ShareInterval | None:
    """The interval of a share.

    >>> [round(bound, 3) for bound in wilson(5, 10)]
    [0.237, 0.763]
    """
    if whole == 0:
        return None
    share, square = part / whole, _Z * _Z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole)) / (1 + square / whole)
    return ShareInterval(max(0.0, middle - half), min(1.0, middle + half))


async def newest_time(index: Index, query: Query) -> datetime | None:
    """Just after the newest mention that a query finds: where a span ends that nobody has named."""
    page = await index.search(msgspec.structs.replace(query, limit=1, offset=0, order="newest", after=""))
    return page.mentions[0].created_at + timedelta(milliseconds=1) if page.mentions else None


async def trends(
    index: Index, query: Query, since: datetime, until: datetime, companies: Sequence[ComparedCompany] = ()
) -> TrendReport:
    """What a query finds by company, from `since` to `until`, and in the span before.

    Without `companies`, of those that are mentioned most.  The query's own times are not used.
    """
    span = msgspec.structs.replace(query, since=since, until=until)
    before = msgspec.structs.replace(query, since=since - (until - since), until=since)
    if not companies:
        most = await index.parts(span, "entity", MAX_COMPANIES)
        companies = [ComparedCompany(part.value) for part in most]
    chosen = list({company.id: company for company in companies}.values())[:MAX_COMPANIES]
    now, earlier = await gather(_counted(index, span, chosen), _counted(index, before, chosen))
    rows = [await _company(index, span, company, now, earlier) for company in chosen]
    return TrendReport(since, until, sorted(rows, key=lambda row: (-row.now.mentions, row.entity)))


def as_csv(report: TrendReport) -> str:
    """The report as a table, one line a company, for spreadsheets."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(
        ["entity", "name", "since", "until", "mentions", "negative", "negative_share", "share_low", "share_high",
         "voice", "mentions_before", "negative_before", "negative_share_before", "voice_before"]
    )  # fmt: skip
    for row in report.companies:
        now, before = row.now, row.before
        low, high = now.interval or ("", "")
        table.writerow(
            [_plain(row.entity), _plain(row.name), report.since.isoformat(), report.until.isoformat(), now.mentions,
             now.negative, now.share, low, high, now.voice,
             before.mentions, before.negative, before.share, before.voice]
        )  # fmt: skip
    return out.getvalue()


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


async def _counted(index: Index, query: Query, companies: Sequence[ComparedCompany]) -> dict[str, FieldCount]:
    """Of each company what the query finds; nothing where it finds nothing."""
    found = await gather(*(_parts(index, query, company, "entity") for company in companies))
    return {c.id: parts[0] if parts else FieldCount(c.id, 0, 0) for c, parts in zip(companies, found, strict=True)}


async def _parts(index: Index, query: Query, company: ComparedCompany, by: PartField) -> list[FieldCount]:
    return await index.parts(msgspec.structs.replace(query, entity=company.id), by, PARTS)


async def _company(
    index: Index, query: Query, company: ComparedCompany, now: dict[str, FieldCount], before: dict[str, FieldCount]
) -> CompanyTrend:
    networks, languages = [await _parts(index, query, company, by) for by in (_NETWORK, _LANGUAGE)]
    name = company.name
    if not name:
        page = await index.search(Query(entity=company.id, limit=1))
        name = page.mentions[0].entity.name if page.mentions else company.id
    return CompanyTrend(company.id, name, _span(company, now), _span(company, before), networks, languages)


_NETWORK: PartField = "network"
_LANGUAGE: PartField = "lang"


def _span(company: ComparedCompany, found: dict[str, FieldCount]) -> Span:
    part, whole = found[company.id], sum(other.mentions for other in found.values())
    share = part.negative / part.mentions if part.mentions else None
    voice = part.mentions / whole if whole else None
    return Span(part.mentions, part.negative, share, wilson(part.negative, part.mentions), voice)
