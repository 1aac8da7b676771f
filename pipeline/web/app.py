"""Routes of the page and of its JSON interface.

``/`` is the page, ``/part/…`` the parts of it that the script fetches anew, ``/incidents/…/picture.svg`` (or ``.png``)
an incident as a picture, ``/api/…`` JSON for anybody.  Errors of the index are shown to the visitor and never take the
page down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.detect.evidence.budget import Promise
from pipeline.errors import GroundswellError, TransientError
from pipeline.index.language.faults import WrongQuery
from pipeline.index.protocol import Index
from pipeline.index.trends import ComparedCompany, as_csv
from pipeline.promise.verdicts import VerdictStore
from pipeline.web import params
from pipeline.web.picture import picture
from pipeline.web.raster import png
from pipeline.web.render import HERE, environment
from pipeline.web.security import LOOPBACK, Guarded
from pipeline.web.view import View

log = structlog.get_logger()

PATIENCE = 15.0
"""Seconds that the index may take for one answer."""

Handler = Callable[[Request], Awaitable[Response]]


def create_app(
    index: Index,
    status: Callable[[], Mapping[str, Any]],
    *,
    acknowledgements: VerdictStore | None = None,
    promise: Promise | None = None,
    followed: Callable[[], list[ComparedCompany]] = list,
    hosts: Iterable[str] = LOOPBACK,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Starlette:
    """The application.  It answers only requests addressed to one of `hosts`.

    `followed` gives the companies of the watch list, of which `/api/trends` is unless it is asked for others.
    With `promise`, the page says whether false alarms keep to it. `status()` says what is running. What the page
    knows how to show: ``source`` (``"simulation"`` brings up a banner that says so), ``services``: a list of
    ``{"name", "state", "detail"}``, where a state other than ``running`` is marked (or shorter ``running``:
    ``{name: state or detail}``), ``links``: ``{title: address}``, and ``version``. Other entries are in
    ``/api/status`` only.
    """
    pages = _Pages(View(index, status, acknowledgements, clock, promise, followed))
    routes = [
        Route("/", pages.errors_as_page(pages.page)),
        Route("/part/{name:str}", pages.errors_as_page(pages.part)),
        Route("/incidents/{incident:path}/picture.{form:str}", pages.errors_as_page(pages.picture)),
        Route("/api/incidents", pages.errors_as_json(pages.incidents)),
        Route("/api/mentions", pages.errors_as_json(pages.mentions)),
        Route("/api/volume", pages.errors_as_json(pages.volume)),
        Route("/api/trends", pages.errors_as_json(pages.trends)),
        Route("/api/entities", pages.errors_as_json(pages.entities)),
        Route("/api/status", pages.errors_as_json(pages.status)),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guarded, hosts=tuple(hosts))])


class _Pages:
    """The handlers."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._templates = environment()

    async def page(self, request: Request) -> Response:
        content = await self._view.whole(request.query_params)
        return self._html("page.html", content)

    async def part(self, request: Request) -> Response:
        makers = {"incidents": self._view.incidents, "mentions": self._view.mentions, "side": self._view.side}
        maker = makers.get(request.path_params["name"])
        if maker is None:
            return HTMLResponse("No such part.", 404)
        return self._html(f"{request.path_params['name']}.html", await maker(request.query_params))

    async def picture(self, request: Request) -> Response:
        kind = {"svg": "image/svg+xml", "png": "image/png"}.get(request.path_params["form"])
        event = await self._view.newest_event(request.path_params["incident"]) if kind is not None else None
        drawn = None if event is None else png(event) if kind == "image/png" else picture(event)
        if drawn is None:
            return HTMLResponse("No such picture.", 404)
        return Response(drawn, media_type=kind)

    async def incidents(self, request: Request) -> Response:
        return _json(await self._view.incident_list(request.query_params))

    async def mentions(self, request: Request) -> Response:
        page = await self._view.search(request.query_params)
        return _json({"total": page.total, "mentions": page.mentions, "next": page.next})

    async def volume(self, request: Request) -> Response:
        return _json(await self._view.volume(request.query_params))

    async def trends(self, request: Request) -> Response:
        form = params.choice(request.query_params, "format", ("json", "csv")) or "json"
        report = await self._view.trends(request.query_params)
        return Response(as_csv(report), media_type="text/csv") if form == "csv" else _json(report)

    async def entities(self, request: Request) -> Response:
        found = await self._view.entities()
        return _json({"entities": [{"id": i, "name": name, "mentions": number} for i, name, number in found]})

    async def status(self, request: Request) -> Response:
        return _json(await self._view.status())

    def errors_as_json(self, handler: Handler) -> Handler:
        """A handler whose errors become ``{"error": …}``."""

        async def answer(request: Request) -> Response:
            made = await _outcome(handler, request)
            return made if isinstance(made, Response) else _json({"error": made[1]}, made[0])

        return answer

    def errors_as_page(self, handler: Handler) -> Handler:
        """A handler whose errors become a page in plain words."""

        async def answer(request: Request) -> Response:
            made = await _outcome(handler, request)
            if isinstance(made, Response):
                return made
            return self._html("trouble.html", {"reason": made[1]}, made[0])

        return answer

    def _html(self, template: str, content: Mapping[str, Any], status: int = 200) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(content), status)


async def _outcome(handler: Handler, request: Request) -> Response | tuple[int, str]:
    """The answer, or a status and the words for what went wrong."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await handler(request)
    except (params.BadRequest, WrongQuery) as error:
        return 400, str(error)
    except TimeoutError:
        return 503, f"The index did not answer within {PATIENCE:.0f} seconds"
    except TransientError as error:
        log.warning("the index is away", reason=str(error))
        return 503, "The index cannot be reached at the moment"
    except GroundswellError as error:
        log.error("the index refused a question of the page", reason=str(error))
        return 500, "The index refused the question; the log says why"


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
