"""Parts that poll: a part says which version it shows, and gets nothing while that is the latest.

The part carries `hx-headers='{"X-Seen": "{{ version }}"}'`; `is_seen` compares, and
`nothing_new` is the answer that htmx leaves the page alone for.
"""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse

POLL_1S, POLL_5S, POLL_10S, NO_POLL = "poll-1s", "poll-5s", "poll-10s", ""
"""The events that `static/js/desk.js` sends while somebody looks at the page."""


def version_of(*values: object) -> str:
    """A short name for these values; the same values have the same one in every process."""
    return hashlib.sha256(repr(values).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def is_seen(request: HttpRequest, version: str) -> bool:
    """Whether the asking part shows this version already."""
    return request.headers.get("X-Seen") == version


def nothing_new() -> HttpResponse:
    """The answer to a poll when nothing has changed."""
    return HttpResponse(status=204)
