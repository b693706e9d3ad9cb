"""Methods: what a release can do, calling it on an account connector, and trigger look-ups."""

from typing import Any

from cyclr_api.simulator.api.routing import Routes, document_field, page_of
from cyclr_api.simulator.http import NOT_VALID, Fields, Reply, Request
from cyclr_api.simulator.state.answers import trigger_values
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.methods import Method, Values
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import AccountConnector, Connector

UNKNOWN_ADDRESS = "Unknown client IP Address: contact support to request access for this IP address"

routes = Routes()


# -- what there is -------------------------------------------------------------------------------


@routes.add("GET", "/connectors/{id:int}/methods", level="account")
def methods_by_id(state: CyclrState, request: Request) -> Reply:
    return _list(state, request, state.connectors.visible(request.number("id"), request.account))


@routes.add("GET", "/connectors/{name}/methods", level="account")
@routes.add("GET", "/connectors/{name}/{version}/methods", level="account")
def methods_by_name(state: CyclrState, request: Request) -> Reply:
    """Those of the latest release. Sim: an unknown name is a 404."""
    params = request.params
    found = state.connectors.named(params["name"], request.account, params.get("version"))
    if not found:
        raise ApiError(404)
    return _list(state, request, found[0])


@routes.add("GET", "/methods/{id}", level="account")
def method_detail(state: CyclrState, request: Request) -> Reply:
    return Reply.encoded(state.methods.visible(request.number("id"), request.account).encoded)


def _list(state: CyclrState, request: Request, connector: Connector) -> Reply:
    wanted = request.query.get("query", "").casefold()
    category = request.query.get("category")
    found = [
        method
        for method in state.methods.of(connector)
        if wanted in method.name.casefold()
        and (not category or method.document.get("Category") == category)
    ]
    return page_of(state, request, found, field_of=_field, encoded=_encoded)


def _field(method: Method, name: str) -> Any:
    return document_field(method.document, name)


def _encoded(method: Method) -> bytes:
    return method.encoded


# -- calling -------------------------------------------------------------------------------------


@routes.add("POST", "/account/connectors/{id}/methods/{method}", level="account")
def method_call(state: CyclrState, request: Request) -> Reply:
    return _call(state, request, is_test=False)


@routes.add("POST", "/account/connectors/{id}/test/{method}", level="account")
def method_test(state: CyclrState, request: Request) -> Reply:
    """Sim: the third party's answer, as a call gives it."""
    return _call(state, request, is_test=True)


@routes.add("GET", "/account/connectors/{id}/methods/{method}", level="account")
def method_call_without_values(state: CyclrState, request: Request) -> Reply:
    """Sim: nothing is missed, for nothing can be given."""
    one = _callable(state, request)
    return _answer(state, one, _method(state, request, one), is_test=False)


@routes.add("GET", "/account/connectors/{id}/test/{method}", level="account")
def method_test_without_values(state: CyclrState, request: Request) -> Reply:
    one = _callable(state, request)
    return _answer(state, one, _method(state, request, one), is_test=True)


@routes.add("POST", "/account/connectors/{id}/methods/{method}/body", level="account")
def method_call_with_body(state: CyclrState, request: Request) -> Reply:
    """The body goes to the third party as it is. Sim: whatever it is, but not empty."""
    one = _callable(state, request)
    method = _method(state, request, one)
    if not request.body.strip():
        raise ApiError(400, NOT_VALID)
    return _answer(state, one, method, is_test=False)


@routes.add("POST", "/account/connectors/{id}/triggers/{trigger}", level="account")
def trigger_run(state: CyclrState, request: Request) -> Reply:
    """Sim: an account connector that is not authenticated is a 400."""
    one = state.account_connectors.one(request.account, request.number("id"))
    trigger = one.connector.trigger(request.number("trigger"))
    if trigger is None:
        raise ApiError(404)
    request.json_or_empty()
    state.methods.check_authenticated(one)
    return Reply.json(trigger_values(trigger))


def _call(state: CyclrState, request: Request, *, is_test: bool) -> Reply:
    one = _callable(state, request)
    method = _method(state, request, one)
    fields = request.json_or_empty()
    fields.fields("Mergefields")
    state.methods.check_values(
        method, Values(_by_id(fields, "Parameters"), _by_id(fields, "Fields"))
    )
    return _answer(state, one, method, is_test=is_test)


def _callable(state: CyclrState, request: Request) -> AccountConnector:
    """The account connector, if its methods may be called from where the caller is."""
    one = state.account_connectors.one(request.account, request.number("id"))
    allowed = state.allowed_ips
    if allowed is not None and request.peer not in allowed and not one.is_partner:
        raise ApiError(403, UNKNOWN_ADDRESS)
    return one


def _method(state: CyclrState, request: Request, one: AccountConnector) -> Method:
    """A number names the method of a release, a GUID that of the latest release."""
    which = request.params["method"]
    if which.isascii() and which.isdigit():
        return state.methods.numbered_for(one, request.number("method"))
    return state.methods.latest_for(one, request.guid("method"))


def _by_id(fields: Fields, name: str) -> dict[int, Any]:
    """`{"881500": value}` by number; what is no number cannot be of the method."""
    found = {}
    for key, value in fields.fields(name).document.items():
        if not (key.isascii() and key.isdigit() and len(key) < 19):
            raise ApiError(400, NOT_VALID)
        found[int(key)] = value
    return found


def _answer(state: CyclrState, one: AccountConnector, method: Method, *, is_test: bool) -> Reply:
    answer = state.methods.call(one, method, is_test=is_test)
    if answer.status in (204, 304):
        return Reply(answer.status)
    return Reply.encoded(answer.body, answer.status)
