"""The properties and the custom fields of installed connectors (account level)."""

from cyclr_api.simulator.api.routing import Routes, document_field, page_of
from cyclr_api.simulator.http import NOT_VALID, Fields, Reply, Request
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import JSON, AccountConnector, encode, is_guid

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
def property_list(state: CyclrState, request: Request) -> Reply:
    one = _one(state, request)
    rows = [one.shown_property(entry) for entry in one.properties]
    return page_of(state, request, rows, field_of=document_field, encoded=encode)


@routes.add("POST", "/account/connectors/{id}/properties", level="account")
def property_add(state: CyclrState, request: Request) -> Reply:
    """Takes names that are no setting of the connector. Sim: also one that is there already."""
    one = _one(state, request)
    fields = request.json_given()
    entry = state.account_connectors.add_property(one, _name(fields), fields.text("Value"))
    return Reply.json(one.shown_property(entry))


@routes.add("GET", "/account/connectors/{id}/properties/{property}", level="account")
def property_detail(state: CyclrState, request: Request) -> Reply:
    one = _one(state, request)
    return Reply.json(one.shown_property(_property(one, request)))


@routes.add("PUT", "/account/connectors/{id}/properties/{property}", level="account")
def property_change(state: CyclrState, request: Request) -> Reply:
    """Sim: partial; a null Value is a value."""
    one = _one(state, request)
    entry = _property(one, request)
    fields = request.json_given()
    changes: JSON = {}
    if "Name" in fields:
        changes["Name"] = _name(fields)
    if "Value" in fields:
        changes["Value"] = fields.text("Value")
    state.account_connectors.change_part(one, entry, changes)
    return Reply.json(one.shown_property(entry))


@routes.add("DELETE", "/account/connectors/{id}/properties/{property}", level="account")
def property_delete(state: CyclrState, request: Request) -> Reply:
    one = _one(state, request)
    state.account_connectors.remove_part(one, one.properties, _property(one, request))
    return Reply()


def _property(one: AccountConnector, request: Request) -> JSON:
    return _with_id(one.properties, request.number("property"))


def _name(fields: Fields) -> str:
    name = fields.text("Name")
    if not name or not name.strip():
        raise ApiError(400, "Name is required")  # Sim: the words
    return name


# -- custom fields -------------------------------------------------------------------------------


@routes.add("GET", "/account/connectors/{id}/fields", level="account")
def custom_field_list(state: CyclrState, request: Request) -> Reply:
    rows = _one(state, request).custom_fields
    return page_of(state, request, rows, field_of=document_field, encoded=encode)


@routes.add("POST", "/account/connectors/{id}/fields", level="account")
def custom_field_add(state: CyclrState, request: Request) -> Reply:
    """Sim: it must say which ConnectorField it is."""
    one = _one(state, request)
    given = _field_values(request.json_given())
    if not given.get("ConnectorField"):
        raise ApiError(400, "ConnectorField is required")
    unsaid: JSON = {**dict.fromkeys(FIELD_TEXTS), "DataType": "Text", "ForRequestFormat": False}
    return Reply.json(state.account_connectors.add_custom_field(one, {**unsaid, **given}))


@routes.add("GET", "/account/connectors/{id}/fields/{field}", level="account")
def custom_field_detail(state: CyclrState, request: Request) -> Reply:
    return Reply.json(_custom_field(_one(state, request), request))


@routes.add("PUT", "/account/connectors/{id}/fields/{field}", level="account")
def custom_field_change(state: CyclrState, request: Request) -> Reply:
    """Sim: partial; a null ConnectorField counts as absent."""
    one = _one(state, request)
    entry = _custom_field(one, request)
    changes = _field_values(request.json_given())
    if not changes.get("ConnectorField"):
        changes.pop("ConnectorField", None)
    state.account_connectors.change_part(one, entry, changes)
    return Reply.json(entry)


@routes.add("DELETE", "/account/connectors/{id}/fields/{field}", level="account")
def custom_field_delete(state: CyclrState, request: Request) -> Reply:
    one = _one(state, request)
    state.account_connectors.remove_part(one, one.custom_fields, _custom_field(one, request))
    return Reply()


def _custom_field(one: AccountConnector, request: Request) -> JSON:
    """A text that is no number is a 400."""
    text = request.params["field"]
    if not (text.isascii() and text.isdigit()):
        raise ApiError(400, NOT_VALID)
    return _with_id(one.custom_fields, request.number("field"))


def _field_values(fields: Fields) -> JSON:
    """The attributes that the body gives. Sim: DataType may be any text."""
    given: JSON = {name: fields.text(name) for name in FIELD_TEXTS if name in fields}
    method = given.get("MethodUniqueIdentifier")
    if method and not is_guid(method):
        raise ApiError(400, NOT_VALID)
    if "ForRequestFormat" in fields:
        given["ForRequestFormat"] = fields.flag("ForRequestFormat")
    return given


# -- both ----------------------------------------------------------------------------------------


def _one(state: CyclrState, request: Request) -> AccountConnector:
    return state.account_connectors.one(request.account, request.number("id"))


def _with_id(entries: list[JSON], number: int) -> JSON:
    for entry in entries:
        if entry.get("Id") == number:
            return entry
    raise ApiError(404)
