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

from cyclr_api.simulator.faults import A_YEAR, When
from cyclr_api.simulator.refusals import RefusalError
from cyclr_api.simulator.routing import Reply, Request
from cyclr_api.simulator.world import World

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


def answer(world: World, request: Request) -> Reply:
    if (
        not (_is_here(request.peer) and _names_this_machine(world, request.host))
        or request.headers.get("x-simulator") != "1"
    ):
        return Reply.json(
            {"Message": "For this machine only, with the header X-Simulator: 1."}, 403
        )
    what = "/".join(request.segments[1:])
    try:
        return _answer(world, request.method, what, request.body)
    except BadBodyError as error:
        return Reply.json({"Message": str(error)}, 400)
    except RefusalError as refusal:
        return Reply.refusal(refusal)


def _answer(world: World, method: str, what: str, body: bytes) -> Reply:
    match method, what:
        case "GET", "faults":
            return Reply.json(world.faults.described())
        case "POST", "faults":
            add_fault(world, _object(body))
            return Reply.json(world.faults.described())
        case "DELETE", "faults":
            world.faults.clear()
            return Reply.json([])
        case "POST", "release":
            return Reply.json({"released": world.faults.release()})
        case "GET", "ledger":
            return Reply.json([effect.dumped() for effect in world.ledger])
        case "GET", "requests":
            return Reply.json([call.dumped() for call in list(world.requests)])
        case "GET", "world":
            return Reply.encoded(world.encoded())
        case "POST", "install":
            return _install(world, _object(body))
        case "POST", "authenticate" | "deauthenticate" | "delete":
            number = _wanted(_object(body), "id", int)
            with world.lock:
                _check_installed(world, number)
                getattr(world, what)(number)
            return Reply.json({})
        case "POST", "advance":
            return _advance(world, _wanted(_object(body), "seconds", int, float))
        case "POST", "settings":
            return _set(world, _object(body))
        case "POST", "revoke":
            world.revoke_access_tokens()
            return Reply.json({})
    return Reply.json({"Message": "No such thing: see docs/simulator.md"}, 404)


def _install(world: World, values: dict[str, Any]) -> Reply:
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
    with world.lock:
        _check_known(account in world.accounts, "account", account)
        _check_known(connector in world.connectors, "connector", connector)
        one = world.install(account, connector, properties=properties, **texts)
        return Reply.encoded(one.encoded())


def _set(world: World, values: dict[str, Any]) -> Reply:
    """Change what the partner has set in the Console, and which reading it is."""
    for name, value in values.items():
        now = world.settings.get(name)
        if name not in world.settings or name == "AllowedIps":
            raise BadBodyError(f"There is no setting {name!r}.")
        if type(value) is not type(now):
            raise BadBodyError(f"{name} is a {'text' if isinstance(now, str) else 'boolean'}.")
    with world.lock:
        world.settings.update(values)
        world.changes += 1
    return Reply.json(world.settings)


def _advance(world: World, seconds: float) -> Reply:
    if not 0 <= seconds <= A_YEAR:
        raise BadBodyError(f"seconds is a number from 0 to {A_YEAR}.")
    world.advance(seconds)
    return Reply.json({"now": world.clock().isoformat()})


def add_fault(world: World, values: dict[str, Any]) -> None:
    """`{"fault": "respond", "method": "*", "path": "*", "status": 503}`"""
    kind = _wanted(values, "fault", str)
    if kind not in FAULT_KINDS:
        raise BadBodyError(f"There is no fault {kind!r}; there are {', '.join(FAULT_KINDS)}.")
    make: Callable[..., object] = getattr(world.faults, kind)
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


def _check_installed(world: World, number: int) -> None:
    try:
        world.find_installed(number)
    except KeyError:
        raise BadBodyError(f"There is no account connector {number}.") from None


def _check_known(is_known: bool, what: str, value: object) -> None:
    if not is_known:
        raise BadBodyError(f"There is no {what} {value!r}.")


# -- who asks ------------------------------------------------------------------------------------


def _names_this_machine(world: World, host: str) -> bool:
    """Whether the caller asked for this machine, and not for a name that was turned to it."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:  # brackets without an address
        return False
    return name == "localhost" or name == urlsplit(world.api_url).hostname or _is_here(name)


def _is_here(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer.partition("%")[0]).is_loopback
    except ValueError:
        return False
