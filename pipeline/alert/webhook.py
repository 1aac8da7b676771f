"""The webhook notifier: each incident event as JSON, signed, with CloudEvents headers.

The body is the incident event of ``docs/contracts``, with the addresses of its page and its picture where there is a
page.  Headers follow the HTTP binding of CloudEvents 1.0.2 (2022) in binary mode; `ce-id` is the same when an event is
sent again, so that a receiver can drop the repeat.  The signature and how to verify it are in ``signature.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

import httpx
import msgspec

from pipeline.alert import signature
from pipeline.alert.alertmanager import links
from pipeline.alert.http import open_client, post
from pipeline.alert.notifier import firing, may_page
from pipeline.contracts.incidents import IncidentEvent
from pipeline.errors import SettingsError
from pipeline.outbound import ssrf

MIN_SECRET = 16
"""Fewest characters of a secret."""


class Webhook:
    """Posts events to one address.

    Guarantees: only ever connects to an address that was checked a moment before, follows no redirect, reads a bounded
    answer; neither the secret nor the path of the address is logged.
    """

    name = "webhook"
    pages = False

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        allow_private: bool = False,
        page_url: str = "",
        resolve: ssrf.Resolve = ssrf.resolve,
        clock: Callable[[], float] = time.time,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._url = parse_url(url, allow_private)
        if len(secret) < MIN_SECRET:
            raise SettingsError(
                f"needs at least {MIN_SECRET} characters",
                subject="alert.webhook_secret",
                todo="Make one with: openssl rand -hex 32",
            )
        self._secret = secret.encode()
        self._allow_private = allow_private
        self._page_url = page_url
        self._resolve = resolve
        self._clock = clock
        self._client = client or open_client()

    async def send(self, event: IncidentEvent) -> None:
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        address = await ssrf.checked_address(
            self._url.host, port, allow_private=self._allow_private, resolve=self._resolve,
            todo="Set alert.webhook_allow_private if the receiver is meant to be inside",
        )  # fmt: skip
        body = msgspec.json.encode(msgspec.structs.replace(event, **links(event, self._page_url)))
        headers = {
            **cloud_event(event),
            "content-type": "application/json",
            "host": self._url.netloc.decode("ascii"),
            signature.HEADER: signature.sign(self._secret, body, self._clock()),
        }
        await post(
            self._client,
            self._url.copy_with(host=address),  # the checked address, not the name: it cannot change in between
            body,
            headers,
            subject=f"webhook at {self._url.host}",
            extensions={"sni_hostname": self._url.raw_host.decode("ascii")},
        )

    async def close(self) -> None:
        await self._client.aclose()


def parse_url(url: str, allow_private: bool) -> httpx.URL:
    """The address, or `SettingsError` that says what is wrong without repeating it (it may hold a token)."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise SettingsError("is not an address", subject="alert.webhook_url", todo="Give https://host/path") from None
    allowed = ("https", "http") if allow_private else ("https",)
    if parsed.scheme not in allowed or not parsed.host:
        raise SettingsError(
            "must begin with https:// (http:// only together with alert.webhook_allow_private)",
            subject="alert.webhook_url",
        )
    if parsed.userinfo:
        raise SettingsError("must not hold a user name or password", subject="alert.webhook_url")
    return parsed.copy_with(fragment=None)


def cloud_event(event: IncidentEvent) -> dict[str, str]:
    """CloudEvents attributes as headers; values are percent-encoded as the binding asks."""
    attributes = {
        "specversion": "1.0",
        "id": f"{event.incident_id}/{event.event}/{event.at.isoformat()}",
        "source": "/groundswell/alert",
        "type": f"groundswell.incident.{event.event}.v1",
        "subject": event.incident_id,
        "time": event.at.isoformat(),
        "pageable": "true" if may_page(event) else "false",
        "firing": "true" if firing(event) else "false",
    }
    return {f"ce-{name}": quote(value, safe="!#$&'()*+,-./:;<=>?@[]^_`{|}~") for name, value in attributes.items()}
