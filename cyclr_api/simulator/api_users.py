"""Who may sign in to an account, and passwords (partner level).

Sim: users are their names, compared exactly; one exists as long as an account has it. Passwords
are asked for and kept nowhere.
"""

from cyclr_api.simulator.refusals import RefusalError
from cyclr_api.simulator.routing import Fields, Reply, Request, Routes, page_of
from cyclr_api.simulator.values import encode
from cyclr_api.simulator.world import World

routes = Routes()


def _field(username: str, name: str) -> str:
    """What a list of names is ordered by, whatever the attribute is called."""
    return username


@routes.add("GET", "/accounts/{id}/users", level="partner")
def user_list(world: World, request: Request) -> Reply:
    account = world.account(request.params["id"])
    return page_of(world, request, world.users[account.id], field_of=_field, encoded=encode)


@routes.add("PUT", "/accounts/{id}/users", level="partner")
def user_add(world: World, request: Request) -> Reply:
    account = world.account(request.params["id"])
    world.add_user(account.id, read_username(world, request.json_or_empty()))
    return Reply()


@routes.add("DELETE", "/accounts/{id}/users", level="partner")
def user_remove(world: World, request: Request) -> Reply:
    account = world.account(request.params["id"])
    world.remove_user(account.id, _username(request.json_or_empty()))
    return Reply()


@routes.add("PUT", "/users", level="partner")
def user_password(world: World, request: Request) -> Reply:
    fields = request.json_or_empty()
    username = _username(fields)
    _demand_password(fields)
    world.change_password(username)
    return Reply()


def read_username(world: World, fields: Fields) -> str:
    """The name of who shall have access. Sim: only one whom nobody knows needs a password."""
    username = _username(fields)
    if not world.has_user(username):
        _demand_password(fields)
    return username


def _username(fields: Fields) -> str:
    """Sim: the words without one."""
    username = fields.text("Username") or ""
    if not username.strip():
        raise RefusalError(400, "Username is required")
    return username


def _demand_password(fields: Fields) -> None:
    if not fields.text("Password"):
        raise RefusalError(400, "Password is required")  # Sim: the words
