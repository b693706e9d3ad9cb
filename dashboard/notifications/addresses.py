"""Addresses: ours as others see them, and those that a webhook may have.

A webhook's address is typed by an administrator and asked by our workers, which stand inside a
network. So it must lead out of it: https on port 443, and only what `common.outbound` lets pass.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from django.conf import settings

from dashboard.common.outbound import (
    AddressError,
    is_allowed_here,
    refuse_inner,
    resolve_host,
)
from dashboard.environment.email_address import ascii_domain, readings_of

HTTPS_PORT, HTTP_PORT = 443, 80
LONGEST = 2000
"""Characters of a webhook's address: workflow services put a key of hundreds into it."""


def staff_url(path: str) -> str:
    """The whole address of one of the staff's pages, for those who are not in a browser of ours."""
    return f"{settings.DESK_URL}{path}"


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
    if not is_allowed_here(host):
        if not is_tls:
            raise AddressError("Use https: the messages name your customers.")
        if port not in {None, HTTPS_PORT}:
            raise AddressError("Leave out the port: only 443 is used.")
        refuse_inner(host)
    path = parts.path or "/"
    return Target(
        host=host,
        port=port or (HTTPS_PORT if is_tls else HTTP_PORT),
        path=f"{path}?{parts.query}" if parts.query else path,
        is_tls=is_tls,
    )


def resolve(target: Target) -> list[str]:
    """The IP addresses to connect to, in turn. All that the name has must be allowed.

    Raises `UnknownHostError` when it has none, `AddressError` when one is inside a network.
    """
    return resolve_host(target.host, target.port)
