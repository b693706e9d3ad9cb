"""Which hosts our processes may connect to at the word of an administrator.

Our workers stand inside a network, and an address that is typed must lead out of it: only public
addresses behind the name, looked up when it is asked and then held to (a name may answer otherwise
the next time). This machine is allowed only while the dashboard itself is tried out without TLS.
"""

from __future__ import annotations

import ipaddress
import re
import socket

from django.conf import settings

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_ADDRESSES = 3
"""Of a name that are tried in turn."""

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressError(Exception):
    """This address must not be asked; the message says why, in a sentence."""


class UnknownHostError(AddressError):
    """The host's name leads nowhere just now."""


def refuse_inner(host: str) -> None:
    """Refuse what can be seen to be inside without asking for the name's address.

    Raises `AddressError`.
    """
    address = _address(host)
    if address is not None and not is_public(address):
        raise AddressError("This address is inside a network: give one that is public.")
    is_number = address is None and re.fullmatch(r"[0-9.]+|0x[0-9a-f.x]*", host) is not None
    is_inner = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if is_number or is_inner or ("." not in host and address is None):
        raise AddressError("This host is inside a network: give one that is public.")


def is_allowed_here(host: str) -> bool:
    """Whether this machine may be asked: it is meant, and the dashboard is being tried out."""
    if settings.IS_PUBLIC_TLS:
        return False
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: IPAddress) -> bool:
    """Whether an address is out in the internet, also by what it hides in itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if any(one is not None and not is_public(one) for one in inner):
            return False
        if address.is_site_local:
            return False
        if address in NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    is_odd = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not is_odd


def resolve_host(host: str, port: int) -> list[str]:
    """The IP addresses to connect to, in turn. All that the name has must be allowed.

    Raises `UnknownHostError` when it has none, `AddressError` when one is inside a network.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnknownHostError("The host of this address cannot be found.") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    may_be_here = is_allowed_here(host)
    for address in addresses:
        is_allowed = address.is_loopback if may_be_here else is_public(address)
        if not is_allowed:
            raise AddressError("The host of this address is inside a network.")
    if not addresses:
        raise UnknownHostError("The host of this address cannot be found.")
    return [str(address) for address in dict.fromkeys(addresses)][:MOST_ADDRESSES]
