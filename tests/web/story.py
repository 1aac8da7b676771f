"""An invented afternoon: ordinary talk about made-up companies, and one complaint that many join."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from pipeline.contracts.incidents import (
    Counts,
    Crowd,
    Driver,
    Explanation,
    Firing,
    Forecast,
    Foretold,
    IncidentEvent,
    Narrative,
    Part,
    Phrase,
    PostRef,
    Regular,
    Series,
    Share,
    TestResult,
)
from pipeline.contracts.mentions import EntityRef, Link, Mention, Sentiment
from pipeline.contracts.posts import Author
from pipeline.contracts.values import Label
from pipeline.index.protocol import Document
from tests.support import messages

NORTHWIND = EntityRef("northwind-air", "Northwind Air")
COMPANIES = (
    NORTHWIND,
    EntityRef("halden-mobile", "Halden Mobile"),
    EntityRef("corvane-bank", "Corvane Bank"),
    EntityRef("brightleaf", "Brightleaf Grocers"),
)
SMALL_TALK: tuple[tuple[Label, str], ...] = (
    ("positive", "{name} sorted my question in two minutes, very kind people"),
    ("neutral", "does anybody know if {name} is open on Sunday?"),
    ("neutral", "Reading about the new plans of {name} this morning"),
    ("negative", "Third time this month that {name} sends me the wrong bill"),
    ("positive", "Say what you want, {name} is the only one that answers at night"),
    ("neutral", "My neighbour now works at {name}. Small world"),
)
PILE_ON = (
    "Same here, my suitcase has been somewhere since Tuesday and the desk just shrugs",
    "They lost mine in March and never paid. Lost luggage seems to be their business model",
    "Waited four hours on hold about lost luggage, then the line went dead",
    "Why does nobody at {name} pick up? Day three without a bag for us too",
    "Cancelled my booking for summer. I am not checking a bag with them again",
    "Two kids, no pushchair, no answer. Thank you for nothing",
)
ASIDES = ("Is that the desk of {name} in terminal two?", "Following this, we fly with them on Friday")
FIRST = "Day three without my suitcase and {name} says it 'cannot be found at this time'. My wedding dress is in there."


def mention(
    number: int,
    at: datetime,
    text: str,
    *,
    entity: EntityRef = NORTHWIND,
    label: Label = "neutral",
    network: str = "bluesky",
    **changes: Any,
) -> Mention:
    """A mention with an id of its own, certain of its sentiment."""
    probabilities = {name: 0.9 if name == label else 0.05 for name in ("negative", "neutral", "positive")}
    fields: dict[str, Any] = {
        "author": Author(f"{network}:author{number % 97}", handle=f"@{_handle(number)}"),
        "url": f"https://example.com/{number}",
        "created_at": at,
        "ingested_at": at + timedelta(seconds=2),
        "link": Link(entity.name, "name", 0.97),
        "sentiment": Sentiment(**probabilities, label=label, sure=True),
    }
    post_id = f"{network}:{number}"
    return messages.mention(post_id, text, entity=entity, label=label, network=network, **(fields | changes))


def incident(end: datetime, name: str = "escalated", **changes: Any) -> IncidentEvent:
    """The complaint about Northwind Air as it stands at `end`, an hour after it began."""
    opened = end - timedelta(minutes=55)
    first = PostRef(
        "bluesky:100000", "@mira_w", FIRST.format(name=NORTHWIND.name), opened - timedelta(minutes=9),
        "https://example.com/100000", 64,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "entity": NORTHWIND,
        "kind": "pile_on",
        "at": end,
        "severity": 4,
        "opened_at": opened,
        "resolved_at": end if name == "resolved" else None,
        "counts": Counts(161, 139, 128, 11.4),
        "share": Share(0.19, 0.86),
        "forecast": Forecast(540, 330, 910, 21.0),
        "explanation": Explanation(
            summary="161 people answer one complaint about lost luggage at Northwind Air, 14 times as many as usual",
            first_post=first,
            top_posts=tuple(
                PostRef(f"bluesky:{n}", f"@{_handle(n)}", PILE_ON[n % 6].format(name="Northwind Air"), opened, None, 3)
                for n in range(100_001, 100_004)
            ),
            phrases=(Phrase("lost luggage", 58), Phrase("wedding dress", 41), Phrase("day three", 37),
                     Phrase("on hold", 22), Phrase("never paid", 15)),
            networks={"bluesky": 118, "mastodon": 31, "reviews": 12},
            drivers=(Driver("@mira_w", 5), Driver("@fieldnotes", 4), Driver("@oskar.b", 3)),
        ),
        "test": TestResult("thread", 8.3, 4.0, 0.08),
    }  # fmt: skip
    identity = changes.pop("incident_id", "northwind-air:pile_on:bluesky:100000")
    return messages.incident(identity, name, **(fields | changes))


def explained(end: datetime, name: str = "escalated", **changes: Any) -> IncidentEvent:
    """The same complaint, with everything that the detector can tell of it: a second story has begun."""
    plain = incident(end, name)
    start = plain.opened_at - timedelta(minutes=25)
    negative = (0, 1, 0, 0, 2, 5, 9, 12, 18, 21, 19, 20, 16, 12, 4)
    bag = PostRef("bluesky:100002", "@fieldnotes", PILE_ON[1], plain.opened_at, "https://example.com/100002", 12)
    line = PostRef(
        "bluesky:100040", "@june", "Forty minutes on hold, then they hung up on me", plain.opened_at, None, 3
    )
    words = structs.replace(
        plain.explanation,
        summary=(
            "Northwind Air: 161 posts, 139 negative, by 128 people in one thread within 64 minutes, since 13:52 UTC, "
            "where 3.1 negative would be usual, about “lost luggage” (62%) and “on hold” (31%); doubling in 21 "
            "minutes, may reach about 540 (330–910)."
        ),
        crowd=Crowd(Part(4, 5), Part(109, 138), Part(15, 18)),
        regulars=(Regular("@oskar.b", 3, 41, "critic"), Regular("@tea-and-trains", 1, 22, "ally")),
        narratives=(
            Narrative(86, 0.62, 11, start, (Phrase("lost luggage", 58), Phrase("wedding dress", 41)), bag),
            Narrative(43, 0.31, 24, plain.opened_at, (Phrase("on hold", 22),), line),
        ),
        grouped_by="sketch",
    )
    fields: dict[str, Any] = {
        "explanation": words,
        "fired": (
            Firing("pile_on", plain.opened_at, 5.1, 4.0, 0.08),
            Firing("surge", plain.opened_at + timedelta(minutes=30), 8.3, 6.5, 0.05),
        ),
        "series": Series(start, 360, tuple(n + n // 6 for n in negative), negative, (0.3,) * len(negative)),
        "review": (Foretold(9.0, 12, 120, 40, 380, 0.255, True),) if name == "resolved" else (),
    }
    return structs.replace(plain, **{**fields, **changes})


def afternoon(end: datetime, seed: int = 7) -> list[Document]:
    """Twenty hours of talk until `end`, with the incident, one that is over, and a dead letter."""
    draw = random.Random(seed)
    documents: list[Document] = []
    for number in range(900):
        company = draw.choice(COMPANIES)
        label, text = draw.choice(SMALL_TALK)
        at = end - timedelta(seconds=draw.uniform(0, 72_000))
        network = draw.choice(("bluesky", "bluesky", "mastodon", "reviews"))
        documents.append(
            mention(number, at, text.format(name=company.name), entity=company, label=label, network=network)
        )
    for number in range(161):
        at = end - timedelta(minutes=64 * (1.0 - (number / 160) ** 0.55))
        label = "negative" if number == 0 or draw.random() < 0.87 else "neutral"
        text = FIRST if number == 0 else draw.choice(PILE_ON if label == "negative" else ASIDES)
        documents.append(
            mention(100_000 + number, at, text.format(name=NORTHWIND.name), label=label,
                    kind="post" if number == 0 else "reply", root_id="bluesky:100000")
        )  # fmt: skip
    over = incident(
        end - timedelta(hours=7), "resolved", incident_id="halden-mobile:surge:1", entity=COMPANIES[1], kind="surge",
        severity=2, forecast=None, coordinated=True, pageable=False, reasons=("few_authors", "copied_texts"),
        explanation=Explanation("Halden Mobile: 74 near-identical posts about one bill, from few accounts"),
    )  # fmt: skip
    letter = messages.letter(17, reason="not JSON", value=b"{", first_seen=end)
    return [*documents, incident(end), over, letter]


def running() -> Mapping[str, Any]:
    """What a whole system says that it runs."""
    return {
        "source": "simulation",
        "version": "0.1.0",
        "services": [
            {"name": "broker", "state": "running", "detail": "embedded"},
            {"name": "ingest", "state": "running", "detail": "simulation, 42 posts/s"},
            {"name": "enrich", "state": "running", "detail": "lag 3"},
            {"name": "detect", "state": "running", "detail": "lag 0"},
            {"name": "index", "state": "running", "detail": "lag 12"},
            {"name": "alert", "state": "restarting", "detail": "2nd time"},
        ],
        "links": {"Metrics": "http://127.0.0.1:9100/metrics"},
    }


def _handle(number: int) -> str:
    names = ("mira_w", "fieldnotes", "oskar.b", "late_again", "june", "pavel_k", "tea-and-trains", "ronja", "s_okafor")
    return names[number % len(names)] + (str(number % 89) if number % len(names) > 3 else "")


def now() -> datetime:
    """This minute."""
    return datetime.now(UTC).replace(second=0, microsecond=0)
