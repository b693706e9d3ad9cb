"""Who calls the API: the token of the request, and what it may do at this moment.

Each endpoint carries a decision, `@endpoint(scope, …)`, as each page carries a role.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError

from dashboard.api import tokens
from dashboard.api.models import ApiToken
from dashboard.api.problems import ProblemError
from dashboard.api.scopes import NEEDS, WRITES, Scope
from dashboard.audit.models import Actor
from dashboard.common.limits import is_within
from dashboard.features.registry import SwitchedOffError
from dashboard.people.access import Access, look_at_features
from dashboard.people.address import client_address, network_of
from dashboard.people.models import Role, User
from dashboard.sign_in import factors, provider

LARGEST = 64_000
"""Bytes of a request's body."""
MINUTE, HOUR = 60, 3600
MOST_CALLS, MOST_WRITES = 240, 30
"""Of one token in a minute."""
MOST_UNKNOWN = 60
"""Calls without a token that works, from one network in a minute."""
BEARER = re.compile(r"Bearer +(\S+) *", re.IGNORECASE)
NO_FACTOR = (
    "The token’s owner needs a second factor and has none, so it opens nothing. "
    "It works again once they have added one under Your sign-in."
)
IN_CLEAR = (
    "Call by https. A token that was sent by http may have been read on the way: revoke it, and"
    " make another one in Settings."
)
ASK_FOR_TOKEN = {"WWW-Authenticate": 'Bearer realm="Cyclr Desk"'}


@dataclass(frozen=True, slots=True)
class TokenAccess(Access):
    """The decision on an endpoint: a token with this scope; `None`: open, it tells nothing."""

    scope: Scope | None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """A token that works, and its owner with no more than the token's role and console."""

    token: ApiToken
    user: User

    @property
    def actor(self) -> Actor:
        """Who acts: the owner, by the token."""
        return Actor.staff(self.user)

    def may(self, scope: Scope) -> bool:
        """Whether the token has the scope, and its owner still a role that is high enough."""
        role = self.user.highest_role
        return scope in self.token.scopes and role is not None and role >= NEEDS[scope]

    def require(self, scope: Scope) -> None:
        """Raise the problem that says what is missing; else count the call and record it."""
        if not self.may(scope):
            _note_refusal(self.token, f"no {scope}")
            why = (
                f"Its owner’s role does not allow “{scope.label}” any more."
                if scope in self.token.scopes
                else f"It has no scope {scope}: make a token that has."
            )
            raise ProblemError(403, f"This token may not do that. {why}")
        if scope in WRITES:
            self._count("write", MOST_WRITES)
        elif is_within(f"api-audit:{self.token.pk}:{scope}", most=1, seconds=HOUR):
            tokens.note(self.token, self.actor, "api.read", scope=str(scope))

    def count(self) -> None:
        """Count the call; raise a problem if there were too many."""
        self._count("call", MOST_CALLS)

    def _count(self, kind: str, most: int) -> None:
        if not is_within(f"api-{kind}:{self.token.pk}", most=most, seconds=MINUTE):
            raise ProblemError(
                429,
                f"This token makes more than {most} {kind}s a minute. Wait a minute.",
                headers={"Retry-After": str(MINUTE)},
            )


def caller_of(request: HttpRequest) -> Caller:
    """The caller that the request names. Raises the problem that says why it is none."""
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        raise ProblemError(403, IN_CLEAR)
    given = BEARER.fullmatch(request.headers.get("Authorization", ""))
    token = tokens.find(given[1]) if given else None
    if token is None:
        network = network_of(client_address(request))
        if not is_within(f"api-unknown:{network}", most=MOST_UNKNOWN, seconds=MINUTE):
            raise ProblemError(
                429,
                "Too many calls without a token that works came from your network.",
                headers={"Retry-After": str(MINUTE)},
            )
        ask = "Send a token: “Authorization: Bearer desk_…”."
        why = "This token is not known." if given else ask
        raise ProblemError(401, why, headers=ASK_FOR_TOKEN)
    if not token.is_usable or not token.owner.is_active:
        _note_refusal(token, token.state.lower() if token.owner.is_active else "owner deactivated")
        why = "This token has ended, or its owner is deactivated. Make another one in Settings."
        raise ProblemError(401, why, headers=ASK_FOR_TOKEN)
    lacks_factor = _lacks_factor(token.owner)  # by all their roles, so before it is narrowed
    caller = Caller(token, narrowed(token))
    caller.count()
    _check_features(request, caller)
    if lacks_factor:
        _note_refusal(token, "no second factor")
        raise ProblemError(403, NO_FACTOR)
    tokens.mark_used(token)
    return caller


def narrowed(token: ApiToken) -> User:
    """The owner as the token lets them act: in its console alone, and with its role at most."""
    user = token.owner
    held = dict(user.roles)
    if token.console_id is not None:
        role = user.role_in(token.console_id)
        held = {token.console_id: role} if role else {}
    most = Role(token.role)
    user.__dict__["roles"] = {console: min(role, most) for console, role in held.items()}
    user.__dict__.pop("consoles", None)
    return user


def _check_features(request: HttpRequest, caller: Caller) -> None:
    """Raise the problem if the API is switched off wherever the token could act.

    Where it is off in some of its consoles, those do not count.
    """
    try:
        look_at_features(request, caller.user)
    except SwitchedOffError as error:
        _note_refusal(caller.token, "switched off")
        raise ProblemError(403, error.message) from error


def _lacks_factor(owner: User) -> bool:
    """Whether the owner needs a second factor and their time for it is over.

    Else a token would outlive what keeps its owner out of every page. Who can come in through the
    company's provider shows factors there.
    """
    is_late = factors.is_missing(owner) and factors.days_left(owner) == 0
    return is_late and not provider.knows(owner)


def _note_refusal(token: ApiToken, why: str) -> None:
    """Record it, once an hour for each reason: a program that is refused tries on and on."""
    if is_within(f"api-refused:{token.pk}:{why}", most=1, seconds=HOUR):
        tokens.note(token, Actor.staff(token.owner), "api.refuse", result="refused", why=why)


# ---- endpoints ----

Endpoint = Callable[..., HttpResponse]
View = Callable[..., HttpResponse]


def endpoint(
    scope: Scope | None, *methods: str, is_open: bool = False
) -> Callable[[Endpoint], View]:
    """Make a function of a caller the view of an endpoint.

    Its problems become answers; it takes no cookie, and so needs no protection of forms.
    """

    def mark(work: Endpoint) -> View:
        @wraps(work)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                _check_form(request, methods)
                if is_open:
                    return work(request, *args, **kwargs)
                caller = caller_of(request)
                if scope is not None:
                    caller.require(scope)
                return work(request, caller, *args, **kwargs)
            except ProblemError as problem:
                return problem.response()
            except SwitchedOffError as error:
                return ProblemError(403, error.message).response()

        view.access = TokenAccess(None, scope, is_open)  # type: ignore[attr-defined]
        view.csrf_exempt = True  # type: ignore[attr-defined]
        view.methods = methods  # type: ignore[attr-defined]
        return view

    return mark


def _check_form(request: HttpRequest, methods: tuple[str, ...]) -> None:
    if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
        raise not_allowed(methods)
    if not request.accepts("application/json"):
        raise ProblemError(406, "Answers are JSON: send “Accept: application/json”, or none.")


def not_allowed(methods: tuple[str, ...]) -> ProblemError:
    """The problem of a method that an address does not take."""
    allowed = ["GET", "HEAD"] if "GET" in methods else []
    allowed += [method for method in methods if method != "GET"]
    return ProblemError(
        405,
        f"This address takes {', '.join(methods)} alone.",
        headers={"Allow": ", ".join(allowed)},
    )


def json_body(request: HttpRequest) -> dict[str, Any]:
    """The object that was sent. Raises the problem that says why there is none."""
    value = any_json(request)
    if not isinstance(value, dict):
        raise ProblemError(400, "The body is not a JSON object.")
    return value


def any_json(request: HttpRequest) -> Any:
    """The JSON that was sent, whatever it is."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length[:12]) > LARGEST:
        raise ProblemError(413, f"A request’s body has {LARGEST:,} bytes at most.")
    if request.content_type != "application/json":
        raise ProblemError(415, "Send JSON: “Content-Type: application/json”.")
    try:
        return json.loads(request.body.decode())
    except (ValueError, RecursionError, UnreadablePostError, RawPostDataException):
        raise ProblemError(400, "The body is not JSON in UTF-8.") from None
