"""Error pages in words. None of them fails for want of the database, a session or a person.

For htmx they are the same pages: our script shows their heading and first sentence as a toast.
Customers, below `/c/`, read of none of our pages and roles.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import sys
from collections.abc import Iterator
from http import HTTPStatus

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy

from dashboard.common import languages
from dashboard.common.htmx import is_swap

logger = logging.getLogger(__name__)

GUESTS = "/c/"
"""Where the customers' pages are."""
PROGRAMS = ("/api/", "/mcp")
"""What programs ask for."""
PROBLEMS = {
    400: "The request could not be read.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    413: "The request is too large.",
    500: "The fault is ours and has been recorded. Try again in a few minutes.",
    503: "The database does not answer at the moment. Try again in a few seconds.",
}
GUEST_WORDS = {
    400: (
        gettext_lazy("This could not be read"),
        gettext_lazy("What was sent is damaged or too long. Go back and try again."),
    ),
    403: (
        gettext_lazy("This page was open too long"),
        gettext_lazy("Nothing was changed. Go back, reload the page and try again."),
    ),
    404: (
        gettext_lazy("There is nothing at this address"),
        gettext_lazy("Open the link from the message you received once more."),
    ),
    413: (
        gettext_lazy("This could not be read"),
        gettext_lazy("What was sent is damaged or too long. Go back and try again."),
    ),
    500: (
        gettext_lazy("This page could not be shown"),
        gettext_lazy("The fault is ours and has been recorded. Try again in a few minutes."),
    ),
    503: (
        gettext_lazy("This page cannot be shown at the moment"),
        gettext_lazy("Try again in a few minutes. What you connected before stays connected."),
    ),
}
LAST_RESORT = (
    '<!doctype html><html lang="en"><title>Not available</title>'
    "<h1>This page could not be shown</h1>"
    "<p data-message>The fault is ours and has been recorded. Try again in a few minutes.</p>"
    "</html>"
)
"""When even the error page cannot be drawn, as before the static files are collected."""

RETRY_AFTER = 10
"""Seconds until the page may be asked for again while the database is away."""


class ClosedError(PermissionDenied):
    """Whatever the role, this is closed for now: the page says why, and who can open it."""

    heading = ""

    @property
    def message(self) -> str:
        """For people and programs."""
        raise NotImplementedError


def bad_request(request: HttpRequest, exception: BaseException | None = None) -> HttpResponse:
    """400: the request itself is broken, or larger than any form of ours may be."""
    if isinstance(exception, RequestDataTooBig):
        return _page(request, "errors/400_too_big.html", 400)
    return _page(request, "errors/400.html", 400)


def too_large(request: HttpRequest) -> HttpResponse:
    """413: larger than any request may be; nothing of it was read."""
    return _page(request, "errors/413.html", 413)


def permission_denied(request: HttpRequest, exception: BaseException | None = None) -> HttpResponse:
    """403: signed in, but the role does not allow it, or it is closed whatever the role."""
    if isinstance(exception, ClosedError):
        said = {"heading": exception.heading, "message": exception.message}
        return _page(request, "errors/403_closed.html", 403, **said)
    return _page(request, "errors/403.html", 403)


def page_not_found(request: HttpRequest, exception: BaseException | None = None) -> HttpResponse:
    """404: nothing here, or nothing that this person may see."""
    return _page(request, "errors/404.html", 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form's token is missing or old, mostly because the page was open too long."""
    logger.warning("csrf refused reason=%s", reason)
    return _page(request, "errors/csrf.html", 403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 with a reference that is also in the log; 503 if the database is away."""
    error = sys.exc_info()[1]
    if is_database_away(error):
        return unavailable(request, error)
    reference = f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
    logger.error("page failed reference=%s error=%s", reference, type(error).__name__)
    response = _page(request, "errors/500.html", 500, reference=reference)
    response["X-Reference"] = reference
    return response


def unavailable(request: HttpRequest, error: BaseException | None = None) -> HttpResponse:
    """503: the database does not answer, or has no room to write."""
    logger.error("database away error=%s", in_a_word(error))
    template = "errors/503_full.html" if is_disk_full(error) else "errors/503.html"
    response = _page(request, template, 503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def is_database_away(error: BaseException | None) -> bool:
    """Whether the error, or one it comes from, says that the database could not be used."""
    return any(isinstance(one, OperationalError | InterfaceError) for one in _with_causes(error))


def is_disk_full(error: BaseException | None) -> bool:
    """Whether it says that the database had no room: SQLite's SQLITE_FULL, PostgreSQL's 53100."""
    return any(
        getattr(one, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        or getattr(one, "sqlstate", None) == "53100"
        for one in _with_causes(error)
    )


def in_a_word(error: BaseException | None) -> str:
    """For the log: the kind of error, never what it says, which may hold what people typed."""
    return "disk full" if is_disk_full(error) else type(error).__name__


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _problem(status: int, reference: str, message: str) -> HttpResponse:
    """The same for a program: as RFC 9457 has it."""
    detail = message or PROBLEMS.get(status, PROBLEMS[500])
    told = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"{detail} Reference: {reference}." if reference else detail,
    }
    response = JsonResponse(told, status=status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    return response


def _page(request: HttpRequest, template: str, status: int, **context: str) -> HttpResponse:
    """Within the shell for somebody signed in; else without context processors, for those would
    ask for the person, so for the database.
    """
    if request.path.startswith(PROGRAMS):
        return _problem(status, context.get("reference", ""), context.get("message", ""))
    values: dict[str, object] = {"request": request, **context}
    if request.path.startswith(GUESTS):
        template = "errors/guest.html"
        heading, message = GUEST_WORDS.get(status, GUEST_WORDS[404])
        values |= {"heading": heading, "message": message}
    is_staff = status in {400, 403, 404} and _is_signed_in(request)
    values["layout"] = "base.html" if is_staff else "_standalone.html"
    is_guest = request.path.startswith(GUESTS)
    language = languages.of_guest(request) if is_guest else languages.DEFAULT
    html: str
    try:
        with translation.override(language):
            html = render_to_string(template, values, request if is_staff else None)
    except Exception:  # noqa: BLE001 - whatever it is, the answer stays one in words
        logger.exception("error page failed template=%s", template)
        html = LAST_RESORT
    response = HttpResponse(html, status=status)
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    if is_guest:
        response["Content-Language"] = language
    return response


def _is_signed_in(request: HttpRequest) -> bool:
    """Whether the shell can be drawn around the page, as far as can be told."""
    if is_swap(request) or request.path.startswith(GUESTS):
        return False
    try:
        return request.user.is_authenticated
    except (AttributeError, DatabaseError):  # before the middleware, or no database
        return False
