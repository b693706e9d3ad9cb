"""A partner's logo and colours, for customers' pages: theirs to see, and nobody's secret."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.consoles.colours import as_hex, palette
from dashboard.consoles.models import Branding
from dashboard.people.access import open_to_all

A_DAY, A_YEAR = 86_400, 31_536_000
TYPES = {"image/png", "image/jpeg", "image/webp"}


@require_safe
@open_to_all
def brand_logo(request: HttpRequest, console_pk: int, digest: str) -> HttpResponse:
    """The logo with this digest, kept by browsers for a year: another logo is another address.

    Opened by itself it is a picture and nothing else, whatever its bytes would like to be.
    """
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise Http404  # a NUL, for one, is nothing that PostgreSQL can be asked for
    row = Branding.objects.filter(console_id=console_pk, logo_digest=digest).first()
    if row is None or not row.logo or row.logo_type not in TYPES:
        raise Http404
    response = HttpResponse(bytes(row.logo), content_type=row.logo_type)
    response["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = "inline; filename=logo"
    return response


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
