"""Parameters and fields of methods as the API shows them, still without their ids."""

from typing import Any

from cyclr_api.simulator.state.values import JSON


def parameter(name: str, target_type: str = "MergeField", **values: Any) -> JSON:
    """A method's parameter."""
    return {
        "IsAccountConnectorProperty": False,
        "TargetType": target_type,
        "TargetName": name,
        "IsSensitive": False,
        "Name": label(name),
        "Description": None,
        "IsOptional": False,
        "DataType": "Text",
        "TriggerName": None,
        "Values": [],
    } | values


def field(path: str, data_type: str = "Text", **values: Any) -> JSON:
    """A field of a request or a response; Sim: its path is called `ConnectorField`."""
    return {
        "ConnectorField": path,
        "Name": label(path.rpartition(".")[2]),
        "Description": None,
        "IsOptional": True,
        "DataType": data_type,
        "TriggerName": None,
        "Values": [],
    } | values


def label(name: str) -> str:
    """`firstName` -> `First Name`."""
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in name).strip()
    return words[:1].upper() + words[1:]
