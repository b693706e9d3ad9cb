"""The control surface: what a separate process may ask of a simulator that it cannot import.

Only from this machine, and only with the header `X-Simulator: 1`, which no foreign page in a
browser can send without asking first (and nobody answers that question).
"""

import base64
import ipaddress
from typing import Any
from urllib.parse import urlsplit

import orjson

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
    "html",
    "flood",
    "delay",
    "drip",
    "unreachable",
    "lag_listing",
)


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
    except (KeyError, TypeError, ValueError, orjson.JSONDecodeError) as error:
        return Reply.json({"Message": f"{type(error).__name__}: {error}"}, 400)
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
        case "GET", "ledger":
            return Reply.json([effect.dumped() for effect in world.ledger])
        case "GET", "requests":
            return Reply.json([call.dumped() for call in list(world.requests)])
        case "GET", "world":
            return Reply.json(world.document())
        case "POST", "install":
            values = _object(body)
            account, connector = values.pop("account"), int(values.pop("connector"))
            one = world.install(account, connector, **values)
            return Reply.encoded(one.encoded())
        case "POST", "authenticate" | "deauthenticate" | "delete":
            getattr(world, what)(int(_object(body)["id"]))
            return Reply.json({})
        case "POST", "advance":
            world.advance(float(_object(body)["seconds"]))
            return Reply.json({"now": world.clock().isoformat()})
        case "POST", "revoke":
            world.revoke_access_tokens()
            return Reply.json({})
    return Reply.json({"Message": "No such thing: see docs/simulator.md"}, 404)


def add_fault(world: World, values: dict[str, Any]) -> None:
    """`{"fault": "respond", "method": "*", "path": "*", "status": 503}`"""
    values = dict(values)
    kind = values.pop("fault")
    if kind not in FAULT_KINDS:
        raise ValueError(f"no fault {kind!r}; there are {', '.join(FAULT_KINDS)}")
    if "body_base64" in values:
        values["body"] = base64.b64decode(values.pop("body_base64"), validate=True)
    if kind not in ("unreachable", "lag_listing"):
        values = {"method": "*", "path": "*", **values}
    getattr(world.faults, kind)(**values)


def _object(body: bytes) -> dict[str, Any]:
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise TypeError("a JSON object is wanted")
    return document


def _names_this_machine(world: World, host: str) -> bool:
    """Whether the caller asked for this machine, and not for a name that was turned to it."""
    name = urlsplit(f"//{host}").hostname or ""
    return name == "localhost" or name == urlsplit(world.api_url).hostname or _is_here(name)


def _is_here(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer.partition("%")[0]).is_loopback
    except ValueError:
        return False
