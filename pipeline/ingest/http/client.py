"""HTTP client of agents: public addresses only, bounded bodies and times, rests obeyed.

Names are resolved and checked when a connection is made, so that neither a redirect nor a DNS answer that changes leads
inside.  TLS is verified against the name.  Nothing is read from the environment; nothing here logs an address with its
query or a header, for they may carry tokens.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from ssl import SSLContext, SSLError
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

import httpcore
import httpx

from pipeline.errors import Busy, TerminalError, TransientError
from pipeline.ingest.budget import Budget
from pipeline.ingest.http.bodies import Unpacker
from pipeline.ingest.http.rests import asked_rest, rest_until_reset
from pipeline.outbound.ssrf import Resolve, checked_address, resolve
from pipeline.version import installed_version

MAX_BODY = 8_000_000
"""Bytes of a body after unpacking; a page of any network has a tenth."""

TIMEOUT = 20.0
"""Seconds for each step of a request: connecting, sending, waiting for the next piece."""

TOTAL = 60.0
"""Seconds for a whole request: a body that drips is no better than none."""

MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Answer(NamedTuple):
    """A successful answer, or 304; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class RefusedByServer(TerminalError):
    """A status that waiting does not mend: the request is wrong, or not allowed."""

    def __init__(self, status: int, subject: str, todo: str = "") -> None:
        self.status = status
        super().__init__(f"the server answered {status}", subject=subject, todo=todo)


class HttpClient:
    """Requests of one network, within its budget.

    Guarantees: no connection to an address that is not public (unless allowed); no body above `max_body` bytes, packed
    or not; an end to every request after `total` seconds; a server that asks for a rest is not asked again before.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        contact: str = "",
        allow_private: bool = False,
        max_body: int = MAX_BODY,
        timeout: float = TIMEOUT,
        total: float = TOTAL,
        tls: SSLContext | None = None,
        resolve: Resolve = resolve,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._budget = budget
        self._agent = user_agent(contact)
        self._max_body = max_body
        self._total = total
        self._steps = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
        self._clock = clock
        self._rests: dict[str, float] = {}
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls, max_connections=8, max_keepalive_connections=4, keepalive_expiry=30.0,
            network_backend=_Guarded(allow_private, resolve),
        )  # fmt: skip

    async def get(self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] = {}) -> Answer:
        """The answer after at most three redirects.

        Raises `TransientError` for what may pass (`Busy` when the server says for how long, `BudgetSpent` before a
        request too many), `RefusedByServer` for other statuses, `TerminalError` for addresses that are not allowed.
        """
        address = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}" if params else url
        sent = dict(headers)
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._once(address, sent)
            if answer.status not in REDIRECTS:
                return answer
            address, sent = _followed(address, answer, sent)
        raise TransientError(f"more than {MAX_REDIRECTS} redirects", subject=shown(url))

    async def get_all(self, urls: Sequence[str]) -> list[Answer]:
        """Answers in the order of the addresses, asked side by side; errors as `get`, once all have ended."""
        answers = await asyncio.gather(*(self.get(url) for url in urls), return_exceptions=True)
        if failed := [answer for answer in answers if isinstance(answer, BaseException)]:
            raise failed[0]
        return [answer for answer in answers if isinstance(answer, Answer)]

    async def _once(self, url: str, headers: dict[str, str]) -> Answer:
        try:
            async with asyncio.timeout(self._total), self._opened(url, headers) as response:
                return await self._answer(response, url)
        except TimeoutError:
            raise TransientError(f"not answered within {self._total:g} s", subject=shown(url)) from None

    @asynccontextmanager
    async def stream(
        self, url: str, headers: Mapping[str, str] = {}, *, silence: float = TIMEOUT
    ) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """Pieces of a body without an end, until the server ends it or is silent for `silence` seconds.  Errors as
        `get`; redirects are none."""
        async with self._opened(url, dict(headers), read=silence) as response:
            if response.status != 200:
                await self._answer(response, url)
                mend = "A stream does not redirect: set the address it is at"
                raise RefusedByServer(response.status, shown(url), mend)
            yield self._pieces(response)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.aclose()

    @asynccontextmanager
    async def _opened(
        self, url: str, headers: dict[str, str], read: float | None = None
    ) -> AsyncIterator[httpcore.Response]:
        """A response whose body was not read; translates the errors of everything within."""
        url = checked_url(url)
        host = _host(url)
        if (rest := self._rests.get(host, 0.0) - self._clock()) > 0.0:
            raise Busy("asked for a rest that is not over", subject=host, after=rest)
        self._budget.spend("requests")
        sent = {"user-agent": self._agent, "accept-encoding": "gzip", "host": urlsplit(url).netloc, **headers}
        steps = self._steps if read is None else {**self._steps, "read": read}
        try:
            async with self._pool.stream(
                "GET", _address(url), headers=[*sent.items()], extensions={"timeout": steps}
            ) as response:
                yield response
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise TransientError(f"no answer in time ({type(error).__name__})", subject=shown(url)) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError, SSLError) as error:
            raise TransientError(f"the connection failed ({_named(error)})", subject=shown(url)) from None
        except (httpcore.UnsupportedProtocol, ValueError) as error:
            raise TerminalError(f"is no address ({type(error).__name__})", subject=shown(url)) from None

    async def _answer(self, response: httpcore.Response, url: str) -> Answer:
        headers = _headers(response.headers)
        self._note_rest(response.status, _host(url), headers)
        _judge(response.status, headers, shown(url), self._clock())
        unpacker = Unpacker(headers.get("content-encoding", ""), self._max_body, shown(url))
        body = bytearray()
        async for piece in response.aiter_stream():
            for part in unpacker.feed(piece):
                self._budget.spend("bytes", len(part))
                body += part
        unpacker.finish()
        return Answer(response.status, headers, bytes(body), url)

    async def _pieces(self, response: httpcore.Response) -> AsyncGenerator[bytes, None]:
        async for piece in response.aiter_stream():
            self._budget.spend("bytes", len(piece))
            yield piece

    def _note_rest(self, status: int, host: str, headers: Mapping[str, str]) -> None:
        """A server that asks for a rest, or has nothing left for us until some time, is not asked before."""
        now = self._clock()
        if rest := asked_rest(headers, now) if _may_pass(status) else rest_until_reset(headers, now):
            self._rests[host] = now + rest


class _Guarded(httpcore.AsyncNetworkBackend):
    """Resolves a name itself, and connects to an address that was checked."""

    def __init__(self, allow_private: bool, resolve: Resolve) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        address = await checked_address(
            host, port, allow_private=self._allow_private, resolve=self._resolve,
            todo="Set ingest.allow_private if that network is meant to be inside",
        )  # fmt: skip
        return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise TerminalError("sockets of this machine are not for networks")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def user_agent(contact: str) -> str:
    """Who we are, and where we are reached.

    >>> user_agent("ops@example.com").partition(" ")[2]
    '(+ops@example.com)'
    """
    known = "".join(letter for letter in contact if " " <= letter <= "~")
    return f"Groundswell/{installed_version()}" + (f" (+{known})" if known else "")


def checked_url(url: str) -> str:
    """An address as it goes out, in ASCII.

    Raises `TerminalError` for what is none of http or https, or has a password in it.

    >>> checked_url("https://bücher.example/neu es?q=ä")
    'https://xn--bcher-kva.example/neu%20es?q=%C3%A4'
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise TerminalError("is no address", subject=url[:100].partition("?")[0]) from None
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        raise TerminalError(
            "is no address of http or https, or has a user in it", subject=f"{parsed.scheme}://{parsed.host}"
        )
    return str(parsed.copy_with(fragment=None))


def shown(url: str) -> str:
    """An address without what may be secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"[:300]


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200] if str(error) else type(error).__name__


def _address(url: str) -> httpcore.URL:
    """An address with all of its path: httpcore's own reading leaves out what follows a semicolon.

    >>> _address("https://example.com/questions/1;2?page=3").target
    b'/questions/1;2?page=3'
    """
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return httpcore.URL(scheme=parts.scheme, host=parts.hostname or "", port=parts.port, target=target)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def _followed(url: str, answer: Answer, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Where a redirect leads; what is secret goes to no other host, and nothing to a worse protocol."""
    target = urljoin(url, answer.headers.get("location", ""))
    if urlsplit(url).scheme == "https" != urlsplit(target).scheme:
        raise TerminalError("is redirected away from https", subject=shown(url), todo="Set the address that it is at")
    if urlsplit(url).netloc != urlsplit(target).netloc:
        headers = {name: value for name, value in headers.items() if name.lower() not in ("authorization", "cookie")}
    return target, headers


def _may_pass(status: int) -> bool:
    return status in (408, 425, 429) or status >= 500


def _judge(status: int, headers: Mapping[str, str], subject: str, now: float) -> None:
    """Nothing for a success, 304 and redirects; the fitting error otherwise."""
    if 200 <= status < 300 or status == 304 or status in REDIRECTS:
        return
    if _may_pass(status):
        rest = asked_rest(headers, now)
        if rest:
            raise Busy(f"the server answered {status}", subject=subject, after=rest)
        raise TransientError(f"the server answered {status}", subject=subject)
    mend = "Check its address, and the rights of the key" if status in (401, 403) else ""
    raise RefusedByServer(status, subject, mend)
