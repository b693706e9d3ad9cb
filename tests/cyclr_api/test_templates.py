"""Templates: what is sent, and what becomes of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from cyclr_api import (
    Client,
    Cycle,
    NotFoundError,
    OutcomeUnknownError,
    PagingError,
    RefusedError,
    Template,
    TemplateConnector,
    TemporaryError,
    UndecodableError,
    UnexpectedAnswerError,
    UnsendableError,
)
from cyclr_api.simulator import CyclrState, demo_state
from tests.cyclr_api.mounted import client_of as mounted_client
from tests.cyclr_api.raw_server import client_of, reply, reset, serve

ID = "5a1e7f60-3c0b-4e7e-9f3d-52d1c2f3aa10"
OTHER_ID = "7c0d9b22-6a51-4f0e-8d3b-11e2c4f5bb20"
CYCLE_ID = "2d4f7c19-1f6a-4a77-8c51-3e9bb0a6d001"
ACCOUNT = "acme/eu"

CONNECTOR = {
    "Id": 17301,
    "Name": "Parcel Desk",
    "Version": "2.0",
    "StepCount": 2,
    "Icon": "data:image/png;base64,iVBORw0KGgo=",
}
TEMPLATE = {
    "Id": ID,
    "Name": "Orders to parcels",
    "Description": None,
    "Tags": ["shop", "New"],
    "Connectors": [CONNECTOR],
}
CYCLE = {"Id": CYCLE_ID, "Name": "Orders to parcels", "Status": "Paused"}


# ---- what is read ----


def test_a_template_is_read_and_its_icons_are_not_kept() -> None:
    template = Template.from_json(TEMPLATE)

    assert template == Template(
        id=ID,
        name="Orders to parcels",
        tags=("shop", "New"),
        connectors=(TemplateConnector(17301, "Parcel Desk", "2.0", 2),),
    )
    assert "iVBORw0KGgo" not in str((template, template.extra, template.connectors[0].extra))


def test_what_is_missing_or_odd_is_none() -> None:
    bare = Template.from_json({"id": ID})
    odd = Template.from_json(
        {
            "Id": ID,
            "Name": ["?"],
            "Tags": "shop",
            "Connectors": {"Name": "Till", "Version": "null", "StepCount": "2", "Id": "x"},
            "Folder": "Shops",
        }
    )

    assert bare == Template(id=ID)
    assert (odd.name, odd.tags, dict(odd.extra)) == ("", (), {"Folder": "Shops"})
    assert odd.connectors == (TemplateConnector(None, "Till", None, 2),)


@pytest.mark.parametrize("value", [None, [], "x", {}, {"Id": " "}, {"Id": None, "Name": "x"}])
def test_what_has_no_id_is_no_template(value: object) -> None:
    with pytest.raises(UndecodableError):
        Template.from_json(value)


# ---- what is sent ----


def test_every_template_is_listed_without_icons() -> None:
    with serve(reply(200, [TEMPLATE]), reply(200, [])) as server:
        found = client_of(server).templates.all()

    assert [template.id for template in found] == [ID]
    assert [query_of(call.target)["includeIcons"] for call in server.calls] == ["false", "false"]
    assert all(urlsplit(call.target).path == "/v1.0/templates" for call in server.calls)
    assert all("x-cyclr-account" not in call.headers for call in server.calls)


def query_of(target: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def test_a_list_is_narrowed_by_tag_and_connector() -> None:
    with serve(reply(200, [])) as server:
        templates = client_of(server).templates
        list(templates.iterate(tag="New & old", connector_name="Över", connector_version="v 1"))

    query = query_of(server.calls[0].target)
    assert (query["tag"], query["connectorName"], query["connectorVersion"]) == (
        "New & old",
        "Över",
        "v 1",
    )


def test_a_server_that_ignores_the_page_is_an_error() -> None:
    with serve(reply(200, [TEMPLATE])) as server, pytest.raises(PagingError):
        client_of(server).templates.all()


def test_what_cannot_be_read_spoils_a_list_or_is_counted() -> None:
    with serve(reply(200, [TEMPLATE, {"Name": "no id"}]), reply(200, [])) as server:
        found = client_of(server).templates.readable()
    with (
        serve(reply(200, [TEMPLATE, {"Name": "no id"}])) as server,
        pytest.raises(UnexpectedAnswerError),
    ):
        client_of(server).templates.all()

    assert ([template.id for template in found], found.skipped) == ([ID], 1)


@pytest.mark.parametrize("answer", [TEMPLATE, [TEMPLATE]])
def test_one_template_is_read_from_an_object_or_an_array(answer: object) -> None:
    with serve(reply(200, answer)) as server:
        template = client_of(server).template(ID).get()

    assert template.name == "Orders to parcels"
    assert server.calls[0].target == f"/v1.0/templates/{ID}?includeIcons=false"


def test_an_unknown_template_is_not_found() -> None:
    with serve(reply(404)) as server, pytest.raises(NotFoundError):
        client_of(server).template(ID).get()


def test_a_template_goes_from_one_console_to_another() -> None:
    document = {"Name": "Orders to parcels", "Steps": [{"Name": "Get orders"}]}
    with serve(reply(200, document), reply(200, TEMPLATE)) as server:
        client = client_of(server)
        exported = client.template(ID).export()
        loaded = client.templates.load(exported, folder_id=OTHER_ID)

    assert loaded == Template.from_json(TEMPLATE)
    assert [(call.method, call.target) for call in server.calls] == [
        ("GET", f"/v1.0/templates/{ID}/export"),
        ("POST", f"/v1.0/templates/import?folderid={OTHER_ID}"),
    ]
    assert json.loads(server.calls[1].body) == document


@pytest.mark.parametrize("answer", [None, "Imported.", {"Message": "Imported."}, []])
def test_a_load_whose_answer_shows_no_template_has_happened_all_the_same(answer: object) -> None:
    with serve(reply(200, answer)) as server:
        assert client_of(server).templates.load({"Name": "x"}) is None


def test_an_export_that_is_no_document_is_an_error() -> None:
    with serve(reply(200, [])) as server, pytest.raises(UnexpectedAnswerError):
        client_of(server).template(ID).export()


def test_a_load_is_refused_in_cyclrs_words() -> None:
    answer = reply(400, {"Message": "Folder with provided ID could not be found."})
    with serve(answer) as server, pytest.raises(RefusedError) as caught:
        client_of(server).templates.load({}, folder_id=OTHER_ID)

    assert caught.value.cyclr_message == "Folder with provided ID could not be found."


@pytest.mark.parametrize(("name", "body"), [(None, {}), ("For Ann", {"Name": "For Ann"})])
def test_an_install_makes_a_paused_cycle(name: str | None, body: object) -> None:
    with serve(reply(200, CYCLE)) as server:
        cycle = client_of(server).account(ACCOUNT).templates.install(ID, name=name)

    call = server.calls[0]
    assert cycle == Cycle(id=CYCLE_ID, name="Orders to parcels", status="Paused")
    assert (call.method, call.target) == (
        "POST",
        f"/v1.0/templates/{ID}/install?includeIcons=false",
    )
    assert json.loads(call.body) == body
    assert call.headers["x-cyclr-account"] == ACCOUNT.encode()


@pytest.mark.parametrize("script", [reset, reply(502), reply(200, b"<html>"), reply(200, {})])
def test_an_install_without_a_readable_answer_is_unknown_and_sent_once(
    script: Callable[..., None],
) -> None:
    with serve(script) as server, pytest.raises(OutcomeUnknownError):
        client_of(server).account(ACCOUNT).templates.install(ID, name="For Ann")

    assert len(server.calls) == 1


def test_a_read_in_trouble_may_be_asked_again() -> None:
    with serve(reply(503)) as server, pytest.raises(TemporaryError):
        client_of(server).template(ID).get()


# ---- with the simulator ----


@pytest.fixture
def state() -> CyclrState:
    """The support desk's Cyclr, reached by https."""
    state = demo_state()
    state.api_url = "https://api.cyclr.test"
    return state


def test_an_installed_template_is_a_cycle_of_the_account(state: CyclrState) -> None:
    client = mounted_client(state)
    template = next(one for one in client.templates.all() if one.name == "Deals to parcels")
    account = client.account("shop-1042.example")
    before = {one.id for one in account.connectors.all()}

    cycle = account.templates.install(template.id, name="Parcels of Ann")

    assert (cycle.name, cycle.status, cycle.template_id) == (
        "Parcels of Ann",
        "Paused",
        template.id,
    )
    assert account.cycle(cycle.id).get() == cycle
    missing = {one.id for one in account.connectors.all()} - before
    assert {used.account_connector_id for used in cycle.connectors} == missing
    assert [used.name for used in cycle.connectors] == ["Pipedrive", "Parcel Desk"]


def test_an_install_whose_answer_is_lost_is_found_by_its_name(state: CyclrState) -> None:
    client = mounted_client(state)
    template = client.templates.all()[0]
    account = client.account("shop-1042.example")
    state.faults.drop_after_effect("POST", "/templates/{id}/install")

    with pytest.raises(OutcomeUnknownError):
        account.templates.install(template.id, name="Newsletter 4711")

    ours = [cycle for cycle in account.cycles.iterate() if cycle.name == "Newsletter 4711"]
    assert [cycle.template_id for cycle in ours] == [template.id]


def test_an_export_is_loaded_again(state: CyclrState) -> None:
    client = mounted_client(state)
    template = next(iter(client.templates.iterate(tag="hr")))

    client.templates.load(client.template(template.id).export())

    alike = [one for one in client.templates.all() if one.name == template.name]
    assert len({one.id for one in alike}) == 2
    assert alike[0].connectors == alike[1].connectors


# ---- what is not sent ----


@pytest.mark.parametrize("id", ["", "7", "..", "a/b", ID + "0", "z" + ID[1:], None, 5])
def test_an_id_that_is_no_guid_is_not_sent(id: str) -> None:
    with serve(reply(200, TEMPLATE)) as server:
        client = client_of(server)
        attempts: list[Callable[[], object]] = [
            lambda: client.template(id),
            lambda: client.account(ACCOUNT).templates.install(id),
        ]
        if id is not None:
            attempts.append(lambda: client.templates.load({}, folder_id=id))
        for attempt in attempts:
            with pytest.raises(UnsendableError):
                attempt()

    assert server.requests == []


def test_an_install_without_a_name_at_all_is_not_sent() -> None:
    with serve(reply(200, CYCLE)) as server, pytest.raises(UnsendableError):
        client_of(server).account(ACCOUNT).templates.install(ID, name=" ")

    assert server.requests == []


def test_a_client_restricted_to_one_account_asks_for_templates_too() -> None:
    with serve(reply(200, [])) as server:
        client: Client = client_of(server, restricted_to=ACCOUNT)

        assert client.templates.all() == []
