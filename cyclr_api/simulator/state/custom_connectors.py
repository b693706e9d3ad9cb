"""Connectors that accounts define for themselves: the rules."""

from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import JSON, OWN, Connector

OTHER_IDS_FROM = 700_000
"""What the ids of custom connectors differ by, where they are not those of their releases."""


def custom_id(state: CyclrState, connector: Connector) -> int:
    """The id in the list of custom connectors. Sim: its release's, unless the setting says not."""
    is_release = bool(state.settings["CustomConnectorIdsAreReleases"])
    return connector.id if is_release else connector.id + OTHER_IDS_FROM


def custom_connector(state: CyclrState, account_id: str, number: int) -> Connector:
    """The one of the account that its list names so."""
    for one in state.connectors.owned_by(account_id):
        if custom_id(state, one) == number:
            return one
    raise ApiError(404)


def define_connector(state: CyclrState, account_id: str, document: JSON) -> Connector:
    """Add a connector that only this account sees; what has no id gets one.

    Sim: a unique identifier that the account has used already is refused.
    """
    wanted = document["UniqueIdentifier"]
    for one in state.connectors.owned_by(account_id):
        if one.document.get("UniqueIdentifier") == wanted:
            raise ApiError(400, f"Invalid connector: (UniqueIdentifier '{wanted}' is in use)")
    is_draft = str(document.get("ReleaseStatus") or "").casefold() == "draft"
    connector = state.add_connector(
        {
            "Id": _free_id(state),
            **document,
            "Authentication": [
                {**method, "Id": method.get("Id") or state.new_guid()}
                for method in document["Authentication"]
            ],
            "Parameters": [
                {**parameter, "Id": state.next_id("Parameter")}
                for parameter in document["Parameters"]
            ],
            "Triggers": [
                {**trigger, "TriggerId": state.next_id("Trigger")}
                for trigger in document["Triggers"]
            ],
            OWN: {"AccountId": account_id, "Release": "Draft" if is_draft else "Live"},
        }
    )
    state.record("connector", account_id, "api", connector=connector.id, name=connector.name)
    return connector


def remove_connector(state: CyclrState, connector: Connector) -> None:
    """Take a custom connector away. Sim: what is installed of it goes with it."""
    for installed in list(state.account_connectors.values()):
        for one in [one for one in installed.values() if one.connector_id == connector.id]:
            state.account_connectors.delete(one, by="api")
    state.drop_connector(connector)
    account_id = connector.owner
    state.record("connector_delete", account_id, "api", connector=connector.id, name=connector.name)


def _free_id(state: CyclrState) -> int:
    while (number := state.next_id("Connector")) in state.connectors:
        pass
    return number
