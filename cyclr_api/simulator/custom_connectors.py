"""Connectors that accounts define for themselves: the rules."""

from typing import TYPE_CHECKING

from cyclr_api.simulator.refusals import RefusalError
from cyclr_api.simulator.values import JSON, OWN, Connector

if TYPE_CHECKING:
    from cyclr_api.simulator.world import World


def custom_connectors(world: "World", account_id: str) -> list[Connector]:
    """Those of one account, the oldest first."""
    return [one for one in world.connectors.values() if one.owner == account_id]


OTHER_IDS_FROM = 700_000
"""What the ids of custom connectors differ by, where they are not those of their releases."""


def custom_id(world: "World", connector: Connector) -> int:
    """The id in the list of custom connectors. Sim: its release's, unless the setting says not."""
    is_release = bool(world.settings["CustomConnectorIdsAreReleases"])
    return connector.id if is_release else connector.id + OTHER_IDS_FROM


def custom_connector(world: "World", account_id: str, number: int) -> Connector:
    """The one of the account that its list names so."""
    for one in custom_connectors(world, account_id):
        if custom_id(world, one) == number:
            return one
    raise RefusalError(404)


def define_connector(world: "World", account_id: str, document: JSON) -> Connector:
    """Add a connector that only this account sees; what has no id gets one.

    Sim: a unique identifier that the account has used already is refused.
    """
    wanted = document["UniqueIdentifier"]
    for one in custom_connectors(world, account_id):
        if one.document.get("UniqueIdentifier") == wanted:
            raise RefusalError(400, f"Invalid connector: (UniqueIdentifier '{wanted}' is in use)")
    is_draft = str(document.get("ReleaseStatus") or "").casefold() == "draft"
    connector = world.add_connector(
        {
            "Id": _free_id(world),
            **document,
            "Authentication": [
                {**method, "Id": method.get("Id") or world.new_guid()}
                for method in document["Authentication"]
            ],
            "Parameters": [
                {**parameter, "Id": world.next_id("Parameter")}
                for parameter in document["Parameters"]
            ],
            "Triggers": [
                {**trigger, "TriggerId": world.next_id("Trigger")}
                for trigger in document["Triggers"]
            ],
            OWN: {"AccountId": account_id, "Release": "Draft" if is_draft else "Live"},
        }
    )
    world.record("connector", account_id, "api", connector=connector.id, name=connector.name)
    return connector


def remove_connector(world: "World", connector: Connector) -> None:
    """Take a custom connector away. Sim: what is installed of it goes with it."""
    for installed in list(world.account_connectors.values()):
        for one in [one for one in installed.values() if one.connector_id == connector.id]:
            world.delete_connector(one, by="api")
    world.drop_connector(connector)
    account_id = connector.owner
    world.record("connector_delete", account_id, "api", connector=connector.id, name=connector.name)


def _free_id(world: "World") -> int:
    while (number := world.next_id("Connector")) in world.connectors:
        pass
    return number
