"""Who may sign in to an account, and passwords (partner level).

Sim: users are their names, compared exactly; one exists as long as an account has it. Passwords
are asked for and kept nowhere.
"""

from cyclr_api.simulator.api.routing import Routes, page_of
from cyclr_api.simulator.http import Fields, Reply, Request
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import encode

routes = Routes()


def _field(username: str, name: str) -> str:
    """What a list of names is ordered by, whatever the attribute is called."""
    return username


@routes.add("GET", "/accounts/{id}/users", level="partner")
def user_list(state: CyclrState, request: Request) -> Reply:
    account = state.accounts.one(request.params["id"])
    return page_of(state, request, state.users[account.id], field_of=_field, encoded=encode)


@routes.add("PUT", "/accounts/{id}/users", level="partner")
def user_add(state: CyclrState, request: Request) -> Reply:
    account = state.accounts.one(request.params["id"])
    state.users.add(account.id, read_username(state, request.json_or_empty()))
    return Reply()


@routes.add("DELETE", "/accounts/{id}/users", level="partner")
def user_remove(state: CyclrState, request: Request) -> Reply:
    account = state.accounts.one(request.params["id"])
    state.users.remove(account.id, _username(request.json_or_empty()))
    return Reply()


@routes.add("PUT", "/users", level="partner")
def user_password(state: CyclrState, request: Request) -> Reply:
    fields = request.json_or_empty()
    username = _username(fields)
    _demand_password(fields)
    state.users.change_password(username)
    return Reply()


def read_username(state: CyclrState, fields: Fields) -> str:
    """The name of who shall have access. Sim: only one whom nobody knows needs a password."""
    username = _username(fields)
    if not state.users.is_known(username):
        _demand_password(fields)
    return username


def _username(fields: Fields) -> str:
    """Sim: the words without one."""
    username = fields.text("Username") or ""
    if not username.strip():
        raise ApiError(400, "Username is required")
    return username


def _demand_password(fields: Fields) -> None:
    if not fields.text("Password"):
        raise ApiError(400, "Password is required")  # Sim: the words
