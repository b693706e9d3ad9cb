"""Which addresses a console that is kept here may have, looked at when saved and when connecting.

Those of the settings are the operator's word: they may lead to a private installation of Cyclr.
What an administrator types in the browser must not lead our workers into the network around them.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from cyclr_api import HostNotAllowedError
from dashboard.common.outbound import (
    AddressError,
    UnknownHostError,
    is_allowed_here,
    refuse_inner,
    resolve_host,
)
from dashboard.environment.addresses import CYCLR_BASE
from dashboard.environment.kinds import WrongValueError

HTTPS_PORT = 443


def checked(typed: str) -> str:
    """An address of scheme and host as it is stored. Raises `AddressError`.

    https on its usual port, no user, no path, nothing that shows to be inside a network. Plain http
    and other ports are for this machine, while the dashboard is tried out without TLS.
    """
    text = typed.strip().rstrip("/")
    try:
        url = CYCLR_BASE.read(text)
    except (WrongValueError, IndexError) as error:
        words = str(error) or "give an address like https://api.cyclr.com"
        raise AddressError(f"{words[0].upper()}{words[1:]}.") from None
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_allowed_here(host):
        return url
    refuse_inner(host)
    if parts.scheme != "https":
        raise AddressError("Use https: the credentials go to this address.")
    if parts.port not in {None, HTTPS_PORT}:
        raise AddressError("Leave out the port: only 443 is used.")
    return url


def look_up(url: str) -> None:
    """Look up the host of a stored address. Raises `AddressError` unless all it has is allowed."""
    parts = urlsplit(url)
    resolve_host(parts.hostname or "", parts.port or HTTPS_PORT)


def resolve(host: str, port: int) -> Sequence[str]:
    """The IP addresses that a client connects to: what a name has become since is seen here."""
    try:
        return resolve_host(host, port)
    except UnknownHostError as error:
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from None
    except AddressError as error:
        raise HostNotAllowedError(str(error)) from None
