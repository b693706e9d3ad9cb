"""Sessions of requests: read by the cookie, kept alive by what people do, ended at their limits."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from dashboard.people.address import client_address
from dashboard.people.models import User
from dashboard.sessions.models import Session, idle_limit
from dashboard.sessions.store import SessionStore

logger = logging.getLogger(__name__)

AUTOMATIC = "X-Automatic"
"""The header of what a page asks by itself: that somebody left it open is no sign of life."""
WRITTEN_EVERY = timedelta(minutes=1)
"""How exact the moment is; more often where a session lasts only minutes."""


class StaffSessionMiddleware(SessionMiddleware):
    """Django's, over our store: it knows the browser, and writes down when it was last seen."""

    def process_request(self, request: HttpRequest) -> None:
        """The session is read when somebody asks for it."""
        request.session = SessionStore(
            request.COOKIES.get(settings.SESSION_COOKIE_NAME),
            user_agent=request.headers.get("User-Agent", ""),
            address=client_address(request),
        )

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Keep it, and tell the page's script when it will end."""
        session = request.session
        if isinstance(session, SessionStore) and response.status_code < 500:
            if session.row is not None and is_by_a_person(request):
                _touch(session)
            answer = super().process_response(request, response)
            _tell_end(request, response, session)
            return answer
        return super().process_response(request, response)


class PersonMiddleware(AuthenticationMiddleware):
    """Django's, for the person who was read together with the session."""

    def process_request(self, request: HttpRequest) -> None:
        """Who it is is found out when somebody asks."""
        super().process_request(request)
        person: Any = SimpleLazyObject(lambda: _person(request))
        request.user = person


def _person(request: HttpRequest) -> User | AnonymousUser:
    session = request.session
    person = session.person() if isinstance(session, SessionStore) else None
    found: User | AnonymousUser = person or get_user(request)
    request._cached_user = found  # type: ignore[attr-defined]  # as Django's own does
    return found


def is_by_a_person(request: HttpRequest) -> bool:
    """Whether somebody did something, as far as our script tells."""
    return AUTOMATIC not in request.headers


def _touch(session: SessionStore) -> None:
    """Write down that the browser was seen, once a minute."""
    row, now = session.row, timezone.now()
    if row is None or row.user_id is None or now - row.last_seen_at < _written_every():
        return
    try:
        Session.objects.filter(pk=row.pk).update(last_seen_at=now, address=session.address)
    except DatabaseError as error:  # the page was drawn, and is worth more
        logger.warning("session not touched error=%s", type(error).__name__)
    else:
        row.last_seen_at, row.address = now, session.address


def _written_every() -> timedelta:
    return min(WRITTEN_EVERY, idle_limit() / 10)


def _tell_end(request: HttpRequest, response: HttpResponseBase, session: SessionStore) -> None:
    """The cookie that `static/js/session.js` reads in every tab: both ends, and the idle limit."""
    name = settings.SESSION_ENDS_COOKIE_NAME
    row = session.row
    if row is None or row.user_id is None:
        if name in request.COOKIES and session.accessed:
            response.delete_cookie(name, samesite="Lax")
        return
    ends = (row.idle_end.timestamp(), row.whole_end.timestamp(), idle_limit().total_seconds())
    value = ".".join(str(int(end)) for end in ends)
    if request.COOKIES.get(name) != value:
        response.set_cookie(
            name,
            value,
            max_age=settings.SESSION_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=False,
            samesite="Lax",
        )
