"""Addresses: ours as others see them, and those that a webhook may have.

A webhook's address is typed by an administrator and asked by our workers, which stand inside a
network. So it must lead out of it: https on port 443, and only public addresses behind the name,
looked up when it is asked and then held to (a name may answer otherwise the next time).
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from django.conf import settings

from dashboard.environment.email_address import ascii_domain, readings_of

HTTPS_PORT, HTTP_PORT = 443, 80
LONGEST = 2000
"""Characters of a webhook's address: workflow services put a key of hundreds into it."""

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def staff_url(path: str) -> str:
    """The whole address of one of the staff's pages, for those who are not in a browser of ours."""
    return f"{settings.DESK_URL}{path}"


class AddressError(Exception):
    """A webhook may not have this address; the message says why, in a sentence."""


class UnknownHostError(AddressError):
    """The host's name leads nowhere just now."""


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's address in parts. `path` includes the query and is all ASCII."""

    host: str
    port: int
    path: str
    is_tls: bool

    @property
    def host_header(self) -> str:
        """What stands in the Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS_PORT if self.is_tls else HTTP_PORT
        return name if self.port == usual else f"{name}:{self.port}"


def cleaned(pasted: str) -> str:
    """An address as it is stored: without what is glued to it, its host by IDNA 2008.

    Raises `AddressError` for a host that could be read as two.
    """
    seen = "".join(one for one in pasted if unicodedata.category(one) != "Cf")
    url = seen.strip().strip("<>\"'").strip()
    if url.isascii():
        return url
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if readings := readings_of("x", host):
            kept, changed = (one.removeprefix("x@") for one in readings)
            raise AddressError(
                f"{host} can be read as two domains: write {kept} for it as it is written, or "
                f"{changed} for the other one."
            )
        netloc = ascii_domain(host) + (f":{port}" if port else "")
    except ValueError:  # of urlsplit, and `EmailAddressError`
        return url
    path, query = (quote(part, safe=_AS_IT_IS) for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, netloc, path, query, parts.fragment))


_AS_IT_IS = "/%:@!$&'()*+,;=~?-._"
"""What stands in an address as it is; other letters are encoded."""


def target_of(url: str) -> Target:
    """The parts of a webhook's address. Raises `AddressError` for one that it may not have.

    Plain http and other ports are for this machine alone, and only while the dashboard itself is
    tried out without TLS.
    """
    if len(url) > LONGEST:
        raise AddressError(f"The address is longer than {LONGEST} characters.")
    if not url.isascii() or re.search(r"[\x00-\x20\x7f\\]", url):
        raise AddressError("The address contains spaces or characters that are not allowed.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressError("This is not an address.") from None
    if parts.scheme not in {"https", "http"} or not host:
        raise AddressError("Give a whole address that begins with https://.")
    if len(host) > 253 or any(len(label) > 63 for label in host.split(".")):
        raise AddressError("No host has a name as long as this.")
    if "@" in parts.netloc:
        raise AddressError("Leave out the name and password: requests are signed instead.")
    if parts.fragment:
        raise AddressError("Leave out everything after #: it is never sent.")
    is_tls = parts.scheme == "https"
    if not _is_allowed_here(host):
        if not is_tls:
            raise AddressError("Use https: the messages name your customers.")
        if port not in {None, HTTPS_PORT}:
            raise AddressError("Leave out the port: only 443 is used.")
        _refuse_inner(host)
    path = parts.path or "/"
    return Target(
        host=host,
        port=port or (HTTPS_PORT if is_tls else HTTP_PORT),
        path=f"{path}?{parts.query}" if parts.query else path,
        is_tls=is_tls,
    )


def _refuse_inner(host: str) -> None:
    """Refuse what can be seen to be inside without asking for the name's address."""
    address = _address(host)
    if address is not None and not is_public(address):
        raise AddressError("This address is inside a network: give one that is public.")
    is_number = address is None and re.fullmatch(r"[0-9.]+|0x[0-9a-f.x]*", host) is not None
    is_inner = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if is_number or is_inner or ("." not in host and address is None):
        raise AddressError("This host is inside a network: give one that is public.")


def _is_allowed_here(host: str) -> bool:
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


NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


MOST_ADDRESSES = 3


def resolve(target: Target) -> list[str]:
    """The IP addresses to connect to, in turn. All that the name has must be allowed.

    Raises `UnknownHostError` when it has none, `AddressError` when one is inside a network.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnknownHostError("The host of this address cannot be found.") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    may_be_here = _is_allowed_here(target.host)
    for address in addresses:
        is_allowed = address.is_loopback if may_be_here else is_public(address)
        if not is_allowed:
            raise AddressError("The host of this address is inside a network.")
    if not addresses:
        raise UnknownHostError("The host of this address cannot be found.")
    return [str(address) for address in dict.fromkeys(addresses)][:MOST_ADDRESSES]
