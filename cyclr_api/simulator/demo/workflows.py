"""Templates and cycles of the default state: what customers run, and in which states it is.

Steps call methods of the catalogue by name. A connector that an account has not installed makes
its cycle shorter: nothing is installed here.
"""

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cyclr_api.simulator.state import prerequisites, runs
from cyclr_api.simulator.state.cycle import ACTIVE, DELETE_SCHEDULED, PAUSED, Cycle
from cyclr_api.simulator.state.method_shapes import field as method_field
from cyclr_api.simulator.state.method_shapes import parameter
from cyclr_api.simulator.state.methods import Method
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.step_setup import FIELDS, PARAMETERS, Kind, StepSetup
from cyclr_api.simulator.state.templates import Template
from cyclr_api.simulator.state.values import (
    JSON,
    OWN,
    AccountConnector,
    Connector,
    cyclr_time,
    read_time,
)

LAST_RUN = datetime(2026, 10, 1, 16, 0, tzinfo=UTC)
"""No cycle ran later, unless its account is younger."""

Call = tuple[str, str]
"""A connector and what it is to do: one of its methods, by name."""

LIST_SUBSCRIBER = "Add Subscriber to List"

CHOOSING: JSON = {
    "Id": 3666601,
    "MethodUniqueIdentifier": "f5b0ad2e-27a3-4a53-9d57-0a1c62f8e301",
    "Name": LIST_SUBSCRIBER,
    "Description": "Adds somebody to a list that is looked up.",
    "Category": "Subscribers",
    "MethodType": "Action",
    "EndPoint": "/lists/{listId}/members",
    "Parameters": [
        {
            "Id": 366660101,
            **parameter("listId", Name="List ID", Description="Select a list."),
            "TriggerName": "Look up lists",
            "DisplayOrder": 1,
            "Triggers": [
                {
                    "TriggerId": 4490,
                    "MethodId": 3666602,
                    "Name": "Look up lists",
                    "HumanReadableKey": "[lists].name",
                    "IdentifierKey": "[lists].id",
                    "SubTriggers": [],
                    OWN: {
                        "Values": [
                            {"Name": "Newsletter", "Value": "a78f86e7d7"},
                            {"Name": "Wholesale customers", "Value": "0c1d2e3f4a"},
                        ]
                    },
                }
            ],
        }
    ],
    "RequestFields": [
        {"Id": 366660102, **method_field("email", IsOptional=False), "DisplayOrder": 1},
        {
            "Id": 366660103,
            **method_field("status", Values=["subscribed", "pending"]),
            "DisplayOrder": 2,
        },
    ],
    "ResponseFields": [{"Id": 366660104, **method_field("id")}],
}
"""The one method here that is not the catalogue's: its parameter is looked up."""

NOBODY = ""
"""The account of a template's steps."""

HOSTILE = '<img src=x onerror="alert(1)"> {{ 7*7 }} =1+1'


@dataclass(frozen=True)
class Design:
    """A template: what it calls, one after the other."""

    name: str
    calls: list[Call]
    description: str | None = None
    tags: list[str] = field(default_factory=list)
    is_mapped: bool = False
    """Whether the customer need not map anything."""
    own: JSON = field(default_factory=dict)


NEWSLETTER = [("Shopify", "List Orders"), ("MailChimp", LIST_SUBSCRIBER)]

DESIGNS = [
    Design(
        "Orders to newsletter",
        NEWSLETTER,
        "Everybody who orders is put on a mailing list.",
        ["ecommerce", "newsletter"],
        own={"ReleaseNumber": 3},
    ),
    Design("Customers to HubSpot", [("Shopify", "List Orders"), ("HubSpot", "Add Contact")]),
    Design(
        "Deals to parcels",
        [("Pipedrive", "List Contacts"), ("Parcel Desk", "Add Order")],
        "A won deal is shipped.",
        ["Shipping"],
    ),
    Design(
        "Takings to the books",
        [("Till Cloud", "List Sales"), ("QuickBooks", "Add Invoice")],
        is_mapped=True,
    ),
    Design(
        "New starters",
        [("BambooHR", "New Employee"), ("Microsoft Teams", "Add Message")],
        "Welcome a new colleague where everybody reads it.",
        ["hr"],
    ),
    Design("Leads by webhook", [("Generic Webhook", "New Row"), ("Insightly", "Add Contact")]),
    Design(
        "Nightly stock list",
        [("PostgreSQL Table", "List Rows"), ("SFTP Private Key", "Add Record")],
        "Uses a database and a server of its own for each cycle.",
        is_mapped=True,
        own={"FreshConnectors": True},
    ),
    Design(
        "Contacts to chat",
        [("HubSpot", "List Contacts"), ("Slack", "Add Message")],
        is_mapped=True,
    ),
    Design("Shop to subscribers", [("WooCommerce", "New Order"), ("Klaviyo", "Add Subscriber")]),
    Design(
        "Tickets everywhere",
        [
            ("Zendesk", "List Tickets"),
            ("JIRA", "Add Issue"),
            ("Slack", "Add Message"),
            ("Slack", "Add Ticket"),
        ],
        tags=["Support", "support"],
        own={"ReleaseNumber": 2},
    ),
    Design(
        HOSTILE,
        [('Hostile <img src=x onerror="alert(1)">', "List Records"), ("Slack", "Add Message")],
        "</textarea><script>alert('template')</script>",
        ["<script>alert('tag')</script>", "=1+1"],
    ),
    Design("Orders to newsletter (2022)", NEWSLETTER, own={"Release": "Deprecated"}),
    Design("Half a thought", [("Airtable", "List Tasks")], own={"Release": "Draft"}),
]


@dataclass(frozen=True)
class Plan:
    """A cycle of a customer. An active one stays paused if it lacks anything."""

    customer: str
    name: str
    calls: list[Call]
    status: str = PAUSED
    template: str | None = None
    template_release: int = 1
    is_mapped: bool = True
    """Whether everything is that must be."""
    tools: list[str] = field(default_factory=list)
    """Steps between the first call and the others that nobody has set up."""
    runs: int = 0
    errors: int = 0
    warnings: int = 0
    own: JSON = field(default_factory=dict)


def _from(design: str, customer: str, status: str = PAUSED, **values: Any) -> Plan:
    """A cycle made from a template, under its name."""
    calls = next(one.calls for one in DESIGNS if one.name == design)
    return replace(Plan(customer, design, calls, status, design), **values)


PLANS = [
    _from("Orders to newsletter", "Harbour Books", ACTIVE, template_release=3, runs=12, warnings=2),
    _from("Customers to HubSpot", "Harbour Books", is_mapped=False),
    _from("Deals to parcels", "Lantern & Lye", ACTIVE, runs=30, errors=400),
    _from("Tickets everywhere", "Lantern & Lye", ACTIVE, runs=8),
    _from("New starters", "Lantern & Lye", is_mapped=False),
    _from("Orders to newsletter", "Lantern & Lye", DELETE_SCHEDULED, template_release=2),
    _from("Takings to the books", "Lantern & Lye", runs=3, errors=1),
    Plan("Mossgrove Cycles", "Stock count", [("PostgreSQL Table", "List Rows")]),
    _from("New starters", "Fjordlys Keramikk", ACTIVE, runs=5),
    Plan(
        "Tidewater Tea Rooms",
        "Subscriptions to the table",
        [("Chargebee", "List Records"), ("Airtable", "Add Task")],
        is_mapped=False,
    ),
    Plan(
        "Juniper Outfitters (test)",
        "Order follow-up",
        [("WooCommerce", "List Orders"), ("WooCommerce", "Update Order")],
        tools=["Decision", "Delay", "WaitUntil"],
        is_mapped=False,
    ),
    Plan(
        "Juniper Outfitters (test)",
        "Odd prerequisites",
        [("WooCommerce", "List Orders")],
        own={
            "Prerequisites": [
                prerequisites.line(0, "Unknown", None),
                prerequisites.line(42, "Collection", "0a1b2c3d-0000-4000-8000-000000000042"),
                {"ReasonCode": 99, "Reason": HOSTILE, "ObjectType": "Riddle", "ObjectId": "x"},
            ]
        },
    ),
    _from("Deals to parcels", "Copperline Dental", ACTIVE, runs=20, errors=6, warnings=4),
    _from("Orders to newsletter", "Northlight Studios", ACTIVE, template_release=2, runs=15),
    _from("Leads by webhook", "Saltmarsh Surf School", ACTIVE, runs=40, warnings=1),
    Plan(
        "Willowbank Vets",
        "Pet owners to the blog",
        [("SugarCRM", "List Contacts"), ("WordPress", "Update Record")],
        is_mapped=False,
    ),
    Plan(
        "Ember Oak Bakery",
        "Starters get a login",
        [("BambooHR", "List Employees"), ("PingOne", "Add Record")],
        is_mapped=False,
        warnings=1,
    ),
    Plan(
        "Halcyon Freight Forwarding",
        "Orders to the table",
        [("Shopify", "List Orders"), ("Airtable", "Add Issue")],
        DELETE_SCHEDULED,
        runs=2,
    ),
    _from("Takings to the books", "Quillon Legal", ACTIVE, runs=9),
    Plan(
        "Açúcar & Sal",
        "Support by mail",
        [("Zendesk", "List Tickets"), ("SendGrid", "Add Message")],
        runs=4,
        errors=2,
    ),
    _from("Contacts to chat", "Verdigris Plumbing Supplies", ACTIVE, runs=11, warnings=3),
    Plan(
        "Thistledown Nursery",
        "Payroll to the books",
        [("BambooHR", "List Employees"), ("Xero (OAuth2.0)", "Add Record")],
    ),
    _from("Shop to subscribers", "Gullwing Air Cargo", ACTIVE, runs=25),
    Plan(
        '<img src=x onerror="alert(1)">',
        HOSTILE,
        [("Pipedrive", "List Contacts"), ("Freshdesk", "Add Ticket")],
        ACTIVE,
        runs=3,
        errors=5,
    ),
    Plan(
        "</textarea><script>alert('name')</script>",
        "  Override \u202egnp.exe  ",
        [("Zendesk", "List Tickets"), ("Slack", "Add Message")],
        errors=1,
    ),
]

ERRORS = [
    (
        "Failed to call the method",
        "404 Not Found",
        '{"error":"no such record","hint":"it may have been deleted"}',
    ),
    ("Failed to authenticate the connector", "401 Unauthorized", '{"error":"token expired"}'),
    ("Failed to call the method", "500 Internal Server Error", "<html><h1>Oops</h1></html>"),
    ("Out of retries", "429 Too Many Requests", '{"error":"slow down"}'),
    ("Failed to build the request", "400 Bad Request", HOSTILE),
]
"""Short message, the third party's status line and body."""

WARNINGS = [
    ("Response data fields missing", "200 OK", '{"data":[]}'),
    ("Trigger Skipped", "200 OK", '{"data":null}'),
]


def add_workflows(state: CyclrState) -> None:
    """Put templates and cycles into a state that has accounts and account connectors."""
    templates = add_templates(state)
    customers = {account.name: account.id for account in state.accounts.values()}
    for plan in PLANS:
        _cycle(state, plan, customers[plan.customer], templates)


def add_templates(state: CyclrState) -> dict[str, Template]:
    """Put the templates into a state that has a catalogue; by name."""
    for name in ("Ready to sell", "Experiments"):
        state.templates.add_folder(name)
    return {one.name: _template(state, one) for one in DESIGNS}


# -- templates -----------------------------------------------------------------------------------


def _template(state: CyclrState, design: Design) -> Template:
    releases = {name: _live(state, name) for name, _ in design.calls}
    steps = [
        _step(state, releases[name], method) | {"ConnectorId": releases[name].id}
        for name, method in design.calls
    ]
    if design.is_mapped:
        steps = [_mapped(StepSetup(state.cycles.callees, NOBODY, one), steps[0]) for one in steps]
    called = [name for name, _ in design.calls]
    rows = [
        {
            "Id": release.id,
            "Name": name,
            "Version": release.version,
            "StepCount": called.count(name),
        }
        for name, release in releases.items()
    ]
    own = {"Steps": steps, "Edges": _chain(state, steps), **design.own}
    return state.templates.add(
        Name=design.name,
        Description=design.description,
        Tags=design.tags,
        Connectors=rows,
        **{OWN: own},
    )


def _live(state: CyclrState, name: str) -> Connector:
    return next(
        one for one in state.connectors.values() if one.name == name and one.release == "Live"
    )


def _step(state: CyclrState, release: Connector, method_name: str) -> JSON:
    """A step that calls a method of a release, not yet mapped."""
    step = {"Id": state.new_guid(), "Name": method_name, "ActionType": "Action"}
    if method_name == LIST_SUBSCRIBER:
        return {**step, "Method": CHOOSING}
    return {**step, "MethodId": _named(state.methods.of(release), method_name).id}


def _named(methods: list[Method], name: str) -> Method:
    """The method; without one, another that begins alike, else any."""
    verb = name.split()[0]
    alike = [one for one in methods if one.name.startswith(verb)]
    return next((one for one in methods if one.name == name), (alike or methods)[0])


def _chain(state: CyclrState, steps: list[JSON]) -> list[JSON]:
    return [
        {
            "Id": state.new_guid(),
            "HeadStepId": after["Id"],
            "TailStepId": before["Id"],
            "EdgeType": "Forward",
        }
        for before, after in itertools.pairwise(steps)
    ]


# -- cycles --------------------------------------------------------------------------------------


def _cycle(state: CyclrState, plan: Plan, account_id: str, templates: dict[str, Template]) -> Cycle:
    template = templates.get(plan.template or "")
    first_run = _first_run(state, plan, account_id)
    steps = _steps(state, plan, account_id)
    own = {
        "AccountId": account_id,
        "Steps": steps,
        "Edges": _chain(state, steps),
        "Variables": _variables(plan),
        **({} if template is None else {"TemplateRelease": plan.template_release}),
        **plan.own,
    }
    cycle = state.cycles.add(
        Name=plan.name,
        Description=None if template is None else template.document["Description"],
        Status=plan.status,
        CreatedOnUtc=cyclr_time(max(_earliest(state, account_id), first_run - timedelta(days=40))),
        TasksUsed=plan.runs * max(len(steps), 1),
        TemplateId=None if template is None else template.id,
        Tags=[] if template is None else list(template.document["Tags"]),
        **{OWN: own},
    )
    if cycle.is_running and state.cycles.prerequisites(cycle):
        cycle.document["Status"] = PAUSED
    _run(state, cycle, plan, first_run)
    return cycle


def _first_run(state: CyclrState, plan: Plan, account_id: str) -> datetime:
    """Once an hour until the last run, but not before there could be a cycle."""
    hours = max(plan.runs, plan.errors, plan.warnings, 1)
    return max(_earliest(state, account_id), LAST_RUN - timedelta(hours=hours))


def _earliest(state: CyclrState, account_id: str) -> datetime:
    return read_time(state.accounts[account_id].document["CreatedDate"]) + timedelta(days=1)


def _steps(state: CyclrState, plan: Plan, account_id: str) -> list[JSON]:
    called = [(_installed(state, account_id, name), method) for name, method in plan.calls]
    steps = [
        _step(state, one.connector, method) | {"AccountConnectorId": one.id}
        for one, method in called
        if one is not None
    ]
    if plan.is_mapped:
        steps = [
            _mapped(StepSetup(state.cycles.callees, account_id, one), steps[0]) for one in steps
        ]
    tools = [{"Id": state.new_guid(), "Name": kind, "ActionType": kind} for kind in plan.tools]
    return [*steps[:1], *tools, *steps[1:]]


def _installed(state: CyclrState, account_id: str, name: str) -> AccountConnector | None:
    return next((one for one in state.installed[account_id] if one.connector_name == name), None)


def _mapped(setup: StepSetup, source: JSON) -> JSON:
    """The step with everything mapped that must be: parameters typed, fields from the first."""
    first = StepSetup(setup.callees, setup.account_id, source)
    field_id = next((one["Id"] for one in first.response_fields()), None)
    taken = {
        "MappingType": "PreviousStep",
        "SourceStepId": source["Id"],
        "SourceFieldId": field_id,
    }
    typed = {"MappingType": "StaticValue", "Value": "a78f86e7d7"}
    how: list[tuple[Kind, JSON]] = [(PARAMETERS, typed), (FIELDS, taken)]
    return setup.step | {
        kind.mappings: [{"Id": target_id, **mapping} for target_id in setup.missing(kind)]
        for kind, mapping in how
    }


def _variables(plan: Plan) -> list[JSON]:
    if plan.runs < 20:
        return []
    name = {"DisplayName": "Sender address", "SystemName": "Senderaddress"}
    return [{**name, "Value": "shop@customer.example", "MappingType": "StaticValue"}]


# -- what they did -------------------------------------------------------------------------------


def _run(state: CyclrState, cycle: Cycle, plan: Plan, first_run: datetime) -> None:
    for n in range(plan.runs):
        moment = cyclr_time(first_run + timedelta(hours=n))
        items = [_item(state, cycle, step, moment) for step in cycle.steps]
        state.cycles.add_transaction(
            cycle, Items=items, **{runs.DATE: moment, "EndedOnUtc": moment}
        )
    if cycle.is_running and plan.runs > 10:
        moment = cyclr_time(first_run + timedelta(hours=plan.runs))
        state.cycles.add_transaction(cycle, Status=runs.IN_PROGRESS, **{runs.DATE: moment})
    for level, count, texts in (
        (runs.ERROR, plan.errors, ERRORS),
        (runs.WARNING, plan.warnings, WARNINGS),
    ):
        for n, (short, status, body) in zip(range(count), itertools.cycle(texts), strict=False):
            step = cycle.steps[-1] if cycle.steps else {}
            state.cycles.add_incident(
                cycle,
                IncidentLevel=level,
                ShortMessage=short,
                FullMessage=runs.full_message(status, body, _request(state, cycle, step)),
                StepId=step.get("Id"),
                StepName=step.get("Name"),
                **{runs.DATE: cyclr_time(first_run + timedelta(hours=n, minutes=7))},
            )


def _item(state: CyclrState, cycle: Cycle, step: JSON, moment: str) -> JSON:
    return {
        "StepId": step["Id"],
        "StepName": step["Name"],
        "Request": f"HTTP Request:\r\n{_request(state, cycle, step)}",
        "Response": '200 OK\r\n{"id":"1042","status":"done"}',
        runs.DATE: moment,
    }


def _request(state: CyclrState, cycle: Cycle, step: JSON) -> str:
    """As Cyclr tells it: without what authenticates it."""
    setup = StepSetup(state.cycles.callees, cycle.account_id, step)
    verb = "GET" if str(step.get("Name")).startswith("List") else "POST"
    path = setup.method.get("EndPoint") or "/"
    return (
        f"{verb} https://api.third-party.example{path} HTTP/1.1\r\n"
        "Accept: application/json\r\nAuthorization: [redacted]\r\nUser-Agent: Cyclr"
    )
