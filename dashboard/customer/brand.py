"""A partner's logo and colours, and connectors' icons: customers' to see, and nobody's secret."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.common.pictures import LOGOS, picture_response
from dashboard.consoles.colours import as_hex, palette
from dashboard.consoles.models import Branding
from dashboard.mirror.models import Icon
from dashboard.people.access import open_to_all

A_DAY = 86_400


@require_safe
@open_to_all
def brand_logo(request: HttpRequest, console_pk: int, digest: str) -> HttpResponse:
    """The logo with this digest: another logo is another address."""
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise Http404  # a NUL, for one, is nothing that PostgreSQL can be asked for
    row = Branding.objects.filter(console_id=console_pk, logo_digest=digest).first()
    if row is None or not row.logo or row.logo_type not in LOGOS:
        raise Http404
    return picture_response(bytes(row.logo), row.logo_type, "logo")


@require_safe
@open_to_all
def connector_icon(request: HttpRequest, digest: str) -> HttpResponse:
    """A connector's icon, as it was drawn anew: on customers' pages and on staff's."""
    if not re.fullmatch("[0-9a-f]{32}", digest):
        raise Http404
    icon = Icon.objects.filter(digest=digest).only("content").first()
    if icon is None or not icon.content:
        raise Http404
    return picture_response(bytes(icon.content), "image/png", "icon")


@require_safe
@open_to_all
def brand_css(request: HttpRequest, colour: str) -> HttpResponse:
    """The style sheet of a colour: nothing but numbers made of the six digits in its address."""
    known = as_hex(colour)
    if known != f"#{colour}":
        raise Http404
    response = HttpResponse(palette(known).css(), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={A_DAY}"
    return response
