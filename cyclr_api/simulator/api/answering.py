"""The REST API: tokens, the account header, and the routes of all its modules."""

from datetime import UTC
from email.utils import format_datetime

from cyclr_api.simulator.api import (
    account_connectors,
    accounts,
    connectors,
    custom_connectors,
    cycles,
    launch,
    methods,
    properties,
    steps,
    templates,
    users,
)
from cyclr_api.simulator.api.routing import Route
from cyclr_api.simulator.http import Reply, Request
from cyclr_api.simulator.state.errors import DENIED, ApiError
from cyclr_api.simulator.state.sessions import ACCESS_TOKEN_SECONDS
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.tokens import AccessToken

ROUTES: list[Route] = [
    *accounts.routes.all,
    *users.routes.all,
    *launch.routes.all,
    *methods.routes.all,
    *connectors.routes.all,
    *custom_connectors.routes.all,
    *account_connectors.routes.all,
    *properties.routes.all,
    *templates.routes.all,
    *cycles.routes.all,
    *steps.routes.all,
]

PREFIX = "v1.0"

_BY_SHAPE: dict[tuple[int, str], list[Route]] = {}
"""The routes by number of segments and first segment, in their order."""

for _route in ROUTES:
    _BY_SHAPE.setdefault((len(_route.segments), _route.segments[0]), []).append(_route)

NO_METHOD = "The requested resource does not support http method '{}'."


def answer(state: CyclrState, request: Request) -> Reply:
    """The API's answer to a request whose path starts with the API's version."""
    try:
        grant = _granted(state, request)
        route, params = _find(request)
        request.params = params
        if route.level == "account":
            request.account = _account_of(state, request, grant)
        elif grant.account is not None and (
            route.level == "console" or params.get("id") != grant.account
        ):
            # Launching needs a token for everything [D]. Sim: so does what is another account's.
            raise ApiError(401, DENIED)
        return route.view(state, request)
    except ApiError as error:
        return Reply.error(error)


def _granted(state: CyclrState, request: Request) -> AccessToken:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() != "bearer":
        raise ApiError(401, DENIED)
    return state.sessions.check_access_token(token.strip())


def _account_of(state: CyclrState, request: Request, grant: AccessToken) -> str:
    """The account the header names; without it, or with an unknown one, there is no access."""
    account_id = request.headers.get("x-cyclr-account")
    if account_id is None and grant.account is not None:
        account_id = grant.account  # a restricted token names its account itself
    account_id = (account_id or "").strip(" \t")
    if account_id not in state.accounts:
        raise ApiError(401, DENIED)
    if grant.account not in (None, account_id):
        raise ApiError(401, DENIED)
    return account_id


def _find(request: Request) -> tuple[Route, dict[str, str]]:
    segments = request.segments[1:]
    other_method = False
    shape = (len(segments), segments[0].casefold() if segments else "")
    for route in _BY_SHAPE.get(shape, []):
        params = route.match(segments)
        if params is None:
            continue
        if route.method == request.method:
            return route, params
        other_method = True
    if other_method:
        raise ApiError(405, NO_METHOD.format(request.method))
    raise ApiError(404, "No HTTP resource was found that matches the request URI.")


def access_token(state: CyclrState, request: Request) -> Reply:
    """`POST /oauth/token` with a form. Sim: refused as OAuth refuses, not with a Message."""
    if request.method != "POST":
        return Reply.error(ApiError(405, "The requested resource does not support this method."))
    form = request.form()
    if form.get("grant_type") != "client_credentials":
        return Reply.json({"error": "unsupported_grant_type"}, 400)
    scope = form.get("scope") or ""
    account = scope.removeprefix("account:") if scope.startswith("account:") else None
    if scope and (account is None or account not in state.accounts):
        return Reply.json({"error": "invalid_scope"}, 400)
    client_id = form.get("client_id", "")
    try:
        token, issued, expires = state.sessions.issue_access_token(
            client_id, form.get("client_secret", ""), account
        )
    except KeyError:
        return Reply.json({"error": "invalid_client"}, 400)
    return Reply.json(
        {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": ACCESS_TOKEN_SECONDS,
            "clientId": client_id,
            ".refresh": "False",
            ".issued": format_datetime(issued.astimezone(UTC), usegmt=True),
            ".expires": format_datetime(expires.astimezone(UTC), usegmt=True),
        }
    )
