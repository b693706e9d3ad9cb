"""Whatever a connector asks and whatever is typed: no page falls over, no secret comes back."""

from __future__ import annotations

import csv
import io
import json
import os
import uuid
from typing import Any

from django.http import QueryDict
from django.test import override_settings
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

import cyclr_api
from cyclr_api.decoding import decode_json
from cyclr_api.simulator import CyclrState, empty_state, mount
from dashboard.audit.models import Actor
from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.common.untrusted_text import storable
from dashboard.consoles import services as consoles
from dashboard.consoles.models import Console
from dashboard.installs.fields import looks_secret
from dashboard.installs.form import InstallForm
from dashboard.installs.many.form import InstallManyForm
from dashboard.installs.models import Draft
from dashboard.installs.services import KIND, exclusivity_key
from dashboard.mirror import sync
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import OperationRequest, submit
from dashboard.operations.tasks import run_operation
from dashboard.people.models import Role, User
from tests.factories import make_account, make_console, make_user
from tests.pages import HOSTILE

CANARY = "canary-51d0b242"
RELEASE = 17301
API = "https://cyclr.test"
ACCOUNT = "shop-1"

OURS = (
    *("name", "Name", "description", "submission", "release", "method", "another", "wants_link"),
    *("csrfmiddlewaretoken", "parameter-0", "auth-key", "is_native", "config", "htmx", "redraw"),
    *("Account id", "Account name", "id", "API key", "User name", "table", "file"),
)
SECRET_NAMES = ("API Token", "Client Secret", "Private Key", "Password", "signing_key", "PEM")
plain_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
texts = st.one_of(
    plain_text,
    st.sampled_from([*HOSTILE, *OURS, "", "*", "\0", "a\0b", "=1+1", "x" * 10_000, "a;b;c", "a,b"]),
)
anything = st.one_of(st.none(), st.booleans(), st.integers(), texts, st.lists(texts, max_size=2))
flags: st.SearchStrategy[Any] = st.sampled_from(
    [True, False, "true", "False", 1, 0, None, "perhaps", [], {}]
)
kinds = st.sampled_from(
    [*("Text", "Integer", "Float", "Decimal", "Boolean", "DateTime", "Undefined", "integer")]
    + ["Guid", "", None, 7]
)
parameters = st.fixed_dictionaries(
    {
        "Name": st.one_of(texts, st.sampled_from(SECRET_NAMES), anything),
        "TargetName": st.one_of(
            texts,
            st.text("ab \n\t'*…", max_size=5).map(lambda text: f"x{text}y"),
            st.sampled_from(["Region", "something", "Some\r\nthing  else ", "w" * 400]),
        ),
        "IsAccountConnectorProperty": st.sampled_from([True, True, True, True, "true", 1, False]),
        "DataType": kinds,
    },
    optional={
        "Id": st.one_of(st.integers(), texts, st.none()),
        "Description": anything,
        "IsOptional": flags,
        "IsSensitive": flags,
        "IsHidden": st.sampled_from([False, None, "false", True]),
        "IsMultiline": flags,
        "Values": st.one_of(st.none(), st.lists(texts, max_size=4), anything),
        "DisplayOrder": st.one_of(st.integers(), st.sampled_from([None, "first", "3", -1, 1e300])),
        "DefaultValue": anything,
    },
)
methods = st.fixed_dictionaries(
    {
        "Id": st.one_of(st.uuids().map(str), st.sampled_from([None, "0", "1", 7])),
        "AuthType": st.one_of(
            st.sampled_from(["ApiKey", "Basic", "OAuth2", "OAuth1", "AuthFields", "None"]), texts
        ),
    },
    optional={
        "AuthName": anything,
        "AuthDescription": anything,
        "AuthScheme": st.one_of(texts, st.just("null")),
        "OAuth2Type": st.sampled_from(
            ["AuthorisationCode", "ClientCredentials", "PasswordCredentials", "Unknown", None, 3]
        ),
    },
)
documents = st.fixed_dictionaries(
    {
        "Name": st.one_of(st.just("Parcel Desk"), texts),
        "Authentication": st.lists(methods, max_size=3),
        "Parameters": st.one_of(
            st.lists(parameters, min_size=1, max_size=5),
            st.just([]),
            st.lists(parameters, min_size=1, max_size=2).map(lambda few: (few * 80)[:80]),
        ),
    }
)
typed_texts = st.one_of(
    texts,
    st.sampled_from(["25", "-0", "2.5", "1e5", "1e999", "NaN", "true", "false", "9" * 5000, "٢٥"]),
    st.sampled_from(["2026-03-01", "0001-01-01", "9999-12-31T23:59:59-14:00", "/Date(0)/", "soon"]),
)


def whole(document: dict[str, Any]) -> dict[str, Any]:
    """The document as it comes over the wire."""
    sent = json.dumps({**document, "Id": RELEASE, "Version": None}).encode()
    read = decode_json(sent)
    assert isinstance(read, dict)
    return read


TICKS = {"wants_link", "is_native", "by_customer"}


def is_hidden_typing(form: InstallForm, name: str) -> bool:
    """Whether what is typed into the field is a secret that no page may show."""
    if name.startswith("parameter-"):
        parameter = form.parameters[int(name.removeprefix("parameter-"))]
        kind = (parameter.data_type or "").lower()
        is_figure = kind in {"integer", "float", "decimal", "boolean", "datetime"}
        return parameter.is_sensitive or (looks_secret(parameter) and not is_figure)
    return name in {"auth-key", "auth-password", "auth-ClientSecret", "auth-access", "auth-refresh"}


def good(form: InstallForm, name: str) -> str:
    """Something that the field takes."""
    kind = type(form.fields[name]).__name__
    known = {"WholeNumber": "25", "Fraction": "2.5", "Moment": "2026-03-01", "ChoiceField": "true"}
    return known.get(kind, "*" if kind == "ChoiceOrAnother" else "something")


def filled_in(form: InstallForm, data: st.DataObject, *, is_good: bool) -> dict[str, str]:
    """What a browser would send: anything or the right things, and the canary for secrets."""
    posted = {
        "submission": str(uuid.uuid4()),
        "release": str(form.connector.release_id),
        "method": form.method_key,
        "name": "Mine" if is_good else data.draw(typed_texts),
    }
    few = data.draw(st.lists(typed_texts, min_size=1, max_size=5))
    for place, name in enumerate(form.fields):
        if name in {*posted, *TICKS, "description"} | form.never_shown:
            continue
        if is_hidden_typing(form, name):
            posted[name] = posted[f"{name}_other"] = f"{CANARY}-{place}"
            if is_good:
                posted[name] = good(form, name).replace("something", posted[name])
        else:
            posted[name] = good(form, name) if is_good else few[place % len(few)]
            posted[f"{name}_other"] = "else"
    if "by_customer" in form.fields and data.draw(st.booleans()):
        posted["by_customer"] = "on"
        theirs = sorted(name for name in posted if name.startswith(("auth-", "parameter-")))
        for name in data.draw(st.lists(st.sampled_from(theirs), unique=True)) if theirs else []:
            del posted[name]
    return posted


def as_query(posted: dict[str, str]) -> QueryDict:
    """The same as a view gets it."""
    query = QueryDict(mutable=True)
    query.update(posted)
    return query


EXAMPLES = int(os.environ.get("TEST_EXAMPLES", "0"))
often = settings(
    max_examples=EXAMPLES or 25,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class WhateverIsAsked(TestCase):
    """One account, and a connector of which Cyclr says anything."""

    world: CyclrState
    user: User
    console: Console
    account: Account

    def setUp(self) -> None:
        """The dashboard's clients end in the world of the example."""
        client_id, secret = empty_state().credentials[0]
        changes = override_settings(
            CYCLR_API_URL=API,
            CYCLR_CLIENT_ID=client_id,
            CYCLR_CLIENT_SECRET=secret,
            CYCLR_CALLS_PER_SECOND=10_000,
        )
        changes.enable()
        self.addCleanup(changes.disable)
        consoles.on_new_client.append(self.joined)
        self.addCleanup(consoles.forget_clients)
        self.addCleanup(consoles.on_new_client.remove, self.joined)

    def joined(self, client: cyclr_api.Client) -> None:
        """The dashboard's client talks to this Cyclr."""
        mount(self.world, client.session)

    def make(self, document: dict[str, Any]) -> CatalogueConnector:
        """A Cyclr with one account and this connector, which the mirror has read."""
        consoles.forget_clients()
        self.world = empty_state()
        self.world.api_url = API
        self.world.add_account(Id=ACCOUNT, Name="Shop")
        self.world.add_connector(whole(document))
        self.user = make_user(Role.LEAD)
        self.client.force_login(self.user)
        self.console = make_console(api_url=API, client_id=self.world.credentials[0][0])
        self.account = make_account(console=self.console, cyclr_id=ACCOUNT)
        found = cyclr_api.Connector.from_json(whole(document))
        columns = sync.connector_columns(found)
        return CatalogueConnector.objects.create(
            console=self.console, name=storable(found.name), **columns
        )

    @often
    @given(documents, documents, st.data(), st.booleans())
    def test_no_page_falls_over_and_no_secret_comes_back(
        self, document: dict[str, Any], later: dict[str, Any], data: st.DataObject, is_good: bool
    ) -> None:
        """The form, its check, its draft, its errors, its operation, and another release's form."""
        connector = self.make(document)
        place = [self.account.pk, connector.pk]
        url, check = reverse("install_new", args=place), reverse("install_check", args=place)
        keys = [str(n) for n in range(max(1, len(connector.methods)))]
        method = data.draw(st.sampled_from(keys))
        form = InstallForm(connector, self.account, method=method)
        posted = filled_in(form, data, is_good=is_good)

        answers = [
            self.client.get(url, {"method": method}),
            self.client.post(url, {**posted, "redraw": "1"}),
            self.client.post(url, {**posted, "release": "1"}),
            self.client.post(check, posted),
            self.client.get(url),
            self.client.post(url, posted),
            self.client.get(self.account.get_absolute_url()),
            *(self.client.get(row.get_absolute_url()) for row in Operation.objects.all()),
        ]
        released = sync.connector_columns(cyclr_api.Connector.from_json(whole(later)))
        CatalogueConnector.objects.update(**{**released, "release_id": RELEASE + 1})
        answers += [self.client.post(url, posted), self.client.get(url)]

        for answer in answers:
            html = answer.content.decode()
            assert answer.status_code in {200, 302, 409, 422}
            assert CANARY not in html
            for markup in ("<script>alert", "<img src=x", "<b hx-get"):
                assert markup not in html
        for row in [*Draft.objects.values(), *Operation.objects.values()]:
            assert CANARY not in str(row)

    @often
    @given(documents, st.data())
    def test_what_the_form_takes_cyclr_takes_too(
        self, document: dict[str, Any], data: st.DataObject
    ) -> None:
        """Or it says which field it does not take: names with NUL do not survive the mirror."""
        connector = self.make(document)
        form = self.sent(connector, data)
        if form is None:
            return

        operation = self.installed(connector, form)

        if operation.state == State.FAILED:
            assert form.field_named(operation.error_field.removeprefix("property:"))
            assert "\0" in json.loads(json.dumps(str(document)))
            return
        assert operation.state == State.DONE
        there = self.world.installed[ACCOUNT]
        wanted = [(entry["Name"], entry["Value"]) for entry in form.properties()]
        assert [one.name for one in there] == [form.cleaned_data["name"]]
        last = dict(wanted)  # of two settings that go by one name Cyclr keeps the last
        assert {entry["Name"]: entry["Value"] for entry in there[0].properties} == last

    @often
    @given(documents, st.data())
    def test_a_setting_that_cyclr_refuses_is_named_at_its_field(
        self, document: dict[str, Any], data: st.DataObject
    ) -> None:
        """As it happens when a release has come that the form does not know."""
        connector = self.make(document)
        form = self.sent(connector, data)
        if form is None or not form.properties():
            return
        lost = data.draw(st.sampled_from([entry["Name"] for entry in form.properties()]))
        message = f"There is not a connector property that matches name '{lost}'."
        self.world.faults.respond(
            "POST", "/connectors/{id}/install", 400, {"Message": message}, times=1
        )

        operation = self.installed(connector, form)

        assert operation.state == State.FAILED
        field = form.field_named(operation.error_field.removeprefix("property:"))
        if not field and "***" in operation.cyclr_message:
            return  # what was typed is hidden in it, and more than one name would fit
        assert field in {name for name in form.fields if self.target_of(form, name) == lost}

    def target_of(self, form: InstallForm, name: str) -> str:
        """What Cyclr calls a field of the form."""
        if name.startswith("parameter-"):
            return form.parameters[int(name.removeprefix("parameter-"))].target_name
        return name.removeprefix("auth-")

    def sent(self, connector: CatalogueConnector, data: st.DataObject) -> InstallForm | None:
        """The form with good entries, if it takes them."""
        empty = InstallForm(connector, self.account)
        posted = filled_in(empty, data, is_good=True)
        form = InstallForm(connector, self.account, as_query(posted), method=empty.method_key)
        return form if form.is_valid() else None

    def installed(self, connector: CatalogueConnector, form: InstallForm) -> Operation:
        """The operation that comes of the form, carried out."""
        operation = submit(
            OperationRequest(
                kind=KIND,
                title="Install",
                actor=Actor.staff(self.user),
                console=self.console,
                submission=form.cleaned_data["submission"],
                account=self.account,
                connector=connector,
                values=form.install_values(),
                shown=form.display_input(),
                exclusivity_key=exclusivity_key(self.account, connector),
            )
        )
        run_operation(operation.pk)
        operation.refresh_from_db()
        return operation

    @often
    @given(documents, st.data(), st.booleans())
    def test_the_table_to_download_is_understood_and_its_secrets_are_not_shown(
        self, document: dict[str, Any], data: st.DataObject, is_good: bool
    ) -> None:
        """Not in the form that comes back, nor in what is stored of its lines for people."""
        connector = self.make(document)
        url = reverse("install_many", args=[connector.pk])
        form = InstallManyForm(connector)
        posted = filled_in(form, data, is_good=is_good)
        names = [name for name in form.column_headings() if name != "description"]
        table = self.filled_table(connector, [posted.get(name, "") for name in names])

        answers = [
            self.client.post(url, {**posted, "table": table}),
            self.client.post(url, {**posted, "table": table, "redraw": "1"}),
            self.client.post(url, {**posted, "table": ACCOUNT}),
        ]

        for answer in answers:
            html = answer.content.decode()
            assert answer.status_code in {200, 302, 422}
            assert CANARY not in html
            assert "No field is called" not in html
            assert "Two columns" not in html
        for row in [*BulkRun.objects.values(), *BulkRow.objects.values()]:
            assert CANARY not in str(row)

    def filled_table(self, connector: CatalogueConnector, cells: list[str]) -> str:
        """The table that is downloaded, with these cells in the line of the account."""
        answer = self.client.get(reverse("install_many_table", args=[connector.pk]))
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        heading, line = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
        written = io.StringIO(newline="")
        first = line[: len(heading) - len(cells)]
        csv.writer(written).writerows([heading, [*first, *cells]])
        return written.getvalue()
