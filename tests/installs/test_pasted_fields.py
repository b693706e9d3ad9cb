"""The fields of a connector's form, given what people paste."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.http import QueryDict
from django.template import Context, Template

from cyclr_api import Parameter
from dashboard.installs.credentials import credential_fields
from dashboard.installs.fields import PemTextarea, SecretInput, SecretTextarea, field_for
from dashboard.mirror.catalogue import AuthType


def parameter(**more: Any) -> Parameter:
    """A setting of Cyclr's."""
    made_up = {"Id": 1, "Name": "Domain", "TargetName": "Domain"}
    return Parameter.from_json(made_up | more)


def form_of(fields: dict[str, forms.Field], **typed: str) -> forms.Form:
    """A form of these fields, sent by a browser."""
    data = QueryDict(mutable=True)
    data.update(typed)
    form = forms.Form(data)
    form.fields |= fields
    return form


@pytest.mark.parametrize("name", ["Domain", "API Key", "Client Secret", "Access Token"])
def test_a_setting_goes_on_without_blanks_around_it(name: str) -> None:
    form = form_of({"x": field_for(parameter(Name=name))}, x=" \u200bacme\u00a0\n")

    assert form.is_valid() and form.cleaned_data == {"x": "acme"}


def test_a_key_and_a_user_name_go_on_without_blanks_around_them() -> None:
    fields = credential_fields(None, AuthType.API_KEY, goes="") | credential_fields(
        None, AuthType.BASIC, goes=""
    )
    typed = {"auth-key": "key\u200b ", "auth-user": "\tjane\u00a0", "auth-password": "pass"}
    form = form_of(fields, **typed)

    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"auth-key": "key", "auth-user": "jane", "auth-password": "pass"}


@pytest.mark.parametrize("text", ["pass ", " pass", "pa\u00a0ss", "pass\u00a0"])
def test_what_may_belong_to_a_password_is_asked_about_once(text: str) -> None:
    fields = credential_fields(None, AuthType.BASIC, goes="")
    form = form_of(fields, **{"auth-user": "jane", "auth-password": text})
    assert not form.is_valid() and list(form.errors) == ["auth-password"]
    drawn = Template("{% load desk %}{% field form.password %}").render(
        Context({"form": {"password": form["auth-password"]}})
    )
    assert 'name="auth-password-asked" value="1"' in drawn and text not in drawn
    again = {"auth-user": "jane", "auth-password": text, "auth-password-asked": "1"}
    form = form_of(fields, **again)

    assert form.is_valid() and form.cleaned_data["auth-password"] == text


def test_a_cell_of_a_table_is_not_asked_about() -> None:
    assert field_for(parameter(Name="Password")).clean("pass ") == "pass "


@pytest.mark.parametrize(
    ("name", "is_sensitive", "widget"),
    [
        ("SSL Certificate", False, PemTextarea),
        ("CA bundle", False, PemTextarea),
        ("Public key", False, PemTextarea),
        ("Client certificate", False, PemTextarea),
        ("SSH Key", True, SecretTextarea),
        ("Private Key", False, SecretTextarea),
        ("PrivateKey", True, SecretTextarea),
        ("Certificate", True, SecretTextarea),
        ("Certificate name", False, forms.TextInput),
        ("API Key", False, SecretInput),
        ("Password", True, SecretInput),
    ],
)
def test_what_may_be_pem_is_typed_into_many_lines(
    name: str, is_sensitive: bool, widget: type[forms.Widget]
) -> None:
    field = field_for(parameter(Name=name, TargetName=name, IsSensitive=is_sensitive))

    assert type(field.widget) is widget


@pytest.mark.parametrize("name", ["SSL Certificate", "Private Key", "API Key", "Domain"])
def test_a_pem_that_lost_its_lines_gets_them_back_in_every_field(name: str) -> None:
    flat = "-----BEGIN CERTIFICATE----- MIIB QQ== -----END CERTIFICATE-----"
    form = form_of({"x": field_for(parameter(Name=name))}, x=flat)

    assert form.is_valid()
    assert form.cleaned_data["x"] == flat.replace("-- ", "--\n").replace(" --", "\n--").replace(
        "MIIB ", "MIIB\n"
    )
