"""World files: read, made whole, and refused in one sentence that names the place.

Only what the simulator builds on is checked. A file may hold anything else, and say less than
Cyclr would show.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from cyclr_api.simulator.values import JSON, OWN, read_time

FORMAT = 1
"""The version of the world file's format."""

LARGEST_ID = 10**18


class WorldFileError(ValueError):
    """What a world file says makes no world. The message is one sentence with the place."""


def load(path: Path) -> JSON:
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
    return _object(document, "The file")


def completed(document: JSON) -> JSON:
    """The same world with what a file may leave out; WorldFileError for what makes no sense."""
    if document.get("Format") != FORMAT:
        given = document.get("Format")
        raise WorldFileError(f"Format: {given!r} is not format {FORMAT} of a world file.")
    if document.get("Seed") is not None:
        _whole(document["Seed"], "Seed")
    for name in ("Settings", "NextIds"):
        _object(document.get(name) or {}, name)
    for kind, number in (document.get("NextIds") or {}).items():
        _number(number, f"NextIds.{kind}")
    for place, entry in _entries(document, "Credentials"):
        _text(entry.get("ClientId"), f"{place}.ClientId")
        _text(entry.get("ClientSecret"), f"{place}.ClientSecret")
    _texts(document.get("OAuthApps"), "OAuthApps")
    connectors = _connectors(document)
    accounts = _accounts(document)
    for account_id, names in _object(document.get("Users") or {}, "Users").items():
        _texts(names, f"Users[{account_id!r}]")
    installed = _account_connectors(document, connectors, accounts)
    _check_other_parts(document, connectors, accounts)
    return {**document, "Connectors": list(connectors.values()), "AccountConnectors": installed}


@contextmanager
def reading(part: str) -> Iterator[None]:
    """Whatever goes wrong inside is the fault of this part of the file."""
    try:
        yield
    except WorldFileError:
        raise
    except KeyError as error:
        raise WorldFileError(f"{part}: {error} is missing, or names nothing.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise WorldFileError(f"{part}: {error}") from error


# -- the parts -----------------------------------------------------------------------------------


def _connectors(document: JSON) -> dict[int, JSON]:
    found: dict[int, JSON] = {}
    for place, entry in _entries(document, "Connectors"):
        _add_connector(found, entry, place)
    return found


def _add_connector(found: dict[int, JSON], entry: JSON, place: str) -> None:
    number = _number(entry.get("Id"), f"{place}.Id")
    if number in found:
        _refuse(place, f"there is a connector {number} already")
    for name in ("Parameters", "Authentication", "Triggers"):
        _entries(entry, name, f"{place}.")
    _texts(entry.get("Categories"), f"{place}.Categories")
    own = _own(entry, place)
    _one_of(own.get("Release", "Live"), ("Live", "Deprecated", "Draft"), f"{place}.{OWN}.Release")
    found[number] = entry


def _accounts(document: JSON) -> set[str]:
    found: set[str] = set()
    for place, entry in _entries(document, "Accounts"):
        account_id = _text(entry.get("Id"), f"{place}.Id")
        if account_id in found:
            _refuse(place, f"there is an account {account_id!r} already")
        _own(entry, place)
        found.add(account_id)
    return found


def _account_connectors(
    document: JSON, connectors: dict[int, JSON], accounts: set[str]
) -> list[JSON]:
    numbers: set[int] = set()
    found = []
    for place, entry in _entries(document, "AccountConnectors"):
        number = _number(entry.get("Id"), f"{place}.Id")
        if number in numbers:
            _refuse(place, f"there is an account connector {number} already")
        numbers.add(number)
        whole = _owned(entry, connectors, place)
        own = whole[OWN]
        _known(own.get("ConnectorId"), connectors, "connector", place)
        _known(own.get("AccountId"), accounts, "account", place)
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
    own = dict(_own(entry, place))
    if "AccountId" not in own and "AccountId" in whole:
        own["AccountId"] = whole.pop("AccountId")
    if "ConnectorId" not in own and "Connector" in entry:
        inline = _object(entry["Connector"], f"{place}.Connector")
        own["ConnectorId"] = _number(inline.get("Id"), f"{place}.Connector.Id")
        if own["ConnectorId"] not in connectors and "Name" in inline:
            _add_connector(connectors, inline, f"{place}.Connector")
    return {**whole, OWN: own}


def _check_account_connector(entry: JSON, place: str) -> None:
    _text(entry["Name"], f"{place}.Name")
    for name in ("Description", "AuthValue"):
        if entry.get(name) is not None:
            _text(entry[name], f"{place}.{name}")
    for name in ("Authenticated", "IsPartnerIntegrationConnector"):
        if not isinstance(entry.get(name, False), bool):
            _refuse(f"{place}.{name}", "true or false is wanted")
    for name in ("Properties", "CustomFields"):
        for inner, one in _entries(entry, name, f"{place}."):
            if one.get("Id") is not None:
                _number(one["Id"], f"{inner}.Id")
    for inner, one in _entries(entry, "Properties", f"{place}."):
        _text(one.get("Name"), f"{inner}.Name")
    own = entry[OWN]
    if own.get("AuthenticationId") is not None:
        _text(own["AuthenticationId"], f"{place}.{OWN}.AuthenticationId")
    if own.get("InstalledAt") is not None:
        _moment(own["InstalledAt"], f"{place}.{OWN}.InstalledAt")


def _check_other_parts(document: JSON, connectors: dict[int, JSON], accounts: set[str]) -> None:
    for place, entry in _entries(document, "Methods"):
        _number(entry.get("Id"), f"{place}.Id")
        _known(_own(entry, place).get("ConnectorId"), connectors, "connector", place)
    for place, entry in _entries(document, "Templates"):
        _text(entry.get("Id"), f"{place}.Id")
    for place, entry in _entries(document, "Cycles"):
        _text(entry.get("Id"), f"{place}.Id")
        _known(_own(entry, place).get("AccountId"), accounts, "account", place)


# -- kinds of values -----------------------------------------------------------------------------


def _entries(document: JSON, name: str, before: str = "") -> list[tuple[str, JSON]]:
    """The objects of a list with their places; none for what is absent or null."""
    listed = document.get(name)
    if listed is None:
        return []
    if not isinstance(listed, list):
        _refuse(f"{before}{name}", "a list is wanted")
    places = (f"{before}{name}[{index}]" for index in range(len(listed)))
    return [(place, _object(one, place)) for place, one in zip(places, listed, strict=True)]


def _own(entry: JSON, place: str) -> JSON:
    return _object(entry.get(OWN) or {}, f"{place}.{OWN}")


def _object(value: Any, place: str) -> JSON:
    if isinstance(value, dict):
        return value
    _refuse(place, "an object is wanted")


def _text(value: Any, place: str) -> str:
    if isinstance(value, str):
        return value
    _refuse(place, "a text is missing" if value is None else "a text is wanted")


def _texts(value: Any, place: str) -> None:
    if value is not None and not isinstance(value, list):
        _refuse(place, "a list is wanted")
    for index, one in enumerate(value or []):
        _text(one, f"{place}[{index}]")


def _whole(value: Any, place: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    _refuse(place, "a number is missing" if value is None else "a whole number is wanted")


def _number(value: Any, place: str) -> int:
    """An id."""
    if 0 <= _whole(value, place) < LARGEST_ID:
        return int(value)
    _refuse(place, f"a number from 0 to {LARGEST_ID - 1} is wanted")


def _known(value: Any, known: dict[int, JSON] | set[str], what: str, place: str) -> None:
    if value is None:
        _refuse(place, f"its {what} is missing")
    if isinstance(value, list | dict) or value not in known:
        _refuse(place, f"{what} {value!r} is not in this file")


def _one_of(value: Any, allowed: tuple[str, ...], place: str) -> None:
    if value not in allowed:
        _refuse(place, f"one of {', '.join(allowed)} is wanted")


def _moment(value: Any, place: str) -> None:
    try:
        read_time(_text(value, place))
    except (ValueError, OverflowError) as error:
        if isinstance(error, WorldFileError):
            raise
        _refuse(place, "a moment is wanted, like 2024-05-01T09:30:00.0000000Z")


def _no_json(constant: str) -> NoReturn:
    raise WorldFileError(f"{constant} is not JSON.")


def _refuse(place: str, why: str) -> NoReturn:
    raise WorldFileError(f"{place}: {why}.")
