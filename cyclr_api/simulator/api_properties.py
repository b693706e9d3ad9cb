"""The properties and the custom fields of installed connectors (account level)."""

from cyclr_api.simulator.refusals import RefusalError
from cyclr_api.simulator.routing import (
    NOT_VALID,
    Fields,
    Reply,
    Request,
    Routes,
    document_field,
    is_guid,
    page_of,
)
from cyclr_api.simulator.values import JSON, AccountConnector, encode
from cyclr_api.simulator.world import World

FIELD_TEXTS = (
    "ConnectorField",
    "SystemField",
    "DisplayName",
    "Description",
    "DataType",
    "DataTypeFormat",
    "MethodUniqueIdentifier",
    "EntityIdentifier",
)

routes = Routes()


# -- properties ----------------------------------------------------------------------------------


@routes.add("GET", "/account/connectors/{id}/properties", level="account")
def property_list(world: World, request: Request) -> Reply:
    one = _one(world, request)
    rows = [one.shown_property(entry) for entry in one.properties]
    return page_of(world, request, rows, field_of=document_field, encoded=encode)


@routes.add("POST", "/account/connectors/{id}/properties", level="account")
def property_add(world: World, request: Request) -> Reply:
    """Takes names that are no setting of the connector. Sim: also one that is there already."""
    one = _one(world, request)
    fields = request.json_given()
    entry = world.add_property(one, _name(fields), fields.text("Value"))
    return Reply.json(one.shown_property(entry))


@routes.add("GET", "/account/connectors/{id}/properties/{property}", level="account")
def property_detail(world: World, request: Request) -> Reply:
    one = _one(world, request)
    return Reply.json(one.shown_property(_property(one, request)))


@routes.add("PUT", "/account/connectors/{id}/properties/{property}", level="account")
def property_change(world: World, request: Request) -> Reply:
    """Sim: partial; a null Value is a value."""
    one = _one(world, request)
    entry = _property(one, request)
    fields = request.json_given()
    changes: JSON = {}
    if "Name" in fields:
        changes["Name"] = _name(fields)
    if "Value" in fields:
        changes["Value"] = fields.text("Value")
    world.change_part(one, entry, changes)
    return Reply.json(one.shown_property(entry))


@routes.add("DELETE", "/account/connectors/{id}/properties/{property}", level="account")
def property_delete(world: World, request: Request) -> Reply:
    one = _one(world, request)
    world.remove_part(one, one.properties, _property(one, request))
    return Reply()


def _property(one: AccountConnector, request: Request) -> JSON:
    return _with_id(one.properties, request.number("property"))


def _name(fields: Fields) -> str:
    name = fields.text("Name")
    if not name or not name.strip():
        raise RefusalError(400, "Name is required")  # Sim: the words
    return name


# -- custom fields -------------------------------------------------------------------------------


@routes.add("GET", "/account/connectors/{id}/fields", level="account")
def custom_field_list(world: World, request: Request) -> Reply:
    rows = _one(world, request).custom_fields
    return page_of(world, request, rows, field_of=document_field, encoded=encode)


@routes.add("POST", "/account/connectors/{id}/fields", level="account")
def custom_field_add(world: World, request: Request) -> Reply:
    """Sim: it must say which ConnectorField it is."""
    one = _one(world, request)
    given = _field_values(request.json_given())
    if not given.get("ConnectorField"):
        raise RefusalError(400, "ConnectorField is required")
    unsaid: JSON = {**dict.fromkeys(FIELD_TEXTS), "DataType": "Text", "ForRequestFormat": False}
    return Reply.json(world.add_custom_field(one, {**unsaid, **given}))


@routes.add("GET", "/account/connectors/{id}/fields/{field}", level="account")
def custom_field_detail(world: World, request: Request) -> Reply:
    return Reply.json(_custom_field(_one(world, request), request))


@routes.add("PUT", "/account/connectors/{id}/fields/{field}", level="account")
def custom_field_change(world: World, request: Request) -> Reply:
    """Sim: partial; a null ConnectorField counts as absent."""
    one = _one(world, request)
    entry = _custom_field(one, request)
    changes = _field_values(request.json_given())
    if not changes.get("ConnectorField"):
        changes.pop("ConnectorField", None)
    world.change_part(one, entry, changes)
    return Reply.json(entry)


@routes.add("DELETE", "/account/connectors/{id}/fields/{field}", level="account")
def custom_field_delete(world: World, request: Request) -> Reply:
    one = _one(world, request)
    world.remove_part(one, one.custom_fields, _custom_field(one, request))
    return Reply()


def _custom_field(one: AccountConnector, request: Request) -> JSON:
    """A text that is no number is a 400."""
    text = request.params["field"]
    if not (text.isascii() and text.isdigit()):
        raise RefusalError(400, NOT_VALID)
    return _with_id(one.custom_fields, request.number("field"))


def _field_values(fields: Fields) -> JSON:
    """The attributes that the body gives. Sim: DataType may be any text."""
    given: JSON = {name: fields.text(name) for name in FIELD_TEXTS if name in fields}
    method = given.get("MethodUniqueIdentifier")
    if method and not is_guid(method):
        raise RefusalError(400, NOT_VALID)
    if "ForRequestFormat" in fields:
        given["ForRequestFormat"] = fields.flag("ForRequestFormat")
    return given


# -- both ----------------------------------------------------------------------------------------


def _one(world: World, request: Request) -> AccountConnector:
    return world.account_connector(request.account, request.number("id"))


def _with_id(entries: list[JSON], number: int) -> JSON:
    for entry in entries:
        if entry.get("Id") == number:
            return entry
    raise RefusalError(404)
