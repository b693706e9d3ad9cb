"""The REST API: tokens, the account header, and the routes of all its modules."""

from datetime import UTC
from email.utils import format_datetime

from cyclr_api.simulator import (
    api_account_connectors,
    api_accounts,
    api_connectors,
    api_custom_connectors,
    api_cycles,
    api_launch,
    api_methods,
    api_properties,
    api_steps,
    api_templates,
    api_users,
)
from cyclr_api.simulator.refusals import DENIED, RefusalError
from cyclr_api.simulator.routing import Reply, Request, Route
from cyclr_api.simulator.tokens import AccessToken
from cyclr_api.simulator.world import ACCESS_TOKEN_SECONDS, World

ROUTES: list[Route] = [
    *api_accounts.routes.all,
    *api_users.routes.all,
    *api_launch.routes.all,
    *api_methods.routes.all,
    *api_connectors.routes.all,
    *api_custom_connectors.routes.all,
    *api_account_connectors.routes.all,
    *api_properties.routes.all,
    *api_templates.routes.all,
    *api_cycles.routes.all,
    *api_steps.routes.all,
]

PREFIX = "v1.0"

_BY_SHAPE: dict[tuple[int, str], list[Route]] = {}
"""The routes by number of segments and first segment, in their order."""

for _route in ROUTES:
    _BY_SHAPE.setdefault((len(_route.segments), _route.segments[0]), []).append(_route)

NO_METHOD = "The requested resource does not support http method '{}'."


def answer(world: World, request: Request) -> Reply:
    """The API's answer to a request whose path starts with the API's version."""
    try:
        grant = _granted(world, request)
        route, params = _find(request)
        request.params = params
        if route.level == "account":
            request.account = _account_of(world, request, grant)
        elif grant.account is not None and (
            route.level == "console" or params.get("id") != grant.account
        ):
            # Launching needs a token for everything [D]. Sim: so does what is another account's.
            raise RefusalError(401, DENIED)
        return route.view(world, request)
    except RefusalError as refusal:
        return Reply.refusal(refusal)


def _granted(world: World, request: Request) -> AccessToken:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() != "bearer":
        raise RefusalError(401, DENIED)
    return world.check_access_token(token.strip())


def _account_of(world: World, request: Request, grant: AccessToken) -> str:
    """The account the header names; without it, or with an unknown one, there is no access."""
    account_id = request.headers.get("x-cyclr-account")
    if account_id is None and grant.account is not None:
        account_id = grant.account  # a restricted token names its account itself
    account_id = (account_id or "").strip(" \t")
    if account_id not in world.accounts:
        raise RefusalError(401, DENIED)
    if grant.account not in (None, account_id):
        raise RefusalError(401, DENIED)
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
        raise RefusalError(405, NO_METHOD.format(request.method))
    raise RefusalError(404, "No HTTP resource was found that matches the request URI.")


def access_token(world: World, request: Request) -> Reply:
    """`POST /oauth/token` with a form. Sim: refused as OAuth refuses, not with a Message."""
    if request.method != "POST":
        return Reply.refusal(
            RefusalError(405, "The requested resource does not support this method.")
        )
    form = request.form()
    if form.get("grant_type") != "client_credentials":
        return Reply.json({"error": "unsupported_grant_type"}, 400)
    scope = form.get("scope") or ""
    account = scope.removeprefix("account:") if scope.startswith("account:") else None
    if scope and (account is None or account not in world.accounts):
        return Reply.json({"error": "invalid_scope"}, 400)
    client_id = form.get("client_id", "")
    try:
        token, issued, expires = world.issue_access_token(
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
