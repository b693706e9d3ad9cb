"""What holds for every dynamic page, and what happens when the database is away."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from dashboard.common.errors import is_database_away, unavailable

GetResponse = Callable[[HttpRequest], HttpResponse]


HEALTH = {"/healthz", "/readyz"}
"""Load balancers and kubelets ask for these by the machine's own address or name."""


class AnyHostForHealthMiddleware:
    """Lets those two be asked for by whatever name; everything else only by `ALLOWED_HOSTS`.

    Their answers neither hold nor follow the name, so it is replaced before anybody looks at it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in HEALTH:
            request.META["HTTP_HOST"] = urlsplit(settings.PUBLIC_URL).netloc
        return self.get_response(request)


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
