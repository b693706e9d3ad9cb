"""From which network address a request came."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address of the browser, or empty if it cannot be told.

    Each of our `TRUSTED_PROXIES` adds one entry at the end of X-Forwarded-For. What stands before
    those was written by the client and means nothing.
    """
    direct = _clean(request.META.get("REMOTE_ADDR", ""))
    trusted: int = settings.TRUSTED_PROXIES
    if trusted < 1:
        return direct
    said = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    hops = [entry.strip() for entry in said if entry.strip()]
    return (_clean(hops[-trusted]) if len(hops) >= trusted else "") or direct


def network_of(address: str) -> str:
    """What a limit counts by: an IPv4 address, or the /64 one IPv6 customer has to themselves."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def _clean(entry: str) -> str:
    """The address without brackets and port, or empty if it is none."""
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        return str(ipaddress.ip_address(entry.strip()))
    except ValueError:
        return ""
