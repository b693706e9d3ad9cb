"""The methods of releases whose world file lists none: made up from name and categories.

Everything follows from the release's document alone, so it is made when first asked for, and
again after a restart. Ids are of the release, unique identifiers of the connector.
"""

import json
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from cyclr_api.simulator.state.edge_case_methods import EDGE_CASE_METHODS
from cyclr_api.simulator.state.method_shapes import field, parameter
from cyclr_api.simulator.state.values import JSON, OWN, Connector

PER_RELEASE = 100
"""Method 1727301 is the first of release 17273."""

NAMESPACE = uuid.UUID("7a3e6f0c-92b5-4f1d-8c47-5b0d1e2f6a98")


@dataclass(frozen=True)
class Entity:
    """What a third party keeps: a contact, an order."""

    name: str
    plural: str
    keys: str
    """The names of its fields, `name:DataType` where that is not Text; the first is required."""


ENTITIES = {
    entity.name: entity
    for entity in (
        Entity("Absence", "Absences", "employeeId startsOn:DateTime endsOn:DateTime status"),
        Entity("Appointment", "Appointments", "subject startsAt:DateTime status"),
        Entity("Audience", "Audiences", "title memberCount:Integer createdAt:DateTime"),
        Entity("Build", "Builds", "branch status duration:Float finishedAt:DateTime"),
        Entity("Campaign", "Campaigns", "subject status sentAt:DateTime opened:Integer"),
        Entity("Channel", "Channels", "title topic isPrivate:Boolean"),
        Entity("Company", "Companies", "companyName city phone websiteUrl"),
        Entity("Contact", "Contacts", "email firstName lastName phone companyName"),
        Entity("Customer", "Customers", "email firstName lastName address city"),
        Entity("Deal", "Deals", "title stage amount:Decimal currency contactId"),
        Entity("Device", "Devices", "title status lastSeen:DateTime"),
        Entity("Employee", "Employees", "email firstName lastName startsOn:DateTime"),
        Entity("Event", "Events", "title startsAt:DateTime endsAt:DateTime isPrivate:Boolean"),
        Entity("Form", "Forms", "title status createdAt:DateTime"),
        Entity("Idea", "Ideas", "title status votes:Integer"),
        Entity("Invoice", "Invoices", "customerId total:Decimal currency isPaid:Boolean"),
        Entity("Issue", "Issues", "title status priority assigneeId"),
        Entity("Item", "Items", "sku title price:Decimal stock:Integer"),
        Entity("Lead", "Leads", "email firstName lastName status"),
        Entity("Message", "Messages", "body channelId sentAt:DateTime"),
        Entity("Order", "Orders", "customerId status total:Decimal currency placedAt:DateTime"),
        Entity("Payment", "Payments", "amount:Decimal currency status customerId"),
        Entity("Post", "Posts", "title body publishedAt:DateTime"),
        Entity("Product", "Products", "sku title price:Decimal currency stock:Integer"),
        Entity("Project", "Projects", "title status dueOn:DateTime"),
        Entity("Record", "Records", "title body updatedAt:DateTime"),
        Entity("Report", "Reports", "title file:File createdAt:DateTime"),
        Entity("Review", "Reviews", "title body rating:Integer"),
        Entity("Row", "Rows", "title updatedAt:DateTime"),
        Entity("Sale", "Sales", "total:Decimal currency soldAt:DateTime"),
        Entity("Submission", "Submissions", "formId email submittedAt:DateTime"),
        Entity("Subscriber", "Subscribers", "email firstName lastName status"),
        Entity("Subscription", "Subscriptions", "customerId status renewsOn:DateTime"),
        Entity("Task", "Tasks", "title status dueOn:DateTime assigneeId"),
        Entity("Ticket", "Tickets", "subject body status priority"),
    )
}

KEPT_IN = {
    "CRMs": "Contact Company",
    "Ecommerce": "Order Product",
    "Email Marketing": "Subscriber Campaign",
    "Support": "Ticket Customer",
    "Accounting": "Invoice Customer",
    "Analytics": "Report",
    "Billing/Payment": "Payment Subscription",
    "Blogs": "Post",
    "Calendars": "Event",
    "Chat": "Message Channel",
    "Collaboration": "Task Project",
    "Customer Experience": "Review Customer",
    "Dashboarding": "Report",
    "Data Tools": "Row",
    "Databases": "Row",
    "DevOps": "Build Issue",
    "Developer Tools": "Issue Build",
    "ERP": "Item Order",
    "Forms": "Submission Form",
    "HR/Payroll": "Employee Absence",
    "Healthcare/Wellness": "Appointment",
    "IoT": "Device",
    "Marketing": "Lead Campaign",
    "POS": "Sale Product",
    "Product Management": "Idea Issue",
    "Project Management": "Task Project",
    "SMS": "Message Contact",
    "Sales": "Deal Contact",
    "Social Media": "Post",
    "Surveys": "Submission Form",
}
"""What a connector keeps, by category, the telling ones first."""

NAMED = {
    "crm": "Contact",
    "mail": "Subscriber",
    "send": "Message",
    "shop": "Order",
    "commerce": "Order",
    "store": "Product",
    "book": "Invoice",
    "pay": "Payment",
    "desk": "Ticket",
    "sql": "Row",
    "form": "Submission",
    "people": "Employee",
    "chat": "Message",
}
"""What a connector without categories keeps, by a part of its name."""

VERBS = {
    "List": "Lists the {}.",
    "Get": "Reads one of the {}.",
    "Search": "Looks for words in the {}.",
    "Add": "Adds one to the {}.",
    "Update": "Changes one of the {}; what is not given stays.",
    "Delete": "Deletes one of the {}.",
}
"""How a method begins, and its description."""


OTHERS_BEFORE = {"MailChimp", "Slack"}
"""Connectors whose deprecated releases had other methods."""


def release_of(method_id: int) -> int:
    """The release that a made-up method belongs to."""
    return method_id // PER_RELEASE


def made_up_methods(connector: Connector) -> list[JSON]:
    """Two to twelve methods as the API shows them; the same names for nearly every release."""
    special = EDGE_CASE_METHODS.get(connector.name)
    listed = list(_usual(connector)) if special is None else special
    if connector.release == "Deprecated" and connector.name in OTHERS_BEFORE:
        listed = [_before(method) for method in listed if not method["Name"].startswith("Update")]
    return [_numbered(connector, n, method) for n, method in enumerate(listed, 1)]


def _before(method: JSON) -> JSON:
    """The method in a deprecated release: what may be left out now was not there yet."""
    if not method["Name"].startswith("List"):
        return method
    return {**method, "Parameters": method["Parameters"][:1]}


def _usual(connector: Connector) -> Iterator[JSON]:
    first, *others = _entities(connector)
    chance = zlib.crc32(_text_of(connector).encode())
    few = first.name == "Record" and chance % 3 == 0
    yield from (_method(verb, first) for verb in (("List", "Get", "Add") if few else tuple(VERBS)))
    if others and chance % 3:
        verbs = ("List", "Get") if chance % 3 == 1 else ("List", "Get", "Add", "Update", "Delete")
        yield from (_method(verb, others[0]) for verb in verbs)
    if chance % 2:
        yield _webhook(first)


def _entities(connector: Connector) -> list[Entity]:
    """What the third party keeps, the most important first."""
    kept = [
        names.split() for category, names in KEPT_IN.items() if category in connector.categories
    ]
    firsts = [names[0] for names in kept]
    seconds = [name for names in kept for name in names[1:]]
    lowered = connector.name.lower()
    guessed = [name for part, name in NAMED.items() if part in lowered]
    names = dict.fromkeys(firsts + seconds or [*guessed[:1], "Record"])
    return [ENTITIES[name] for name in names]


# -- one method ----------------------------------------------------------------------------------


def _method(verb: str, entity: Entity) -> JSON:
    is_many = verb in ("List", "Search")
    noun = entity.plural if is_many else entity.name
    path = f"/{entity.plural.lower()}"
    key = f"{entity.name[0].lower()}{entity.name[1:]}Id"
    parameters: list[JSON] = []
    if verb == "List":
        parameters = [
            parameter("limit", "QueryString", DataType="Integer", IsOptional=True),
            parameter("updatedSince", "QueryString", DataType="DateTime", IsOptional=True),
        ]
    elif verb == "Search":
        path += "/search"
        parameters = [parameter("query", "QueryString", Description="Words to look for.")]
    elif verb != "Add":
        path += f"/{{{key}}}"
        parameters = [parameter(key, "MergeField", Name=f"{entity.name} ID")]
    return {
        "Name": f"{verb} {noun}",
        "Description": VERBS[verb].format(entity.plural.lower()),
        "Category": entity.plural,
        "MethodType": "Action",
        "EndPoint": path,
        "Parameters": parameters,
        "RequestFields": _request_fields(entity, verb),
        "ResponseFields": _response_fields(entity, verb),
    }


def _webhook(entity: Entity) -> JSON:
    return {
        "Name": f"New {entity.name}",
        "Description": f"Starts when there is a new one among the {entity.plural.lower()}.",
        "Category": entity.plural,
        "MethodType": "Webhook",
        "EndPoint": None,
        "Parameters": [],
        "RequestFields": [],
        "ResponseFields": _response_fields(entity, "Get"),
    }


def _request_fields(entity: Entity, verb: str) -> list[JSON]:
    if verb not in ("Add", "Update"):
        return []
    return [
        field(key, kind, IsOptional=verb == "Update" or n > 0)
        for n, (key, kind) in enumerate(_keys(entity))
    ]


def _response_fields(entity: Entity, verb: str) -> list[JSON]:
    if verb == "Delete":
        return [field("isDeleted", "Boolean")]
    above = f"[{entity.plural.lower()}]." if verb in ("List", "Search") else ""
    return [field(f"{above}{key}", kind) for key, kind in [("id", "Text"), *_keys(entity)]]


def _keys(entity: Entity) -> list[tuple[str, str]]:
    """The names of the fields with their data types."""
    pairs = (part.partition(":") for part in entity.keys.split())
    return [(name, kind or "Text") for name, _, kind in pairs]


# -- ids -----------------------------------------------------------------------------------------


def _numbered(connector: Connector, n: int, method: JSON) -> JSON:
    """The method with its ids: its parameters' and fields' follow from its own."""
    number = connector.id * PER_RELEASE + n
    ids = count(number * PER_RELEASE + 1)
    own = {"ConnectorId": connector.id, **(method.get(OWN) or {})}
    lists = {
        key: [{"Id": next(ids), **one} for one in method[key]]
        for key in ("Parameters", "RequestFields", "ResponseFields")
        if method.get(key)
    }
    unique_id = uuid.uuid5(NAMESPACE, _text_of(connector, method["Name"]))
    return {"Id": number, "MethodUniqueIdentifier": str(unique_id), **method, **lists, OWN: own}


def _text_of(connector: Connector, *more: str | None) -> str:
    """What stays the same from release to release, in ASCII whatever the names are."""
    return json.dumps([connector.name, connector.version, *more])
