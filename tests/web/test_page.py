"""The page and its JSON interface, over the real embedded index."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from pipeline.contracts.incidents import Explanation
from pipeline.contracts.mentions import EntityRef, Mention
from pipeline.errors import TerminalError, TransientError
from pipeline.index.protocol import Index, Page, Query
from pipeline.index.sqlite.index import SqliteIndex
from pipeline.promise.verdicts import VerdictStore
from pipeline.web.app import create_app
from tests.web.story import NORTHWIND, afternoon, incident, mention, now, running

NOW = now()


def client(app: Starlette, host: str = "localhost:8800") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=f"http://{host}")


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[SqliteIndex]:
    made = SqliteIndex(tmp_path / "index.sqlite")
    await made.setup()
    yield made
    await made.close()


@pytest.fixture
async def visitor(index: SqliteIndex, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor of the page on a full afternoon."""
    await index.write(afternoon(NOW))
    VerdictStore(tmp_path).record(incident(NOW), "real", note="the desk knows", person="Kim")
    app = create_app(index, running, acknowledgements=VerdictStore(tmp_path), clock=lambda: NOW)
    async with client(app) as made:
        yield made


async def test_the_page_tells_of_the_incident_with_its_evidence(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get("/")
    text = answer.text
    assert answer.status_code == 200
    for words in (
        "Northwind Air", "161 people answer one complaint", "<b>4</b> severe", "14× expected", "86%", "19% before",
        "lost luggage", "@mira_w", "My wedding dress is in there", "330–910", "21 min", "verdict: real",
        "evidence 8.3 over the threshold 4.0", "Simulated demonstration", "enrich/not_json", "lag 12", "1,061 mentions",
        "looks coordinated: few authors, copied texts · not paged",
    ):  # fmt: skip
        assert words in text
    assert text.count('class="seen"') > 20
    assert 'class="expected"' in text
    assert re.search(r'aria-label="Mentions per 5 minutes: at most \d+, of them \d+ negative', text)


async def test_no_banner_without_a_simulation(index: SqliteIndex) -> None:
    async with client(create_app(index, lambda: {"source": "bluesky"})) as visitor:
        text = (await visitor.get("/")).text
    assert "Simulated" not in text
    assert "No open incident" in text
    assert "No mentions yet" in text


async def test_landmarks_labels_and_a_skip_link(visitor: httpx.AsyncClient) -> None:
    text = (await visitor.get("/")).text
    assert '<html lang="en">' in text
    assert text.index('class="skip"') < text.index("<header")
    for landmark in ("<main", "<aside", "<footer", 'role="search"', "<header"):
        assert landmark in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for field in re.findall(r"<(?:input|select)[^>]*name=", text):
        before = text[: text.index(field)]
        assert before.rindex("<label") > before.rfind("</label>")


HOSTILE = (
    '<script>document.title="owned"</script><img src=x onerror=alert(1)>"\'><svg/onload=alert(2)>'
    "{{7*7}}</title></textarea>\u202e\x1b[31m"
)


async def test_hostile_text_is_shown_and_never_becomes_markup(index: SqliteIndex) -> None:
    evil = mention(
        1, NOW, HOSTILE, entity=EntityRef('"><b>e', HOSTILE), network=HOSTILE[:60], url="javascript:alert(1)"
    )
    told = Explanation(HOSTILE, phrases=incident(NOW).explanation.phrases, networks={HOSTILE: 1})
    await index.write([evil, incident(NOW, incident_id=HOSTILE, entity=EntityRef('"><b>e', HOSTILE), explanation=told)])
    status: dict[str, Any] = {
        "services": [{"name": HOSTILE, "state": HOSTILE}, "odd"],
        "links": {HOSTILE: "javascript:alert(1)"},
        "version": HOSTILE,
    }
    async with client(create_app(index, lambda: status)) as visitor:
        for path in ("/", "/part/incidents", "/part/mentions", "/part/side"):
            given = {"q": "", "entity": '"><b>e', "incident": HOSTILE, "since": "7d"}
            answer = await visitor.get(path, params=given)
            assert answer.status_code == 200
            scripts = re.findall(r"<script[^>]*>", answer.text)
            assert all(re.fullmatch(r'<script src="/static/\w+\.js"( defer)?>', tag) for tag in scripts)
            for bad in ("<img", "<svg/", 'onerror=alert(1)>"', "<b>e", "javascript:", ">49<"):
                assert bad not in answer.text
            shown = re.sub(r"<[^>]*>", "", answer.text)  # in an attribute it turns nothing around
            assert not {"\u202e", "\x1b"} & set(shown)
        mistaken = await visitor.get("/", params={"sentiment": HOSTILE})
        assert mistaken.status_code == 400
        assert "<img" not in mistaken.text


async def test_nothing_on_the_page_is_inline_or_foreign(visitor: httpx.AsyncClient) -> None:
    text = (await visitor.get("/")).text
    assert not re.search(r"\son\w+=|\sstyle=|<style", text)
    loaded = re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"([^\"]+)\"", text)
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)
    for address in loaded:
        assert (await visitor.get(address)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/api/status", "/static/page.css", "/nowhere", "/part/nowhere", "/api/mentions?limit=x"]
)
async def test_security_headers_are_on_every_answer(visitor: httpx.AsyncClient, path: str) -> None:
    headers = (await visitor.get(path)).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("127.0.0.1:8800", 200), ("[::1]:8800", 200), ("LOCALHOST:1", 200), ("evil.test", 421),
     ("localhost.evil.test", 421), ("127.0.0.1.evil.test:8800", 421), ("", 421), ("10.0.0.8:8800", 421)],
)  # fmt: skip
async def test_only_known_names_are_answered(visitor: httpx.AsyncClient, host: str, status: int) -> None:
    assert (await visitor.get("/api/status", headers={"host": host})).status_code == status


async def test_the_page_can_only_be_read(visitor: httpx.AsyncClient) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        assert (await visitor.request(method, "/api/mentions")).status_code == 405
    assert (await visitor.get("/static/../app.py")).status_code == 404
    assert (await visitor.get("/static/%2e%2e/app.py")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("limit=0", "limit: must be a whole number from 1 to 100"),
        ("limit=101", "limit"),
        ("limit=٣", "limit"),
        ("offset=10001", "offset"),
        ("offset=10000", "offset"),
        ("offset=9999&limit=2", "offset"),
        ("offset=-1", "offset"),
        ("sentiment=angry", "sentiment: must be one of: negative, neutral, positive"),
        ("order=random", "order"),
        ("since=yesterday", "since: must be a time"),
        ("until=9999-99-99", "until"),
        ("since=" + "2" * 50, "since"),
        ("since=0001-01-01T00:00:00%2B14:00", "since"),
        ("q=" + "x" * 1001, "q: must not be longer than 1000"),
        ("q=a%00b", "q: must not hold a NUL"),
        ("entity=" + "x" * 513, "entity"),
    ],
)
async def test_every_parameter_is_bounded(visitor: httpx.AsyncClient, asked: str, says: str) -> None:
    answer = await visitor.get(f"/api/mentions?{asked}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(says)


async def test_longer_questions_are_refused_whole(visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get("/api/mentions?x=" + "y" * 5_000)).status_code == 414


@pytest.mark.parametrize("words", ["*", "-", "^", "luggage OR 1=1", "%", "😀", "'; DROP TABLE mentions; --"])
async def test_a_search_of_signs_is_answered(visitor: httpx.AsyncClient, words: str) -> None:
    assert (await visitor.get("/api/mentions", params={"q": words})).status_code == 200


@pytest.mark.parametrize("words", ['"', "a AND", "NEAR(", "col:x", "()"])
async def test_an_unfinished_search_is_refused_with_the_place(visitor: httpx.AsyncClient, words: str) -> None:
    answer = await visitor.get("/api/mentions", params={"q": words})
    assert answer.status_code == 400
    assert "at character" in answer.json()["error"]
    page = await visitor.get("/", params={"q": words})
    assert page.status_code == 400
    assert "at character" in page.text


async def test_pages_of_mentions_go_on(visitor: httpx.AsyncClient) -> None:
    first = (await visitor.get("/api/mentions", params={"limit": 2})).json()
    second = (await visitor.get("/api/mentions", params={"limit": 2, "after": first["next"]})).json()
    both = [mention["mention_id"] for mention in first["mentions"] + second["mentions"]]
    assert len(set(both)) == 4
    assert (await visitor.get("/api/mentions", params={"after": "x"})).status_code == 400


async def test_trends_as_json_and_as_a_table(visitor: httpx.AsyncClient) -> None:
    report = (await visitor.get("/api/trends", params={"days": 400})).json()
    assert sum(row["now"]["mentions"] for row in report["companies"]) > 0
    first = report["companies"][0]["entity"]
    named = await visitor.get("/api/trends", params={"entity": f"{first},nobody", "days": 400, "format": "csv"})
    assert named.headers["content-type"].startswith("text/csv")
    assert [line.split(",")[0] for line in named.text.splitlines()] == ["entity", first, "nobody"]
    for wrong in ({"days": "0"}, {"format": "pdf"}, {"q": "("}, {"since": "2030-01-01", "until": "2029-01-01"}):
        assert (await visitor.get("/api/trends", params=wrong)).status_code == 400
    assert (await visitor.get("/api/trends", params={"q": "nothinglikeit"})).json()["companies"] == []


async def test_mentions_can_be_searched_and_filtered(visitor: httpx.AsyncClient) -> None:
    async def total(**asked: Any) -> int:
        answer = (await visitor.get("/api/mentions", params=asked)).json()
        assert len(answer["mentions"]) == min(answer["total"], asked.get("limit", 20))
        return int(answer["total"])

    everything = await total()
    assert everything == 1_061
    assert 0 < await total(q="lost luggage") < await total(q="northwind") < everything
    parts = [await total(sentiment=label) for label in ("negative", "neutral", "positive")]
    assert sum(parts) == everything
    northwind = await total(entity=NORTHWIND.id, limit=3)
    assert 161 < northwind < everything
    assert await total(since="1h") == await total(since=(NOW - timedelta(hours=1)).isoformat())
    assert await total(until=(NOW - timedelta(days=3)).isoformat()) == 0
    assert await total(network="mastodon", q="wrong bill") > 0


async def test_the_page_shows_what_a_search_finds_and_pages_through_it(visitor: httpx.AsyncClient) -> None:
    text = (await visitor.get("/", params={"q": "lost luggage", "sentiment": "negative"})).text
    assert 'value="lost luggage"' in text
    assert "<option selected>negative</option>" in text
    assert "found ·" in text
    older = re.search(r'href="([^"]+)"[^>]*>older', text)
    assert older is not None
    second = (await visitor.get(older[1].replace("&amp;", "&"))).text
    assert "newer" in second
    assert 'value="lost luggage"' in second
    assert "Nothing found" in (await visitor.get("/part/mentions", params={"q": "no such words anywhere"})).text


async def test_incidents_as_json_carry_the_verdict(visitor: httpx.AsyncClient) -> None:
    everything = (await visitor.get("/api/incidents")).json()["incidents"]
    assert {i["event"] for i in everything} == {"escalated", "resolved"}
    (open_,) = (await visitor.get("/api/incidents?open=1")).json()["incidents"]
    assert open_["incident_id"] == "northwind-air:pile_on:bluesky:100000"
    assert open_["acknowledged"]["verdict"] == "real"
    assert open_["at"].endswith("Z")


async def test_volume_over_time_is_bounded(visitor: httpx.AsyncClient) -> None:
    answer = (await visitor.get("/api/volume", params={"seconds": 3600, "since": "24h"})).json()
    assert sum(span["mentions"] for span in answer["spans"]) == 1_061
    too_many = await visitor.get("/api/volume", params={"seconds": 60, "since": "30d"})
    assert too_many.status_code == 400
    assert "Ask for longer ones" in too_many.json()["error"]


async def test_status_has_the_numbers_and_a_revision_that_moves_with_the_data(index: SqliteIndex) -> None:
    async with client(create_app(index, running)) as visitor:
        first = (await visitor.get("/api/status")).json()
    await index.write(afternoon(NOW))
    async with client(create_app(index, running)) as visitor:
        second, third = (await visitor.get("/api/status")).json(), (await visitor.get("/api/status")).json()
    assert (first["mentions"], second["mentions"]) == (0, 1_061)
    assert second["dead_letters"] == {"enrich/not_json": 1}
    assert second["open_incidents"] == 1
    assert second["source"] == "simulation"
    assert first["revision"] != second["revision"] == third["revision"]


async def test_what_runs_may_be_told_in_few_words(index: SqliteIndex) -> None:
    told = {"running": {"enrich": "running", "detect": "restarting", "Kafka": "embedded, in memory"}}
    async with client(create_app(index, lambda: told)) as visitor:
        text = (await visitor.get("/part/side")).text
    assert text.count('<li class="ok">') == 2
    assert text.count('<li class="bad">') == 1
    assert "running · embedded, in memory" in text


async def test_a_link_to_an_incident_marks_it_and_opens_the_past(visitor: httpx.AsyncClient) -> None:
    past = (await visitor.get("/", params={"incident": "halden-mobile:surge:1"})).text
    assert re.search(r'class="card over wanted"', past)
    assert re.search(r'<details class="past"[^>]* open>', past)
    present = (await visitor.get("/")).text
    assert "wanted" not in present


class Broken(SqliteIndex):
    """An index that fails, or that counts how often it is asked."""

    error: Exception | None = None
    asked = 0

    async def search(self, query: Query) -> Page:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return await super().search(query)


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (TransientError("disk /secret/path is full"), 503, "cannot be reached at the moment"),
        (TerminalError("syntax error near x"), 500, "the log says why"),
        (TimeoutError(), 503, "did not answer within"),
    ],
)
async def test_trouble_with_the_index_is_told_without_its_insides(
    tmp_path: Path, error: Exception, status: int, says: str
) -> None:
    broken = Broken(tmp_path / "i.sqlite")
    broken.error = error
    async with client(create_app(broken, dict)) as visitor:
        for path in ("/", "/part/mentions", "/api/mentions"):
            answer = await visitor.get(path)
            assert answer.status_code == status
            assert says in answer.text
            assert "secret" not in answer.text
        assert (await visitor.get("/static/page.css")).status_code == 200
    await broken.close()


async def test_many_viewers_cost_the_index_no_more_than_one(tmp_path: Path) -> None:
    counting = Broken(tmp_path / "i.sqlite")
    async with client(create_app(counting, dict)) as visitor:
        await visitor.get("/part/mentions")
        once = counting.asked
        for _ in range(20):
            await visitor.get("/part/mentions")
    assert counting.asked == once
    await counting.close()


async def test_odd_times_do_not_bring_the_page_down(index: SqliteIndex) -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    await index.write([
        mention(1, last, "from the far future"),
        incident(first + timedelta(hours=2), opened_at=first, incident_id="a"),
        incident(last, opened_at=first, incident_id="b"),
        incident(NOW, opened_at=last, incident_id="c"),
    ])  # fmt: skip
    async with client(create_app(index, dict)) as visitor:
        assert (await visitor.get("/")).status_code == 200


def test_the_index_protocol_is_all_that_the_page_needs(index: SqliteIndex) -> None:
    def accepts(one: Index, status: Mapping[str, Any]) -> Starlette:
        return create_app(one, lambda: status)

    assert isinstance(accepts(index, {}), Starlette)
    assert isinstance(mention(1, NOW, "x"), Mention)
