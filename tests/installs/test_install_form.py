"""The generated form: what each kind of Parameter and authentication method becomes."""

from __future__ import annotations

import base64
import json
import re
import uuid
from typing import Any

import pytest
from django.http import QueryDict
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from dashboard.installs.form import InstallForm, free_name
from dashboard.installs.services import follow_up
from dashboard.mirror.models import Account, CatalogueConnector
from tests.factories import API_KEY, OAUTH, make_account, make_connector

BASIC = {"Id": "b", "AuthName": "Basic", "AuthType": "Basic"}
CLIENT = {"Id": "c", "AuthName": "CC", "AuthType": "OAuth2", "OAuth2Type": "ClientCredentials"}
PASSWORD = {"Id": "p", "AuthName": "PC", "AuthType": "OAuth2", "OAuth2Type": "PasswordCredentials"}
NONE = {"Id": "n", "AuthName": "None", "AuthType": "None"}
STRANGE = {"Id": "s", "AuthName": "Kerberos", "AuthType": "Kerberos"}


def parameter(**values: Any) -> dict[str, Any]:
    """A text parameter that is asked for."""
    made_up = {
        "Id": 880101,
        "Name": "Region",
        "TargetName": "Region",
        "IsAccountConnectorProperty": True,
        "IsOptional": False,
        "IsSensitive": False,
        "DataType": "Text",
        "Values": [],
    }
    return made_up | values


def unsaved(
    *parameters: dict[str, Any], methods: list[dict[str, Any]] | None = None
) -> CatalogueConnector:
    """A connector as the mirror would hold it."""
    return CatalogueConnector(
        pk=1,
        name="Parcel Desk",
        release_id=17301,
        authentication=[NONE] if methods is None else methods,
        parameters=list(parameters),
    )


def form_of(connector: CatalogueConnector, method: str = "", **data: Any) -> InstallForm:
    """The form, filled in; what is not given is left empty."""
    posted = QueryDict(mutable=True)
    posted.update({"submission": str(uuid.uuid4()), "release": str(connector.release_id)})
    posted.update({"name": "Parcel Desk", "method": method})
    for name, value in data.items():
        posted[name.replace("__", "-")] = value
    account = Account(pk=1, cyclr_id="a", name="Acme")
    form = InstallForm(connector, account, posted, method=method)
    if len(form.methods) > 1 and not method:
        form.data["method"] = form.method_key  # type: ignore[index]
    return form


def errors(form: InstallForm) -> set[str]:
    """The names of the fields that are wrong."""
    form.is_valid()
    return set(form.errors)


def drawn(form: InstallForm) -> str:
    """The form's fields as the page shows them."""
    text = "{% error_summary form %}{% for bound in form %}{% field bound %}{% endfor %}"
    return Template(text).render(Context({"form": form}))


def test_label_help_key_and_whether_it_is_required() -> None:
    form = form_of(
        unsaved(parameter(Description="Where the shop is hosted."), parameter(IsOptional=True))
    )

    assert form["parameter-0"].label == "Region"
    assert "Where the shop is hosted." in form["parameter-0"].help_text
    assert errors(form) == {"parameter-0"}


def test_what_is_no_account_property_or_hidden_is_not_asked_for_nor_sent() -> None:
    form = form_of(
        unsaved(parameter(IsAccountConnectorProperty=False), parameter(IsHidden=True)),
        parameter__0="x",
    )

    assert form.is_valid() and form.properties() == []


@pytest.mark.parametrize(
    ("kind", "good", "sent", "bad"),
    [
        ("Integer", " 25 ", "25", ["x", "2.5", "1_000", "٢٥", "9" * 5000]),
        ("Float", "2.5", "2.5", ["x", "NaN", "Infinity", "1e999", "1,5", "9" * 5000]),
        ("Decimal", "-0.25", "-0.25", ["--1", "inf"]),
        ("Boolean", "false", "false", ["maybe"]),
        ("DateTime", "2026-03-01T09:00+01:00", "2026-03-01T08:00:00Z", ["soon", "2026-02-30"]),
        ("Text", " ke pt ", "ke pt", ["a\x00b"]),
        ("Undefined", "x", "x", []),
        ("Nonsense", "x", "x", []),
    ],
)
def test_each_data_type_has_its_check_and_is_sent_as_text(
    kind: str, good: str, sent: str, bad: list[str]
) -> None:
    connector = unsaved(parameter(DataType=kind))
    form = form_of(connector, parameter__0=good)
    assert form.is_valid(), form.errors
    assert form.properties() == [{"Name": "Region", "Value": sent, "Id": 880101}]
    for value in bad:
        assert errors(form_of(connector, parameter__0=value)) == {"parameter-0"}, value


def test_values_are_a_choice_that_takes_another() -> None:
    connector = unsaved(parameter(Values=["eu", "us"]))
    assert form_of(connector, parameter__0="eu").is_valid()
    other = form_of(connector, **{"parameter__0": "*", "parameter-0_other": "apac"})
    name = next(iter(other.fields["parameter-0"].widget.widgets_names[1:]))
    other = form_of(connector, **{"parameter__0": "*", f"parameter-0{name}": "apac"})
    assert other.is_valid(), other.errors
    assert other.properties()[0]["Value"] == "apac"
    assert errors(form_of(connector, parameter__0="*")) == {"parameter-0"}
    assert errors(form_of(connector)) == {"parameter-0"}


@pytest.mark.parametrize("method", [API_KEY, BASIC, OAUTH, CLIENT, PASSWORD, NONE, STRANGE])
def test_what_is_left_to_the_customer_may_stay_empty_and_makes_a_link(
    method: dict[str, Any],
) -> None:
    connector = unsaved(parameter(), methods=[method])
    assert "parameter-0" in errors(form_of(connector))
    form = form_of(connector, by_customer="on")

    assert form.is_valid(), form.errors
    assert (form.auth_value(), form.properties()) == (None, [])
    assert form.wants_link()


@pytest.mark.parametrize("method", [API_KEY, BASIC])
def test_what_staff_typed_is_sent_although_the_customer_types_the_rest(
    method: dict[str, Any],
) -> None:
    connector = unsaved(parameter(), methods=[method])
    typed = {"auth__key": "k", "auth__user": "u", "auth__password": "p"}
    form = form_of(connector, by_customer="on", **typed)
    assert form.is_valid(), form.errors
    assert form.auth_value() and form.wants_link()
    other = form_of(connector, by_customer="on", parameter__0="eu")
    assert other.is_valid() and other.wants_link()
    assert [entry["Value"] for entry in other.properties()] == ["eu"]
    whole = form_of(connector, by_customer="on", parameter__0="eu", **typed)

    assert whole.is_valid() and not whole.wants_link()


def test_a_password_grant_is_tried_by_cyclr_once_everything_is_typed() -> None:
    connector = unsaved(parameter(), methods=[PASSWORD])
    whole = form_of(connector, parameter__0="eu", wants_link="on")
    assert whole.is_valid(), whole.errors
    assert whole.auth_value() == "{}" and whole.wants_link()
    part = form_of(connector, by_customer="on")

    assert part.is_valid() and part.auth_value() is None and part.wants_link()


def test_client_credentials_are_used_once_they_are_all_there() -> None:
    connector = unsaved(parameter(), methods=[CLIENT])
    part = form_of(connector, by_customer="on", auth__ClientId="a", auth__ClientSecret="b")
    assert part.is_valid() and part.auth_value() is None and part.wants_link()
    whole = form_of(connector, by_customer="on", parameter__0="eu")
    assert whole.is_valid() and whole.auth_value() == "{}" and not whole.wants_link()
    bare = form_of(unsaved(methods=[CLIENT]), by_customer="on")

    assert bare.is_valid() and bare.auth_value() is None and bare.wants_link()


def test_a_password_needs_its_user_name_also_when_the_rest_is_the_customers() -> None:
    form = form_of(unsaved(methods=[BASIC]), by_customer="on", auth__password="p")

    assert errors(form) == {"auth-user"}


def test_the_tick_is_only_there_where_the_customer_could_fill_something_in() -> None:
    for method in (NONE, STRANGE, OAUTH):
        assert not form_of(unsaved(methods=[method])).offers_customer
    for method in (API_KEY, BASIC, CLIENT, PASSWORD):
        assert form_of(unsaved(methods=[method])).offers_customer
    assert form_of(unsaved(parameter(), methods=[NONE])).offers_customer


def test_a_form_that_is_drawn_again_keeps_the_tick() -> None:
    connector = unsaved(parameter(), methods=[API_KEY])
    posted = QueryDict(mutable=True)
    posted.update({"by_customer": "on"})
    form = form_of(connector)
    form.keep(posted)

    assert form.initial["by_customer"] is True


def test_a_secret_is_never_drawn_back_and_says_that_it_must_be_typed_again() -> None:
    connector = unsaved(
        parameter(IsSensitive=True, Name="Signing Key"),
        parameter(IsSensitive=True, IsMultiline=True, Name="Private Key"),
        parameter(Name="Region"),
    )
    form = form_of(connector, parameter__0="canary-1", parameter__1="canary-2\nx", parameter__2="")
    form.is_valid()
    html = drawn(form)

    assert "canary" not in html
    assert "Type it again" in html
    assert 'type="password"' in html


def test_a_private_key_keeps_its_line_ends_and_a_secret_the_spaces_within() -> None:
    connector = unsaved(
        parameter(IsSensitive=True, Name="Private Key"), parameter(IsSensitive=True)
    )
    form = form_of(connector, parameter__0="-----BEGIN\r\nabc\r\ndef", parameter__1=" s p ")

    assert form.is_valid()
    assert [p["Value"] for p in form.properties()] == ["-----BEGIN\nabc\ndef", "s p"]


def test_same_target_names_and_fields_called_like_ours_work() -> None:
    connector = unsaved(
        parameter(Id=1, Name="Name", TargetName="Name"),
        parameter(Id=2, Name="Name", TargetName="Name"),
        parameter(Id=3, Name="csrfmiddlewaretoken", TargetName="csrfmiddlewaretoken"),
        parameter(Id=4, Name="<b onclick=x>", TargetName="submission", Description="<script>"),
    )
    form = form_of(
        connector, parameter__0="a", parameter__1="b", parameter__2="c", parameter__3="d"
    )

    assert form.is_valid(), form.errors
    assert [(p["Name"], p["Value"], p["Id"]) for p in form.properties()] == [
        ("Name", "a", 1),
        ("Name", "b", 2),
        ("csrfmiddlewaretoken", "c", 3),
        ("submission", "d", 4),
    ]
    assert form.install_values()["name"] == "Parcel Desk"
    assert "<script>" not in drawn(form) and "<b onclick" not in drawn(form)


def test_eighty_parameters_and_none() -> None:
    many = [parameter(Id=n, Name=f"P{n}", TargetName=f"P{n}", IsOptional=True) for n in range(80)]
    assert len(form_of(unsaved(*many)).settings) == 80
    bare = form_of(unsaved())
    assert bare.settings == [] and bare.is_valid()
    assert bare.install_values()["auth_value"] is None


def test_one_method_is_not_asked_for_and_several_are() -> None:
    assert "method" not in form_of(unsaved(methods=[API_KEY])).fields
    form = form_of(unsaved(methods=[API_KEY, OAUTH]), method=OAUTH["Id"])

    assert form["method"].label == "Authentication method"
    assert "auth-key" not in form.fields and "wants_link" in form.fields
    assert form.is_valid(), form.errors
    assert form.install_values()["authentication_id"] == OAUTH["Id"]


@pytest.mark.django_db
def test_the_link_that_follows_is_for_whoever_is_named() -> None:
    account = make_account()
    named = form_of(
        unsaved(methods=[OAUTH]),
        wants_link="on",
        recipient_email="Kim <kim@shop.example>",
        recipient_name=" Kim Larsen ",
    )
    assert named.is_valid(), named.errors
    order = follow_up(named, account)
    assert order and order["values"] == {
        "recipient_email": "kim@shop.example",
        "recipient_name": "Kim Larsen",
    }

    nobody = form_of(unsaved(methods=[OAUTH]), wants_link="on")
    assert nobody.is_valid() and "values" not in (follow_up(nobody, account) or {})
    wrong = form_of(
        unsaved(methods=[OAUTH]), recipient_email="kim", recipient_name="Kim\nBcc: x@y.example"
    )
    assert set(wrong.errors) == {"recipient_email", "recipient_name"}


def test_no_recipient_is_asked_for_where_no_link_can_follow() -> None:
    assert form_of(unsaved(methods=[NONE])).recipient == []


def test_auth_values_are_encoded_as_cyclr_wants_them() -> None:
    key = form_of(unsaved(methods=[API_KEY]), auth__key="k e y ")
    assert key.is_valid() and key.auth_value() == "k e y"
    assert not key.wants_link()
    basic = form_of(unsaved(methods=[BASIC]), auth__user="ü", auth__password="p:w")
    assert basic.is_valid()
    assert base64.b64decode(basic.auth_value() or "").decode() == "ü:p:w"
    client = form_of(unsaved(methods=[CLIENT]), auth__ClientId="i", auth__ClientSecret="s")
    assert client.is_valid() and client.auth_value() == "{}"
    assert {p["Name"]: p["Value"] for p in client.properties()} == {
        "ClientId": "i",
        "ClientSecret": "s",
    }
    oauth = form_of(unsaved(methods=[OAUTH]), wants_link="on")
    assert oauth.is_valid() and oauth.auth_value() is None and oauth.wants_link()
    tokens = form_of(
        unsaved(methods=[OAUTH]),
        wants_link="on",
        auth__access="a",
        auth__refresh="r",
        auth__expires="2026-03-01T09:00Z",
    )
    assert tokens.is_valid() and not tokens.wants_link()
    assert json.loads(tokens.auth_value() or "") == {
        "AccessToken": "a",
        "RefreshToken": "r",
        "Expires": "2026-03-01T09:00:00Z",
    }
    for method in (NONE, STRANGE):
        form = form_of(unsaved(methods=[method]))
        assert form.is_valid() and form.auth_value() is None
    grant = form_of(unsaved(methods=[PASSWORD]))
    assert grant.is_valid() and grant.auth_value() == "{}"
    assert "Kerberos" in form_of(unsaved(methods=[STRANGE])).auth_type_message


def test_halves_of_an_own_app_or_of_tokens_are_refused() -> None:
    assert errors(form_of(unsaved(methods=[OAUTH]), auth__ClientId="i")) == {"auth-ClientSecret"}
    assert errors(form_of(unsaved(methods=[OAUTH]), auth__refresh="r")) == {"auth-access"}
    assert errors(form_of(unsaved(methods=[API_KEY]))) == {"auth-key"}


def test_names_that_are_taken_are_refused_with_a_free_one() -> None:
    assert free_name("CRM", {"crm", "CRM 2"}) == "CRM 3"
    assert free_name("x" * 200, {"X" * 200}) == "x" * 198 + " 2"
    connector = unsaved()
    form = InstallForm(connector, Account(pk=1), taken={"Parcel Desk"})
    assert form.initial["name"] == "Parcel Desk 2"


def test_what_is_shown_of_the_input_holds_no_secret() -> None:
    connector = unsaved(
        parameter(IsSensitive=True, Name="K"),
        parameter(Name="Client Secret", TargetName="cs"),
        parameter(Name="Region"),
        methods=[BASIC],
    )
    form = form_of(
        connector,
        parameter__0="canary-1",
        parameter__1="canary-2",
        parameter__2="eu",
        auth__user="ana",
        auth__password="canary-3",
    )
    assert form.is_valid(), form.errors
    shown = str(form.display_input())

    assert "canary" not in shown
    assert "eu" in shown and "ana" in shown


def test_the_form_follows_the_method_without_echoing_secrets(agent: Client, db: None) -> None:
    account = make_account()
    connector = make_connector(console=account.console, authentication=[API_KEY, OAUTH])
    url = reverse("install_new", args=[account.pk, connector.pk])
    data = {
        "method": OAUTH["Id"],
        "auth-key": "canary-key",
        "name": "My name",
        "redraw": "1",
        "release": connector.release_id,
    }
    answer = agent.post(url, data, headers={"HX-Request": "true"})
    html = answer.content.decode()

    assert html.strip().startswith("<form") and 'id="install-form"' in html
    assert "My name" in html and "canary-key" not in html
    ticked = re.search(r'<input[^>]*name="wants_link"[^>]*>', html)
    assert ticked is not None
    assert "checked" in ticked.group(0)
    again = agent.post(url, data | {"had_link": "1"}, headers={"HX-Request": "true"})
    unticked = re.search(r'<input[^>]*name="wants_link"[^>]*>', again.content.decode())
    assert unticked is not None
    assert "checked" not in unticked.group(0)


def test_what_looks_secret_is_typed_as_one_although_cyclr_does_not_say_so() -> None:
    connector = unsaved(
        parameter(Name="Client Secret"),
        parameter(Name="API Token"),
        parameter(Name="Password", IsSensitive=None),
        parameter(Name="Access token lifetime", DataType="Integer"),
        parameter(Name="Token type"),
    )
    form = form_of(connector, **{f"parameter-{n}": f"canary-{n}" for n in range(5)})
    form.is_valid()
    html = drawn(form)

    assert not any(f"canary-{n}" in html for n in range(3))
    assert "canary-3" in html and "canary-4" in html


def test_a_new_release_draws_the_form_again_with_what_was_typed(agent: Client, db: None) -> None:
    account = make_account()
    connector = make_connector(
        console=account.console, parameters=[parameter()], authentication=[NONE]
    )
    url = reverse("install_new", args=[account.pk, connector.pk])
    layout = InstallForm(connector, account).layout_now
    data = {"submission": str(uuid.uuid4()), "release": 1, "layout": layout, "name": "N"}
    answer = agent.post(url, data | {"parameter-0": "my entry"})

    assert answer.status_code == 409
    assert "A new release of this connector" in answer.content.decode()
    assert 'value="my entry"' in answer.content.decode()


def test_a_new_release_puts_no_entry_into_another_settings_place(agent: Client, db: None) -> None:
    key = parameter(Name="Signing key", TargetName="key", IsSensitive=True)
    region, shop = parameter(), parameter(Name="Shop", TargetName="Shop")
    account = make_account()
    connector = make_connector(
        console=account.console, parameters=[key, region], authentication=[NONE]
    )
    url = reverse("install_new", args=[account.pk, connector.pk])
    data = {
        "submission": str(uuid.uuid4()),
        "release": connector.release_id,
        "layout": InstallForm(connector, account).layout_now,
        "name": "N",
        "parameter-0": "canary-key",
        "parameter-1": "eu-west",
    }
    connector.release_id += 1
    plain_key = parameter(Name="Signing key", TargetName="key")
    connector.parameters = [shop, plain_key | {"Name": "Word"}, region]
    connector.save()

    html = agent.post(url, data).content.decode()

    assert "canary-key" not in html
    assert re.search(
        r'name="parameter-2"[^>]*value="eu-west"|value="eu-west"[^>]*parameter-2', html
    )


def test_a_draft_of_an_older_release_fills_the_same_settings(agent: Client, db: None) -> None:
    region, shop = parameter(), parameter(Name="Shop", TargetName="Shop")
    account = make_account()
    connector = make_connector(console=account.console, parameters=[region], authentication=[NONE])
    names = [account.pk, connector.pk]
    data = {"release": connector.release_id, "name": "N", "parameter-0": "eu-west"}
    agent.post(reverse("install_check", args=names), data)
    connector.parameters = [shop, region]
    connector.save()

    html = agent.get(reverse("install_new", args=names)).content.decode()

    assert re.search(
        r'name="parameter-1"[^>]*value="eu-west"|value="eu-west"[^>]*parameter-1', html
    )


def test_drafts_and_built_in_connectors_cannot_be_picked(agent: Client, db: None) -> None:
    account = make_account()
    for values in ({"is_draft": True}, {"is_system": True}):
        connector = make_connector(console=account.console, **values)
        assert agent.get(reverse("install_new", args=[account.pk, connector.pk])).status_code == 404
    other = make_connector()
    assert agent.get(reverse("install_new", args=[account.pk, other.pk])).status_code == 404


text = st.text(max_size=40)
anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text)
parameters = st.fixed_dictionaries(
    {},
    optional={
        "Id": st.one_of(st.integers(), text, st.none()),
        "Name": anything,
        "TargetName": anything,
        "Description": anything,
        "IsAccountConnectorProperty": st.sampled_from([True, "true", 1, False, None]),
        "IsOptional": anything,
        "IsSensitive": anything,
        "DataType": st.one_of(st.sampled_from(["Integer", "Boolean", "DateTime"]), anything),
        "Values": st.one_of(st.none(), st.lists(text, max_size=4)),
        "DisplayOrder": anything,
        "Default": anything,
    },
)


class ArbitraryParameters(TestCase):
    """Whatever Cyclr's Parameters are, the form is drawn and answers."""

    @settings(max_examples=60, deadline=None)
    @given(st.lists(parameters, max_size=6), st.lists(text, min_size=6, max_size=6))
    def test_the_form_never_fails(self, asked: list[dict[str, Any]], typed: list[str]) -> None:
        """Drawn empty and filled; a valid one has only text to send."""
        connector = unsaved(*asked, methods=[API_KEY])
        data = {f"parameter-{n}": value for n, value in enumerate(typed)}
        form = form_of(connector, **{"auth-key": "canary-key"}, **data)
        html = drawn(form)
        assert "canary-key" not in html
        if form.is_valid():
            json.dumps(form.install_values())
            assert all(isinstance(p["Value"], str) for p in form.properties())


def test_the_picker_is_filtered_as_the_library_is(agent: Client, db: None) -> None:
    account = make_account()
    for name, method, category in (("Keyed", API_KEY, "CRMs"), ("Signed", OAUTH, "Sales")):
        make_connector(
            console=account.console, name=name, authentication=[method], categories=[category]
        )
    url = reverse("install_pick", args=[account.pk])

    def names(query: str) -> list[str]:
        page = agent.get(f"{url}?{query}").content.decode()
        return [name for name in ("Keyed", "Signed") if f"Choose {name}" in page]

    assert names("") == ["Keyed", "Signed"]
    assert names("auth=sign-in") == ["Signed"]
    assert names("auth=api-key&category=CRMs") == ["Keyed"]
    assert names("auth=api-key&category=Sales") == []
    assert names("auth=rubbish") == ["Keyed", "Signed"]


def test_a_user_name_without_a_password_may_be_the_key_and_is_not_shown() -> None:
    form = form_of(unsaved(methods=[BASIC]), auth__user="canary-key")
    assert form.is_valid(), form.errors

    assert "canary" not in str(form.display_input())
    assert ["User name", "set"] in form.display_input()["entries"]


def test_a_user_name_with_a_colon_is_refused() -> None:
    """Basic authentication would take what follows for the password."""
    form = form_of(unsaved(methods=[BASIC]), auth__user="ana:pw", auth__password="x")

    assert errors(form) == {"auth-user"}


def test_another_value_of_what_looks_secret_is_not_drawn_back() -> None:
    connector = unsaved(parameter(Name="API Token", Values=["demo"]), parameter())
    form = form_of(connector, **{"parameter-0": "*", "parameter-0_other": "canary-token"})
    form.is_valid()

    assert "canary" not in drawn(form)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("2026-03-01T10:15:00.1234567+02:00", "2026-03-01T08:15:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_a_moment_is_sent_with_all_its_digits(typed: str, sent: str) -> None:
    form = form_of(unsaved(parameter(DataType="DateTime")), parameter__0=typed)
    assert form.is_valid(), form.errors

    assert form.properties()[0]["Value"] == sent
