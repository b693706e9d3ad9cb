"""Addresses that a browser hands in to be led back to."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST = 2048
"""Letters of an address that somebody is led back to; ours are shorter."""


def own_path(asked: str) -> str:
    """The path and query if they are of ours, else empty."""
    is_ours = (
        len(asked) <= LONGEST
        and asked.startswith("/")
        and asked.isprintable()
        and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    )
    return asked if is_ours else ""


def back_to(request: HttpRequest, page: str) -> str:
    """The page as its form had it (`next`): with its search, filters and page number; else bare."""
    asked = own_path(request.POST.get("next", ""))
    return asked if asked.partition("?")[0] == page else page


def path_here(request: HttpRequest, address: str) -> str:
    """Path and query of a whole address of this site, as browsers tell them; else empty."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or parts.netloc != request.get_host():
        return ""
    return own_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)
