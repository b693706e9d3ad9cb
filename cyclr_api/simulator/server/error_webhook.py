"""A cycle's step fails: the account's error webhook is posted to, on this machine alone."""

import http.client
import ipaddress
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from cyclr_api.simulator.state.cycle import Cycle
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import JSON, cyclr_time

NOT_AUTHENTICATED, NOT_CALLED = "Failed to authenticate the connector", "Failed to call the method"
STEP_TYPE = 1
"""Sim: which number Cyclr gives to an action is not known."""
TIMEOUT = 5.0
"""Seconds."""


def fail_step(state: CyclrState, number: int) -> JSON:
    """Have the step of a cycle fail that calls this account connector, and tell of it.

    Answers `posted`: the status that came back, or None where the account tells nobody.
    """
    url, body = failed_step(state, number)
    return {"posted": post(url, body) if url else None}


def failed_step(state: CyclrState, number: int) -> tuple[str, JSON]:
    """The step's failure, counted; answers where it is told, if anywhere, and the body.

    ApiError 400 where no cycle of the account uses the connector.
    """
    with state.lock:
        one = state.find_installed(number)
        account = state.accounts[one.account_id]
        cycles = state.cycles.of(account.id)
        cycle = next((it for it in cycles if number in it.account_connector_ids), None)
        if cycle is None:
            raise ApiError(400, f"No cycle uses the account connector {number}.")
        message = NOT_CALLED if one.authenticated else NOT_AUTHENTICATED
        step = _step_of(cycle, number) or {"Id": state.new_guid(), "Name": one.name}
        told = {"StepId": step.get("Id"), "StepName": step.get("Name")}
        incident = state.cycles.add_incident(cycle, ShortMessage=message, **told)
        shown = account.shown()
        body = {
            "Timestamp": cyclr_time(state.clock()),
            "AccountId": account.id,
            "AccountExternalId": account.id,
            "AccountName": account.name,
            "CycleId": cycle.id,
            "CycleName": cycle.name,
            **told,
            "StepType": STEP_TYPE,
            "TransactionId": incident["TransactionId"],
            "Message": message,
            "Detail": f"{one.name} of {account.name}",
            "IncidentLevel": incident["IncidentLevel"],
        }
    is_told = shown["TransactionErrorWebhookEnabled"]
    return str(shown["TransactionErrorWebhookUrl"] or "") if is_told else "", body


def _step_of(cycle: Cycle, number: int) -> JSON:
    return next((it for it in cycle.steps if it.get("AccountConnectorId") == number), {})


def post(url: str, body: Any) -> int:
    """The status of the answer; ApiError 400 for an address that is not this machine's."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not _is_here(parts):
        raise ApiError(400, "The error webhook leads off this machine: nothing was sent.")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", parts.path or "/", orjson.dumps(body), headers)
        return connection.getresponse().status
    except OSError as error:
        raise ApiError(400, f"The error webhook did not answer: {error}.") from error
    finally:
        connection.close()


def _is_here(parts: SplitResult) -> bool:
    name = parts.hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
