"""Templates in the simulator: listing, exporting, importing, installing."""

from __future__ import annotations

from typing import Any

import pytest

from cyclr_api.simulator import CyclrState, new_state
from tests.cyclr_api.simulator.conftest import SHOP, Caller
from tests.cyclr_api.simulator.cycle_makers import MALFORMED, UNKNOWN

FAILED = {"Message": "Failed to import template."}

SHOPIFY, MAILCHIMP = 90102, 90103


def template_named(state: CyclrState, name: str) -> str:
    return next(str(one["Id"]) for one in state.document()["Templates"] if one["Name"] == name)


def install(api: Caller, template: str, **body: Any) -> Any:
    return api("POST", f"/templates/{template}/install", json=body).json()


# -- listed --------------------------------------------------------------------------------------


def test_templates_are_listed_by_pages_in_the_order_that_is_asked_for(api: Caller) -> None:
    first = api.get("/templates?sortOrderAsc=false&pageSize=5&page=1&orderBy=Id").json()

    assert len(first) == 5
    assert [one["Id"] for one in first] == sorted((one["Id"] for one in first), reverse=True)
    assert api.get("/templates?pageSize=100&page=10").json() == []


def test_only_live_templates_are_listed(state: CyclrState, api: Caller) -> None:
    names = {one["Name"] for one in api.get("/templates").json()}
    deprecated = template_named(state, "Orders to newsletter (2022)")
    draft = template_named(state, "Half a thought")

    assert 10 <= len(names) <= 12
    assert not names & {"Orders to newsletter (2022)", "Half a thought"}
    assert api.get(f"/templates/{deprecated}").status_code == 200
    assert api.get(f"/templates/{draft}").status_code == 404


def test_an_account_header_changes_nothing(api: Caller) -> None:
    with_account = api.get("/templates").json()
    api.account = None

    assert api.get("/templates").json() == with_account


def test_templates_are_found_by_tag_and_connector(api: Caller) -> None:
    names = {
        query: [one["Name"] for one in api.get(f"/templates?page=1&{query}").json()]
        for query in (
            "tag=Support",
            "tag=SUPPORT",
            "connectorName=MailChimp&connectorVersion=v3",
            "connectorName=MailChimp&connectorVersion=v2",
            "connectorName=Mailchimp",
        )
    }

    assert list(names.values()) == [
        ["Tickets everywhere"],
        [],
        ["Orders to newsletter"],
        [],
        [],
    ]


def test_the_other_queries_are_accepted(api: Caller) -> None:
    query = "lookupCustomFields=true&includePrerequisites=true&includeOptional=true"

    assert api.get(f"/templates?{query}").status_code == 200


def test_a_template_shows_its_connectors_with_icons_unless_they_are_refused(
    state: CyclrState, api: Caller
) -> None:
    path = f"/templates/{template_named(state, 'Orders to newsletter')}"
    shown = api.get(f"{path}/").json()

    icons = [row.pop("Icon") for row in shown["Connectors"]]
    assert all(icon.startswith("data:image/png;base64") for icon in icons)
    assert shown == {
        "Id": path.removeprefix("/templates/"),
        "Name": "Orders to newsletter",
        "Description": "Everybody who orders is put on a mailing list.",
        "Tags": ["ecommerce", "newsletter"],
        "Connectors": [
            {"Id": 17199, "Name": "Shopify", "Version": "1.0", "StepCount": 1},
            {"Id": 16919, "Name": "MailChimp", "Version": "v3", "StepCount": 1},
        ],
    }
    bare = api.get(f"{path}?includeIcons=false").json()["Connectors"]
    assert [row["Icon"] for row in bare] == [None, None]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/export"), ("POST", "/install")]
)
def test_an_unknown_template_is_not_found_and_a_malformed_one_refused(
    api: Caller, method: str, path: str
) -> None:
    assert api(method, f"/templates/{UNKNOWN}{path}", json={}).status_code == 404
    assert api(method, f"/templates/{MALFORMED}{path}", json={}).status_code == 400


# -- exported, imported --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("00aaaab0-d8ef-4b2c-b4a8-f109b6ab994d", "Folder with provided ID could not be found."),
        ("00ffaab0-d8ef-4b2c-b4a8-f109b6ab454Z", "Folder ID is invalid."),
        ("00ffaab0-d8ef-4b2c-b4a8-f109b6ab45XYZ", "Folder ID is invalid."),
    ],
)
def test_a_folder_is_looked_at_first(api: Caller, folder: str, message: str) -> None:
    answer = api("POST", f"/templates/import?folderid={folder}", json={})

    assert (answer.status_code, answer.json()) == (400, {"Message": message})


STEP = {"Id": UNKNOWN, "Name": "One", "ActionType": "Action"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"{'Name': 'x'",
        {"Name": " "},
        {"Name": ["x"]},
        {"Name": "x", "Tags": "x"},
        {"Name": "x", "Connectors": [{"Name": "no number"}]},
        {"Name": "x", "Connectors": [None]},
        {"Name": "x", "Steps": {}},
        {"Name": "x", "Steps": [STEP | {"Id": "1"}]},
        {"Name": "x", "Steps": [STEP | {"ConnectorId": 5}]},
        {"Name": "x", "Steps": [STEP | {"Method": {"Id": 1, "Parameters": [{"Name": "?"}]}}]},
        {"Name": "x", "Steps": [STEP | {"FieldMappings": [7]}]},
        {"Name": "x", "Edges": [{"HeadStepId": UNKNOWN}]},
        {"Name": "x", "Edges": [{"HeadStepId": UNKNOWN, "TailStepId": "1"}]},
        {"Name": "x", "Variables": [{}]},
    ],
)
def test_what_is_no_template_is_not_imported(state: CyclrState, api: Caller, body: Any) -> None:
    before = len(state.templates.listed())
    sent = {"data": body} if isinstance(body, bytes) else {"json": body}

    answer = api("POST", "/templates/import", **sent)

    assert (answer.status_code, answer.json()) == (400, FAILED)
    assert len(state.templates.listed()) == before


@pytest.mark.parametrize("name", ["Orders to newsletter", "Takings to the books"])
def test_an_exported_template_can_be_imported_and_installed(
    state: CyclrState, api: Caller, name: str
) -> None:
    exported = api.get(f"/templates/{template_named(state, name)}/export").json()
    folder = state.document()["Folders"][0]["Id"].upper()

    imported = api("POST", f"/templates/import?folderid={folder}", json=exported)

    new_id = imported.json()["Id"]
    again = api.get(f"/templates/{new_id}/export").json()
    original, copied = install(api, template_named(state, name)), install(api, new_id)
    assert (imported.status_code, exported["Name"]) == (200, name)
    assert [again[key] for key in ("Name", "Description", "Tags", "Connectors", "Edges")] == [
        exported[key] if key != "Edges" else [_without_id(edge) for edge in exported[key]]
        for key in ("Name", "Description", "Tags", "Connectors", "Edges")
    ]
    assert _kinds(state, copied["Id"]) == _kinds(state, original["Id"])
    assert [e.ids for e in state.ledger if e.kind == "template_import"] == [{"template": new_id}]


def _without_id(edge: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in edge.items() if key != "Id"}


def _kinds(state: CyclrState, cycle_id: str) -> list[tuple[int, str]]:
    lines = state.cycles.prerequisites(state.cycles.one(SHOP, cycle_id))
    return [(line["ReasonCode"], line["ObjectType"]) for line in lines]


def test_an_imported_template_is_listed_and_survives_its_file(
    state: CyclrState, api: Caller
) -> None:
    imported = api("POST", "/templates/import", json={"Name": "Tiny"}).json()

    again = new_state(state.document())

    assert imported in api.get("/templates").json()
    assert again.document() == state.document()
    assert again.templates.one(imported["Id"]).name == "Tiny"


# -- installed -----------------------------------------------------------------------------------


def test_an_installed_template_is_a_paused_cycle_with_the_connectors_there_are(
    state: CyclrState, api: Caller
) -> None:
    template = template_named(state, "Orders to newsletter")

    answer = api("POST", f"/templates/{template}/install", json={})

    cycle = answer.json()
    assert answer.status_code == 200
    assert (cycle["Name"], cycle["Status"]) == ("Orders to newsletter", "Paused")
    assert (cycle["TemplateId"], cycle["Tags"]) == (template, ["ecommerce", "newsletter"])
    assert [(c["AccountConnectorId"], c["Authenticated"]) for c in cycle["Connectors"]] == [
        (SHOPIFY, True),
        (MAILCHIMP, True),
    ]
    assert api.get(f"/cycles/{cycle['Id']}").json() == cycle
    assert [(e.kind, e.by, e.ids) for e in state.ledger] == [
        ("template_install", "api", {"template": template, "cycle": cycle["Id"]})
    ]


def test_an_installed_template_has_steps_of_its_own(state: CyclrState, api: Caller) -> None:
    template = template_named(state, "Takings to the books")
    first, second = install(api, template), install(api, template)

    ids = [
        {one["Id"] for one in api.get(f"/cycles/{cycle['Id']}/{what}").json()}
        for cycle in (first, second)
        for what in ("steps", "edges")
    ]
    steps = api.get(f"/cycles/{first['Id']}/steps").json()
    mapping = api.get(f"/steps/{steps[1]['Id']}/fieldmappings").json()[0]

    assert [len(found) for found in ids] == [2, 1, 2, 1]
    assert len(set.union(*ids)) == 6
    assert mapping["MappingType"] == "PreviousStep"
    assert mapping["SourceStepId"] == steps[0]["Id"]


def test_missing_connectors_are_installed(state: CyclrState, api: Caller) -> None:
    cycle = install(api, template_named(state, "Takings to the books"), Name="Mine")

    installs = [e for e in state.ledger if e.kind == "install"]

    assert cycle["Name"] == "Mine"
    assert [one["Authenticated"] for one in cycle["Connectors"]] == [False, False]
    assert [e.ids["name"] for e in installs] == ["Till Cloud", "QuickBooks"]
    assert {e.by for e in installs} == {"api"}
    assert [one["AccountConnectorId"] for one in cycle["Connectors"]] == [
        e.ids["account_connector"] for e in installs
    ]
    assert _kinds(state, cycle["Id"]) == [(20, "AccountConnector")] * 2


def test_a_template_can_ask_for_connectors_of_its_own(state: CyclrState, api: Caller) -> None:
    template = template_named(state, "Nightly stock list")

    first, second = install(api, template), install(api, template)

    assert [one.name for one in state.installed[SHOP]][3:] == [
        "PostgreSQL Table",
        "SFTP Private Key",
        "PostgreSQL Table 2",
        "SFTP Private Key 2",
    ]
    used = [row["AccountConnectorId"] for row in first["Connectors"] + second["Connectors"]]
    assert len(set(used)) == 4


def test_a_connector_called_twice_is_installed_once(state: CyclrState, api: Caller) -> None:
    cycle = install(api, template_named(state, "Tickets everywhere"))

    counts = {row["Name"]: row["StepCount"] for row in cycle["Connectors"]}

    assert counts == {"Zendesk": 1, "JIRA": 1, "Slack": 2}
    assert len(state.installed[SHOP]) == 6


def test_what_the_customer_decides_is_not_copied(state: CyclrState, api: Caller) -> None:
    method = {"Id": 1, "Parameters": [{"Id": 2, "Name": "List"}, {"Id": 3, "Name": "Size"}]}
    mapped = {"MappingType": "StaticValue", "Value": "the partner's test"}
    mappings = [{"Id": 2, "IsLaunchVisible": True, **mapped}, {"Id": 3, **mapped}]
    step = STEP | {"Method": method, "ParameterMappings": mappings}
    template = state.templates.add(Name="Asks", Simulator={"Steps": [step]})

    cycle = install(api, template.id)
    step_id = api.get(f"/cycles/{cycle['Id']}/steps").json()[0]["Id"]
    shown = api.get(f"/steps/{step_id}/parameters").json()

    assert [(one["Value"], one["IsLaunchVisible"]) for one in shown] == [
        (None, True),
        ("the partner's test", False),
    ]


def test_a_templates_variables_travel_with_it(state: CyclrState, api: Caller) -> None:
    variable = {
        "DisplayName": "Sender",
        "SystemName": "Sender",
        "Value": "shop@customer.example",
        "MappingType": "StaticValue",
    }
    template = state.templates.add(Name="x", Simulator={"Variables": [variable]})

    exported = api.get(f"/templates/{template.id}/export").json()
    imported = api("POST", "/templates/import", json=exported).json()
    cycle = install(api, imported["Id"])

    assert api.get(f"/cycles/{cycle['Id']}/variables").json() == [variable]


@pytest.mark.parametrize(
    ("row", "installed"),
    [
        ({"Id": 1, "Name": "Till Cloud"}, ["Till Cloud"]),  # an unknown release: by name
        ({"Id": 16278, "Name": "Salesforce"}, ["Salesforce"]),  # a deprecated one, as it is
        ({"Id": 19023, "Name": "Draft Desk"}, None),
        ({"Id": 1, "Name": "Nobody's"}, None),
    ],
)
def test_a_template_is_installed_as_a_whole_or_not_at_all(
    state: CyclrState, api: Caller, row: dict[str, Any], installed: list[str] | None
) -> None:
    rows = [{"Id": 19010, "Name": "No Question At All"}, row]
    template = state.templates.add(Name="x", Connectors=rows)

    answer = api("POST", f"/templates/{template.id}/install", json={})

    new = [one.name for one in state.installed[SHOP]][3:]
    assert answer.status_code == (400 if installed is None else 200)
    assert new == ([] if installed is None else ["No Question At All", *installed])


def test_icons_of_a_new_cycle_can_be_refused(state: CyclrState, api: Caller) -> None:
    template = template_named(state, "Orders to newsletter")

    cycle = api("POST", f"/templates/{template}/install?includeIcons=false", json={}).json()

    assert [row["Icon"] for row in cycle["Connectors"]] == [None, None]


def test_an_install_needs_an_account(state: CyclrState, api: Caller) -> None:
    api.account = None
    path = f"/templates/{template_named(state, 'Orders to newsletter')}/install"

    assert api("POST", path, json={}).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"Id": "{known}"},
        {"Connectors": [{"Name": "Shopify"}]},
        {"Simulator": {"Steps": [{"Name": "One"}]}},
    ],
)
def test_a_template_that_cannot_be_told_apart_is_refused(
    state: CyclrState, wrong: dict[str, Any]
) -> None:
    if "Id" in wrong:
        wrong = {"Id": template_named(state, "Orders to newsletter").upper()}
    before = state.document()["Templates"]

    with pytest.raises(ValueError, match="template"):
        state.templates.add(wrong)

    assert state.document()["Templates"] == before


# -- the default state ---------------------------------------------------------------------------


def test_every_template_of_the_default_world_can_be_installed(
    state: CyclrState, api: Caller
) -> None:
    for template in api.get("/templates").json():
        assert install(api, template["Id"])["Connectors"]


def test_a_mapped_template_lacks_credentials_and_nothing_else(state: CyclrState) -> None:
    shop = "shop-1043.example"

    cycles = [
        state.templates.install(shop, state.templates.one(template_named(state, name)), None)
        for name in ("Contacts to chat", "Leads by webhook", "Orders to newsletter")
    ]

    codes = [[line["ReasonCode"] for line in state.cycles.prerequisites(one)] for one in cycles]
    assert codes == [[], [30], [30]]
