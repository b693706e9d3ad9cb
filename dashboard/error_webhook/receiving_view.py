"""Where Cyclr posts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from dashboard.error_webhook.receiving import MOST_BYTES, take
from dashboard.error_webhook.tokens import public_id_of
from dashboard.people.access import open_to_all


@csrf_exempt
@require_POST
@open_to_all
def error_webhook_post(request: HttpRequest, token: str) -> HttpResponse:
    """Take a post. The answer is the same for every address and body, but for one too long."""
    public_id = public_id_of(token)
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    if public_id:
        take(public_id, body)
    return HttpResponse(status=204)


def _body(request: HttpRequest) -> bytes | None:
    """What was posted; None where it is longer than is read, nothing where it broke off."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if (
        not (length.isascii() and length.isdecimal())
        or len(length) > len(str(MOST_BYTES))
        or int(length) > MOST_BYTES
    ):
        return None
    try:
        body = request.read(MOST_BYTES + 1)
    except (OSError, UnreadablePostError):
        return b""
    return body if len(body) <= MOST_BYTES else None
