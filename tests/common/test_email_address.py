"""Which address a text means, and how it stands on the way out."""

from __future__ import annotations

import pytest
from django import forms
from django.http import QueryDict

from dashboard.common.email_field import EmailField
from dashboard.environment.email_address import (
    EmailAddressError,
    TwoReadingsError,
    mailto_address,
    meant_address,
    parse_address,
    wire_address,
)

JANE = "jane@customer.example"


@pytest.mark.parametrize(
    "pasted",
    [
        JANE,
        f" {JANE} ",
        f"\u00a0{JANE}\u2003",
        f"Jane Doe <{JANE}>",
        f'"Doe, Jane" <{JANE}>',
        f"Doe, Jane <{JANE}>;",
        f"<{JANE}>",
        f"{JANE} <{JANE}>",
        f"{JANE} (Jane Doe)",
        f"{JANE} <mailto:{JANE}>",
        f"[{JANE}](mailto:{JANE})",
        f"mailto:{JANE}",
        "MAILTO:jane%40customer.example?subject=Hello",
        f"{JANE};",
        f"{JANE},",
        f"{JANE}.",
        f"'{JANE}'",
        f"“{JANE}”",
        "jane\u200b@customer.example",
        "\ufeffjane@custo\u00admer.example",
        "jane@customer\u200d.example\u202c",
        "jane\uff20customer.example",
        "ｊａｎｅ＠ｃｕｓｔｏｍｅｒ．ｅｘａｍｐｌｅ",
        "jane@customer。example",
    ],
)
def test_what_programs_put_around_an_address_is_left_away(pasted: str) -> None:
    assert parse_address(pasted) == JANE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a@x.example, b@x.example", "give one address"),
        ("a@x.example;b@x.example", "give one address"),
        ("Ann <a@x.example>, Bob <b@x.example>", "give one address"),
        ("bob@y.example <a@x.example>", "give one address"),
        ("a@x.example\r\nBcc: b@x.example", "give one address"),
        ("jane doe@customer.example", "only the address"),
        ("Jane Doe jane@customer.example", "only the address"),
        ("jane\u00a0@customer.example", "only the address"),
        ("jane", "like jane@customer.example"),
        ("@customer.example", "like jane@customer.example"),
        ("jane@", "like jane@customer.example"),
        ("a..b@x.example", "before the @"),
        (f"{'x' * 65}@x.example", "64 letters"),
        (f"a@{'x.' * 130}example", "no domain"),
        ("jane@customer", "behind the @"),
        ("jane@customer..example", "behind the @"),
        ("jane@127.0.0.1", "behind the @"),
        ("jane@-customer.example", "behind the @"),
        ("jane@cust_omer.example", "behind the @"),
        ("jane@customer.example\x00", "control character"),
    ],
)
def test_what_is_not_one_address_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(EmailAddressError, match=words):
        parse_address(text)


@pytest.mark.parametrize(
    "address",
    [
        "Jane.Doe+shop@Customer.Example",
        "o'brien@x.example",
        '"a b"@x.example',
        "jürgen@x.example",
        "ana@bücher.example",
        "info@xn--fa-hia.de",
        "desk@localhost",
    ],
)
def test_what_can_be_an_address_stays_as_it_is(address: str) -> None:
    assert parse_address(address) == address


@pytest.mark.parametrize(
    ("typed", "kept", "changed"),
    [
        ("info@faß.de", "xn--fa-hia.de", "fass.de"),
        ("info@FAẞ.de", "xn--fa-hia.de", "fass.de"),
        ("Info <info@straße.example>", "xn--strae-oqa.example", "strasse.example"),
        ("info@βόλος.com", "xn--nxasmm1c.com", "xn--nxasmq6b.com"),
        ("info@نامه\u200cای.com", "xn--mgba3gch31f060k.com", "xn--mgba3gch31f.com"),
    ],
)
def test_a_domain_that_can_be_read_as_two_is_asked_about(
    typed: str, kept: str, changed: str
) -> None:
    with pytest.raises(TwoReadingsError) as caught:
        parse_address(typed)

    assert caught.value.readings == (f"info@{kept}", f"info@{changed}")
    assert all(one in str(caught.value) for one in caught.value.readings)
    assert meant_address(typed) == f"info@{kept}"


@pytest.mark.parametrize(
    ("stored", "out"),
    [
        ("info@faß.de", "info@xn--fa-hia.de"),
        ("ana@Bücher.example", "ana@xn--bcher-kva.example"),
        ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
        ("Jane@Customer.Example", "Jane@Customer.Example"),
    ],
)
def test_a_stored_address_leaves_with_its_domain_by_idna_2008(stored: str, out: str) -> None:
    assert wire_address(stored) == out


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("jane.doe@customer.example", "jane.doe@customer.example"),
        ("info@faß.de", "info@xn--fa-hia.de"),
        ("a?b&c=d@x.example", "a%3Fb%26c%3Dd@x.example"),
        ("jürgen@x.example", "j%C3%BCrgen@x.example"),
    ],
)
def test_mailto_keeps_the_at_sign_and_nothing_ends_the_address(address: str, link: str) -> None:
    assert mailto_address(address) == link


# ---- the field ----


class MailForm(forms.Form):
    email = EmailField(required=False)


def form(**values: str) -> MailForm:
    data = QueryDict(mutable=True)
    data.update(values)
    return MailForm(data)


def test_the_field_is_a_plain_one_that_no_browser_rewrites() -> None:
    html = str(MailForm()["email"])

    assert 'type="text"' in html and 'inputmode="email"' in html


def test_of_two_readings_a_person_chooses_one() -> None:
    asked = form(email="info@faß.de")
    assert not asked.is_valid()
    assert "Choose the one that is meant" in str(asked.errors)
    assert str(asked["email"]).count('type="radio"') == 2

    for reading in ("info@xn--fa-hia.de", "info@fass.de"):
        chosen = form(**{"email": "info@faß.de", "email-reading": reading})
        assert chosen.is_valid() and chosen.cleaned_data["email"] == reading


def test_a_reading_of_another_address_chooses_nothing() -> None:
    asked = form(**{"email": "info@faß.de", "email-reading": "evil@x.example"})
    assert not asked.is_valid()

    plain = form(**{"email": JANE, "email-reading": "evil@x.example"})
    assert plain.is_valid() and plain.cleaned_data["email"] == JANE
