"""CyclrState files: read, made whole, and refused in one sentence that names the place.

Only what the simulator builds on is checked. A file may hold anything else, and say less than
Cyclr would show.
"""

import json
from pathlib import Path
from typing import NoReturn

from cyclr_api.simulator.state.errors import WorldFileError
from cyclr_api.simulator.state.state import FORMAT, CyclrState
from cyclr_api.simulator.state.values import JSON, OWN
from cyclr_api.simulator.worldfile.checks import (
    check_flag,
    check_known,
    check_moment,
    check_one_of,
    entries_of,
    number_at,
    object_at,
    own_of,
    refuse,
    text_at,
    texts_at,
    whole_at,
)
from cyclr_api.simulator.worldfile.workflows import RELEASES, check_workflows


def new_state(document: JSON) -> CyclrState:
    """A state as a world file describes it; WorldFileError for what makes no sense."""
    return CyclrState(completed(document))


def load_state(path: str | Path) -> CyclrState:
    """The state that a world file describes; WorldFileError if it describes none.

    See docs/simulator.md for its format.
    """
    return new_state(document_in(Path(path)))


def document_in(path: Path) -> JSON:
    """The JSON object in a file; `completed` is still to come."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text, parse_constant=_no_json)
    except UnicodeDecodeError as error:
        raise WorldFileError(f"Byte {error.start}: not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise WorldFileError(
            f"Line {error.lineno}, column {error.colno}: not JSON ({error.msg})."
        ) from None
    except RecursionError:
        raise WorldFileError("Nested too deeply.") from None
    return object_at(document, "The file")


def completed(document: JSON) -> JSON:
    """The same state with what a file may leave out; WorldFileError for what makes no sense."""
    if document.get("Format") != FORMAT:
        given = document.get("Format")
        raise WorldFileError(f"Format: {given!r} is not format {FORMAT} of a world file.")
    if document.get("Seed") is not None:
        whole_at(document["Seed"], "Seed")
    for name in ("Settings", "NextIds"):
        object_at(document.get(name) or {}, name)
    texts_at((document.get("Settings") or {}).get("AllowedIps"), "Settings.AllowedIps")
    for kind, number in (document.get("NextIds") or {}).items():
        number_at(number, f"NextIds.{kind}")
    for place, entry in entries_of(document, "Credentials"):
        text_at(entry.get("ClientId"), f"{place}.ClientId")
        text_at(entry.get("ClientSecret"), f"{place}.ClientSecret")
    texts_at(document.get("OAuthApps"), "OAuthApps")
    connectors = _connectors(document)
    accounts = _accounts(document)
    for account_id, names in object_at(document.get("Users") or {}, "Users").items():
        texts_at(names, f"Users[{account_id!r}]")
    installed = _account_connectors(document, connectors, accounts)
    check_workflows(document, connectors, accounts, installed)
    return {**document, "Connectors": list(connectors.values()), "AccountConnectors": installed}


# -- the parts -----------------------------------------------------------------------------------


def _connectors(document: JSON) -> dict[int, JSON]:
    found: dict[int, JSON] = {}
    for place, entry in entries_of(document, "Connectors"):
        _add_connector(found, entry, place)
    return found


def _add_connector(found: dict[int, JSON], entry: JSON, place: str) -> None:
    number = number_at(entry.get("Id"), f"{place}.Id")
    if number in found:
        refuse(place, f"there is a connector {number} already")
    for name in ("Parameters", "Authentication", "Triggers"):
        entries_of(entry, name, f"{place}.")
    texts_at(entry.get("Categories"), f"{place}.Categories")
    own = own_of(entry, place)
    check_one_of(own.get("Release", "Live"), RELEASES, f"{place}.{OWN}.Release")
    check_flag(own, "NoMethods", f"{place}.{OWN}")
    for inner, trigger in entries_of(entry, "Triggers", f"{place}."):
        if trigger.get("TriggerId") is not None:
            number_at(trigger["TriggerId"], f"{inner}.TriggerId")
    found[number] = entry


def _accounts(document: JSON) -> set[str]:
    found: set[str] = set()
    for place, entry in entries_of(document, "Accounts"):
        account_id = text_at(entry.get("Id"), f"{place}.Id")
        if account_id in found:
            refuse(place, f"there is an account {account_id!r} already")
        own_of(entry, place)
        found.add(account_id)
    return found


def _account_connectors(
    document: JSON, connectors: dict[int, JSON], accounts: set[str]
) -> list[JSON]:
    numbers: set[int] = set()
    found = []
    for place, entry in entries_of(document, "AccountConnectors"):
        number = number_at(entry.get("Id"), f"{place}.Id")
        if number in numbers:
            refuse(place, f"there is an account connector {number} already")
        numbers.add(number)
        whole = _owned(entry, connectors, place)
        own = whole[OWN]
        check_known(own.get("ConnectorId"), connectors, "ConnectorId", place)
        check_known(own.get("AccountId"), accounts, "AccountId", place)
        whole.setdefault("Name", str(connectors[own["ConnectorId"]].get("Name") or ""))
        _check_account_connector(whole, place)
        found.append(whole)
    return found


def _owned(entry: JSON, connectors: dict[int, JSON], place: str) -> JSON:
    """The entry with its account and connector where a dump has them.

    Written by hand, they may stand in `AccountId`, and in `Connector` as the API shows it; a
    connector that the file does not list is added.
    """
    whole = {key: value for key, value in entry.items() if key != "Connector"}
    own = dict(own_of(entry, place))
    if "AccountId" not in own and "AccountId" in whole:
        own["AccountId"] = whole.pop("AccountId")
    if "ConnectorId" not in own and "Connector" in entry:
        inline = object_at(entry["Connector"], f"{place}.Connector")
        own["ConnectorId"] = number_at(inline.get("Id"), f"{place}.Connector.Id")
        if own["ConnectorId"] not in connectors and "Name" in inline:
            _add_connector(connectors, inline, f"{place}.Connector")
    return {**whole, OWN: own}


def _check_account_connector(entry: JSON, place: str) -> None:
    text_at(entry["Name"], f"{place}.Name")
    for name in ("Description", "AuthValue"):
        if entry.get(name) is not None:
            text_at(entry[name], f"{place}.{name}")
    for name in ("Authenticated", "IsPartnerIntegrationConnector"):
        if not isinstance(entry.get(name, False), bool):
            refuse(f"{place}.{name}", "true or false is wanted")
    for name in ("Properties", "CustomFields"):
        for inner, one in entries_of(entry, name, f"{place}."):
            if one.get("Id") is not None:
                number_at(one["Id"], f"{inner}.Id")
    for inner, one in entries_of(entry, "Properties", f"{place}."):
        text_at(one.get("Name"), f"{inner}.Name")
    own = entry[OWN]
    if own.get("AuthenticationId") is not None:
        text_at(own["AuthenticationId"], f"{place}.{OWN}.AuthenticationId")
    if own.get("Answers") is not None:
        object_at(own["Answers"], f"{place}.{OWN}.Answers")
    if own.get("InstalledAt") is not None:
        check_moment(own["InstalledAt"], f"{place}.{OWN}.InstalledAt")


def _no_json(constant: str) -> NoReturn:
    raise WorldFileError(f"{constant} is not JSON.")
