"""Server-side request forgery: refuses addresses inside a private network.

The host is resolved here, every address it has must be public, and the connection goes to an address that was checked:
a name that answers differently the next time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

from pipeline.errors import TerminalError, TransientError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_TIMEOUT = 5.0


async def resolve(host: str, port: int) -> list[str]:
    """Addresses of a host, by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, also when it wraps an IPv4 address in an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def checked_address(
    host: str, port: int, *, allow_private: bool, resolve: Resolve = resolve, todo: str = ""
) -> str:
    """The address to connect to; `todo` is what mends a refusal.

    Raises `TerminalError` when any address of the host is not public (unless allowed), `TransientError` when the name
    cannot be resolved just now.
    """
    try:
        async with asyncio.timeout(_TIMEOUT):
            found = await resolve(host, port)
    except (OSError, UnicodeError, TimeoutError):
        raise TransientError("the name cannot be resolved", subject=host, todo="Check the name and the DNS") from None
    if not found:
        raise TransientError("the name has no address", subject=host)
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
    refused = [address for address in addresses if not allow_private and not is_public(address)]
    if refused:
        raise TerminalError(
            f"resolves to {refused[0]}, which is not a public address",
            subject=host,
            todo=todo,
        )
    return str(addresses[0])
