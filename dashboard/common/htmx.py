"""Page or partial, decided in one place."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

HTMX_HEADERS = ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"]
"""What the choice between page and partial depends on."""


class HtmxRequest(HttpRequest):
    """A request after django-htmx has looked at it."""

    htmx: HtmxDetails


def is_swap(request: HttpRequest) -> bool:
    """Whether htmx asks for a part; boosted links and restored history want the whole page."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx and not htmx.boosted and not htmx.history_restore_request)


def render_page(
    request: HttpRequest,
    page: str,
    partial: str,
    context: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render `partial` for an htmx swap, `page` for everything else."""
    template = partial if is_swap(request) else page
    response = render(request, template, context, status=status)
    patch_vary_headers(response, HTMX_HEADERS)
    return response


def redirect_browser(url: str) -> HttpResponse:
    """An answer to htmx that sends the whole browser elsewhere; `url` is one of ours."""
    return HttpResponse(status=204, headers={"HX-Redirect": url})
