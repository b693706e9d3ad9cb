"""Addresses that a browser hands in to be led back to."""

from __future__ import annotations

from django.utils.http import url_has_allowed_host_and_scheme


def own_path(asked: str) -> str:
    """The path if it is one of ours, else empty."""
    is_ours = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if is_ours and asked.isprintable() else ""
