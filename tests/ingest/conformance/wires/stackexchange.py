"""Stack Exchange's API as a wire of the conformance suite: one site, questions by their last activity."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import formatdate
from ssl import SSLContext
from typing import Any

from pipeline.ingest.agent import Agent
from pipeline.ingest.budget import Budget
from pipeline.ingest.http.client import HttpClient
from pipeline.ingest.networks.stackexchange.agent import StackExchangeAgent
from pipeline.settings.networks import StackExchangeSettings
from tests.ingest.conformance.web import POLLED, Reply, Request, WebWire

SITE = "superuser"


class StackExchangeWire(WebWire):
    """Questions in the order of their activity; each page holds few, so that there are many."""

    network = "stackexchange"
    faults = POLLED
    empty = b'{"items": [], "has_more": false}'
    page = 3

    def __init__(self, tls: SSLContext | None = None) -> None:
        super().__init__(tls)
        self.questions: dict[int, dict[str, Any]] = {}
        self.backoff = 0
        self._newest = 100

    @staticmethod
    def agent(url: str) -> Agent:
        client = HttpClient(Budget("stackexchange"), allow_private=True, timeout=0.5)
        settings = StackExchangeSettings(url=url, watch=[SITE], poll=0.02, recheck_every=0.05)
        return StackExchangeAgent(settings, client)

    async def post(self, count: int) -> None:
        for _ in range(count):
            now = int(time.time())
            self.ask(self._newest + 1, now, now)

    def ask(self, number: int, created: int, active: int) -> dict[str, Any]:
        """A new question."""
        self._newest = number
        self.questions[number] = {
            "question_id": number, "creation_date": created, "last_activity_date": active, "tags": ["routers"],
            "title": f"Router {number} drops calls", "body": "<p>Since the update &amp; every hour.</p>",
            "owner": {"user_id": number % 7, "display_name": "Ann &amp; Bob"}, "answer_count": 0, "comment_count": 0,
            "link": f"https://{SITE}.com/questions/{number}",
        }  # fmt: skip
        self.sent[f"stackexchange:{SITE}/{number}"] = datetime.fromtimestamp(active, UTC)
        return self.questions[number]

    def about_posts(self, request: Request) -> bool:
        return request.query.get("order") == "asc"

    def answer(self, request: Request) -> Reply:
        if request.path == "/filters/create":
            return Reply.of({"items": [{"filter": "!all"}], "has_more": False, "quota_remaining": 9_000})
        assert request.query["site"] == SITE
        assert request.query["filter"] in ("!all", "")
        if request.path == "/questions":
            return self._listed(request)
        numbers = map(int, request.path.removeprefix("/questions/").split(";"))
        return self._wrapped([self.questions[number] for number in numbers if number in self.questions], False)

    def _listed(self, request: Request) -> Reply:
        rows = sorted(self.questions.values(), key=lambda row: (row["last_activity_date"], row["question_id"]))
        if request.query["order"] == "desc":
            return self._wrapped(rows[::-1][:1], len(rows) > 1)
        rows = [row for row in rows if row["last_activity_date"] >= int(request.query["min"])]
        begin = (int(request.query["page"]) - 1) * self.page
        return self._wrapped(rows[begin : begin + self.page], len(rows) > begin + self.page)

    def _wrapped(self, rows: list[dict[str, Any]], more: bool) -> Reply:
        body = {"items": rows, "has_more": more, "quota_max": 10_000, "quota_remaining": 100_000_000}
        if self.backoff:
            body["backoff"] = self.backoff
        return Reply.of(body, date=formatdate(usegmt=True))

    async def __aenter__(self) -> StackExchangeWire:
        await super().__aenter__()
        return self
