"""The webhook: signed, addressed only to where it may go, and bounded."""

from __future__ import annotations

import socket
from typing import Any

import msgspec
import pytest
import structlog

from pipeline.alert.signature import sign, verify
from pipeline.alert.webhook import Webhook
from pipeline.contracts.incidents import IncidentEvent
from pipeline.errors import Busy, SettingsError, TerminalError, TransientError
from pipeline.outbound.ssrf import is_public
from tests.alert.conftest import FaultyServer
from tests.support.messages import pile_on

SECRET = "a-secret-of-decent-length"


def hook(url: str, **options: Any) -> Webhook:
    return Webhook(url, SECRET, **{"allow_private": True, **options})


async def test_an_event_arrives_signed_and_described(server: FaultyServer) -> None:
    await hook(server.url + "/in?token=t", clock=lambda: 1_772_000_000.9).send(pile_on())
    (request,) = server.requests
    assert request.line == "POST /in?token=t HTTP/1.1"
    assert msgspec.json.decode(request.body, type=IncidentEvent) == pile_on()
    assert request.headers["ce-specversion"] == "1.0"
    assert request.headers["ce-type"] == "groundswell.incident.opened.v1"
    assert request.headers["ce-id"].startswith("acme:pile_on:test:1/opened/2026-03-02T14:00")
    assert request.headers["ce-pageable"] == "true"
    header = request.headers["groundswell-signature"]
    assert header.startswith("t=1772000000,v1=")
    assert verify(SECRET.encode(), header, request.body, 1_772_000_100.0)


async def test_the_same_event_has_the_same_id_and_awkward_ids_are_encoded(server: FaultyServer) -> None:
    awkward = pile_on(name='é "\r\nx: y')
    await hook(server.url).send(awkward)
    await hook(server.url).send(awkward)
    first, second = (request.headers["ce-id"] for request in server.requests)
    assert first == second
    assert first.startswith("%C3%A9%20%22%0D%0Ax:%20y/")


def test_a_signature_holds_only_for_this_body_this_secret_and_a_while() -> None:
    header = sign(b"secret", b"body", 1_000.0)
    assert verify(b"secret", header, b"body", 1_299.0)
    assert verify(b"secret", header + ",v2=later", b"body", 1_000.0)
    assert not verify(b"secret", header, b"body", 1_301.0)
    assert not verify(b"secret", header, b"body ", 1_000.0)
    assert not verify(b"other", header, b"body", 1_000.0)
    for broken in ("", "t=1000", "v1=ab", "t=x,v1=ab", "t=1000,v1=é", "t=" + "9" * 400 + ",v1=a", "t=-5,v1=a"):
        assert not verify(b"secret", broken, b"body", 1_000.0)


@pytest.mark.parametrize(
    ("script", "error", "says"),
    [
        ([500], TransientError, "answered 500"),
        ([429], Busy, "answered 429"),
        ([None], TransientError, "connection failed"),
        ([b"rubbish\r\n\r\n"], TransientError, "connection failed"),
        ([400], TerminalError, "refused it with 400"),
        ([b"HTTP/1.1 302 X\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n"], TerminalError, "redirects"),
        ([b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n" + b"x" * 200_000], TerminalError, "longer than"),
    ],
)
async def test_faults_are_told_apart(server: FaultyServer, script: list[Any], error: Any, says: str) -> None:
    server.script = script
    with pytest.raises(error, match=says):
        await hook(server.url).send(pile_on())
    assert len(server.requests) == 1


async def test_retry_after_is_heeded_within_bounds(server: FaultyServer) -> None:
    server.script = [
        b"HTTP/1.1 503 X\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        b"HTTP/1.1 503 X\r\nretry-after: 999999\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        b"HTTP/1.1 503 X\r\nretry-after: tomorrow\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    ]
    asked = []
    for _ in range(3):
        with pytest.raises(Busy) as caught:
            await hook(server.url).send(pile_on())
        asked.append(caught.value.after)
    assert asked == [7.0, 60.0, 0.0]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.9.9", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe",
     "2002:7f00:1::", "::", "ff02::1", "fec0::1"],
)  # fmt: skip
async def test_inner_addresses_are_refused(server: FaultyServer, address: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", address]  # one public address does not excuse the other

    with pytest.raises(TerminalError, match="not a public address"):
        await hook("https://hooks.example.com/x", allow_private=False, resolve=resolve).send(pile_on())
    assert server.requests == []


def test_public_addresses_pass() -> None:
    import ipaddress

    assert all(is_public(ipaddress.ip_address(text)) for text in ("93.184.216.34", "2606:2800:220:1::1", "8.8.8.8"))


async def test_the_checked_address_is_the_one_connected_to(server: FaultyServer) -> None:
    asked: list[tuple[str, int]] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    # A second look-up by the client would fail: the name does not exist.
    await hook(f"http://does-not-exist.invalid:{server.port}/in", resolve=resolve).send(pile_on())
    assert asked == [("does-not-exist.invalid", server.port)]
    assert server.requests[0].headers["host"] == f"does-not-exist.invalid:{server.port}"


async def test_a_name_that_does_not_resolve_may_do_so_later() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(-3, "temporary failure")

    with pytest.raises(TransientError, match="cannot be resolved"):
        await hook("https://hooks.example.com", resolve=resolve).send(pile_on())


@pytest.mark.parametrize(
    ("url", "allow_private", "says"),
    [
        ("http://hooks.example.com/SECRET", False, "must begin with https"),
        ("ftp://hooks.example.com/SECRET", True, "must begin with https"),
        ("https:///SECRET", False, "must begin with https"),
        ("https://user:SECRET@hooks.example.com", False, "must not hold a user name"),
        ("https://hooks.example.com:SECRET/", False, "is not an address"),
    ],
)
def test_unusable_addresses_are_named_without_repeating_them(url: str, allow_private: bool, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        Webhook(url, SECRET, allow_private=allow_private)
    assert "SECRET" not in str(caught.value)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least 16"):
        Webhook("https://hooks.example.com", "short")


async def test_secrets_reach_no_log_and_no_error(server: FaultyServer, caplog: pytest.LogCaptureFixture) -> None:
    server.script = [500]
    caplog.set_level("DEBUG")
    with structlog.testing.capture_logs() as logs, pytest.raises(TransientError) as caught:
        await hook(server.url + "/path-token").send(pile_on())
    own = "\n".join(r.getMessage() for r in caplog.records if r.name.split(".")[0] != "httpcore")
    assert "path-token" not in f"{own} {logs} {caught.value}"
    assert SECRET not in f"{caplog.text} {logs} {caught.value}"
