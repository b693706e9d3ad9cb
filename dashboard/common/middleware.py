"""What holds for every dynamic page, and what happens when the database is away."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from dashboard.common.errors import is_database_away, unavailable

GetResponse = Callable[[HttpRequest], HttpResponse]


class UnavailableMiddleware:
    """Turns a database that does not answer into a page in words.

    Errors outside of views (the session, the person) never come by here: Django hands them to
    `errors.server_error`, which does the same.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer 503 if the view failed for want of the database."""
        return unavailable(request, error) if is_database_away(error) else None


class StaffPageMiddleware:
    """No page is kept by a browser or a proxy, and none is found by a search engine.

    Only what says itself how long it may be kept is: a partner's logo and colours.

    A signed-out session is met one step before, by `people.middleware.AccessMiddleware`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("X-Robots-Tag", "noindex")
        return response
