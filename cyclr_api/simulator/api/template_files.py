"""Reading an exported template. Every wrong type is a refusal; what is not known is dropped."""

from cyclr_api.simulator.http import NOT_VALID, Fields
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.step_setup import FIELDS, PARAMETERS
from cyclr_api.simulator.state.values import JSON, is_guid


def read(fields: Fields) -> tuple[JSON, JSON]:
    """What the API shows of the template, and what the world file has under `Simulator`."""
    connectors = [_connector(one) for one in fields.objects("Connectors")]
    own = {
        "Steps": [_step(one, {row["Id"] for row in connectors}) for one in fields.objects("Steps")],
        "Edges": [_edge(one) for one in fields.objects("Edges")],
        "Variables": [_variable(one) for one in fields.objects("Variables")],
        "FreshConnectors": fields.flag("FreshConnectors"),
    }
    document = {
        "Name": _name(fields, "Name"),
        "Description": fields.text("Description"),
        "Tags": fields.texts("Tags"),
        "Connectors": connectors,
    }
    return document, own


def _connector(fields: Fields) -> JSON:
    return {
        "Id": _number(fields, "Id"),
        "Name": _name(fields, "Name"),
        "Version": fields.text("Version"),
        "StepCount": fields.whole("StepCount") or 0,
    }


def _step(fields: Fields, connector_ids: set[int]) -> JSON:
    called = fields.whole("ConnectorId")
    if called is not None and called not in connector_ids:
        raise ApiError(400, NOT_VALID)
    method = fields.fields("Method")
    return {
        "Id": _guid(fields, "Id"),
        "Name": _name(fields, "Name"),
        "Description": fields.text("Description"),
        "ActionType": _name(fields, "ActionType"),
        "ConnectorId": called,
        "MethodId": fields.whole("MethodId"),
        "Method": _method(method) if method.document else None,
        **{
            kind.mappings: [_mapping(one) for one in fields.objects(kind.mappings)]
            for kind in (PARAMETERS, FIELDS)
        },
    }


def _method(fields: Fields) -> JSON:
    texts = ("MethodUniqueIdentifier", "Name", "Description", "Category", "MethodType", "EndPoint")
    lists = ("Parameters", "RequestFields", "ResponseFields")
    return {
        "Id": _number(fields, "Id"),
        **{name: fields.text(name) for name in texts},
        **{name: [_target(one) for one in fields.objects(name)] for name in lists},
    }


def _target(fields: Fields) -> JSON:
    texts = ("Name", "Description", "DataType", "TriggerName", "ConnectorField", "TargetName")
    return {
        "Id": _number(fields, "Id"),
        **{name: fields.text(name) for name in texts},
        "IsOptional": fields.flag("IsOptional"),
        "Values": fields.texts("Values"),
        "DisplayOrder": fields.whole("DisplayOrder") or 0,
        "Triggers": [_trigger(one) for one in fields.objects("Triggers")],
    }


def _trigger(fields: Fields) -> JSON:
    return {
        "TriggerId": _number(fields, "TriggerId"),
        "MethodId": fields.whole("MethodId"),
        **{name: fields.text(name) for name in ("Name", "HumanReadableKey", "IdentifierKey")},
    }


def _mapping(fields: Fields) -> JSON:
    texts = ("MappingType", "Value", "SourceStepId", "TriggerValue", "TriggerValueDisplayName")
    return {
        "Id": _number(fields, "Id"),
        **{name: fields.text(name) for name in texts},
        "SourceFieldId": fields.whole("SourceFieldId"),
        "IsLaunchVisible": fields.flag("IsLaunchVisible"),
    }


def _edge(fields: Fields) -> JSON:
    ends = {name: _guid(fields, name) for name in ("HeadStepId", "TailStepId")}
    return {**ends, "EdgeType": fields.text("EdgeType")}


def _variable(fields: Fields) -> JSON:
    names = {name: _name(fields, name) for name in ("DisplayName", "SystemName")}
    return {**names, "Value": fields.text("Value"), "MappingType": fields.text("MappingType")}


# -- what must be there --------------------------------------------------------------------------


def _name(fields: Fields, name: str) -> str:
    text = fields.text(name)
    if text is None or not text.strip():
        raise ApiError(400, NOT_VALID)
    return text


def _number(fields: Fields, name: str) -> int:
    number = fields.whole(name)
    if number is None:
        raise ApiError(400, NOT_VALID)
    return number


def _guid(fields: Fields, name: str) -> str:
    text = _name(fields, name)
    if not is_guid(text):
        raise ApiError(400, NOT_VALID)
    return text.lower()
