"""What holds for every dynamic page, and what happens when the database is away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from dashboard.common.errors import bad_request, is_database_away, too_large, unavailable
from dashboard.common.request_size import is_too_large

logger = logging.getLogger(__name__)

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


class BoundsMiddleware:
    """Refuses, before anything of it is read, what no page of ours is sent by a browser.

    A body that is too large; and a path that a server took from somewhere else than the request's
    first line (`SCRIPT_NAME`), for a proxy in front decided by that line.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.META.get("SCRIPT_NAME"):
            logger.warning("request refused: its path was moved")
            return bad_request(request)
        if is_too_large(request.META.get("CONTENT_LENGTH")):
            logger.warning("request refused: too large")
            return too_large(request)
        return self.get_response(request)


PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "autoplay", "browsing-topics", "camera"),
        *("display-capture", "encrypted-media", "geolocation", "gyroscope", "hid"),
        *("idle-detection", "magnetometer", "microphone", "midi", "payment"),
        *("picture-in-picture", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
    )
)
"""Nothing of a device is used but the clipboard (Copy) and, to sign in, passkeys."""


class PolicyMiddleware(CSPMiddleware):
    """Writes the Content-Security-Policy; that of pages without one of their own is made once."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        self.usual = build_policy()

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """A view says by a decorator of `csp` what its page has in addition."""
        if HEADER in response or any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        response[HEADER] = self.usual
        return response


class PermissionsPolicyMiddleware:
    """No page of ours, and nothing within one, may use a camera, a sensor or the like."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response


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
