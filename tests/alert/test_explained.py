"""What a person is told of an incident's stories, people, course and reasons, wherever they are told."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import msgspec
from msgspec import structs
from rich.console import Console

from pipeline.alert.alertmanager import alert, links, notes
from pipeline.alert.notifier import firing, may_page
from pipeline.alert.terminal import Terminal, sparkline
from pipeline.alert.webhook import Webhook
from pipeline.contracts.incidents import (
    Crowd,
    Firing,
    Foretold,
    IncidentEvent,
    Narrative,
    Part,
    Phrase,
    Regular,
    Series,
)
from tests.alert.conftest import FaultyServer
from tests.support.messages import OPENED, pile_on

PAGE = "https://groundswell.example/"
PICTURE = "https://groundswell.example/incidents/acme%3Apile_on%3Atest%3A1/picture.png"
SERIES = Series(OPENED - timedelta(minutes=10), 120, (1, 0, 2, 9, 20), (0, 0, 2, 8, 16), (0.4,) * 5)


def explained(name: str = "escalated", **changes: Any) -> IncidentEvent:
    made: IncidentEvent = pile_on(name, 35)
    told = structs.replace(
        made.explanation,
        crowd=Crowd(Part(2, 3), Part(31, 40), Part(4, 5)),
        regulars=(Regular("@oskar", 3, 40, "critic"), Regular("@june", 1, 12, "ally")),
        narratives=(
            Narrative(25, 0.61, 9, OPENED, (Phrase("lost luggage", 19),)),
            Narrative(14, 0.34, 11, OPENED, (Phrase("on hold", 9), Phrase("hung up", 4))),
        ),
        grouped_by="sketch",
    )
    fields: dict[str, Any] = {
        "explanation": told,
        "series": SERIES,
        "fired": (
            Firing("pile_on", OPENED, 7.2, 4.0, 0.08),
            Firing("surge", OPENED + timedelta(minutes=20), 6.6, 6.0, 0.05),
        ),
    }
    return structs.replace(made, **{**fields, **changes})


async def shown(message: IncidentEvent) -> str:
    out = io.StringIO()
    await Terminal(Console(file=out, width=120, highlight=False)).send(message)
    return out.getvalue()


async def test_the_terminal_tells_stories_people_and_course() -> None:
    text = await shown(explained())
    for words in (
        "61% (25 complaints, 9 lately): lost luggage", "34% (14 complaints, 11 lately): on hold · hung up",
        "2 wrote · 31 answered · 4 passed it on", "@oskar (usually against you) · @june (usually for you)",
        "13:50 ··▁▄█", "at most 16 negative in 2 minutes, where 0.4 would be usual", "surge 6.6 over 6.0 at 14:20",
    ):  # fmt: skip
        assert words in text
    assert "they say" not in text
    assert len(text.splitlines()) <= 22


async def test_the_terminal_tells_at_the_end_what_was_foretold() -> None:
    over = explained("resolved", review=(Foretold(4.0, 10, 210, 120, 380, 0.1, True),))
    assert "after 4 min 210 (120 to 380), held" in await shown(over)


async def test_reasons_are_told_and_whether_it_pages() -> None:
    brigade = explained(coordinated=True, pageable=False, reasons=("few_authors", "lockstep"))
    assert "Not paged: it looks coordinated (few authors, posts in lockstep)." in await shown(brigade)
    assert notes(brigade)["note"] == "looks coordinated (few authors, posts in lockstep): no longer paged"
    asked = structs.replace(brigade, pageable=True)
    assert "Paged, although it looks coordinated (few authors, posts in lockstep)." in await shown(asked)
    assert notes(asked)["note"] == "looks coordinated (few authors, posts in lockstep)"
    assert [may_page(e) for e in (brigade, asked, explained())] == [False, True, True]
    assert firing(asked)
    assert not firing(structs.replace(asked, event="resolved"))
    assert not may_page(pile_on(coordinated=True))  # of a release that listed no reasons


def test_alertmanager_is_given_the_stories_and_the_addresses() -> None:
    made = alert(explained(), OPENED.timestamp() + 3_000, PAGE)
    assert made["annotations"]["stories"] == "lost luggage (61%); on hold, hung up (34%)"
    assert made["annotations"]["picture"] == PICTURE
    assert made["annotations"]["page"] == made["generatorURL"]
    assert "picture" not in made["labels"]
    assert "stories" not in notes(pile_on())
    assert links(explained(), "") == {}
    assert "picture" not in links(pile_on(), PAGE)


async def test_a_story_without_words_of_its_own_is_told_by_a_complaint_of_it() -> None:
    made = explained()
    first, second = made.explanation.narratives
    example = made.explanation.first_post
    assert example is not None
    bare = (structs.replace(first, phrases=(), example=example), structs.replace(second, phrases=()))
    made = structs.replace(made, explanation=structs.replace(made.explanation, narratives=bare))
    assert f"said in many ways, such as “{example.text[:20]}" in " ".join((await shown(made)).split())
    assert "said in many ways (34%)" in notes(made)["stories"]


async def test_the_webhook_is_given_the_addresses(server: FaultyServer) -> None:
    hook = Webhook(server.url, "a-secret-of-decent-length", allow_private=True, page_url=PAGE)
    await hook.send(explained())
    await hook.close()
    body = msgspec.json.decode(server.requests[0].body, type=IncidentEvent)
    assert body.picture == PICTURE
    assert body.page == "https://groundswell.example/?incident=acme%3Apile_on%3Atest%3A1"
    assert structs.replace(body, page=None, picture=None) == explained()


def test_a_line_of_blocks_is_short_and_says_nothing_of_nothing() -> None:
    assert sparkline(structs.replace(SERIES, negative=(0,) * 5)) == ""
    long = Series(OPENED, 60, (9,) * 48, tuple(range(48)), (0.1,) * 48)
    line = sparkline(long).splitlines()[0]
    assert line.startswith("14:08 ▂")
    assert len(line) == len("14:08 ") + 40
