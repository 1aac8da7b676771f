"""Dashboards, searches and charts that Kibana shows.

Deleted mentions leave empty documents behind: no query shows them.
"""

from __future__ import annotations

from deploy.kibana.parts import (
    Object,
    average,
    bars,
    count,
    dashboard,
    data_view,
    maximum,
    over_time,
    search,
    table,
    top,
)

MENTIONS, INCIDENTS, LETTERS = "groundswell-mentions", "groundswell-incidents", "groundswell-dead-letters"
"""The alias and the indices, under the default prefix."""

THERE = "NOT _exists_:deleted_at"
NEGATIVE = f"{THERE} AND sentiment.label:negative"
OPEN = "NOT event:resolved"


def objects() -> list[Object]:
    """Every saved object; what others refer to comes first."""
    views = [
        data_view(MENTIONS, "created_at", "Mentions"),
        data_view(INCIDENTS, "opened_at", "Incidents"),
        data_view(LETTERS, "first_seen", "Dead letters"),
    ]
    volume = bars(
        "groundswell-volume", "Mentions by sentiment", MENTIONS, THERE,
        {"time": over_time("created_at"), "label": top("sentiment.label", "Sentiment", 3), "count": count("Mentions")},
    )  # fmt: skip
    companies = table(
        "groundswell-companies", "Companies with most negative mentions", MENTIONS, NEGATIVE,
        {
            "company": top("entity.name", "Company", 20),
            "count": count("Negative mentions"),
            "complaint": average("signals.complaint", "Complaints (mean probability)"),
        },
    )  # fmt: skip
    networks = bars(
        "groundswell-networks", "Networks", MENTIONS, THERE,
        {
            "network": top("network", "Network", 10),
            "label": top("sentiment.label", "Sentiment", 3),
            "count": count("Mentions"),
        },
        flat=True,
    )  # fmt: skip
    threads = table(
        "groundswell-threads", "Threads with most negative mentions", MENTIONS, NEGATIVE,
        {
            "thread": top("root_id", "First post", 15),
            "company": top("entity.name", "Company", 1),
            "count": count("Negative mentions"),
        },
    )  # fmt: skip
    departments = bars(
        "groundswell-departments", "Who should act", MENTIONS, f"{THERE} AND _exists_:route.department",
        {"department": top("route.department", "Department", 10), "count": count("Mentions")},
        flat=True,
    )  # fmt: skip
    incidents = table(
        "groundswell-incident-sizes", "Open incidents", INCIDENTS, OPEN,
        {
            "company": top("entity.name", "Company", 20, by="severity"),
            "kind": top("kind", "Kind", 4, by="severity"),
            "severity": maximum("severity", "Severity"),
            "size": maximum("counts.mentions", "Mentions"),
            "forecast": maximum("forecast.size", "Expected to reach"),
        },
    )  # fmt: skip
    reasons = bars(
        "groundswell-dead-letter-reasons", "Dead letters by reason", LETTERS, "*",
        {"code": top("code", "Reason", 15), "stage": top("stage", "Stage", 4), "count": count("Records")},
        flat=True,
    )  # fmt: skip
    complaints = search(
        "groundswell-complaints", "Newest negative mentions", MENTIONS, NEGATIVE,
        ["entity.name", "network", "author.handle", "text", "url"], "created_at",
    )  # fmt: skip
    stories = search(
        "groundswell-incident-stories", "Incidents", INCIDENTS, "*",
        ["entity.name", "kind", "event", "severity", "counts.mentions", "explanation.summary"], "opened_at",
    )  # fmt: skip
    letters = search(
        "groundswell-dead-letter-list", "Newest dead letters", LETTERS, "*",
        ["stage", "code", "reason", "topic", "partition", "offset"], "first_seen",
    )  # fmt: skip
    boards = [
        dashboard(
            "groundswell", "Groundswell", "What people say about whom, and what is turning into a snowball.",
            [(10, [incidents]), (12, [volume]), (14, [companies, networks]), (14, [threads, departments]),
             (18, [complaints])],
            "now-24h",
        ),
        dashboard(
            "groundswell-history", "Groundswell: incidents so far", "Every incident, the newest first.",
            [(24, [stories])], "now-90d",
        ),
        dashboard(
            "groundswell-dead-letters-board", "Groundswell: dead letters", "Records that could not be processed.",
            [(12, [reasons]), (20, [letters])], "now-7d",
        ),
    ]  # fmt: skip
    shown = [volume, companies, networks, threads, departments, incidents, reasons, complaints, stories, letters]
    return [*views, *shown, *boards]
