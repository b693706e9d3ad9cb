"""The control surface: what a separate process may ask of a simulator that it cannot import.

Only from this machine, and only with the header `X-Simulator: 1`, which no foreign page in a
browser can send without asking first (and nobody answers that question).
"""

import base64
import binascii
import inspect
import ipaddress
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from cyclr_api.simulator.http import Reply, Request
from cyclr_api.simulator.server import error_webhook
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.fault import A_YEAR, When
from cyclr_api.simulator.state.state import CyclrState

PREFIX = "_simulator"

FAULT_KINDS = (
    "drop_after_effect",
    "drop_before_effect",
    "commit_late",
    "truncate",
    "respond",
    "rate_limit",
    "limit_rate",
    "html",
    "flood",
    "delay",
    "hold",
    "drip",
    "unreachable",
    "lag_listing",
)

INSTALL_VALUES = ("name", "description", "auth_value", "authentication_id", "properties")


class BadBodyError(ValueError):
    """What was sent makes no sense; the message is a sentence."""


def answer(state: CyclrState, request: Request) -> Reply:
    if (
        not (_is_here(request.peer) and _names_this_machine(state, request.host))
        or request.headers.get("x-simulator") != "1"
    ):
        return Reply.json(
            {"Message": "For this machine only, with the header X-Simulator: 1."}, 403
        )
    what = "/".join(request.segments[1:])
    try:
        return _answer(state, request.method, what, request.body)
    except BadBodyError as error:
        return Reply.json({"Message": str(error)}, 400)
    except ApiError as error:
        return Reply.error(error)


def _answer(state: CyclrState, method: str, what: str, body: bytes) -> Reply:
    match method, what:
        case "GET", "faults":
            return Reply.json(state.faults.described())
        case "POST", "faults":
            add_fault(state, _object(body))
            return Reply.json(state.faults.described())
        case "DELETE", "faults":
            state.faults.clear()
            return Reply.json([])
        case "POST", "release":
            return Reply.json({"released": state.faults.release()})
        case "GET", "ledger":
            return Reply.json([effect.dumped() for effect in state.ledger])
        case "GET", "requests":
            return Reply.json([call.dumped() for call in list(state.requests)])
        case "GET", "world":
            return Reply.encoded(state.encoded())
        case "POST", "install":
            return _install(state, _object(body))
        case "POST", "authenticate" | "deauthenticate" | "delete":
            number = _wanted(_object(body), "id", int)
            with state.lock:
                _check_installed(state, number)
                getattr(state, what)(number)
            return Reply.json({})
        case "POST", "fail_step":
            number = _wanted(_object(body), "id", int)
            with state.lock:
                _check_installed(state, number)
            return Reply.json(error_webhook.fail_step(state, number))
        case "POST", "advance":
            return _advance(state, _wanted(_object(body), "seconds", int, float))
        case "POST", "settings":
            return _set(state, _object(body))
        case "POST", "revoke":
            state.revoke_access_tokens()
            return Reply.json({})
    return Reply.json({"Message": "No such thing: see docs/simulator.md"}, 404)


def _install(state: CyclrState, values: dict[str, Any]) -> Reply:
    account = _wanted(values, "account", str)
    connector = _wanted(values, "connector", int)
    _check_names("install", values, ("account", "connector", *INSTALL_VALUES))
    texts = {name: values[name] for name in INSTALL_VALUES if values.get(name) is not None}
    properties = texts.pop("properties", {})
    if not isinstance(properties, dict):
        raise BadBodyError("properties is an object.")
    for name, value in (texts | properties).items():
        if value is not None and not isinstance(value, str):
            raise BadBodyError(f"{name} is a text.")
    with state.lock:
        _check_known(account in state.accounts, "account", account)
        _check_known(connector in state.connectors, "connector", connector)
        one = state.install(account, connector, properties=properties, **texts)
        return Reply.encoded(one.encoded())


def _set(state: CyclrState, values: dict[str, Any]) -> Reply:
    """Change what the partner has set in the Console, and which reading it is."""
    for name, value in values.items():
        now = state.settings.get(name)
        if name not in state.settings or name == "AllowedIps":
            raise BadBodyError(f"There is no setting {name!r}.")
        if type(value) is not type(now):
            raise BadBodyError(f"{name} is a {'text' if isinstance(now, str) else 'boolean'}.")
    with state.lock:
        state.settings.update(values)
        state.changes += 1
    return Reply.json(state.settings)


def _advance(state: CyclrState, seconds: float) -> Reply:
    if not 0 <= seconds <= A_YEAR:
        raise BadBodyError(f"seconds is a number from 0 to {A_YEAR}.")
    state.advance(seconds)
    return Reply.json({"now": state.clock().isoformat()})


def add_fault(state: CyclrState, values: dict[str, Any]) -> None:
    """`{"fault": "respond", "method": "*", "path": "*", "status": 503}`"""
    kind = _wanted(values, "fault", str)
    if kind not in FAULT_KINDS:
        raise BadBodyError(f"There is no fault {kind!r}; there are {', '.join(FAULT_KINDS)}.")
    make: Callable[..., object] = getattr(state.faults, kind)
    names = _names(make)
    given = {name: value for name, value in values.items() if name != "fault"}
    if "body_base64" in given:
        given["body"] = _from_base64(given.pop("body_base64"))
    _check_names(kind, given, names)
    everywhere = {name: "*" for name in ("method", "path") if name in names}
    try:
        inspect.signature(make).bind(**everywhere | given)
        make(**everywhere | given)
    except (TypeError, ValueError) as error:
        raise BadBodyError(f"{kind}: {error}.") from error


def _names(make: Callable[..., object]) -> list[str]:
    """The settings of a fault."""
    parameters = inspect.signature(make).parameters
    named = [name for name, one in parameters.items() if one.kind is not one.VAR_KEYWORD]
    return named + (list(When.__annotations__) if len(named) < len(parameters) else [])


# -- bodies --------------------------------------------------------------------------------------


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadBodyError(f"The body is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise BadBodyError("The body is to be a JSON object.")
    return document


def _wanted(values: dict[str, Any], name: str, *kinds: type) -> Any:
    if name not in values:
        raise BadBodyError(f"{name} is missing.")
    value = values[name]
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise BadBodyError(f"{name} is a {'text' if str in kinds else 'number'}.")
    return value


def _from_base64(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise BadBodyError("body_base64 is not base64.") from None


def _check_names(what: str, values: dict[str, Any], names: Sequence[str]) -> None:
    unknown = sorted(values.keys() - set(names))
    if unknown:
        raise BadBodyError(f"{what} has no {unknown[0]}; it has {', '.join(names)}.")


def _check_installed(state: CyclrState, number: int) -> None:
    try:
        state.find_installed(number)
    except KeyError:
        raise BadBodyError(f"There is no account connector {number}.") from None


def _check_known(is_known: bool, what: str, value: object) -> None:
    if not is_known:
        raise BadBodyError(f"There is no {what} {value!r}.")


# -- who asks ------------------------------------------------------------------------------------


def _names_this_machine(state: CyclrState, host: str) -> bool:
    """Whether the caller asked for this machine, and not for a name that was turned to it."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:  # brackets without an address
        return False
    return name == "localhost" or name == urlsplit(state.api_url).hostname or _is_here(name)


def _is_here(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer.partition("%")[0]).is_loopback
    except ValueError:
        return False
