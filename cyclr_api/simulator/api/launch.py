"""URLs into LAUNCH, ORBIT and Marketplace (partner level, with a token that is not narrowed)."""

from cyclr_api.simulator.api.connectors import read_properties
from cyclr_api.simulator.api.routing import Routes
from cyclr_api.simulator.api.users import read_username
from cyclr_api.simulator.http import Fields, Reply, Request
from cyclr_api.simulator.state.account_connectors import Installation
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.launch import API_USER, Launch, NativeConnector, Options, launch
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import cyclr_time

LAUNCH = "/launch"
ORBIT = "/orbit"

routes = Routes()


@routes.add("POST", "/accounts/{id}/launch", level="console")
def account_launch(state: CyclrState, request: Request) -> Reply:
    return _for_account(state, request, request.json_or_empty(), LAUNCH, "LaunchUrl")


@routes.add("POST", "/accounts/{id}/orbit", level="console")
def account_orbit(state: CyclrState, request: Request) -> Reply:
    return _for_account(state, request, request.json_or_empty(), ORBIT, "OrbitUrl")


@routes.add("POST", "/accounts/{id}/marketplace", level="console")
def account_marketplace(state: CyclrState, request: Request) -> Reply:
    fields = request.json_or_empty()
    return _for_account(state, request, fields, _marketplace(fields), "MarketplaceUrl")


@routes.add("POST", "/users/launch", level="console")
def user_launch(state: CyclrState, request: Request) -> Reply:
    return _for_user(state, request.json_or_empty(), LAUNCH, "LaunchUrl")


@routes.add("POST", "/users/orbit", level="console")
def user_orbit(state: CyclrState, request: Request) -> Reply:
    return _for_user(state, request.json_or_empty(), ORBIT, "OrbitUrl")


@routes.add("POST", "/users/marketplace", level="console")
def user_marketplace(state: CyclrState, request: Request) -> Reply:
    fields = request.json_or_empty()
    return _for_user(state, fields, _marketplace(fields), "MarketplaceUrl")


def _marketplace(fields: Fields) -> str:
    """The page of one Marketplace. Sim: any positive number is one."""
    number = fields.whole("MarketplaceId")
    if number is None or number < 1:
        raise ApiError(400, "MarketplaceId is required")
    return f"/launch/marketplace/{number}"


def _for_account(
    state: CyclrState, request: Request, fields: Fields, page: str, url_name: str
) -> Reply:
    return _launched(state, _read(fields, page, request.params["id"], API_USER), url_name)


def _for_user(state: CyclrState, fields: Fields, page: str, url_name: str) -> Reply:
    username = read_username(state, fields)
    return _launched(state, _read(fields, page, fields.text("AccountId") or "", username), url_name)


def _launched(state: CyclrState, asked: Launch, url_name: str) -> Reply:
    made = launch(state, asked)
    return Reply.json(
        {
            "AccountId": made.account_id,
            "ExpiresAtUtc": cyclr_time(made.expires),
            url_name: made.url,
            "Token": made.token,
        }
    )


# -- what a body says ----------------------------------------------------------------------------


def _read(fields: Fields, page: str, account_id: str, username: str) -> Launch:
    """The older `PartnerConnector` counts as one more of `ConnectorAuthentications`."""
    natives = [
        *_one_or_many(fields, "ConnectorAuthentications"),
        *_one_or_many(fields, "PartnerConnector"),
    ]
    return Launch(
        page,
        account_id,
        username,
        account_name=fields.text("AccountName"),
        account_description=fields.text("AccountDescription"),
        options=_options(fields),
        native_connectors=[_native_connector(one) for one in natives],
    )


def _options(fields: Fields) -> Options:
    """Sim: what is no boolean counts as not sent."""
    return Options(
        start=fields.switch("Start") is not False,
        run_once=fields.switch("RunOnce") is True,
        wizard=fields.switch("Wizard") is True,
        shows_descriptions=fields.switch("DisplayDescriptions") is True,
        auto_install=fields.switch("AutoInstall"),
        single_install=fields.switch("SingleInstall"),
        inline_oauth=fields.switch("InlineOAuth"),
        complete_parameter=fields.text("CompleteParameter"),
        tags=fields.texts("Tags"),
    )


def _one_or_many(fields: Fields, name: str) -> list[Fields]:
    """An array of objects, or an object instead of an array of one."""
    value = fields.get(name)
    return [Fields(value)] if isinstance(value, dict) else fields.objects(name)


def _native_connector(fields: Fields) -> NativeConnector:
    asked = Installation(
        authentication_id=fields.text("AuthenticationId"),
        auth_value=fields.text("AuthValue"),
        properties=read_properties(fields),
    )
    return NativeConnector(fields.text("Name") or "", fields.text("Version") or None, asked)
