"""What browsers and researchers ask for: reports of the policy, and whom to tell of a fault."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from dashboard.common.limits import is_within
from dashboard.people.access import open_to_all
from dashboard.people.address import client_address
from dashboard.web_security.csp_reports import MOST_BYTES, TYPES, violations_in

logger = logging.getLogger(__name__)

A_MINUTE, OF_ONE = 60, 20
"""Bodies that are looked at in a minute, of everybody together and of one address."""
EXPIRES_AFTER = timedelta(days=180)


@csrf_exempt  # browsers send it by themselves, and it changes nothing
@require_POST
@open_to_all
def csp_report(request: HttpRequest) -> HttpResponse:
    """Log what the policy kept from happening. The answer is the same whatever was sent."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_short = length.isascii() and length.isdigit() and len(length) < 7
    if (
        request.content_type in TYPES
        and is_short
        and int(length) <= MOST_BYTES
        and is_within(f"csp-report:{client_address(request)}", most=OF_ONE, seconds=60)
        and is_within("csp-report", most=A_MINUTE, seconds=60)
    ):
        for one in violations_in(request.body):
            logger.warning(
                "csp violation directive=%s blocked=%s page=%s",
                *(one.directive, one.blocked, one.page),
            )
    return HttpResponse(status=204)


@require_safe
@open_to_all
def security_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9116: whom to tell of a vulnerability; 404 where nobody was named."""
    contact = settings.SECURITY_CONTACT
    if not contact:
        raise Http404
    # The day alone, so that the file does not differ from one request to the next.
    today = timezone.now().astimezone(UTC).date()
    expires = datetime.combine(today, datetime.min.time(), UTC) + EXPIRES_AFTER
    lines = [
        f"Contact: {contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.PUBLIC_URL}{request.path}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
